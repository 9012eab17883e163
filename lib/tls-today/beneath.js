'use strict';

// A socket of ours below Node's own TLS: OpenSSL reads and writes over a socket of Node's own, which has a copy of the
// descriptor, so that nothing passes through JavaScript in between. Ours stays open beside it, shows and sets what it
// did, and is closed with it. Where that can't be, `passage.js` is the way.

const { closeSync } = require('fs');
const { validateFunction } = require('../arguments');
const { IS_NODE } = require('../builtin');
const nodesNet = require('../nodes-net');
const { kOnread } = require('../stream/fields');
const { takeUndelivered } = require('../stream/tls');
const { kSecurity, kTransport } = require('../symbols');
const { stopReading } = require('./moving');
const { Lent } = require('./securing');

/** Members of a socket that are about the handle of Node's from now on. */
const FORWARDED = ['ref', 'unref'];

/** A socket of Node's over the connection of `plain`; null if there can't be one, or something is still to be sent. */
function beneath(plain) {
  const transport = plain[kTransport];
  const isOpen = !plain.connecting && transport.isOpen && !transport.isNodes && plain.readable && plain.writable;
  const isPlain = plain[kSecurity] === null && plain[kOnread] === null && transport.kind !== 'pipe';
  const isQuiet = plain.writableLength === 0 && transport.waitingBytes === 0;
  if (!IS_NODE || !isOpen || !isPlain || !isQuiet) return null;
  const fd = transport.lend();
  if (fd === null) return null;
  if (transport.queuedBytes > 0) {
    // The kernel has no room for all that was gathered, and the copy would overtake the rest.
    closeSync(fd);
    return null;
  }
  const below = new nodesNet.Socket({ fd, allowHalfOpen: plain.allowHalfOpen, manualStart: true });
  stopReading(plain);
  const received = takeUndelivered(plain);
  if (received.length > 0) below.unshift(received);
  transport.unwatch();
  plain[kSecurity] = new Lent();
  if (!transport.referenced) below.unref();
  forward(plain, below);
  below.on('close', () => plain.destroy());
  plain.on('close', () => {
    below.destroy();
    for (const name of [...FORWARDED, 'setTimeout']) delete plain[name];
  });
  return below;
}

/** Has `below` do what keeps the process alive or counts time, which is where the traffic is. */
function forward(plain, below) {
  const define = (name, value) => Object.defineProperty(plain, name, { value, writable: true, configurable: true });
  const { timeout } = plain;
  if (timeout > 0) plain.setTimeout(0);
  for (const name of FORWARDED) {
    define(name, () => {
      below[name]();
      return plain;
    });
  }
  below.on('timeout', () => plain.emit('timeout'));
  define('setTimeout', (msecs, callback) => {
    if (callback !== undefined) validateFunction(callback, 'callback');
    below.setTimeout(msecs);
    plain.timeout = below.timeout;
    if (callback !== undefined) plain[below.timeout > 0 ? 'once' : 'removeListener']('timeout', callback);
    return plain;
  });
  if (timeout > 0) plain.setTimeout(timeout);
}

module.exports = { beneath };
