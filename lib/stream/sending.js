'use strict';

// Writes and the end of the sending side, on their way from Duplex to the engine.
//
// The engine takes what it has room for. The rest of one write stays here as the pending write, whose callback has not
// been called, so that Duplex holds back what comes after it: its backpressure is the only one.

const { AsyncResource } = require('async_hooks');
const { errno: ERRNO } = require('os').constants;
const { isUint8Array } = require('util').types;
const { LATIN1, UTF8, WRITE_SIZE } = require('../binding');
const engines = require('../engine');
const errors = require('../errors');
const { sizeOf, sizeOfAll } = require('../memory');
const { nextTick } = require('../timers');
const {
  kBound,
  kContract,
  kFailedBytes,
  kFinal,
  kLender,
  kPending,
  kSecurity,
  kTimedOut,
  kTimer,
  kTransport,
} = require('./fields');
const { isReadyToTake } = require('./pipes');
const { rearmTimer } = require('./timeouts');

/** Strings of these encodings are read straight into the send buffer. */
const NATIVE_ENCODINGS = {
  __proto__: null,
  'ascii': LATIN1,
  'latin1': LATIN1,
  'binary': LATIN1,
  'utf8': UTF8,
  'utf-8': UTF8,
};

const NOTHING = Object.freeze([]);

/** What a write gets before `connect()` from a BoundSocket. */
const EPIPE = -ERRNO.EPIPE;

/**
 * Writes a small `chunk` without Duplex, where that would do nothing but pass it on: nothing waits, and no callback is
 * due. Returns what is left for Duplex: `NOTHING`, or `chunk`.
 */
function sendPastDuplex(stream, chunk, encoding) {
  const isText = typeof chunk === 'string';
  if (!isText && !isUint8Array(chunk)) return chunk;
  const size = isText ? chunk.length : sizeOf(chunk);
  if (size === 0 || size > WRITE_SIZE || exceedsMark(stream, size)) return chunk;
  // That of a Buffer means nothing, but has to be one.
  const native = isText || encoding ? NATIVE_ENCODINGS[encoding || stream._writableState.defaultEncoding] : LATIN1;
  if (native === undefined || stream[kLender] !== null || !isReadyToTake(stream)) return chunk;
  if (stream[kTimedOut]) rearmTimer(stream);
  if (isText) return stream[kTransport].writeString(chunk, size, native) > 0 ? NOTHING : chunk;
  const taken = stream[kTransport].writeOne(chunk, size);
  if (taken === size) return NOTHING;
  // Only while the process exits, a part can be taken.
  return taken > 0 ? chunk.subarray(taken) : chunk;
}

function sendString(stream, text, encoding, callback) {
  const native = NATIVE_ENCODINGS[encoding];
  const { length } = text;
  // Longer ones become a Buffer: only small writes are gathered.
  if (native !== undefined && length <= WRITE_SIZE && stream[kTransport].isOpen) {
    const taken = stream[kTransport].writeString(text, length, native);
    if (taken > 0) return conclude(stream, length, callback);
    if (taken < 0) return fail(stream, taken, Buffer.byteLength(text, encoding), callback);
  }
  return send(stream, [Buffer.from(text, encoding)], callback);
}

/** Sends the list that `_writev` takes. Small chunks are put together first, without a Buffer for each text. */
function sendList(stream, list, callback) {
  const length = stream[kTransport].isOpen ? engines.gather(list, NATIVE_ENCODINGS) : -1;
  if (length === -1) {
    send(stream, list.map(bytesOf), callback);
    return;
  }
  const taken = stream[kTransport].writeGathered(length);
  if (taken < 0) {
    fail(stream, taken, length, callback);
    return;
  }
  restartTimer(stream, taken);
  if (taken === length) conclude(stream, length, callback);
  else keepPending(stream, [engines.gathered(taken, length)], callback);
}

