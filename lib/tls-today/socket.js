'use strict';

// tls.TLSSocket: a net.Socket of today's contract whose bytes are encrypted. It opens a connection of its own, or takes
// that of a socket of ours (`moving.js`). The engine does the handshake; what it means for trust is decided in
// JavaScript, as in Node: `connect.js` for clients, `accepting.js` for servers.
//
// The names that begin with an underscore are Node's. Programs listen to, call and replace them.

const { Duplex } = require('stream');
const { validateBoolean, validateFunction } = require('../arguments');
const { IS_NODE } = require('../builtin');
const { invalidArgumentValue } = require('../errors');
const events = require('../events');
const { countInstances, membersLike } = require('../members');
const { EMPTY } = require('../memory');
const { functions: nodes } = require('../nodes-tls');
const spans = require('../spans');
const { kContract, kForMoved, kKind, kSecurity, kTransport } = require('../symbols');
const { nextTick, setImmediate } = require('../timers');
const { Socket } = require('../today');
const { DuplexOptions } = require('../stream/duplex-options');
const { kFailedBytes, kReset } = require('../stream/fields');
const { onReadableStreamEnd } = require('../stream/peers-end');
const { openStream } = require('../stream/tls');
const { wireProtocols } = require('../tls/protocols');
const { appendToFile, logKeysToFile } = require('./environment');
const errors = require('./errors');
const { handOver } = require('./handover');
const { askProgram, keepSession, nativeOf, needsNodes, serverRequest } = require('./hello');
const { Members } = require('./members');
const { current } = require('./module');
const { claimConnection, closeFormerOwner, take } = require('./moving');
const { nodesSocket, reasonForNodes } = require('./nodes-socket');
const { Securing } = require('./securing');
const { Ssl } = require('./ssl');
const { kConnectOptions, kNative, kOldestVersion, kPendingSession, kVerified } = require('./symbols');

/** Options of the sockets that have none of their own, by `allowHalfOpen`. */
const WHOLE = new DuplexOptions(Socket.prototype[kContract], { allowHalfOpen: false });
const HALF_OPEN = new DuplexOptions(Socket.prototype[kContract], { allowHalfOpen: true });

const EARLY_SECRET = Buffer.from('CLIENT_EARLY_TRAFFIC_SECRET');

/** What the engine reports, and what Node has under these names. */
class Handshakes extends Duplex {
  [events.onsecure](alpn, serverName, verdict) {
    if (this.destroyed) return;
    this[kSecurity].note(alpn, serverName, verdict);
    try {
      this._finishInit();
    } finally {
      // Also if a listener throws, as in Node; but not where a client has come to no judgement on its server.
      if (this[kConnectOptions] && this.secureConnecting) this.destroy();
      if (!this.destroyed) {
        publishSecure(this);
        setImmediate(openStream, this, this[kSecurity]);
      }
    }
  }

  [events.ontlsfail](code, message, alert) {
    if (this.destroyed) return;
    if (code === 'ECONNRESET') {
      endedEarly(this);
      return;
    }
    const error = errors.protocolError({ code, message, alert });
    // In Node, the first write is what takes the handshake on, and so fails first.
    const [first] = this.writableCorked === 0 ? this._writableState.getBuffer() : [];
    const write = first && code.startsWith('ERR_SSL_') ? this[kSecurity].takeCallback() : null;
    if (write === null) {
      this._hadError = true;
      this.destroy(error);
    } else {
      this[kFailedBytes] += Buffer.byteLength(first.chunk, first.encoding);
      write(errors.failedWrite(error));
    }
  }

  /** rustls leaves the ClientHello to OpenSSL. */
  [events.ondecline](received, reason) {
    if (this.destroyed) return;
    const { chosen } = this[kSecurity];
    const why = chosen ? 'the program has chosen a context that needs it' : `rustls can't answer a ClientHello: ${reason}`;
    const own = new Set([onClose, onReadableStreamEnd, appendToFile, this._start, this._tlsError, this._handleTimeout]);
    handOver(this, received, why, (listener) => own.has(listener));
  }

