'use strict';

// What stands in for `socket.ssl`, OpenSSL's object in Node, for code that asks it and not the socket.

const { bytesOf } = require('../arguments');
const { kSecurity } = require('../symbols');
const { handshakeHasBegun, verifyError } = require('./errors');

/** Methods of a TLSSocket that Node has on `ssl`, too. */
const SHARED = [
  'enableTrace',
  'exportKeyingMaterial',
  'getCertificate',
  'getCipher',
  'getEphemeralKeyInfo',
  'getFinished',
  'getPeerCertificate',
  'getPeerFinished',
  'getProtocol',
  'getSession',
  'getSharedSigalgs',
  'getTLSTicket',
  'isSessionReused',
  'setMaxSendFragment',
  'setServername',
  'setSession',
];

class Ssl {
  #socket;

  constructor(socket) {
    this.#socket = socket;
  }

  /** What is wrong with the peer's certificate: an error, or null. */
  verifyError() {
    const socket = this.#socket;
    return socket._secureEstablished ? verifyError(socket[kSecurity].verdict) : null;
  }

  /** The number of the descriptor, -1 without one. */
  get fd() {
    return this.#socket.fd ?? -1;
  }

  /** What has been read of the connection before, in the clear: the handshake begins with it. */
  receive(bytes) {
    const security = this.#socket[kSecurity];
    const read = Buffer.from(bytesOf(bytes, 'bytes'));
    if (read.length === 0) return;
    if (security.hasBegun) throw handshakeHasBegun();
    security.received.push(read);
  }

  getServername() {
    return this.#socket.servername || false;
  }

  getALPNNegotiatedProtocol() {
    return this.#socket.alpnProtocol ?? false;
  }

  /** For the methods that are the socket's own. */
  static call(ssl, name, args) {
    return ssl.#socket[name](...args);
  }
}

for (const name of SHARED) {
  Ssl.prototype[name] = function method(...args) {
    return Ssl.call(this, name, args);
  };
}

module.exports = { Ssl };