/** A chunk of that list, as bytes. */
function bytesOf({ chunk, encoding }) {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

/** A write of `size` bytes has failed, with the negative `errno`. */
function fail(stream, errno, size, callback) {
  stream[kFailedBytes] += size;
  callback(errors.systemError(errno, 'write'));
}

/**
 * Passes `chunks` to the engine without Duplex, where that would do nothing else with them. Returns those that are left
 * for Duplex: what the engine has no room for, or all of them.
 */
function sendListPastDuplex(stream, chunks) {
  if (!isReadyToTake(stream)) return chunks;
  if (stream[kTimedOut]) rearmTimer(stream);
  const size = sizeOfAll(chunks);
  const taken = stream[kTransport].write(chunks);
  if (taken === size) return NOTHING;
  if (taken < 0) {
    stream[kFailedBytes] += size;
    stream.destroy(errors.systemError(taken, 'write'));
    return chunks;
  }
  restartTimer(stream, taken);
  return rest(chunks, taken);
}

function send(stream, chunks, callback) {
  if (!stream[kTransport].isOpen) {
    if (stream.connecting) {
      keepPending(stream, rest(chunks, 0), callback);
      awaitConnection(stream);
    } else {
      callback(stream[kBound] === null ? errors.socketClosed() : errors.systemError(EPIPE, 'write'));
    }
    return;
  }
  const taken = stream[kTransport].write(chunks);
  if (taken < 0) {
    fail(stream, taken, sizeOfAll(chunks), callback);
    return;
  }
  restartTimer(stream, taken);
  if (chunks.length === 1 && taken === sizeOf(chunks[0])) {
    conclude(stream, taken, callback);
    return;
  }
  const left = rest(chunks, taken);
  if (left.length === 0) conclude(stream, taken, callback);
  else keepPending(stream, left, callback);
}

/** The engine has taken all `size` bytes of a write. It is done when they have been sent, or may be gathered (D12). */
function conclude(stream, size, callback) {
  // A large write in the clear is not taken whole before.
  const mayWait = size > WRITE_SIZE ? stream[kSecurity] !== null : exceedsMark(stream, size);
  if (mayWait && stream[kTransport].waitingBytes > 0) keepPending(stream, NOTHING, callback);
  else callback();
}

/** Whether a small write is not gathered: no more waits than the high-water mark allows. */
function exceedsMark(stream, size) {
  return size > stream.writableHighWaterMark;
}

/** The engine sees traffic; in Node, a write of which nothing is taken restarts the timer, too. */
function restartTimer(stream, taken) {
  if (taken === 0 && stream[kTimer] !== null) rearmTimer(stream);
}

function keepPending(stream, chunks, callback) {
  stream[kPending] = { chunks, callback: AsyncResource.bind(callback) };
}

/** The pending write goes out with 'connect', or fails with 'close'. */
function awaitConnection(stream) {
  const pending = stream[kPending];
  pending.fail = () => pending.callback(errors.closedBeforeConnection());
  stream.once('connect', sendWhenConnected).once('close', pending.fail);
}

/** What will be sent first of what has been written before there was a connection; undefined if that is nothing. */
function firstBytes(stream) {
  return stream[kPending]?.chunks[0];
}

/** `count` bytes of what waits for the connection have gone with the SYN. */
function takeFromPending(stream, count) {
  if (count > 0) stream[kPending].chunks = rest(stream[kPending].chunks, count);
}

/** `chunks` without their first `taken` bytes, and without empty ones. */
function rest(chunks, taken) {
  const left = [];
  for (const chunk of chunks) {
    const size = sizeOf(chunk);
    if (taken < size) left.push(taken === 0 ? chunk : chunk.subarray(taken));
    taken = Math.max(taken - size, 0);
  }
  return left;
}

/** Goes on with the write that the engine had no room for, or that came before the connection, and with the end. */
function sendPending(stream) {
  const pending = stream[kPending];
  if (stream.destroyed) return;
  if (pending !== null) {
    stream[kPending] = null;
    // Nothing empty is kept: what is empty now has had its memory transferred away.
    if (pending.chunks.length === 0) {
      pending.callback();
    } else if (pending.chunks.some(({ byteLength }) => byteLength === 0)) {
      pending.callback(errors.detachedWhileWriting());
    } else {
      send(stream, pending.chunks, pending.callback);
    }
    return;
  }
  const final = stream[kFinal];
  if (final !== null) {
    stream[kFinal] = null;
    stream._final(final);
  }
}

/** A 'connect' listener: sends what was written, and the end, before the connection was there. */
function sendWhenConnected() {
  const fail = this[kPending]?.fail;
  if (fail) this.removeListener('close', fail);
  sendPending(this);
}

/** Ends the sending side after all that was written. */
function finish(stream, callback) {
  if (!stream[kTransport].isOpen) {
    if (!stream.connecting) return callback();
    stream[kFinal] = callback;
    return stream.once('connect', sendWhenConnected);
  }
  const outcome = stream[kTransport].shutDown(isClosedNext(stream));
  if (outcome === 1) stream[kFinal] = AsyncResource.bind(callback);
  // Later, even if it is done: an error of this tick is to come before 'finish', as in Node.
  else afterEvents(stream)(callback, outcome === 0 ? null : errors.systemError(outcome, 'shutdown'));
  return undefined;
}

/**
 * Whether destroy() follows as soon as the sending side has ended: 'end' has been emitted, and there is no listener
 * that could throw before.
 */
function isClosedNext(stream) {
  return stream.readableEnded && stream.listenerCount('finish') === 0 && stream.listenerCount('prefinish') === 0;
}

/** What calls a function when its time has come by the contract: after this event, or after all of this round. */
function afterEvents(stream) {
  return stream[kContract].finishesAtOnce ? nextTick : engines.afterEvents;
}

/** Bytes of writes that the engine has not taken. */
function waitingBytes(stream) {
  let bytes = 0;
  for (const { chunk, encoding } of stream._writableState.getBuffer()) {
    bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
  }
  for (const chunk of stream[kPending]?.chunks ?? []) bytes += chunk.byteLength;
  return bytes;
}

module.exports = {
  NOTHING,
  finish,
  firstBytes,
  send,
  sendListPastDuplex,
  sendPastDuplex,
  sendList,
  sendPending,
  sendString,
  sendWhenConnected,
  takeFromPending,
  waitingBytes,
};
