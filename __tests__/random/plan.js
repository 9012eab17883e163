'use strict';

// What a random sequence does: everything about it follows from its seed, and it is plain data, so that a failing plan
// can be printed and shortened. Also the bytes that each direction carries.

const LARGEST_WRITE = 200 * 1024;

/** A function that returns the next number in [0, below), the same ones for the same seed (xorshift32). */
function generator(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % below;
  };
}

/** 64 KB that a direction repeats: any bytes, or UTF-8 with characters of one to four bytes. */
function table(direction, isText) {
  const next = generator(direction + 77);
  if (!isText) return Buffer.from(Array.from({ length: 65521 }, () => next(256)));
  const characters = ['a', 'Z', '\u00e9', '\u20ac', '\ud83d\ude00', ' '];
  let text = '';
  while (text.length < 30000) text += characters[next(characters.length)];
  return Buffer.from(text);
}

const TABLES = [0, 1].map((direction) => ({ bytes: table(direction, false), text: table(direction, true) }));

/** `length` bytes of a direction's data, from `position` on. */
function sequence(direction, isText, position, length) {
  const source = TABLES[direction][isText ? 'text' : 'bytes'];
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length;) {
    at += source.copy(bytes, at, (position + at) % source.length);
  }
  return bytes;
}

/** Encodings that bytes can be had back from, for any bytes and for text. */
const ENCODINGS = ['latin1', 'binary', 'hex', 'base64', 'base64url', 'utf16le', 'ucs2'];
const TEXT_ENCODINGS = ['utf8', 'utf-8', 'hex', 'base64'];

const STEPS = [
  'write', 'write', 'write', 'write', 'pause', 'resume', 'turn', 'turn', 'noDelay', 'keepAlive', 'timeout', 'ref',
  'unref', 'end', 'cork', 'uncork', 'read', 'unpipe', 'pipe', 'encoding', 'adopt', 'connections', 'closeServer', 'look',
  'visit', 'visit', 'holdServer', 'weigh',
];

/** How a side reads. */
const READERS = ['data', 'data', 'data', 'readable', 'iterate', 'sink', 'onread'];

function steps(next) {
  const list = [];
  const count = 1 + next(30);
  for (let i = 0; i < count; i++) {
    const size = next(4) ? next(3000) : next(LARGEST_WRITE);
    list.push({ side: next(2), name: STEPS[next(STEPS.length)], size, form: next(1 << 20) });
  }
  const last = ['destroy', 'destroySoon', 'resetAndDestroy'][next(12)];
  if (last !== undefined) list.push({ side: next(2), name: last });
  return list;
}

/** The plan of a seed. */
function plan(seed) {
  const next = generator(seed);
  const isText = [next(4) === 0, next(4) === 0];
  // A side's encoding has to suit what the other one sends.
  const encodingOf = (text) => {
    const encodings = text ? TEXT_ENCODINGS : ENCODINGS;
    return encodings[next(encodings.length)];
  };
  return {
    unix: next(3) === 0,
    allowHalfOpen: next(2) === 1,
    topology: ['pair', 'pair', 'pair', 'pair', 'echo', 'relay'][next(6)],
    tls: [null, null, 'TLSv1.2', 'TLSv1.3'][next(4)],
    /** Whether `rust-net/node` is wrapped by node:tls, or upgraded in place. */
    wraps: next(2) === 1,
    /** The step before which a stream in the clear becomes secure. */
    secureAt: next(3) ? 0 : next(10),
    clientSpeaksFirst: next(2) === 1,
    /** The side that node:net and node:tls play; none if 2 or more. */
    foreign: next(8),
    isText,
    encodings: [1, 0].map((from) => (next(2) ? null : encodingOf(isText[from]))),
    readers: [READERS[next(READERS.length)], READERS[next(READERS.length - 1)]],
    steps: steps(next),
    /** What the client does once it has closed and connected again. */
    again: next(5) === 0 ? steps(next) : null,
    /** What keeps some connections from the server, or its streams from being read. */
    gate: [null, 'pauseOnConnect', 'maxConnections', 'blockList'][next(4)],
    /** Whether the streams between both sides are those of another thread. */
    isRelayInWorker: next(2) === 1,
  };
}

module.exports = { generator, plan, sequence };
