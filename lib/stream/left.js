'use strict';

// A stream whose connection is left to Node's own TLS (`lib/tls-today/nodes-socket.js`): what the engine, which sees
// nothing of the bytes in the clear, would know of it.

const { kLeft } = require('./fields');

/** What `activity` returns, as that of the engine. */
const BUSY = 0;
const FRESH = 1;
const ANSWERED = 2;

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
}

/** `secure`, a TLSSocket of Node's own, has the connection of `stream`. */
function leave(stream, secure) {
  const left = new Left(stream, secure);
  stream[kLeft] = left;
  const write = secure._writeGeneric;
  Object.defineProperties(secure, {
    [kLeft]: { value: left, configurable: true },
    _writeGeneric: {
      value: function writeGeneric(isList, data, ...rest) {
        if (data.length > 0) left.noteWrite();
        return write.call(this, isList, data, ...rest);
      },
      writable: true,
      configurable: true,
    },
  });
}

module.exports = { leave };
