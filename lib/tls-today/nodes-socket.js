'use strict';

// Connections that are left to Node's own TLS: why, and the socket that it makes.

const { functions: nodes } = require('../nodes-tls');
const { kSecurity } = require('../symbols');
const { Socket } = require('../today');
const { connectionReason, noteFallback } = require('./fallback');
const { Passage, showMembersOf } = require('./passage');
const { kNeedsNodes, kNodes, kReason } = require('./symbols');

const isOurs = (socket) => Object.prototype.isPrototypeOf.call(Socket.prototype, socket);

/** Why a connection over `socket` (if there is one) needs Node's own TLS; null if it doesn't. */
function reasonForNodes(socket, options) {
  const { secureContext } = options;
  if (secureContext[kReason] === undefined) return 'a context that Node has made';
  return secureContext[kReason] ?? connectionReason(options) ?? serverReason(options) ?? socketReason(socket);
}

/** One of the contexts that a server chooses from by name may need OpenSSL. */
function serverReason({ server, isServer }) {
  if (!isServer || !server) return null;
  if (server[kNeedsNodes]) return server[kNeedsNodes];
  const found = server._contexts?.find(([, context]) => context[kReason] ?? (context[kReason] === undefined));
  return found ? (found[1][kReason] ?? 'a context that Node has made') : null;
}

function socketReason(socket) {
  if (!socket) return null;
  if (!isOurs(socket)) return 'a stream that is no socket of rust-net';
  return socket[kSecurity] === null ? null : 'TLS within TLS';
}

/** Node's own `new tls.TLSSocket(socket, options)`. */
function nodesSocket(socket, options, reason, Class) {
  noteFallback('a socket', reason);
  const secure = over(socket, (below) => new nodes.TLSSocket(below, forNodes(options)));
  return Class === undefined ? secure : inherit(secure, Class);
}

/** Node's own `tls.connect(options, callback)`. */
function nodesConnect(options, callback, reason) {
  noteFallback('a connection', reason);
  return over(options.socket, (socket) => nodes.connect({ ...forNodes(options), socket }, callback));
}

function forNodes(options) {
  return { ...options, secureContext: options.secureContext[kNodes]?.() ?? options.secureContext };
}

function over(socket, make) {
  const isPassed = socket && isOurs(socket);
  const secure = make(isPassed ? new Passage(socket) : socket);
  if (isPassed) showMembersOf(socket, secure);
  Object.defineProperty(secure, 'tlsEngine', { value: 'openssl', configurable: true });
  return secure;
}

/** Gives `secure` what the classes between `Class` and ours add. */
function inherit(secure, Class) {
  const added = [];
  for (let proto = Class.prototype; proto && !Object.hasOwn(proto, 'tlsEngine'); proto = Object.getPrototypeOf(proto)) {
    added.unshift(Object.getOwnPropertyDescriptors(proto));
  }
  if (added.length === 0) return secure;
  return Object.setPrototypeOf(secure, Object.create(nodes.TLSSocket.prototype, Object.assign({}, ...added)));
}

module.exports = { isOurs, nodesConnect, nodesSocket, reasonForNodes };
