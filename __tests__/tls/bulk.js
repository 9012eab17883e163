'use strict';

// A lot of bytes over one stream: what is sent, in pieces of random size, and what has come of it.

const { createCipheriv, createHash } = require('crypto');
const { once } = require('events');

/** Numbers that look random and are the same in each run: below `limit`. */
function random(seed) {
  let x = seed;
  return (limit) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * limit);
  };
}

/** `size` bytes that have no period, the same in each run. */
function noise(size, seed) {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Sends `bytes` in pieces of random size, as `stream` takes them; returns the most that waited. */
async function send(stream, bytes, seed) {
  const next = random(seed);
  let most = 0;
  for (let at = 0; at < bytes.length; ) {
    // From one byte to a few records.
    const size = 1 + next(next(8) === 0 ? 10 : 100_000);
    if (!stream.write(bytes.subarray(at, at + size))) await once(stream, 'drain');
    most = Math.max(most, stream.writableLength);
    at += size;
  }
  stream.end();
  return most;
}

/** Takes all of `stream`, and pauses now and then: `{ hash, size }`. */
async function receive(stream, seed) {
  const next = random(seed);
  const hash = createHash('sha256');
  let size = 0;
  stream.on('data', (chunk) => {
    hash.update(chunk);
    size += chunk.length;
    if (next(20) !== 0) return;
    stream.pause();
    setImmediate(() => setImmediate(() => stream.resume()));
  });
  await once(stream, 'end');
  return { hash: hash.digest('hex'), size };
}

module.exports = { digest, noise, random, receive, send };
