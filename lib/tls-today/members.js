'use strict';

// What a TLSSocket tells of its session. As in Node, all of it is gone with the connection.

const { X509Certificate } = require('crypto');
const { Duplex } = require('stream');
const { bytesOf, validateInteger, validateString } = require('../arguments');
const { kSecurity, kTransport } = require('../symbols');
const { linkedCertificates } = require('./certificates');
const errors = require('./errors');

const UINT32_MAX = 2 ** 32 - 1;

class Members extends Duplex {
  disableRenegotiation() {}

  exportKeyingMaterial(length, label, context) {
    validateInteger(length, 'length', 1, UINT32_MAX);
    validateString(label, 'label');
    const bytes = context === undefined ? undefined : bytesOf(context, 'context');
    if (!this._secureEstablished) throw errors.invalidState();
    return this[kTransport].exportKeyingMaterial(length, Buffer.from(label), bytes);
  }

  /** The name that a client asks the server for, until the handshake begins. */
  setServername(name) {
    validateString(name, 'name');
    if (this._tlsOptions.isServer) throw errors.sniFromServer();
    this.servername = name;
  }

  getPeerCertificate(detailed) {
    if (!this._handle) return null;
    if (!isSecure(this)) return {};
    const chain = this[kTransport].peerChain;
    return detailed ? linkedCertificates(chain) : (legacy(chain[0]) ?? {});
  }

  getCertificate() {
    if (!this._handle) return null;
    return legacy(ownOf(this)) ?? {};
  }

  getPeerX509Certificate() {
    const der = isSecure(this) ? this[kTransport].peerCertificate : null;
    return der === null ? undefined : new X509Certificate(der);
  }

  getX509Certificate() {
    const der = ownOf(this);
    return der ? new X509Certificate(der) : undefined;
  }

  getCipher() {
    if (!this._handle) return null;
    if (!isSecure(this)) return {};
    const { cipher: name, standardCipher: standardName, cipherVersion: version } = this[kTransport].agreement;
    return { name, standardName, version };
  }

  getProtocol() {
    if (!this._handle) return null;
    return isSecure(this) ? this[kTransport].agreement.protocol : 'unknown';
  }

  isSessionReused() {
    if (!this._handle) return null;
    return isSecure(this) && this[kTransport].agreement.isResumed;
  }
}

function isSecure(socket) {
  return socket._secureEstablished && socket[kSecurity] !== null && socket[kTransport].isOpen && !socket.destroyed;
}

function ownOf(socket) {
  return isSecure(socket) ? socket[kTransport].ownCertificate : null;
}

function legacy(der) {
  return der ? new X509Certificate(der).toLegacyObject() : null;
}

module.exports = { Members };
