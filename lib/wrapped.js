'use strict';

// What a program had put around Node's own functions before ours took their places, such as a guard around
// `Socket.prototype.connect`. It calls Node's own in the end, which is here made to do what ours does: so the wrapper
// is called as before.

const { kNormalized, normalizedArguments } = require('./arguments');
const { nodesOwn } = require('./builtin');
const nodesNet = require('./nodes-net');
const { isDriven } = require('./stream/connecting');
const { nextTick } = require('./timers');

/** What only the source of Node's own function has, in all of its versions. */
const MARKS = {
  net: {
    Server: /_usingWorkers/,
    Socket: /pauseOnCreate/,
    connect: /normalizeArgs\(args\)/,
    createConnection: /normalizeArgs\(args\)/,
    createServer: /new Server\(options, connectionListener\)/,
  },
  tls: {
    Server: /tlsConnectionListener/,
    TLSSocket: /_wrapHandle/,
    connect: /new TLSSocket\(/,
    createSecureContext: /new SecureContext\(/,
    createServer: /new Server\(options, listener\)/,
  },
};
const CONNECT_MARK = /normalizedArgsSymbol/;
const LISTEN_MARK = /listenInCluster/;

/** Node's own `connect` does nothing more where this is the parent of the socket. */
const CONNECTING = Object.freeze({ connecting: true });

/** What Node's own `listen` passes on for "no port": a path. */
const NO_PORT = -1;
const IPV6_ONLY = 1;

/** Whether `value` is not the function of Node's own that has `mark` in its source. */
function isForeign(value, mark) {
  return typeof value !== 'function' || !mark.test(Function.prototype.toString.call(value));
}

/** The names of the exports of Node's module `name` that were not Node's own any more. */
function wrappedExports(name) {
  const own = nodesOwn(name);
  return Object.entries(MARKS[name]).filter(([key, mark]) => isForeign(own[key], mark)).map(([key]) => key);
}

/**
 * The members with which the prototypes of `ours` call what is around Node's own: `[[prototype, name, value], ...]`.
 */
function wrappedMembers({ Socket, Server }) {
  const members = [];
  const { connect } = nodesNet.Socket.prototype;
  if (isForeign(connect, CONNECT_MARK)) {
    members.push([Socket.prototype, 'connect', connectThrough(connect, Socket.prototype.connect)]);
  }
  const { listen } = nodesNet.Server.prototype;
  if (isForeign(listen, LISTEN_MARK)) {
    members.push([Server.prototype, 'listen', listen]);
    members.push([Server.prototype, '_listen2', listenAs(Server.prototype.listen)]);
    // Counted up by Node's own, which compares it once an address is known.
    members.push([Server.prototype, '_listeningId', 1]);
  }
  return members;
}

/** Calls `wrapper`, and `connect` as soon as that calls what it is around, at once or later. */
function connectThrough(wrapper, connect) {
  return function connectHeard(...args) {
    const passed = normalizedArguments(args);
    let isPassedOn = false;
    Object.defineProperty(passed, kNormalized, {
      get() {
        isPassedOn = true;
        return true;
      },
    });
    // Read by Node's own alone, after it has read its arguments and added the callback.
    Object.defineProperty(this, '_parent', {
      configurable: true,
      get() {
        delete this._parent;
        // Where the arguments are others, which can't be seen here, Node's own goes on: ours takes the connection over.
        if (!isPassedOn || isDriven(this)) return undefined;
        // Node 20 reads it twice.
        Object.defineProperty(this, '_parent', { configurable: true, value: CONNECTING });
        nextTick(forgetParent, this);
        Reflect.apply(connect, this, [passed[0]]);
        return CONNECTING;
      },
    });
    return Reflect.apply(wrapper, this, [passed]);
  };
}

function forgetParent(socket) {
  if (Object.getOwnPropertyDescriptor(socket, '_parent')?.value === CONNECTING) delete socket._parent;
}

/** What Node's own `listen` calls in the end, done by our `listen`. */
function listenAs(listen) {
  return function _listen2(address, port, addressType, backlog, fd, flags) {
    const common = { backlog, exclusive: true };
    if (typeof fd === 'number' && fd >= 0) listen.call(this, { ...common, fd });
    else if (port === NO_PORT) listen.call(this, { ...common, path: address });
    else listen.call(this, { ...common, port, host: address ?? undefined, ipv6Only: (flags & IPV6_ONLY) !== 0 });
  };
}

module.exports = { wrappedExports, wrappedMembers };
