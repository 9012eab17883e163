'use strict';

// TLS in place: `setSecure()`, and the way of a stream from the clear to its first encrypted byte.
//
// `setSecure()` writes a mark into Duplex. The mark is reached when all before it has been passed to the engine: then
// the handshake begins. Until its callback is called, Duplex holds back what was written after it.
// `../tls/secure.js` has what a stream knows of its session.

const { Duplex } = require('stream');
const errors = require('../errors');
const { EMPTY, join } = require('../memory');
const spans = require('../spans');
const { setImmediate } = require('../timers');
const { MARK, Security, secureArguments } = require('../tls/secure');
const { renewDecoder, undecode } = require('./encodings');
const { kAgain, kHost, kOnread, kSecurity, kServer, kTransport } = require('./fields');
const { linkEarlySource, unlinkBoth } = require('./pipes');
const { goOnReading } = require('./reading');
const { showSecureMembers } = require('./secure-members');

/** `setSecure()` of `stream`. */
function changeOver(stream, credentials, options) {
  const checked = secureArguments(credentials, options, stream[kServer] !== null);
  if (stream[kAgain] !== null) {
    secureWhenReopened(stream, credentials, options);
    return;
  }
  if (stream.destroyed) throw errors.socketClosed();
  if (stream[kSecurity] !== null) throw errors.alreadySecure();
  if (stream.writableEnded) throw errors.writeAfterEnd();
  unlinkBoth(stream);
  if (stream[kTransport].isOpen) stream[kTransport].want(false);
  showSecureMembers(stream);
  stream[kSecurity] = new Security(checked.credentials, checked.options, takeUndelivered(stream));
  if (stream[kTransport].isOpen) startDeadline(stream);
  Duplex.prototype.write.call(stream, MARK);
}

/** `connect()` has been called, and waits for 'close': `setSecure()` waits with it. */
function secureWhenReopened(stream, credentials, options) {
  const again = stream[kAgain];
  if (again.secures) throw errors.alreadySecure();
  stream[kAgain] = () => {
    again();
    stream.setSecure(credentials, options);
  };
  stream[kAgain].secures = true;
}

/** Takes what was received and not delivered: it will not be, since it came before the stream was secure. */
function takeUndelivered(stream) {
  const state = stream._readableState;
  const bytes = state.length > 0 || state.decoder ? [undecode(stream)] : [];
  if (stream[kOnread] !== null) bytes.push(stream[kOnread].take());
  if (stream[kTransport].isOpen) bytes.push(stream[kTransport].takeBack());
  // With an encoding, the unfinished character is among what was taken.
  if (state.decoder) renewDecoder(stream, state.encoding);
  return bytes.every((chunk) => chunk.length === 0) ? EMPTY : join(bytes);
}

/** The time that the handshake may take begins: with `setSecure()`, or with the connection if that comes later. */
function startDeadline(stream) {
  stream[kSecurity].startDeadline(() => {
    stream[kTransport].noteLateHandshake();
    stream.destroy(errors.handshakeTimeout());
  });
}

/** Duplex writes the mark of `setSecure()`: everything before it has been written. */
function beginHandshake(stream, callback) {
  if (stream.destroyed) return;
  const security = stream[kSecurity];
  if (security.holdsMark) {
    security.hold(callback);
    return;
  }
  if (stream[kTransport].isOpen) {
    if (spans.secure.hasSubscribers) spans.secure.begin(stream, { socket: stream, ...security.asked(stream[kHost]) });
    security.begin(stream[kTransport], stream[kHost], callback);
    return;
  }
  const begin = () => {
    stream.removeListener('connect', begin).removeListener('close', begin);
    // The stream may have been closed, and opened again, since.
    if (stream[kSecurity] === security) beginHandshake(stream, callback);
  };
  stream.on('connect', begin).on('close', begin);
}

/** Writes what `list` has before the mark, the mark, and what is after it. Returns false if there is no mark. */
function splitAtMark(stream, list, callback) {
  const at = list.findIndex(({ chunk }) => chunk === MARK);
  if (at === -1) return false;
  const [before, after] = [list.slice(0, at), list.slice(at + 1)];
  const secure = () =>
    beginHandshake(stream, (error) => {
      if (error || after.length === 0) callback(error);
      else stream._writev(after, callback);
    });
  if (before.length === 0) secure();
  else stream._writev(before, (error) => (error ? callback(error) : secure()));
  return true;
}

/** The handshake is done. A listener of 'secure' that throws or destroys the stream keeps every byte from the peer. */
function handshakeDone(stream, agreement) {
  const security = stream[kSecurity];
  let isAccepted = false;
  try {
    const refused = security.complete(stream[kTransport], agreement);
    if (refused !== null) {
      stream.destroy(refused);
      return;
    }
    if (spans.secure.isAwaited(stream)) publishSecure(stream, agreement);
    stream.emit('secure');
    stream.emit('secureConnect');
    isAccepted = true;
  } finally {
    if (!isAccepted) stream.destroy();
  }
  // After every tick and microtask that follows from the listeners, as in node:tls: one that rejects or waits for a
  // promise can still destroy the stream.
  setImmediate(openStream, stream, security);
}

function publishSecure(stream, { protocol, cipher, isResumed }) {
  spans.secure.end(stream, { protocol, cipher, resumed: isResumed });
}

/** No listener of 'secure' has objected to the peer: bytes pass from now on. */
function openStream(stream, security) {
  if (stream.destroyed || stream[kSecurity] !== security) return;
  security.open();
  if (!stream.destroyed) {
    goOnReading(stream);
    linkEarlySource(stream);
  }
  // setSecure() has emptied its buffer, which may have been full.
  if (stream.listenerCount('readable') > 0) stream.read(0);
}

/** A client has asked for the server `name`, and the handshake waits for the credentials to go on with. */
function chooseCredentials(stream, name) {
  const transport = stream[kTransport];
  const { id } = transport;
  stream[kSecurity].ask(name, (error, credentials) => {
    if (stream.destroyed || transport.id !== id) return;
    if (error) stream.destroy(error);
    else transport.answerName(credentials?.native);
  });
}

module.exports = {
  beginHandshake,
  changeOver,
  chooseCredentials,
  handshakeDone,
  openStream,
  splitAtMark,
  startDeadline,
  takeUndelivered,
};
