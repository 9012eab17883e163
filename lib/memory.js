'use strict';

// Copies between Buffers, by methods that no user of the package can have replaced.
//
// The engine's own memory (`lib/engine.js`) is used again for other connections. What JavaScript keeps of it is copied
// here, into a Buffer that owns its memory and nothing else's (D29).

const Bytes = Uint8Array;
const TypedArray = Object.getPrototypeOf(Bytes.prototype);
const call = Function.prototype.call;
/** `set(target, source, offset)` */
const set = call.bind(TypedArray.set);
/** How long a view really is, whatever its own properties say: what lies after it may be another connection's. */
const sizeOf = call.bind(Object.getOwnPropertyDescriptor(TypedArray, 'byteLength').get);

/** `writeText(target, text, offset, encoding)`, where there is room for it: returns how many bytes that took. */
const writeText = call.bind(Buffer.prototype.write);

const bufferOf = call.bind(Object.getOwnPropertyDescriptor(TypedArray, 'buffer').get);
const offsetOf = call.bind(Object.getOwnPropertyDescriptor(TypedArray, 'byteOffset').get);

/** No bytes. */
const EMPTY = Buffer.alloc(0);

/** The bytes of `memory` from `start` to `end`, where they are: not for users. */
function view(memory, start, end) {
  return new Bytes(bufferOf(memory), offsetOf(memory) + start, end - start);
}

/** A Buffer of its own with the bytes of `memory` from `start` to `end`. */
function copy(memory, start, end) {
  const length = end - start;
  const chunk = Buffer.allocUnsafeSlow(length);
  if (length > 0) set(chunk, view(memory, start, end));
  return chunk;
}

/** The bytes of all `chunks` together. */
function sizeOfAll(chunks) {
  let size = 0;
  for (const chunk of chunks) size += sizeOf(chunk);
  return size;
}

/** A Buffer of its own with the bytes of all `chunks`. */
function join(chunks) {
  const joined = Buffer.allocUnsafeSlow(sizeOfAll(chunks));
  put(joined, chunks);
  return joined;
}

/** Puts `chunks` one after the other into `memory`, which has room for them. */
function put(memory, chunks) {
  let at = 0;
  for (const chunk of chunks) {
    const size = sizeOf(chunk);
    // A view whose memory has been transferred away is empty, and can't be read.
    if (size > 0) set(memory, chunk, at);
    at += size;
  }
}

module.exports = { EMPTY, copy, join, put, set, sizeOf, sizeOfAll, view, writeText };
