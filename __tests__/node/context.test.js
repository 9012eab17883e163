'use strict';

// The context of AsyncLocalStorage, where an id of the engine has had another owner before.

const { AsyncLocalStorage } = require('async_hooks');
const { once } = require('events');
const nodeNet = require('net');
const net = require('../../node');
const { destroyAtEnd, listening } = require('../helpers');

const address = (server) => [server.address().port, '127.0.0.1'];

const TURNED_AWAY = {
  'for want of room': [
    {},
    async (server) => {
      server.maxConnections = 1;
      const connected = once(server, 'connection');
      destroyAtEnd(nodeNet.connect(...address(server)));
      destroyAtEnd((await connected)[0]);
      const dropped = once(server, 'drop');
      destroyAtEnd(nodeNet.connect(...address(server)));
      await dropped;
    },
  ],
  'by its blockList': [
    { blockList: new net.BlockList() },
    async (server) => {
      server.blockList.addAddress('127.0.0.1');
      const client = destroyAtEnd(nodeNet.connect(...address(server)));
      client.on('error', () => {}).resume();
      await once(client, 'close');
    },
  ],
};

test.each(Object.entries(TURNED_AWAY))('is that of connect(), when a connection was turned away %s', async (_, entry) => {
  const [options, turnAway] = entry;
  const other = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream)));
  const server = await listening(net.createServer(options));
  await turnAway(server);
  const storage = new AsyncLocalStorage();
  const seen = [];
  // Enough for the id to be had again.
  const clients = Array.from({ length: 40 }, (__, i) =>
    storage.run(i, () => destroyAtEnd(net.connect(...address(other)))),
  );
  for (const client of clients) client.on('connect', () => seen.push(storage.getStore()));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  expect(seen.sort((a, b) => a - b)).toEqual(clients.map((__, i) => i));
});

// Where the context is that of the resource (Node before 24), what an event sets stays for the later ones.
test('of an accepted stream is its own: what one stream has set, no other sees', async () => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const makeServer = (module) =>
    storage.run('listen', () =>
      module.createServer((stream) => {
        destroyAtEnd(stream).on('data', (chunk) => {
          seen.push([String(chunk), storage.getStore()]);
          storage.enterWith(String(chunk)[0]);
          stream.write(chunk);
        });
      }),
    );
  async function visit(module) {
    seen.length = 0;
    const server = await listening(makeServer(module));
    const clients = [0, 1].map(() => destroyAtEnd(nodeNet.connect(...address(server))));
    for (const words of [['a1', 'b1'], ['a2', 'b2'], ['a3', 'b3']]) {
      const echoes = clients.map((client) => once(client, 'data'));
      clients.forEach((client, i) => client.write(words[i]));
      await Promise.all(echoes);
    }
    return seen.sort().map(String);
  }
  const [ours, theirs] = [await visit(net), await visit(nodeNet)];
  expect(ours).toEqual(theirs);
  expect(ours.filter((entry) => entry.includes('listen'))).toEqual([]);
});
