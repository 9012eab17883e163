'use strict';

// What today's contract does when the peer has ended a stream that is not half-open: a write after that fails with
// EPIPE, and destroys the stream. Node puts another `write` on the socket for it, and so do we.

const { Duplex } = require('stream');
const { JS_STREAM_SOCKET, callingScript } = require('../callers');
const errors = require('../errors');
const { nextTick } = require('../timers');

/** An 'end' listener. Its name is Node's: programs count and list the listeners of a stream. */
function onReadableStreamEnd() {
  if (!this.allowHalfOpen) this.write = writeAfterPeersEnd;
}

/** What `write()` does where the peer has ended the stream, and ours with it. */
function writeAfterPeersEnd(chunk, encoding, callback) {
  if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
  if (typeof encoding === 'function') callback = encoding;
  if (failsAlone(callback)) return false;
  const error = errors.peerHasEnded();
  if (typeof callback === 'function') nextTick(callback, error);
  this.destroy(error);
  return false;
}

/**
 * Whether a write to a stream that has ended comes from Node's own TLS over it, which says that it ends, too late: then
 * that write fails, and the stream does not. To be called by `write()` itself.
 */
function failsAlone(callback) {
  if (callingScript(1) !== JS_STREAM_SOCKET) return false;
  nextTick(callback, errors.peerHasEnded());
  return true;
}

/** Lets `stream` be written to again. A `write` of the program's stays. */
function restoreWrite(stream) {
  if (stream.write === writeAfterPeersEnd) delete stream.write;
}

module.exports = { failsAlone, onReadableStreamEnd, restoreWrite };
