'use strict';

// What a stream does with a `_handle` that it is given: one of Node's core, where Node's own `connect()` is what opens
// the stream, or that of another stream.
//
// Programs that mock the network replace the machinery of a socket: `_writeGeneric` to see what is written, `connect`
// of its handle in order not to connect. Such a stream is opened by Node's own `connect()`, which asks the handle for
// all that it does. If there is a connection in the end, the engine takes it over; if not, it is made up. A stream that
// is given the handle of another has the same connection: what is written to the one goes out through the other.

const { Duplex } = require('stream');
const events = require('../events');
const { assignHandle } = require('../handle');
const { isNodesHandle } = require('../nodes-handles');
const { adoptHandle } = require('./adopting');
const { attach, isDriven, opened } = require('./connecting');
const {
  isOpenOrOpening,
  kGiven,
  kHandle,
  kLender,
  kOnread,
  kOutgoing,
  kSecurity,
  kTimer,
  kTransport,
} = require('./fields');
const { MadeUpTransport } = require('./made-up');
const { StreamHandle } = require('./parsing');
const { rearmTimer } = require('./timeouts');

/** The members of net.Stream that Node's own `connect()` uses. */
class Handles extends Duplex {
  /** What stands in for Node's private object: null unless the stream is open or opening. */
  get _handle() {
    if (this[kGiven] !== null) return this[kGiven];
    return isOpenOrOpening(this) ? (this[kHandle] ??= new StreamHandle(this)) : null;
  }

  /** What is no handle is kept as the instance's own, and means nothing to the stream. */
  set _handle(value) {
    if (!takeHandle(this, value)) assignHandle(this, value);
  }

  /** Node's name of restarting the span of `setTimeout()`. */
  _unrefTimer() {
    // The parser of http says so with all that it reads.
    if (this[kOnread]?.isDelivering) return;
    // Node's own `connect()` when it has connected the stream.
    if (this[kGiven] !== null) connectedByNodes(this);
    if (this[kTimer] !== null) rearmTimer(this);
  }
}

/** Takes `handle` as what has been assigned to `_handle`. Returns false if that means nothing to the stream. */
function takeHandle(stream, handle) {
  if (handle === null) return stream._handle === null;
  if (handle instanceof StreamHandle) {
    if (handle.owner !== stream) share(stream, handle);
    return true;
  }
  if (!isNodesHandle(handle)) return false;
  stream[kGiven] = handle;
  stream[kOutgoing] = true;
  // Node's own `connect()` has put it there.
  if (Object.hasOwn(stream, 'write') && stream.write === Duplex.prototype.write) delete stream.write;
  if (stream[kSecurity] !== null) {
    actAsTls(handle, stream);
    if (isDriven(stream)) stream[kSecurity].open();
  }
  return true;
}

/** Gives `handle` what Node has on the handle of a TLSSocket, for who plays the other end of it. */
function actAsTls(handle, stream) {
  handle.getALPNNegotiatedProtocol = () => stream.alpnProtocol ?? false;
  // There is no cipher suite.
  const agreed = () => [handle.getALPNNegotiatedProtocol() || undefined, undefined, handle.verifyError?.()?.code, 0, 0];
  handle.onhandshakedone = () => stream[events.onsecure](...agreed());
  handle.onnewsession = (_, session) => stream[events.onsession](session);
}

/** Node's own `connect()` has connected the handle of `stream`, or what the program has put into that says so. */
function connectedByNodes(stream) {
  const handle = stream[kGiven];
  if (stream.connecting || stream[kTransport].isOpen) return;
  if (handle.fd >= 0) {
    const id = adoptHandle(handle);
    stream[kGiven] = null;
    attach(stream, id);
  } else if (Object.hasOwn(handle, 'connect')) {
    const { referenced } = stream[kTransport];
    stream[kTransport] = new MadeUpTransport(handle);
    stream[kTransport].referenced = referenced;
    opened(stream);
  }
}

/** `stream` has the connection of another from now on, which still receives all that comes. */
function share(stream, handle) {
  const lender = handle.owner;
  stream[kGiven] = handle;
  stream[kLender] = lender;
  stream[kTransport] = lender[kTransport];
  stream[kSecurity] = lender[kSecurity];
  if (lender[kSecurity] === null) return;
  stream._secureEstablished = lender._secureEstablished;
  lender.prependOnceListener('secure', () => {
    stream._secureEstablished = true;
  });
}

/** Writes what `_writeGeneric` has been called with to the stream whose connection it is. */
function writeThrough(lender, isList, data, encoding, callback) {
  if (!isList) {
    lender.write(data, encoding, callback);
    return;
  }
  lender.cork();
  data.forEach((entry, index) => {
    lender.write(entry.chunk, entry.encoding, index === data.length - 1 ? callback : undefined);
  });
  lender.uncork();
}

/** Ends the sending side of the stream whose connection it is. */
function endThrough(lender, callback) {
  if (lender.destroyed || lender.writableFinished) callback();
  else lender.end(callback);
}

/**
 * `stream` is being destroyed, and with it the handle that it was given. Returns false if nothing more is to come of
 * that: in Node, a handle that has been closed by another socket does not report it twice.
 */
function dropHandle(stream) {
  const [handle, lender] = [stream[kGiven], stream[kLender]];
  stream[kGiven] = stream[kLender] = null;
  if (lender !== null) return !lender.destroyed;
  if (!stream[kTransport].isOpen) handle.close();
  return true;
}

module.exports = { Handles, dropHandle, endThrough, writeThrough };
