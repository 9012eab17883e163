'use strict';

// 100 MB in both directions at once: nothing is lost, order is kept, memory stays bounded.

const { createHash } = require('crypto');
const { once } = require('events');
const path = require('path');
const { destroyAtEnd, listening, scratch } = require('../helpers');
const { BOTH, PAIRINGS } = require('./trace');

const TOTAL = 100_000_000;

/** Longest write. */
const CHUNK = 150_000;

const HIGH_WATER_MARK = 64 * 1024;

/** The most that one read of the kernel gives: it may come on top of a buffer that is nearly full. */
const ONE_READ = 256 * 1024;

jest.setTimeout(30_000);

/** Numbers that look random and are the same in each run (Marsaglia's xorshift). */
function numbers(seed) {
  let state = seed;
  return (most) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % most;
  };
}

/** Bytes without a period that a lost or doubled chunk could hide in. */
function noise(size, seed) {
  const random = numbers(seed);
  const words = new Uint32Array(size / 4);
  for (let i = 0; i < words.length; i++) words[i] = random(2 ** 32);
  return Buffer.from(words.buffer);
}

const source = noise(4 << 20, 0x5eed);

/** The most seen of each, and what must not be seen at all. */
class Bounds {
  constructor(stream) {
    this.stream = stream;
    this.writable = 0;
    this.readable = 0;
    this.misses = [];
  }

  look() {
    this.writable = Math.max(this.writable, this.stream.writableLength);
    this.readable = Math.max(this.readable, this.stream.readableLength);
  }
}

/** Sends TOTAL bytes in chunks of random length, waiting for 'drain' when told to; gives their hash. */
async function send(stream, seed, bounds) {
  const random = numbers(seed);
  const hash = createHash('sha1');
  let left = TOTAL;
  let called = 0;
  let writes = 0;
  while (left > 0) {
    const length = Math.min(1 + random(random(4) === 0 ? CHUNK : 2000), left);
    const offset = random(source.length - length);
    const chunk = source.subarray(offset, offset + length);
    hash.update(chunk);
    left -= length;
    const number = writes++;
    const more = stream.write(chunk, () => {
      if (called++ !== number) bounds.misses.push(`The callback of write ${number} came as number ${called}.`);
      bounds.look();
    });
    bounds.look();
    if (!more) {
      await once(stream, 'drain');
      if (stream.writableLength !== 0) bounds.misses.push(`${stream.writableLength} bytes wait in 'drain'.`);
    }
  }
  stream.end();
  await once(stream, 'finish');
  if (called !== writes) bounds.misses.push(`${called} callbacks for ${writes} writes.`);
  return hash.digest('hex');
}

/** Receives until the end, in no hurry: it stops after every so many bytes; gives the hash of what came. */
async function receive(stream, seed, bounds) {
  const random = numbers(seed);
  const hash = createHash('sha1');
  let received = 0;
  let patience = 300_000;
  stream.on('data', (data) => {
    if (stream.isPaused()) bounds.misses.push('\'data\' while paused.');
    hash.update(data);
    received += data.length;
    bounds.look();
    patience -= data.length;
    if (patience > 0) return;
    patience = random(600_000);
    stream.pause();
    setImmediate(() => {
      bounds.look();
      setImmediate(() => {
        bounds.look();
        stream.resume();
      });
    });
  });
  await once(stream, 'end');
  return { received, hash: hash.digest('hex') };
}

/** Sends and receives; gives both. */
async function exchange(stream, seed) {
  const bounds = new Bounds(stream);
  const [sent, { received, hash }] = await Promise.all([send(stream, seed, bounds), receive(stream, seed + 1, bounds)]);
  return { stream, sent, received, hash, bounds };
}

describe.each(BOTH)('100 MB in both directions at once (%s)', (transport) => {
  test.each(PAIRINGS)('$name: nothing is lost, order is kept, memory is bounded', async ({ client, server }) => {
    const options = { highWaterMark: HIGH_WATER_MARK, allowHalfOpen: true };
    const where = transport === 'unix' ? { path: path.join(scratch(), 's') } : { port: 0, host: '127.0.0.1' };
    const listener = await listening(server.createServer(options), where);
    const address = listener.address();
    const target = transport === 'unix' ? { path: address } : { port: address.port, host: '127.0.0.1' };
    const near = destroyAtEnd(client.connect({ ...target, ...options }));
    const [far] = await once(listener, 'connection');
    destroyAtEnd(far);
    if (near.connecting) await once(near, 'connect');
    const closed = [near, far].map((stream) => once(stream, 'close'));

    const [atNear, atFar] = await Promise.all([exchange(near, 11), exchange(far, 22)]);

    expect(atFar.received).toBe(TOTAL);
    expect(atNear.received).toBe(TOTAL);
    expect(atFar.hash).toBe(atNear.sent);
    expect(atNear.hash).toBe(atFar.sent);
    for (const { stream, bounds } of [atNear, atFar]) {
      expect(bounds.misses).toEqual([]);
      // A write is taken whole, whatever its length, as long as the mark has not been reached.
      expect(bounds.writable).toBeLessThan(HIGH_WATER_MARK + CHUNK);
      expect(bounds.readable).toBeLessThan(HIGH_WATER_MARK + ONE_READ);
      expect(stream.bytesRead).toBe(TOTAL);
      expect(stream.bytesWritten).toBe(TOTAL);
      // The bounds have been put to the test.
      expect(bounds.writable).toBeGreaterThan(0);
      expect(bounds.readable).toBeGreaterThan(0);
    }
    expect(await Promise.all(closed)).toEqual([[false], [false]]);
  });
});
