'use strict';

// What a TLSSocket tells of its session. As in Node, all of it is gone with the connection.

const { X509Certificate } = require('crypto');
const { Duplex } = require('stream');
const { bytesOf, validateFunction, validateInteger, validateObject, validateString } = require('../arguments');
const { IS_NODE } = require('../builtin');
const { invalidArgumentType } = require('../errors');
const { kSecurity, kTransport } = require('../symbols');
const { nextTick } = require('../timers');
const { linkedCertificates, linkedX509Certificates } = require('./certificates');
const { contextOf } = require('./context');
const errors = require('./errors');
const { current } = require('./module');
const { kHasIdentity, kIsNative } = require('./symbols');

const UINT32_MAX = 2 ** 32 - 1;
const INT32_MIN = -(2 ** 31);

class Members extends Duplex {
  disableRenegotiation() {}

  exportKeyingMaterial(length, label, context) {
    validateInteger(length, 'length', 1, UINT32_MAX);
    validateString(label, 'label');
    if (context !== undefined) validateBuffer(context, 'context');
    const bytes = context === undefined ? undefined : bytesOf(context, 'context');
    if (!this._secureEstablished) throw errors.invalidState();
    const transport = this[kTransport];
    const material = transport.exportKeyingMaterial(length, Buffer.from(label), bytes);
    if (material === null) {
      const isLabel = transport.refusesLabel(label);
      throw errors.protocolError({ code: isLabel ? 'ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL' : 'ERR_SSL_INTERNAL_ERROR' });
    }
    return material;
  }

  /** The name that a client asks the server for, until the handshake begins. */
  setServername(name) {
    validateString(name, 'name');
    if (this._tlsOptions.isServer) throw errors.sniFromServer();
    this[kSecurity].servername = name;
  }

  getPeerCertificate(detailed) {
    if (!this._handle) return null;
    if (!isSecure(this)) return {};
    const chain = this[kTransport].peerChain;
    return detailed ? linkedCertificates(chain, this._tlsOptions.secureContext) : (legacy(chain[0]) ?? {});
  }

  getCertificate() {
    if (!this._handle) return null;
    return legacy(ownOf(this)) ?? {};
  }

  getPeerX509Certificate() {
    const chain = isSecure(this) ? this[kTransport].peerChain : [];
    return linkedX509Certificates(chain, this._tlsOptions.secureContext);
  }

  getX509Certificate() {
    const der = ownOf(this);
    return der ? new X509Certificate(der) : undefined;
  }

  getCipher() {
    if (!this._handle) return null;
    if (!isSecure(this)) return undefined;
    const { cipher: name, standardCipher: standardName, cipherVersion: version } = this[kSecurity].agreed;
    return { name, standardName, version };
  }

  getProtocol() {
    if (!this._handle) return null;
    return isSecure(this) ? this[kSecurity].agreed.protocol : 'unknown';
  }

  /** The key exchange, on a client: `{ type, name, size }`. */
  getEphemeralKeyInfo() {
    if (!this._handle || this._tlsOptions.isServer) return null;
    if (!isSecure(this)) return {};
    return { ...this[kSecurity].agreed.ephemeralKey };
  }

  /** The signature algorithms that both sides support, on a server. */
  getSharedSigalgs() {
    if (!this._handle) return null;
    return isSecure(this) ? (this[kSecurity].agreed.sharedSigalgs ?? []) : [];
  }

  /** rustls does not tell the messages that end a handshake. */
  getFinished() {
    return this._handle ? undefined : null;
  }

  getPeerFinished() {
    return this._handle ? undefined : null;
  }

  /** No record sent from now on carries more than `size` bytes. */
  setMaxSendFragment(size) {
    validateInteger(size, 'size', INT32_MIN);
    return this[kTransport].setMaxSendFragment(size);
  }

  /** rustls does not renegotiate, and TLS 1.3 has no such thing: the error is the one that OpenSSL has then. */
  renegotiate(options, callback) {
    validateObject(options, 'options');
    if (callback !== undefined) validateFunction(callback, 'callback');
    if (this.destroyed) return undefined;
    const error = errors.wrongSslVersion();
    if (callback) nextTick(callback, error);
    return false;
  }

  /** A trace is a thing of OpenSSL: the option `enableTrace` is what makes a connection use it. */
  enableTrace() {}

  /** Another key and certificate for this connection of a server, until they are sent. */
  setKeyCert(context) {
    if (!this._handle) return;
    const other = contextOf(context) ?? current.module.createSecureContext(context);
    const { isServer } = this._tlsOptions;
    // Node's own TLS can take over a ClientHello that has come, and nothing else.
    if (!other[kIsNative] && !(isServer && IS_NODE)) throw errors.invalidContext();
    if (!other[kHasIdentity]) throw errors.passedNull();
    this._tlsOptions.secureContext = other;
  }

  /** The newest session, for the option `session` of a later connection. */
  getSession() {
    if (!this._handle) return null;
    if (!isSecure(this)) return undefined;
    const { newest, session, agreed } = this[kSecurity];
    // Until the server gives another one, it is the one that is resumed.
    return newest ?? (agreed.isResumed ? session : undefined) ?? this[kTransport].agreement.session;
  }

  /** A session to resume, until the handshake begins. */
  setSession(session) {
    if (session === undefined) return;
    const bytes = typeof session === 'string' ? Buffer.from(session, 'latin1') : session;
    if (!ArrayBuffer.isView(bytes)) throw errors.wrongSession();
    this[kSecurity].session = bytes;
  }

  /** The session's ticket: what stands for it here. */
  getTLSTicket() {
    if (!this._handle) return null;
    return this.isSessionReused() ? (this[kSecurity].newest ?? this[kSecurity].session) : this.getSession();
  }

  /** What does the encryption: 'rustls', or 'openssl' where Node's own TLS does it. */
  get tlsEngine() {
    return 'rustls';
  }

  isSessionReused() {
    if (!this._handle) return null;
    return isSecure(this) && this[kSecurity].agreed.isResumed;
  }
}

function validateBuffer(value, name) {
  if (!ArrayBuffer.isView(value)) throw invalidArgumentType(name, ['Buffer', 'TypedArray', 'DataView'], value);
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
