'use strict';

// Clients for the tests of limits: they come from an address of their choice, and say how they have ended.

const { once } = require('events');
const nodeNet = require('net');
const { destroyAtEnd } = require('../helpers');

/** Connects to `server` from `localAddress`. `isOver` resolves to how that has ended: 'end' or the code of an error. */
function dial(server, localAddress = '127.0.0.1') {
  const { address, port } = server.address();
  const host = localAddress.includes(':') ? '::1' : address;
  const client = destroyAtEnd(nodeNet.connect({ port, host: host === '::' ? '127.0.0.1' : host, localAddress }));
  let outcome = 'end';
  client.on('error', ({ code }) => {
    outcome = code;
  });
  client.resume();
  client.isOver = new Promise((resolve) => client.on('close', () => resolve(outcome)));
  return client;
}

/** Connects as `dial`; resolves to the client when `server` has let it in. */
async function enter(server, localAddress) {
  const client = dial(server, localAddress);
  const [stream] = await once(server, 'connection');
  destroyAtEnd(stream);
  return Object.assign(client, { accepted: stream });
}

/** Resolves to the next 'drop' of `server`. */
async function dropped(server) {
  const [data] = await once(server, 'drop');
  return data;
}

/** Resolves when `condition()` is true, which is asked in each round of the loop. */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** The drops of `server` from now on, as numbers by reason; `reached(reason, count)` waits for so many. */
function countDrops(server) {
  const counts = {};
  let wake = () => {};
  server.on('drop', ({ reason, count }) => {
    counts[reason] = (counts[reason] ?? 0) + count;
    wake();
  });
  async function reached(reason, count) {
    while ((counts[reason] ?? 0) < count) await new Promise((resolve) => (wake = resolve));
  }
  return { counts, reached };
}

module.exports = { countDrops, dial, dropped, enter, until };
