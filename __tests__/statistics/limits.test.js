'use strict';

// What the limits of a server refuse, end or hold back is counted, also when the server is closed by then.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { destroyAtEnd, listening } = require('../helpers');
const { SERVER } = require('../tls/ends');
const { closed, connections } = require('./counting');

const visit = (server) => destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));

test('what is refused before it is accepted is dropped only', async () => {
  const server = await listening(net.createServer({ maxConnectionsPerAddress: 1 }, destroyAtEnd));
  const thread = await connections(async () => {
    const accepted = once(server, 'connection');
    visit(server);
    await accepted;
    const dropped = once(server, 'drop');
    await Promise.all([dropped, closed(visit(server))]);
  });
  const dropped = { 'max-connections-per-address': 1 };
  expect(server.stats.connections).toEqual({ accepted: 1, open: 1, closed: 0, detached: 0, dropped });
  expect(thread).toEqual({ accepted: 1, open: 1, dropped });
});

test.each([false, true])('what is ended later is accepted, dropped and closed (server closed: %s)', async (isClosed) => {
  const server = await listening(net.createServer({ maxLifetime: 50 }));
  const accepted = once(server, 'connection');
  visit(server);
  const [stream] = await accepted;
  if (isClosed) server.close();
  await closed(stream);
  const dropped = { 'max-lifetime': 1 };
  expect(server.stats.connections).toEqual({ accepted: 1, open: 0, closed: 1, detached: 0, dropped });
});

test('a handshake that a limit holds back waits', async () => {
  const credentials = net.createCredentials(SERVER);
  const server = await listening(net.createServer({ maxHandshakes: 1 }, (stream) => {
    destroyAtEnd(stream).setSecure(credentials).on('error', () => {});
  }));
  const clients = [visit(server), visit(server), visit(server)];
  while (server.stats.handshakes.waiting < 2 || server.stats.handshakes.underWay < 1) await new Promise(setImmediate);
  expect(server.stats.handshakes).toMatchObject({ underWay: 1, waiting: 2, cancelled: 0 });
  for (const client of clients) client.destroy();
  while (server.stats.connections.open > 0) await new Promise(setImmediate);
  expect(server.stats.handshakes).toMatchObject({ underWay: 0, waiting: 0, completed: 0 });
});
