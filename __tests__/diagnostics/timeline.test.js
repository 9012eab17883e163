'use strict';

// The timeline of `perf_hooks` (docs/differences.md): lookups are Node's own and have its entries, connections have
// none.

const { once } = require('events');
const nodeNet = require('net');
const { PerformanceObserver } = require('perf_hooks');
const net = require('../..');
const nodeEntry = require('../../node');
const { atEnd, destroyAtEnd, listening } = require('../helpers');

/** Connects to a server of `from` by a name. */
async function connected(from) {
  const server = await listening(from.createServer((socket) => socket.end()));
  const { port } = server.address();
  await once(destroyAtEnd(from.connect({ port, host: 'localhost', family: 4 })), 'connect');
  return port;
}

test.each([['rust-net', net], ['rust-net/node', nodeEntry]])('%s: entries of type dns, and none of type net', async (_name, ours) => {
  const entries = [];
  let arrived;
  const observer = new PerformanceObserver((list) => {
    entries.push(...list.getEntries());
    arrived?.();
  });
  observer.observe({ entryTypes: ['net', 'dns'] });
  atEnd(() => observer.disconnect());
  await connected(ours);
  // Node's own comes later: its entry is the witness that one of ours would have been seen.
  const port = await connected(nodeNet);
  while (!entries.some(({ detail }) => detail.port === port)) await new Promise((resolve) => (arrived = resolve));
  expect(entries.map(({ entryType, name }) => `${entryType} ${name}`)).toEqual(['dns lookup', 'dns lookup', 'net connect']);
});
