'use strict';

// Copies between Buffers, by methods that no user of the package can have replaced.
//
// The engine's own memory (`lib/engine.js`) is used again for other connections. What JavaScript keeps of it is copied
// here, into a Buffer that owns its memory and nothing else's (D29).

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
const call = Function.prototype.call;
/** `set(target, source, offset)` */
const set = call.bind(TypedArray.set);

/** A Buffer of its own with the bytes of `memory` from `start` to `end`. */
function copy(memory, start, end) {
  const length = end - start;
  const chunk = Buffer.allocUnsafeSlow(length);
  if (length > 0) set(chunk, new Uint8Array(memory.buffer, memory.byteOffset + start, length));
  return chunk;
}

/** A Buffer of its own with the bytes of all `chunks`. */
function join(chunks) {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  const joined = Buffer.allocUnsafeSlow(length);
  put(joined, chunks);
  return joined;
}

/** Puts `chunks` one behind the other into `memory`, which has room for them. */
function put(memory, chunks) {
  let at = 0;
  for (const chunk of chunks) {
    const { byteLength } = chunk;
    // A view whose memory has been transferred away is empty, and can't be read.
    if (byteLength > 0) set(memory, chunk, at);
    at += byteLength;
  }
}

module.exports = { copy, join, put, set };
