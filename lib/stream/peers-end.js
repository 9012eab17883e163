'use strict';

// What today's contract does when the peer has ended a stream that is not half-open: a write after that fails with
// EPIPE, and destroys the stream. Node puts another `write` on the socket for it, and so do we.

const { Duplex } = require('stream');
const errors = require('../errors');
const { nextTick } = require('../timers');

/** An 'end' listener. Its name is Node's: programs count and list the listeners of a stream. */
function onReadableStreamEnd() {
  if (!this.allowHalfOpen) this.write = writeAfterPeersEnd;
}

/** What `write()` does where the peer has ended the stream, and ours with it. */
function writeAfterPeersEnd(chunk, encoding, callback) {
  if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
  const error = errors.peerHasEnded();
  if (typeof encoding === 'function') callback = encoding;
  if (typeof callback === 'function') nextTick(callback, error);
  this.destroy(error);
  return false;
}

/** Lets `stream` be written to again. A `write` of the program's stays. */
function restoreWrite(stream) {
  if (stream.write === writeAfterPeersEnd) delete stream.write;
}

module.exports = { onReadableStreamEnd, restoreWrite };
