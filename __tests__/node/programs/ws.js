'use strict';

// ws: ws: and wss:, on servers of its own making and on servers of http and https.

const http = require('http');
const https = require('https');
const { once } = require('events');
const { WebSocket, WebSocketServer } = require('ws');
const {
  BINARY, HOST, TEXT, another, atOnce, closed, codeOf, digest, event, identities, listening, report,
} = require('./common');

async function start(credentials, port) {
  const server = credentials ? https.createServer(credentials) : http.createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 1024 } });
  sockets.on('connection', (socket, request) => {
    socket.on('message', (data, isBinary) => {
      if (data.toString() === 'gone') request.socket.destroy();
      else if (data.toString() === 'address') socket.send(request.socket.remoteAddress);
      else socket.send(data, { binary: isBinary });
    });
  });
  return listening(server, port);
}

/** The next message, after `data` has been sent. */
async function answer(socket, data) {
  const came = once(socket, 'message');
  socket.send(data);
  const [message, isBinary] = await came;
  return isBinary ? message : message.toString();
}

async function exercise(credentials) {
  const server = await start(credentials, 0);
  const { port } = server.address();
  const scheme = credentials ? 'wss' : 'ws';
  const open = async (at, options) => {
    const socket = new WebSocket(`${scheme}://${HOST}:${at}/`, { servername: 'localhost', ...options });
    await once(socket, 'open');
    return socket;
  };
  const client = await open(port);
  const address = await answer(client, 'address');
  const text = (await answer(client, TEXT)) === TEXT;
  const binary = digest(await answer(client, BINARY)) === digest(BINARY);
  const ponged = once(client, 'pong');
  client.ping(TEXT);
  const pong = (await ponged)[0].toString();
  const many = await atOnce(50, async (i) => {
    const one = await open(port);
    const echo = await answer(one, `${i}`);
    one.close(1000, 'enough');
    const [code] = await once(one, 'close');
    return echo === `${i}` && code === 1000;
  });
  const lost = event(client, 'close');
  client.send('gone');
  const gone = await lost;
  const distrusted = credentials && (await open(port, { ca: identities.untrusted.cert }).catch(codeOf));
  await closed(server);

  const kind = credentials ? 'secure' : 'plain';
  const doomed = await another(kind);
  const last = await open(doomed.port);
  const dead = event(last, 'close');
  last.on('error', () => {});
  await doomed.kill();
  const killed = await dead;
  const refused = await open(doomed.port).catch(codeOf);
  const again = await another(kind, doomed.port);
  const renewed = await open(doomed.port);
  const reconnected = (await answer(renewed, TEXT)) === TEXT;
  renewed.terminate();
  await again.kill();
  return {
    address, text, binary, pong, manyAtOnce: many.every(Boolean), gone, killed, refused, reconnected,
    ...(credentials && { distrusted }),
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }), {
  plain: (port) => start(undefined, port),
  secure: (port) => start(identities.server, port),
});
