'use strict';

// `setTimeout()`: idle time is counted by the engine, which sees all traffic; the timer here only looks whether it has
// become long enough.

const { Duplex } = require('stream');
const { validateFunction, validateTimeout } = require('../arguments');
const { clearTimeout, setTimeout } = require('../timers');
const { kContract, kTimedOut, kTimer, kTransport } = require('./fields');
const { unlinkBoth } = require('./pipes');

/** The member of net.Stream that has to do with idle time. */
class Timeouts extends Duplex {
  /** Emits 'timeout' after `msecs` without traffic; 0 turns that off. Contract: stream.setTimeout. */
  setTimeout(msecs, callback) {
    msecs = validateTimeout(msecs);
    if (callback !== undefined) validateFunction(callback, 'callback');
    this.timeout = msecs;
    if (this.destroyed) return this;
    stopTimer(this);
    if (msecs > 0) {
      trackTraffic(this);
      startTimer(this, msecs);
    }
    if (callback !== undefined) {
      if (msecs > 0) this.once('timeout', callback);
      else this.removeListener('timeout', callback);
    }
    return this;
  }

  /** Node's name of what happens when the span is over; programs put their own in its place. */
  _onTimeout() {
    this.emit('timeout');
  }
}

function trackTraffic(stream) {
  if (stream.timeout > 0) stream[kTransport].trackTraffic();
}

function startTimer(stream, msecs) {
  clearTimeout(stream[kTimer]);
  stream[kTimer] = setTimeout(onTimer, msecs, stream);
  stream[kTimer].unref();
}

function stopTimer(stream) {
  clearTimeout(stream[kTimer]);
  stream[kTimer] = null;
  stream[kTimedOut] = false;
}

function onTimer(stream) {
  const left = stream.timeout - stream[kTransport].idle;
  if (left >= 1) {
    startTimer(stream, left);
    return;
  }
  const timer = stream[kTimer];
  if (!stream[kContract].timeoutRepeats) {
    stream[kTimedOut] = true;
    // The next traffic is to be seen here: it restarts the span.
    unlinkBoth(stream);
    stream._onTimeout();
    return;
  }
  stream._onTimeout();
  // Unless a listener has set another, or destroyed the stream.
  if (stream[kTimer] === timer) rearmTimer(stream);
}

/** Restarts the span of `setTimeout`. */
function rearmTimer(stream) {
  stream[kTimedOut] = false;
  if (stream.destroyed) return;
  trackTraffic(stream);
  startTimer(stream, stream.timeout);
}

module.exports = { Timeouts, rearmTimer, stopTimer, trackTraffic };
