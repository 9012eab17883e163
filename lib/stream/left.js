'use strict';

// A stream whose connection is left to Node's own TLS (`lib/tls-today/nodes-socket.js`): what the engine, which sees
// nothing of the bytes in the clear, would know of it, and what a TLSSocket of Node's own lacks beside one of ours.

const { ANSWERED, BUSY, FRESH } = require('../binding');
const { undetachable } = require('../errors');
const { assignable } = require('../members');
const { countUnseen } = require('../statistics');
const { kLeft, kServer } = require('./fields');

/** Members that are those of the stream. */
const PROPERTIES = ['type', 'fd', 'proxy', 'peerCredentials'];
const METHODS = ['setOption', 'getOption', 'setTypeOfService', 'getTypeOfService'];

/** What both have as `kLeft`. */
class Left {
  stream;
  /** The TLSSocket of Node's own that has the connection. */
  secure;
  /** `bytesRead` of that when it was last written to. */
  #answered = 0;

  constructor(stream, secure) {
    this.stream = stream;
    this.secure = secure;
  }

  /** Something is written: it answers what has been received. */
  noteWrite() {
    this.#answered = this.secure.bytesRead;
  }

  get isEstablished() {
    return this.secure._secureEstablished;
  }

  /** Whether there is something to do: see that of `StreamTransport`. */
  get activity() {
    const { bytesRead } = this.secure;
    if (bytesRead > this.#answered) return BUSY;
    return bytesRead === 0 ? FRESH : ANSWERED;
  }

  /** What has been counted of the connection, and what the kernel knows of it. */
  get stats() {
    const { bytesRead = 0, bytesWritten = 0, writableLength } = this.secure;
    return { bytesRead, bytesWritten, bytesWaiting: writableLength, tcp: this.stream.stats.tcp };
  }
}

/** The members of the TLSSocket. */
const MEMBERS = assignable({
  stats: {
    get() {
      return this[kLeft].stats;
    },
    configurable: true,
  },
  ...Object.fromEntries(PROPERTIES.map((name) => [name, propertyOf(name)])),
  detach: methodOf(() => {
    throw undetachable('its TLS is Node\'s own');
  }),
  ...Object.fromEntries(METHODS.map((name) => [name, methodOf(passOn(name))])),
});

function propertyOf(name) {
  return {
    get() {
      return this[kLeft].stream[name];
    },
    configurable: true,
  };
}

function methodOf(value) {
  return { value, writable: true, configurable: true };
}

function passOn(name) {
  return function pass(...args) {
    const { stream } = this[kLeft];
    const result = stream[name](...args);
    return result === stream ? this : result;
  };
}

/**
 * `secure`, a TLSSocket of Node's own, has the connection of `stream`. `isBeneath`: the engine sees nothing of the
 * bytes, not even encrypted.
 */
function leave(stream, secure, isBeneath) {
  const left = new Left(stream, secure);
  stream[kLeft] = left;
  const write = secure._writeGeneric;
  Object.defineProperties(secure, {
    [kLeft]: { value: left, configurable: true },
    _writeGeneric: methodOf(function writeGeneric(isList, data, ...rest) {
      if (data.length > 0) left.noteWrite();
      return write.call(this, isList, data, ...rest);
    }),
  });
  // A program's own class may have some of them, and Node's later versions, too.
  for (const [name, member] of Object.entries(MEMBERS)) {
    if (!(name in secure)) Object.defineProperty(secure, name, member);
  }
  if (isBeneath) stream.once('close', countUnseen(stream[kServer], secure));
}

module.exports = { leave };
