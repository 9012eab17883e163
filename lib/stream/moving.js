'use strict';

// A connection that moves to another thread: `detach()` takes it out of this one, with its TLS session and all that has
// been received and not read, or written and not sent; `attach()` makes a stream of it in another. In between it is a
// plain object that `postMessage()` can copy, and belongs to no thread (src/engine/detached.rs).

const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const { isUint8Array } = require('util').types;
const { validateInteger, validateObject } = require('../arguments');
const { discard } = require('../binding');
const channels = require('../channels');
const engines = require('../engine');
const errors = require('../errors');
const { join } = require('../memory');
const { readOptions } = require('../options');
const { kForMoved, kKind } = require('../symbols');
const { nextTick, setTimeout } = require('../timers');
const { Security, isSecuring } = require('../tls/secure');
const { attach } = require('./connecting');
const {
  isOpenOrOpening,
  kCarried,
  kLeft,
  kLender,
  kOnread,
  kPending,
  kReading,
  kSecurity,
  kTransport,
  release,
} = require('./fields');
const { noteGuest } = require('./guests');
const { Onread } = require('./onread');
const { unlinkBoth } = require('./pipes');
const { startReading } = require('./reading');
const { showSecureMembers } = require('./secure-members');
const { takeUndelivered } = require('./tls');

/** How long a detached connection waits to be attached by default, in milliseconds. */
const TIMEOUT = 30_000;

/** What the engine answers where a connection has been attached before, or closed. */
const EBADF = -ERRNO.EBADF;

/** What a detached connection consists of. */
const FIELDS = [
  'ticket', // names it to the engine
  'kind', // the class of stream that it was
  'received', // bytes that have not been read
  'unsent', // bytes that have been written
  'ended', // the peer has ended its side
  'finished', // this side has been ended, behind what is unsent
  'allowHalfOpen',
  'readableHighWaterMark',
  'writableHighWaterMark',
  'session', // what JavaScript knows of a TLS session; null in the clear
];

class Moving extends Duplex {
  /**
   * Takes the connection out of this stream, which is destroyed, and returns it as an object for `attach()`: on any
   * thread, once, and within `timeout` milliseconds (30,000 by default), after which it is closed.
   */
  detach(options = {}) {
    validateObject(options, 'options');
    const { timeout = TIMEOUT } = readOptions(options, ['timeout']);
    validateInteger(timeout, 'options.timeout', 1);
    checkMovable(this);
    unlinkBoth(this);
    while (this.writableCorked > 0) this.uncork();
    const transport = this[kTransport];
    // Asked for before the connection is gone: these stay known.
    void [transport.local, transport.peer, transport.kind, transport.proxy];
    this[kSecurity]?.known?.keep();
    transport.want(false);
    const state = this._readableState;
    const ended = state.ended;
    const received = takeUndelivered(this);
    const ticket = transport.moveAway(timeout);
    if (ticket === null) {
      if (received.length > 0) this.unshift(received);
      if (this[kReading]) transport.want(true);
      throw errors.undetachable('the connection has failed');
    }
    const moved = {
      ticket,
      kind: this[kKind],
      received,
      unsent: null,
      ended,
      finished: this.writableEnded,
      allowHalfOpen: this.allowHalfOpen,
      readableHighWaterMark: this.readableHighWaterMark,
      writableHighWaterMark: this.writableHighWaterMark,
      session: this[kSecurity]?.describe() ?? null,
    };
    setTimeout(discard, timeout, ticket).unref();
    moved.unsent = leave(this);
    if (channels.detach.hasSubscribers) channels.detach.publish({ socket: this });
    return moved;
  }
}

function checkMovable(stream) {
  if (!isOpenOrOpening(stream)) throw errors.socketClosed();
  if (!stream[kTransport].isOpen) throw errors.undetachable('it is connecting');
  if (isSecuring(stream) && !stream[kSecurity].isEstablished) throw errors.undetachable('its TLS handshake is under way');
  if (stream[kSecurity]?.isLent || stream[kLender] !== null || stream[kLeft] !== null) {
    throw errors.undetachable('its connection is that of another stream');
  }
  if (stream[kCarried]?.size > 0) throw errors.undetachable('a descriptor waits to be sent');
  const { parser } = stream;
  const isParsed = typeof parser?.consume === 'function' || stream[kTransport].isNodes;
  if (isParsed || (stream[kOnread] !== null && !(stream[kOnread] instanceof Onread))) {
    throw errors.undetachable('HTTP reads from it');
  }
}

/**
 * The connection of `stream` is gone: returns the bytes that have been written and not passed to the engine. They are
 * taken along, and count as written here.
 */
function leave(stream) {
  const pending = stream[kPending];
  const chunks = [...(pending?.chunks ?? [])];
  stream[kPending] = null;
  Object.assign(stream, {
    _write(chunk, encoding, callback) {
      this._writev([{ chunk, encoding }], callback);
    },
    _writev(list, callback) {
      for (const { chunk, encoding } of list) {
        chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      }
      callback();
    },
  });
  // What Duplex has held back comes now.
  pending?.callback();
  stream[kSecurity]?.takeCallback()?.();
  // Of a TLSSocket, the server counts the socket below it.
  for (let owner = stream; owner; owner = owner._parent) release(owner);
  stream.destroy();
  return join(chunks);
}

/** Makes a stream of class `Stream` of what `detach()` has returned. */
function attachMoved(Stream, moved) {
  validateObject(moved, 'moved');
  const { ticket, kind, received, unsent, ended, finished, session, ...options } = readOptions(moved, FIELDS);
  if (![ticket, received, unsent].every(isUint8Array)) {
    throw errors.invalidArgumentValue('moved', moved, 'must be what detach() has returned');
  }
  if (kind !== Stream.prototype[kKind]) {
    throw errors.invalidArgumentValue('moved.kind', kind, `is not for ${Stream.prototype[kKind]}.attach()`);
  }
  const stream = Stream[kForMoved]?.(options, session) ?? new Stream(options);
  const id = engines.attempt('open', (engine) => engine.attach(ticket));
  if (typeof id !== 'number') {
    stream.destroy();
    if (id.errno !== EBADF) throw errors.systemError(id.errno, id.syscall);
    throw errors.invalidArgumentValue('moved', moved, 'has been attached before, or its time is over');
  }
  if (session !== null && stream[kSecurity] === null) {
    stream[kSecurity] = new Security();
    showSecureMembers(stream);
  }
  attach(stream, id);
  noteGuest(stream);
  stream[kSecurity]?.resume(stream[kTransport], session);
  if (channels.attach.hasSubscribers) channels.attach.publish({ socket: stream });
  if (received.length > 0) stream.push(Buffer.from(received));
  if (ended) stream.push(null);
  if (unsent.length > 0) stream.write(unsent);
  if (finished) stream.end();
  nextTick(startReading, stream);
  return stream;
}

module.exports = { Moving, attachMoved };
