'use strict';

// tls.connect(), and what a client does when the handshake is done: the verdict on the server, and its name.

const { isIP } = require('../address');
const { normalize } = require('../arguments');
const { invalidArgumentValue } = require('../errors');
const { functions: nodes, module: nodesTls } = require('../nodes-tls');
const { kSecurity, kTransport } = require('../symbols');
const { namesOf } = require('./certificates');
const errors = require('./errors');
const { allowsUnauthorized } = require('./environment');
const { current } = require('./module');
const { nodesConnect, reasonForNodes } = require('./nodes-socket');
const { TLSSocket, endedEarly, publishSecure } = require('./socket');
const { kConnectOptions, kPendingSession, kVerified } = require('./symbols');

const NODE = Number(process.versions.node.split('.')[0]);

/** `tls.connect(options | port[, host] | path[, options][, callback])`. */
function connect(...args) {
  const { options: given, callback } = connectArguments(args);
  const options = {
    rejectUnauthorized: !allowsUnauthorized(),
    ciphers: nodesTls.DEFAULT_CIPHERS,
    checkServerIdentity: current.module.checkServerIdentity,
    minDHSize: 1024,
    ...given,
  };
  // Each version of Node has errors of its own for these, which it throws before it does anything.
  if (typeof options.checkServerIdentity !== 'function' || !isSize(options.minDHSize)) return nodes.connect(options);
  options.secureContext ||= current.module.createSecureContext(options);
  if (options.servername && isIP(options.servername) !== 0) refuseAddress(options.servername);
  const reason = reasonForNodes(options.socket, options);
  if (reason !== null) return nodesConnect(options, callback ?? undefined, reason);
  options.rejectUnauthorized = options.rejectUnauthorized !== false;
  const socket = new TLSSocket(options.socket, socketOptions(options));
  socket[kConnectOptions] = options;
  if (callback) socket.once('secureConnect', callback);
  if (!options.socket) {
    if (options.timeout) socket.setTimeout(options.timeout);
    if (!socket.destroyed) socket.connect(options);
  }
  socket._releaseControl();
  if (options.servername) socket.setServername(options.servername);
  if (options.socket) socket._start();
  socket.on('secure', onConnectSecure);
  socket.prependListener('end', onConnectEnd);
  return socket;
}

/** Those of the options of `connect()` that are its socket's. */
function socketOptions(options) {
  return {
    allowHalfOpen: options.allowHalfOpen,
    pipe: Boolean(options.path),
    secureContext: options.secureContext,
    isServer: false,
    requestCert: true,
    rejectUnauthorized: options.rejectUnauthorized,
    session: options.session,
    ALPNProtocols: options.ALPNProtocols,
    requestOCSP: options.requestOCSP,
    enableTrace: options.enableTrace,
    pskCallback: options.pskCallback,
    highWaterMark: options.highWaterMark,
    onread: options.onread,
    signal: options.signal,
    noDelay: options.noDelay,
    keepAlive: options.keepAlive,
    keepAliveInitialDelay: options.keepAliveInitialDelay,
  };
}

function isSize(value) {
  return typeof value === 'number' && (NODE >= 22 ? value >= 1 : value > 0);
}

/** The options and the callback. What is given beside a port or path comes on top of that. */
function connectArguments(args) {
  const { options: given, callback } = normalize(args);
  const more = args[1] !== null && typeof args[1] === 'object' ? args[1] : args[2];
  const options = args[0] === given ? given : { ...given };
  return { options: typeof more === 'object' ? { ...options, ...more } : options, callback };
}

let hasWarnedOfAddress = false;

/** An address is no name that a client may ask for: later versions of Node throw, earlier ones warn. */
function refuseAddress(address) {
  if (NODE >= 26) {
    const reason = 'Setting the TLS ServerName to an IP address is not permitted.';
    throw invalidArgumentValue('options.servername', address, reason);
  }
  if (hasWarnedOfAddress) return;
  hasWarnedOfAddress = true;
  const message =
    'Setting the TLS ServerName to an IP address is not permitted by RFC 6066. ' +
    'This will be ignored in a future version.';
  process.emitWarning(message, 'DeprecationWarning', 'DEP0123');
}

/** The name that the server's certificate must be for. */
function serverIdentity({ servername, host, socket }) {
  return servername || host || socket?._host || 'localhost';
}

/** What is wrong with the server's name; undefined if nothing is. */
function checkIdentity(socket, options) {
  const { checkServerIdentity } = options;
  const name = serverIdentity(options);
  // Node's own check looks at two properties only, and the others take time. An error has all of them.
  const isEnough = checkServerIdentity === nodes.checkServerIdentity;
  if (isEnough && !nodes.checkServerIdentity(name, namesOf(socket[kTransport].peerCertificate))) return undefined;
  return checkServerIdentity(name, socket.getPeerCertificate(true));
}

/** A 'secure' listener: decides on the server. */
function onConnectSecure() {
  const options = this[kConnectOptions];
  let failure = errors.verifyError(this[kSecurity].verdict);
  if (!failure) failure = checkIdentity(this, options);
  if (failure) {
    this.authorized = false;
    this.authorizationError = failure.code || failure.message;
    if (options.rejectUnauthorized !== false) {
      this.destroy(failure);
      return;
    }
  } else {
    this.authorized = true;
  }
  this.secureConnecting = false;
  publishSecure(this);
  try {
    this.emit('secureConnect');
  } finally {
    this[kVerified] = true;
    this.removeListener('end', onConnectEnd);
  }
  const session = this[kPendingSession];
  this[kPendingSession] = null;
  if (session) this.emit('session', session);
}

/** An 'end' listener, until the connection is secure. */
function onConnectEnd() {
  if (!this._hadError) endedEarly(this);
}

module.exports = { connect };
