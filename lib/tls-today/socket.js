'use strict';

// tls.TLSSocket: a net.Socket of today's contract whose bytes are encrypted. It opens a connection of its own, or takes
// that of a socket of ours (`moving.js`). The engine does the handshake; what it means for trust is decided in
// JavaScript, as in Node: `connect.js` for clients, `accepting.js` for servers.
//
// The names that begin with an underscore are Node's. Programs listen to, call and replace them.

const { Duplex } = require('stream');
const { setImmediate } = require('timers');
const { validateBoolean, validateFunction } = require('../arguments');
const events = require('../events');
const { membersLike } = require('../members');
const { functions: nodes } = require('../nodes-tls');
const { MARK } = require('../secure');
const { kSecurity, kTransport } = require('../symbols');
const { Socket } = require('../today');
const { kReset } = require('../stream/fields');
const { openStream } = require('../stream/tls');
const errors = require('./errors');
const { askForContext } = require('./hello');
const { Members } = require('./members');
const { current } = require('./module');
const { closeFormerOwner, lend, take } = require('./moving');
const { Securing } = require('./securing');
const { wireProtocols } = require('./protocols');
const { kConnectOptions, kNative } = require('./symbols');

/** What the engine reports, and what Node has under these names. */
class Handshakes extends Duplex {
  [events.onsecure]() {
    if (this.destroyed) return;
    this._finishInit();
    if (!this.destroyed) setImmediate(openStream, this, this[kSecurity]);
  }

  [events.ontlsfail](code, message, alert) {
    if (this.destroyed) return;
    if (code === 'ECONNRESET') {
      endedEarly(this);
      return;
    }
    const error = errors.protocolError({ code, message, alert });
    this._hadError = true;
    this.destroy(error);
  }

  [events.onservername](name) {
    askForContext(this, name);
  }

  _destroy(error, callback) {
    closeFormerOwner(this, this[kReset]);
    Socket.prototype._destroy.call(this, error, callback);
  }

  _init(socket) {
    const options = this._tlsOptions;
    this.server = options.server;
    this._requestCert = Boolean(options.requestCert) || !options.isServer;
    this._rejectUnauthorized = Boolean(options.rejectUnauthorized);
    if (options.isServer && options.SNICallback) {
      validateFunction(options.SNICallback, 'options.SNICallback');
      this._SNICallback = options.SNICallback;
    }
    if (options.handshakeTimeout > 0) this.setTimeout(options.handshakeTimeout, this._handleTimeout);
    if (socket) take(this, socket);
  }

  /** Begins the handshake, as soon as there is a connection. */
  _start() {
    if (this.connecting) this.once('connect', this._start);
    else if (this._handle) begin(this);
  }

  _finishInit() {
    if (!this._handle) return;
    const { alpn, serverName } = this[kTransport].agreement;
    this.alpnProtocol = alpn?.toString('latin1') ?? false;
    this.servername ??= serverName ?? false;
    this._secureEstablished = true;
    if (this._tlsOptions.handshakeTimeout > 0) this.setTimeout(0, this._handleTimeout);
    this.emit('secure');
  }

  _handleTimeout() {
    this._emitTLSError(errors.handshakeTimeout());
  }

  _emitTLSError(error) {
    const shown = this._tlsError(error);
    if (shown) this.emit('error', shown);
  }

  /** Before the program has the socket, only its server hears of errors. */
  _tlsError(error) {
    this.emit('_tlsError', error);
    return this._controlReleased ? error : null;
  }

  _releaseControl() {
    if (this._controlReleased) return false;
    this._controlReleased = true;
    this.removeListener('error', this._tlsError);
    return true;
  }

  _destroySSL() {
    this.ssl = null;
  }
}

/** `new tls.TLSSocket(socket, options)`: TLS over `socket`, which need not be connected yet. */
function TLSSocket(socket, given) {
  const options = { ...given };
  if (options.enableTrace != null) validateBoolean(options.enableTrace, 'options.enableTrace');
  if (options.ALPNProtocols) nodes.convertALPNProtocols(options.ALPNProtocols, options);
  if (options.isServer && options.ALPNCallback) validateFunction(options.ALPNCallback, 'options.ALPNCallback');
  options.secureContext = options.secureContext || options.credentials || current.module.createSecureContext(options);
  if (typeof options.secureContext[kNative] !== 'function') throw errors.invalidContext();
  this._tlsOptions = options;
  this._secureEstablished = false;
  this._securePending = false;
  this._newSessionPending = false;
  this._controlReleased = false;
  this.secureConnecting = true;
  this._SNICallback = null;
  this.servername = null;
  this.alpnProtocol = null;
  this.authorized = false;
  this.authorizationError = null;
  this.encrypted = true;
  const { allowHalfOpen, highWaterMark, onread, signal, noDelay, keepAlive, keepAliveInitialDelay } = options;
  Socket.call(this, {
    allowHalfOpen: socket ? socket.allowHalfOpen : allowHalfOpen,
    highWaterMark,
    onread: socket ? null : onread,
    signal,
    noDelay,
    keepAlive,
    keepAliveInitialDelay,
  });
  this[kSecurity] = new Securing();
  this.on('error', this._tlsError);
  if (this.destroyed) return;
  Duplex.prototype.write.call(this, MARK);
  this._init(socket);
  // The caller may still change what the handshake begins with.
  if (socket) process.nextTick(() => this._start());
}

Object.setPrototypeOf(TLSSocket, Socket);
TLSSocket.prototype = Object.create(Socket.prototype, {
  ...membersLike([Handshakes, Members], nodes.TLSSocket.prototype),
  constructor: { value: TLSSocket, writable: true, configurable: true, enumerable: true },
});

/** The connection is there: the handshake begins behind what has been written in the clear. */
function begin(socket) {
  const security = socket[kSecurity];
  if (security.hasBegun || socket.destroyed || !lend(socket)) return;
  security.hasBegun = true;
  const { isServer = false, secureContext, ALPNProtocols } = socket._tlsOptions;
  const native = secureContext[kNative]({
    isServer,
    requestCert: isServer && socket._requestCert,
    alpn: ALPNProtocols ? wireProtocols(ALPNProtocols) : [],
  });
  const received = Buffer.concat(security.received);
  security.received = [];
  const request = {
    __proto__: null,
    isServer,
    serverName: isServer ? undefined : socket.servername || undefined,
    checksName: false,
    asks: isServer && socket._SNICallback !== null,
    received: received.length > 0 ? received : undefined,
  };
  socket.servername = isServer ? null : socket.servername;
  if (!socket[kTransport].secure(native, request)) socket.destroy(errors.reset('socket hang up'));
}

/** The peer has closed the connection during the handshake. */
function endedEarly(socket) {
  if (socket._tlsOptions.isServer) {
    socket.destroy();
    return;
  }
  const message = 'Client network socket disconnected before secure TLS connection was established';
  const { path, host, port, localAddress } = socket[kConnectOptions] ?? {};
  socket._hadError = true;
  socket.destroy(Object.assign(errors.reset(message), { path, host, port, localAddress }));
}

module.exports = { TLSSocket, begin };
