'use strict';

// Descriptors that pass with a stream's bytes, over a UNIX socket: `sendFD()` and the event 'fd'.
//
// One that is sent goes through Duplex as the chunk that it goes with, so it keeps its place among the writes. Until
// the engine has that chunk, a copy of the descriptor is kept here; then it is the engine's, which closes it when it is
// sent (src/stream/descriptors.rs). One that has come belongs to the program as soon as a listener of 'fd' has it.

const { closeSync } = require('fs');
const { Duplex } = require('stream');
const { validateFd, validateFunction } = require('../arguments');
const engines = require('../engine');
const errors = require('../errors');
const { isOpenOrOpening, isTcp, kCarried, kLender, kSecurity, kTransport } = require('./fields');

/** What goes with a descriptor if the program has nothing to send. */
const NOTHING = [0];

class Descriptors extends Duplex {
  /**
   * Sends a copy of a descriptor, or of that of a stream or server, with `data`: `sendFD(fd[, data][, callback])`.
   * Returns as `write()`.
   */
  sendFD(fd, data = undefined, callback = undefined) {
    if (typeof data === 'function') return this.sendFD(fd, undefined, data);
    if (callback !== undefined) validateFunction(callback, 'callback');
    const chunk = chunkOf(this, data);
    checkSendable(this);
    const passed = copyOf(fd);
    this[kCarried] ??= carryBy(this);
    this[kCarried].set(chunk, passed);
    return this.write(chunk, undefined, (error) => {
      this[kCarried].delete(chunk);
      passed.close();
      callback?.(error);
    });
  }
}

/** `data` as a Buffer that no other write has. */
function chunkOf(stream, data) {
  if (data === undefined || data === null) return Buffer.from(NOTHING);
  const isText = typeof data === 'string';
  if (!isText && !ArrayBuffer.isView(data)) {
    throw errors.invalidArgumentType('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  }
  const chunk = isText
    ? Buffer.from(data, stream._writableState.defaultEncoding)
    : Buffer.from(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (chunk.length === 0) throw errors.invalidArgumentValue('data', data, 'must not be empty');
  return chunk;
}

function checkSendable(stream) {
  if (!isOpenOrOpening(stream)) throw errors.socketClosed();
  const { kind } = stream[kTransport].isOpen ? stream[kTransport] : { kind: isTcp(stream) ? 'tcp' : 'unix' };
  const isPlain = stream[kSecurity] === null && stream[kLender] === null;
  if (kind !== 'unix' || !isPlain) throw errors.invalidHandleType();
}

/** A copy of what `given` names: a descriptor, or what has one. */
function copyOf(given) {
  const transport = given?.[kTransport];
  const copy = transport?.isOpen
    ? transport.copyDescriptor()
    : engines.start().copyDescriptor(validateFd(descriptorOf(given)));
  if (typeof copy === 'number') throw errors.systemError(copy, 'dup');
  return copy;
}

/** The number of the descriptor of a server, of a BoundSocket, of a socket of Node's own, or of a `FileHandle`. */
function descriptorOf(given) {
  if (typeof given === 'number') return given;
  const fd = typeof given?.fd === 'function' ? given.fd() : (given?.fd ?? given?._handle?.fd);
  if (typeof fd === 'number') return fd;
  throw errors.invalidArgumentType('fd', ['number', 'net.Stream', 'net.Server'], given);
}

/** Has the chunks of `stream` looked at on their way to the engine. Returns what is to be carried with which. */
function carryBy(stream) {
  const carried = new Map();
  const { _write } = stream;
  const methods = {
    _write(chunk, encoding, callback) {
      // Duplex goes on to the next chunk, for all that the last one has failed.
      if (this.errored) callback(this.errored);
      else if (!carried.has(chunk) || carry(this, carried, chunk)) _write.call(this, chunk, encoding, callback);
      else callback(errors.invalidHandleType());
    },
    // One after the other.
    _writev: null,
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(stream, name, { value, writable: true, enumerable: false, configurable: true });
  }
  return carried;
}

/** The engine gets what goes with `chunk`, which follows: now, or with the connection. Returns false if it can't. */
function carry(stream, carried, chunk) {
  if (stream[kTransport].isOpen) return stream[kTransport].attachDescriptor(carried.get(chunk));
  stream.once('connect', () => {
    // After a failure, another connection has nothing of this one.
    if (!carried.has(chunk) || stream.destroyed) return;
    if (!stream[kTransport].attachDescriptor(carried.get(chunk))) stream.destroy(errors.invalidHandleType());
  });
  return true;
}

/**
 * Emits 'fd' for each descriptor that has come, also after a listener that throws. What no listener takes is closed.
 */
function emitDescriptors(stream) {
  const fd = stream.destroyed ? null : stream[kTransport].takeDescriptor();
  if (fd === null) return;
  try {
    if (!stream.emit('fd', fd)) closeSync(fd);
  } finally {
    emitDescriptors(stream);
  }
}

module.exports = { Descriptors, emitDescriptors };