  /** A session that a later connection can resume. Before the server is trusted, the program must not have it. */
  [events.onsession](session) {
    this[kSecurity].newest = session;
    if (this[kVerified]) this.emit('session', session);
    else this[kPendingSession] = session;
  }

  [events.onkeylog](line) {
    // No data ever come before the handshake is done (0-RTT).
    if (!line.subarray(0, EARLY_SECRET.length).equals(EARLY_SECRET)) this.emit('keylog', line);
  }

  [events.onservername](...hello) {
    askProgram(this, ...hello);
  }

  [events.onnewsession](sessionId, data) {
    keepSession(this, sessionId, data);
  }

  _destroy(error, callback) {
    const resets = this[kReset];
    Socket.prototype._destroy.call(this, error, callback);
    closeFormerOwner(this, resets);
  }

  /** Opens a connection of its own; the handshake follows. */
  connect(...args) {
    Socket.prototype.connect.apply(this, args);
    if (!this._tlsOptions.isServer) this.once('connect', this._start);
    return this;
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
    logKeysToFile(this);
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
    const security = this[kSecurity];
    if (this._tlsOptions.requestOCSP && !this._tlsOptions.isServer) {
      this.emit('OCSPResponse', security.agreed.ocspResponse ?? null);
    }
    if (this.destroyed) return;
    this.alpnProtocol = security.alpn ?? false;
    this.servername ??= (security.servername || security.serverName) ?? false;
    this._secureEstablished = true;
    if (this._tlsOptions.handshakeTimeout > 0) this.setTimeout(0, this._handleTimeout);
    this.emit('secure');
  }

  _handleTimeout() {
    this[kTransport].noteLateHandshake();
    this._emitTLSError(errors.handshakeTimeout());
  }

  _emitTLSError(error) {
    const shown = this._tlsError(error);
    if (shown) this.emit('error', shown);
  }

  /** Before the program has the socket, only its server gets errors. */
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
  if (options.ALPNProtocols) {
    nodes.convertALPNProtocols(options.ALPNProtocols, options);
    checkProtocols(options.ALPNProtocols);
  }
  if (options.isServer && options.ALPNCallback) validateFunction(options.ALPNCallback, 'options.ALPNCallback');
  options.secureContext = options.secureContext || options.credentials || current.module.createSecureContext(options);
  const reason = reasonForNodes(socket, options);
  if (reason !== null) return nodesSocket(socket, options, reason, new.target);
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
  this[kVerified] = false;
  this[kPendingSession] = null;
  Socket.call(this, socket ? optionsOver(socket, options) : ownOptions(options));
  this[kSecurity] = new Securing(this);
  if (options.session && !options.isServer) this.setSession(options.session);
  this.ssl = new Ssl(this);
  this.on('error', this._tlsError);
  this.on('close', onClose);
  if (this.destroyed) return undefined;
  this[kSecurity].holdWrites();
  this._init(socket);
  if (options.pauseOnConnect) this.pause();
  // The caller may still change what the handshake begins with, also in the next tick.
  if (socket) nextTick(nextTick, startOver, this);
  return undefined;
}

/** Of later versions of Node; earlier ones abort the process where the names are malformed. */
function checkProtocols(protocols) {
  if (!ArrayBuffer.isView(protocols)) throw errors.notABuffer();
  const names = wireProtocols(protocols);
  if (names === null) throw invalidArgumentValue('ALPNProtocols', protocols, 'contains truncated protocol');
  if (names.some(({ length }) => length === 0)) {
    throw invalidArgumentValue('ALPNProtocols', protocols, 'must not contain zero-length protocol');
  }
}

