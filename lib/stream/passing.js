'use strict';

// A stream that is sent to another process: its connection goes, as in Node, and the stream stays, without one.

const { Duplex } = require('stream');
const { errno: ERRNO } = require('os').constants;
const errors = require('../errors');
const { lend } = require('../nodes-handles');
const nodesNet = require('../nodes-net');
const { kShown, kUsedAsStdio, show } = require('../passing');
const { nextTick } = require('../timers');
const { kIsStdio, kOnread, kPending, kSecurity, kTransport } = require('./fields');
const { unlinkBoth } = require('./pipes');
const { stopReceiving } = require('./reading');

/** What a write gets that has not gone out by then. */
const ECANCELED = -ERRNO.ECANCELED;

class Passing extends Duplex {
  /** What Node's core is shown of the stream, in order to send it. */
  [kShown]() {
    return show(this, nodesNet.Socket, () => take(this), () => leave(this));
  }

  /** What comes from now on is for the child process that has the socket as its `stdio`. */
  [kUsedAsStdio]() {
    this[kIsStdio] = true;
    this.pause();
    // Not even a listener that is added later resumes it, as in Node.
    this._readableState.flowing = false;
    this._readableState.reading = false;
    stopReceiving(this);
  }
}

/** A handle of Node's core over the connection; null without a connection. */
function take(stream) {
  const transport = stream[kTransport];
  if (!transport.isOpen) return null;
  // What is secret of a session stays in this process.
  if (stream[kSecurity] !== null) throw errors.invalidHandleType();
  unlinkBoth(stream);
  return lend(transport);
}

/** Node's core has the connection from now on. What has been received so far is this stream's. */
function leave(stream) {
  const transport = stream[kTransport];
  if (!transport.isOpen) return;
  const received = transport.takeBack();
  transport.nodesHandle = null;
  transport.detach();
  if (received.length > 0) deliver(stream, received);
  const pending = stream[kPending];
  stream[kPending] = null;
  if (pending !== null) nextTick(pending.callback, errors.systemError(ECANCELED, 'write'));
}

function deliver(stream, bytes) {
  if (stream[kOnread] === null) stream.push(bytes);
  else stream[kOnread].deliver(bytes, 0, bytes.length)?.()?.();
}

module.exports = { Passing };
