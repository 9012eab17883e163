'use strict';

// What a tls.Server does with each connection: a TLSSocket over it, and once that is secure, the verdict on the client.

const { kSecurity, kTransport } = require('../symbols');
const errors = require('./errors');
const { TLSSocket, publishSecure } = require('./socket');
const { kErrorEmitted } = require('./symbols');

const kHandshakeTimeout = Symbol('handshake timeout');
const kSNICallback = Symbol('SNICallback');
const kPskCallback = Symbol('pskCallback');
const kPskIdentityHint = Symbol('pskIdentityHint');
const kEnableTrace = Symbol('enableTrace');

/** A 'connection' listener of a tls.Server. */
function accept(connection) {
  const hasContexts = this._contexts.length > 0;
  const socket = new TLSSocket(connection, {
    secureContext: this._sharedCreds,
    isServer: true,
    server: this,
    requestCert: this.requestCert,
    rejectUnauthorized: this.rejectUnauthorized,
    handshakeTimeout: this[kHandshakeTimeout],
    ALPNProtocols: this.ALPNProtocols,
    ALPNCallback: this.ALPNCallback,
    SNICallback: this[kSNICallback] || (hasContexts ? contextByName : undefined),
    enableTrace: this[kEnableTrace],
    pauseOnConnect: this.pauseOnConnect,
    pskCallback: this[kPskCallback],
    pskIdentityHint: this[kPskIdentityHint],
  });
  if (socket.tlsEngine === 'openssl') socket.server = this;
  socket.on('secure', onServerSocketSecure);
  if (this.listenerCount('keylog') > 0) socket.on('keylog', onSocketKeylog);
  socket[kErrorEmitted] = false;
  socket.on('close', onSocketClose);
  socket.on('_tlsError', onSocketTLSError);
  socket.on('error', onSocketTLSError);
}

/** The `SNICallback` of a server that has none: the contexts that were added, the last one first. */
function contextByName(servername, callback) {
  const found = this.server._contexts.findLast(([pattern]) => pattern.test(servername));
  callback(null, found?.[1]);
}

/** A 'secure' listener: decides on the client. */
function onServerSocketSecure() {
  if (this._requestCert) {
    const verdict = verdictOf(this);
    if (verdict !== undefined) {
      this.authorizationError = verdict;
      if (this._rejectUnauthorized) refuse(this);
    } else {
      this.authorized = true;
    }
  }
  if (this.destroyed || !this._releaseControl()) return;
  this.secureConnecting = false;
  publishSecure(this);
  this._tlsOptions.server.emit('secureConnection', this);
}

/** Node's code for what is wrong with the client's certificate. Node's own TLS has it in its handle. */
function verdictOf(socket) {
  if (socket.tlsEngine === 'rustls') return socket[kSecurity].verdict;
  return socket._handle.verifyError()?.code;
}

/** A client that has shown no certificate fails the handshake; one that is not trusted is closed without a word. */
function refuse(socket) {
  if (socket.tlsEngine === 'rustls' && socket[kTransport].peerCertificate === null) {
    socket.destroy(errors.protocolError({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' }));
  } else {
    socket.destroy();
  }
}

function onSocketTLSError(error) {
  if (this._controlReleased || this[kErrorEmitted]) return;
  this[kErrorEmitted] = true;
  this._tlsOptions.server.emit('tlsClientError', error, this);
}

function onSocketKeylog(line) {
  this._tlsOptions.server.emit('keylog', line, this);
}

function onSocketClose(hadError) {
  if (hadError || this._controlReleased || this[kErrorEmitted]) return;
  this[kErrorEmitted] = true;
  this._tlsOptions.server.emit('tlsClientError', errors.reset('socket hang up'), this);
}

module.exports = { accept, kEnableTrace, kHandshakeTimeout, kPskCallback, kPskIdentityHint, kSNICallback };