/** What the socket of a connection of its own is made with. */
function ownOptions({ allowHalfOpen, highWaterMark, onread, signal, noDelay, keepAlive, keepAliveInitialDelay }) {
  return { allowHalfOpen, highWaterMark, onread, signal, noDelay, keepAlive, keepAliveInitialDelay };
}

/** What a TLSSocket over `socket` is made with. Most have nothing of their own, and share one object. */
function optionsOver({ allowHalfOpen }, options) {
  const { highWaterMark, signal, noDelay, keepAlive, keepAliveInitialDelay } = options;
  const hasOwn = highWaterMark !== undefined || keepAliveInitialDelay !== undefined || signal || noDelay || keepAlive;
  if (!hasOwn) return allowHalfOpen ? HALF_OPEN : WHOLE;
  return { ...ownOptions(options), allowHalfOpen, onread: null };
}

Object.setPrototypeOf(TLSSocket, Socket);
TLSSocket.prototype = Object.create(Socket.prototype, {
  ...membersLike([Handshakes, Members], nodes.TLSSocket.prototype),
  constructor: { value: TLSSocket, writable: true, configurable: true, enumerable: true },
  [kKind]: { value: 'TLSSocket' },
});

/** For `attach()`: a socket for the connection that `detach()` has taken out of another. */
TLSSocket[kForMoved] = (options, { isServer }) => new TLSSocket(undefined, { ...options, isServer });

countInstances(TLSSocket, nodes.TLSSocket);

/** A 'close' listener. */
function onClose() {
  this._destroySSL();
}

/** Begins the handshake over a given socket, and the reading after it, whether there is a consumer or not. */
function startOver(socket) {
  if (socket.destroyed) return;
  socket._start();
  socket.read(0);
}

/** The connection is there: the handshake begins after what has been written in the clear. */
function begin(socket) {
  const security = socket[kSecurity];
  // It may be made up, and not even that yet.
  if (security.hasBegun || socket.destroyed || !socket[kTransport].isOpen || !claimConnection(socket)) return;
  security.hasBegun = true;
  const { isServer = false, secureContext, ALPNProtocols } = socket._tlsOptions;
  security.context = secureContext;
  const received = security.received.length > 0 ? Buffer.concat(security.received) : undefined;
  security.received = [];
  if (isServer && needsNodes(socket, secureContext)) {
    // `setKeyCert()` has chosen another, or the program has changed this one.
    security.chosen = secureContext;
    socket[events.ondecline](received ?? EMPTY);
    return;
  }
  const native = isServer
    ? nativeOf(socket, secureContext)
    : secureContext[kNative](false, false, false, ALPNProtocols);
  security.declinesFrom = isServer && IS_NODE ? secureContext[kOldestVersion] : undefined;
  const logsKeys = socket.listenerCount('keylog') > 0;
  if (spans.secure.hasSubscribers) {
    spans.secure.begin(socket, { socket, isServer, servername: security.servername || undefined });
  }
  const request = isServer
    ? serverRequest(socket, security.declinesFrom, logsKeys, received)
    : clientRequest(security, logsKeys, received);
  if (!socket[kTransport].secure(native, request)) socket.destroy(errors.reset('socket hang up'));
}

/**
 * The handshake is done, and the peer is the right one. To be called before the program knows of it. Node's own TLS may
 * have gone on with it.
 */
function publishSecure(socket) {
  if (!spans.secure.isAwaited(socket)) return;
  const { name: cipher } = socket.getCipher();
  spans.secure.end(socket, { protocol: socket.getProtocol(), cipher, resumed: socket.isSessionReused() });
}

/** What a client asks of the engine. The program holds its sessions, and checks the name. */
function clientRequest({ servername, session }, logsKeys, received) {
  return {
    isServer: false,
    received,
    logsKeys,
    serverName: servername || undefined,
    checksName: false,
    session,
    emitsSessions: true,
    resumes: false,
  };
}

/** The peer has closed or ended the connection before it was secure. */
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

module.exports = { TLSSocket, begin, endedEarly, publishSecure };
