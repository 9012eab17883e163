'use strict';

// Large reads: while one full read follows the other, more is received at once, by streams that flow. Where data waits
// in Duplex, no more of it comes at once than in Node: above the high-water mark, 'readable' is not emitted again for a
// reader that leaves something.

const { once } = require('events');
const nodeNet = require('net');
const today = require('../../node');
const { pair } = require('../helpers');
const { securePair } = require('../tls/ends');

const MAX_NODES = 64 * 1024;
const BLOCK = Buffer.alloc(1 << 20, 'x');

/** Writes `BLOCK` to `stream` until `isDone()`. */
async function flood(stream, isDone) {
  while (!isDone()) {
    if (!stream.write(BLOCK)) await once(stream, 'drain');
  }
}

/** A stream that flows and receives without end, by reads that are larger than Node's: what ends it. */
async function loud() {
  const [client, stream] = await pair({ client: nodeNet, server: today });
  let [largest, isOver] = [0, false];
  stream.on('data', ({ length }) => (largest = Math.max(largest, length)));
  const flooding = flood(client, () => isOver);
  while (largest <= MAX_NODES) await once(stream, 'data');
  return () => {
    isOver = true;
    return flooding;
  };
}

/** Reads whenever 'readable' has come, until `total` bytes have: the most that came at once. */
async function readAll(stream, total) {
  let [most, got] = [0, 0];
  while (got < total) {
    const { length } = stream.read() ?? (await once(stream, 'readable'));
    most = Math.max(most, length);
    got += length;
  }
  return most;
}

test.each([
  ['from the start', false],
  ['after it has flowed', true],
])("'readable' %s: no more comes at once than in Node", async (_when, flowsFirst) => {
  const stop = await loud();
  const serverOptions = { pauseOnConnect: !flowsFirst };
  const [client, stream] = await pair({ client: nodeNet, server: today, serverOptions });
  if (flowsFirst) {
    client.write('begin');
    await once(stream, 'data');
    stream.pause();
  }
  stream.on('readable', () => {});
  const total = 8 << 20;
  const reading = readAll(stream, total);
  let sent = 0;
  await flood(client, () => (sent += BLOCK.length) > total);
  expect(await reading).toBeLessThanOrEqual(MAX_NODES);
  await stop();
});

test('over TLS, too, more comes at once than in Node', async () => {
  const [client, stream] = await securePair();
  let [largest, total] = [0, 0];
  stream.on('data', ({ length }) => {
    largest = Math.max(largest, length);
    total += length;
  });
  await flood(client, () => largest > MAX_NODES || total > 256 << 20);
  expect(largest).toBeGreaterThan(MAX_NODES);
});
