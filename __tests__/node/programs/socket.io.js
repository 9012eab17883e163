'use strict';

// socket.io and its client, with http.createServer and https.createServer: by WebSocket, by long polling, and from the
// one to the other.

const http = require('http');
const https = require('https');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { BINARY, HOST, TEXT, another, atOnce, closed, digest, event, identities, listening, report } = require('./common');

/** For TLS, the client takes an agent. */
const agentFor = (options) => new https.Agent({ servername: 'localhost', ...options });

async function start(credentials, port) {
  const server = credentials ? https.createServer(credentials) : http.createServer();
  const sockets = new Server(server, { maxHttpBufferSize: 20 << 20, pingInterval: 200 });
  sockets.on('connection', (socket) => {
    socket.emit('welcome', { address: socket.handshake.address, secure: socket.handshake.secure });
    socket.on('echo', (data, answer) => answer(data));
    socket.on('join', (room, answer) => answer(socket.join(room)));
    socket.on('say', (room, text) => sockets.to(room).emit('said', text));
    socket.on('leave', () => socket.disconnect(true));
  });
  await listening(server, port);
  return { server, sockets, address: () => server.address() };
}

const DISTRUSTING = { transports: ['websocket'], agent: agentFor({ ca: identities.untrusted.cert }) };

/** The code of the error with which `client` can't connect. */
async function refusal(client) {
  const { description } = await event(client, 'connect_error');
  client.disconnect();
  return description.error.code;
}

async function exercise(credentials) {
  const { server, sockets } = await start(credentials, 0);
  const scheme = credentials ? 'https' : 'http';
  const agent = credentials && agentFor({});
  const connect = (port, options) => {
    const url = `${scheme}://${HOST}:${port}`;
    return io(url, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 20, agent, ...options });
  };
  const { port } = server.address();

  async function over(transports) {
    const client = connect(port, { transports });
    const welcome = await event(client, 'welcome');
    const text = (await client.emitWithAck('echo', TEXT)) === TEXT;
    const binary = digest(await client.emitWithAck('echo', BINARY)) === digest(BINARY);
    if (transports.length > 1 && client.io.engine.transport.name === 'polling') await event(client.io.engine, 'upgrade');
    const transport = client.io.engine.transport.name;
    const gone = event(client, 'disconnect');
    // Asked to, a server of long polling waits 30 s for a request of the client, which is on its way to leave, too.
    if (transport === 'polling') client.disconnect();
    else client.emit('leave');
    return { welcome, text, binary, transport, gone: await gone };
  }

  const byWebSocket = await over(['websocket']);
  const byPolling = await over(['polling']);
  const upgraded = await over(['polling', 'websocket']);
  const clients = await atOnce(30, async (i) => {
    const client = connect(port, { transports: ['websocket'] });
    await client.emitWithAck('join', `room ${i % 3}`);
    return client;
  });
  const heard = clients.map((client) => event(client, 'said'));
  for (let room = 0; room < 3; room++) clients[room].emit('say', `room ${room}`, `${room}`);
  const manyAtOnce = (await Promise.all(heard)).every((text, i) => text === `${i % 3}`);
  for (const client of clients) client.disconnect();
  await sockets.close();
  // What it closes is the server of HTTP.
  if (server.listening) await closed(server);

  // The server is killed, and comes again in the same place; the client stays.
  const kind = credentials ? 'secure' : 'plain';
  const doomed = await another(kind);
  const lasting = connect(doomed.port, { transports: ['websocket'] });
  await event(lasting, 'welcome');
  const lost = event(lasting, 'disconnect');
  const refused = event(lasting.io, 'reconnect_error');
  await doomed.kill();
  const killed = await lost;
  const { description } = await refused;
  const again = await another(kind, doomed.port);
  const reconnected = (await lasting.emitWithAck('echo', TEXT)) === TEXT;
  const distrusted = credentials && (await refusal(connect(doomed.port, DISTRUSTING)));
  lasting.disconnect();
  await again.kill();
  return {
    byWebSocket,
    byPolling,
    upgraded,
    manyAtOnce,
    killed,
    refused: description.error.code,
    reconnected,
    ...(credentials && { distrusted }),
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }), {
  plain: (port) => start(undefined, port),
  secure: (port) => start(identities.server, port),
});
