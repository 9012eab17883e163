'use strict';

// ws: client and server.

const { once } = require('events');
const http = require('http');
const { WebSocket, WebSocketServer } = require('ws');
const { BINARY, HOST, TEXT, another, digest, listen, report } = require('./common');

async function start(port) {
  const httpServer = http.createServer();
  const sockets = new WebSocketServer({ server: httpServer, perMessageDeflate: true });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return listen(httpServer, port);
}

async function open(port) {
  const client = new WebSocket(`ws://${HOST}:${port}/`);
  await once(client, 'open');
  return client;
}

async function echo(client, message) {
  client.send(message);
  const [data] = await once(client, 'message');
  return data;
}

report(async () => {
  const server = await start(0);
  const { port } = server.address();
  const client = await open(port);
  const text = (await echo(client, TEXT)).toString() === TEXT;
  const binary = digest(await echo(client, BINARY)) === digest(BINARY);
  const many = await Promise.all(Array.from({ length: 50 }, () => open(port)));
  const echoes = await Promise.all(many.map((one, i) => echo(one, `${TEXT} ${i}`)));
  const manyAtOnce = echoes.every((data, i) => data.toString() === `${TEXT} ${i}`);
  for (const one of many) one.close(1000, 'enough');
  const codes = await Promise.all(many.map((one) => once(one, 'close')));
  client.ping('still there?');
  const [pong] = await once(client, 'pong');

  client.close();
  await once(client, 'close');
  server.close();
  await once(server, 'close');

  // The server is killed, and comes again in the same place.
  const doomed = await another();
  const lost = await open(doomed.port);
  await echo(lost, TEXT);
  const closed = once(lost, 'close');
  await doomed.kill();
  const [code] = await closed;
  const refused = new WebSocket(`ws://${HOST}:${doomed.port}/`);
  const [error] = await once(refused, 'error');
  const again = await another(doomed.port);
  const client2 = await open(doomed.port);
  const reconnected = (await echo(client2, TEXT)).toString() === TEXT;
  client2.close();
  await once(client2, 'close');
  await again.kill();
  return {
    text,
    binary,
    manyAtOnce,
    closed: codes.every(([closeCode, reason]) => closeCode === 1000 && reason.toString() === 'enough'),
    pong: pong.toString(),
    killed: code,
    refused: error.code,
    reconnected,
  };
}, start);
