'use strict';

// The protocol of the soak: frames of a type, a number, a length, and so many bytes. Every body is known from its
// number and its length, and an answer has the complement of its request's bytes, so that both ends can be checked byte
// for byte while they stream.
//
// The server begins with HELLO, which says who serves the connection. After BYE it answers what it still receives, and
// the client, which sends no more requests, ends the connection.

const HELLO = 1;
const REQUEST = 2;
/** A request that is answered only after a while. */
const LATER = 3;
const ANSWER = 4;
const BYE = 5;

const HEAD = 12;

/** Bytes that do not repeat within any body. */
const POOL = pool(4 << 20);
const COMPLEMENT = complement(POOL);

function pool(size) {
  const words = new Uint32Array(size / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer);
}

/** The bytes with each bit the other way. */
function complement(bytes) {
  const other = Buffer.allocUnsafe(bytes.length);
  for (let i = 0; i < bytes.length; i++) other[i] = bytes[i] ^ 0xff;
  return other;
}

function slice(from, number, length) {
  const start = (number * 7919) % (from.length - length);
  return from.subarray(start, start + length);
}

/** The body of request `number`. */
function requested(number, length) {
  return slice(POOL, number, length);
}

/** The body of its answer. */
function answered(number, length) {
  return slice(COMPLEMENT, number, length);
}

function head(type, number, length) {
  const bytes = Buffer.alloc(HEAD);
  bytes[0] = type;
  bytes.writeUInt32BE(number, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

function frame(type, number, body) {
  return Buffer.concat([head(type, number, body.length), body]);
}

/** Takes frames apart: `onHead({ type, number, length })`, and `onBody(frame, bytes, offset)` for each part of one. */
class Frames {
  #onHead;
  #onBody;
  #head = Buffer.alloc(0);
  #frame = null;
  #offset = 0;

  constructor(onHead, onBody) {
    this.#onHead = onHead;
    this.#onBody = onBody;
  }

  push(chunk) {
    let rest = chunk;
    while (rest.length > 0) rest = this.#frame === null ? this.#readHead(rest) : this.#readBody(rest);
  }

  #readHead(chunk) {
    const missing = HEAD - this.#head.length;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, missing)]);
    if (this.#head.length === HEAD) {
      const [type, number, length] = [this.#head[0], this.#head.readUInt32BE(4), this.#head.readUInt32BE(8)];
      this.#head = Buffer.alloc(0);
      this.#offset = 0;
      this.#frame = length === 0 ? null : { type, number, length };
      this.#onHead({ type, number, length });
    }
    return chunk.subarray(missing);
  }

  #readBody(chunk) {
    const frame = this.#frame;
    const bytes = chunk.subarray(0, frame.length - this.#offset);
    const offset = this.#offset;
    this.#offset += bytes.length;
    if (this.#offset === frame.length) this.#frame = null;
    this.#onBody(frame, bytes, offset);
    return chunk.subarray(bytes.length);
  }
}

module.exports = { ANSWER, BYE, Frames, HELLO, LATER, REQUEST, answered, complement, frame, head, requested };
