'use strict';

// The keys of session tickets of a tls.Server.

const nodeTls = require('tls');
const tls = require('../../tls');
const { connected, ended, serve, target } = require('../parity/tls/compared');

async function visit(server) {
  await ended(await connected(nodeTls, target(server)));
}

test('keys that none has given are replaced once the sessions that they seal are over', async () => {
  const server = await serve(tls, { sessionTimeout: 1 });
  const before = server.getTicketKeys();
  while (server.getTicketKeys().equals(before)) await visit(server);
});

test('keys that were given stay, also for connections of another kind', async () => {
  const server = await serve(tls, { sessionTimeout: 1, ticketKeys: Buffer.alloc(48, 1) });
  await visit(server);
  server.setTicketKeys(Buffer.alloc(48, 2));
  await visit(server);
  expect(server.getTicketKeys()).toEqual(Buffer.alloc(48, 2));
});
