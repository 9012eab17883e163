'use strict';

// Connections that are left to Node's own TLS: why, and the socket that it makes.

const { functions: nodes } = require('../nodes-tls');
const { noteDeclined } = require('../statistics');
const { kServer } = require('../stream/fields');
const { leave } = require('../stream/left');
const { kSecurity } = require('../symbols');
const { connect: connectOurs } = require('../today');
const { beneath } = require('./beneath');
const { connectionReason, noteFallback } = require('./fallback');
const { isOurs } = require('./moving');
const { canBorrow } = require('./nodes-plain');
const { Passage, showAddressesOf, showMembersOf } = require('./passage');
const { kNodes, kReasonFor } = require('./symbols');

/** Why a connection over `socket` (if there is one) needs Node's own TLS; null if it doesn't. */
function reasonForNodes(socket, options) {
  const { secureContext } = options;
  if (secureContext[kReasonFor] === undefined) return 'a context that Node has made';
  return secureContext[kReasonFor](options) ?? connectionReason(options) ?? socketReason(socket);
}

function socketReason(socket) {
  if (!socket) return null;
  if (!isOurs(socket)) return canBorrow(socket) ? null : 'a stream whose bytes pass through JavaScript';
  return socket[kSecurity] === null ? null : 'TLS within TLS';
}

/** Node's own `new tls.TLSSocket(socket, options)`. */
function nodesSocket(socket, options, reason, Class) {
  noteFallback('a socket', reason);
  noteDeclined(socket?.[kServer] ?? null);
  const secure = over(socket, (below) => new nodes.TLSSocket(below, forNodes(options)));
  return Class === undefined ? secure : Object.setPrototypeOf(secure, prototypeLike(Class.prototype));
}

/**
 * Makes `object`, which has the prototype, Node's own `new tls.TLSSocket(socket, options)`. It receives what was
 * `received` first, and `chosen` is the context that the program has chosen for it, if it has.
 */
function becomeNodes(object, socket, options, { chosen, received, reason }) {
  noteFallback('a connection', reason);
  const make = (below) => {
    nodes.TLSSocket.call(object, below, forNodes(options, chosen));
    return object;
  };
  over(socket, make, received);
}

/** Node's own `tls.connect(options, callback)`. */
function nodesConnect(options, callback, reason) {
  noteFallback('a connection', reason);
  noteDeclined(null);
  // Node's own would send no header, and set no options of the kernel.
  const needsOurs = !options.socket && (options.proxyProtocol ?? options.socketOptions) != null;
  const ours = needsOurs ? connectOurs(options) : options.socket;
  return over(ours, (socket) => nodes.connect({ ...forNodes(options), socket }, callback));
}

function forNodes(options, chosen) {
  const { SNICallback, secureContext } = options;
  const adapted = { ...options, secureContext: nodesContext(secureContext) };
  if (typeof SNICallback === 'function') adapted.SNICallback = withNodesContexts(SNICallback, chosen);
  return adapted;
}

/** Node's own context for `context`. What the program has got elsewhere is for Node to judge. */
function nodesContext(context) {
  return context?.[kNodes]?.() ?? context;
}

/** `SNICallback`, whose contexts Node can use. What has been `chosen` before is not asked for again. */
function withNodesContexts(SNICallback, chosen) {
  return function choose(servername, callback) {
    const answer = (error, context) => callback(error, nodesContext(context));
    if (chosen) answer(null, chosen);
    else SNICallback.call(this, servername, answer);
  };
}

function over(socket, make, received) {
  const isOver = Boolean(socket) && isOurs(socket);
  const isInTheClear = isOver && socket[kSecurity] === null;
  const below = isOver ? (beneath(socket) ?? new Passage(socket)) : socket;
  const secure = make(below);
  if (below instanceof Passage) {
    below.stayOpen();
    showMembersOf(socket, secure);
    secure._parent = socket;
  } else if (below !== socket && socket.proxy !== null) {
    // The kernel has the proxy's.
    showAddressesOf(socket, secure);
  }
  if (isInTheClear) leave(socket, secure, !(below instanceof Passage));
  if (received) (below instanceof Passage ? socket : below).unshift(received);
  Object.defineProperties(secure, OPENSSL);
  return secure;
}

/** What a TLSSocket of Node's has of its own here. */
const OPENSSL = {
  tlsEngine: { value: 'openssl', configurable: true },
  setKeyCert: { value: setKeyCert, writable: true, configurable: true },
};

/** Node's own, which knows no contexts but its own. */
function setKeyCert(context) {
  nodes.TLSSocket.prototype.setKeyCert.call(this, nodesContext(context));
}

/** The prototype of Node's own TLSSocket, with what the prototypes from `first` up to ours add. */
function prototypeLike(first) {
  const added = [];
  for (let proto = first; proto && !Object.hasOwn(proto, 'tlsEngine'); proto = Object.getPrototypeOf(proto)) {
    added.unshift(Object.getOwnPropertyDescriptors(proto));
  }
  if (added.length === 0) return nodes.TLSSocket.prototype;
  return Object.create(nodes.TLSSocket.prototype, Object.assign({ __proto__: null }, ...added));
}

module.exports = { becomeNodes, nodesConnect, nodesSocket, prototypeLike, reasonForNodes };
