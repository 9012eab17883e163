'use strict';

// net.Server of the contract: an EventEmitter over a listener of the engine.

const cluster = require('cluster');
const { lookup } = require('dns');
const { EventEmitter } = require('events');
const { constants } = require('os');
const { clearTimeout, setTimeout } = require('timers');
const { getDefaultHighWaterMark } = require('stream');
const { markAsUncloneable } = require('worker_threads');
const { isIP } = require('./address');
const { keepAliveSeconds, keepAliveSettings, listenTarget, normalize, socketOptions, validateBlockList, validateFd, validateFunction } = require('./arguments');
const channels = require('./channels');
const engines = require('./engine');
const errors = require('./errors');
const { Handle, assignHandle } = require('./handle');
const nodesNet = require('./nodes-net');
const { DuplexOptions, countInstances, membersLike } = require('./stream');
const { NONE, kAccept, kAdopt, kContract, kId, kOnConnection, kOnStall, kReferenced, kReleased } = require('./symbols');

/** The class of the streams that are accepted. On the prototype. */
const kStream = Symbol('stream class');
/** Streams accepted and not destroyed. */
const kConnections = Symbol('connections');
/** `listen()` waits for an address; changes with every `listen()` and `close()`. */
const kListening = Symbol('listening');
const kClosing = Symbol('closing');
const kPauseTimer = Symbol('pause timer');
const kRetryTimer = Symbol('retry timer');
/** Connections wait for want of something, and that has been said. */
const kStalled = Symbol('stalled');
const kHandle = Symbol('handle');
const kPath = Symbol('path');
const kStreamOptions = Symbol('stream options');
/** The options of the listening socket that its connections inherit: `{ keepAlive, noDelay }`. */
const kInherited = Symbol('inherited');

const { EADDRINUSE, EINVAL } = constants.errno;

/** What adopting fails with for a descriptor that is not open, no socket, or not of the right type. */
const BAD_DESCRIPTOR = new Set(['EBADF', 'ENOTSOCK', 'EPROTOTYPE', 'EAFNOSUPPORT'].map((code) => -constants.errno[code]));

/** What Node's errors about a path have as their port. */
const PORT_OF_PATHS = -1;

const NOTHING_INHERITED = Object.freeze({ keepAlive: false, noDelay: false });

/** After running out of descriptors, accepting is tried again this often, in milliseconds. */
const RETRY_DELAY = 100;

/** `server.pause()` without a time, in milliseconds, as in 2010. */
const PAUSE_DEFAULT = 1000;

/** The methods and properties of net.Server. Instances are made by the functions of `serverFor`. */
class ServerMethods extends EventEmitter {
  /**
   * Begins accepting connections: `listen(port[, host][, backlog][, callback])`, `listen(path[, callback])`,
   * `listen(options[, callback])` or `listen([callback])`. Contract: server.listen.
   */
  listen(...args) {
    const { callback, target } = listenTarget(args);
    if (this[kId] !== NONE || this[kListening] !== null) throw errors.serverAlreadyListening();
    // Throws if it has been adopted.
    target.bound?.address();
    if (channels.serverListen.hasSubscribers) {
      channels.serverListen.asyncStart.publish({ server: this, options: normalize(args).options });
    }
    if (callback !== null) this.once('listening', callback);
    if (target.signal) closeOnAbort(this, target.signal);
    if (target.bound) listenNow(this, { ...target.bound[kAdopt](), backlog: target.backlog });
    else if (target.host && isIP(target.host) === 0) lookUpAndListen(this, target);
    else listenNow(this, target);
    return this;
  }

  /** Listens on a descriptor that is bound and listening already. Contract: server.listenFD. */
  listenFD(fd, callback) {
    return this.listen({ fd: validateFd(fd) }, callback);
  }

  /** Stops accepting connections; 'close' follows. Contract: server.close. */
  close(callback) {
    callback = checkListener(this, callback, 'callback');
    const isRunning = this[kId] !== NONE || this[kListening] !== null;
    if (!isRunning) {
      if (this[kContract].closeThrowsWhenNotRunning) throw errors.serverNotRunning();
      if (callback) this.once('close', () => callback(errors.serverNotRunning()));
    } else {
      if (callback) this.once('close', callback);
      stop(this);
    }
    this[kClosing] = true;
    emitCloseIfDone(this);
    return this;
  }

  /** Accepts nothing for `msecs` milliseconds; connections wait meanwhile. */
  pause(msecs = PAUSE_DEFAULT) {
    if (this[kId] === NONE || this[kPauseTimer] !== null) return this;
    const engine = engines.start();
    engine.pauseListener(this[kId], true);
    this[kPauseTimer] = setTimeout(() => {
      this[kPauseTimer] = null;
      engine.pauseListener(this[kId], false);
    }, msecs);
    this[kPauseTimer].unref();
    return this;
  }

  /** Where the server listens: `{ address, family, port }`, a path, or null. */
  address() {
    if (this[kId] === NONE) return null;
    return engines.start().local(this[kId]) ?? this[kPath] ?? pathOf(this[kId]);
  }

  /** Gives the number of concurrent connections to `callback(error, count)`. */
  getConnections(callback) {
    validateFunction(callback, 'callback');
    process.nextTick(callback, null, this[kConnections]);
    return this;
  }

  /** Lets the server keep the process alive (the default). */
  ref() {
    return reference(this, true);
  }

  /** Lets the process exit while the server listens. */
  unref() {
    return reference(this, false);
  }

  /** What stands in for Node's private object: null unless the server listens. */
  get _handle() {
    return this[kId] === NONE ? null : (this[kHandle] ??= new Handle(this, () => engines.start().fd(this[kId])));
  }

  /** What is assigned is kept as the instance's own, and means nothing to the server. */
  set _handle(value) {
    assignHandle(this, value);
  }

  get listening() {
    // Undefined on the prototype, where it can be read as well.
    return this[kId] !== undefined && this[kId] !== NONE;
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    if (this[kId] === NONE && this[kListening] === null) return;
    await new Promise((resolve) => this.close(resolve));
  }

  [EventEmitter.captureRejectionSymbol](error, event, stream) {
    if (event === 'connection') stream.destroy(error);
    else this.emit('error', error);
  }

  // The engine's events.

  [kOnConnection](id) {
    if (isFull(this)) {
      drop(this, id);
      return;
    }
    if (isBlocked(this, id)) {
      engines.release(id);
      return;
    }
    const stream = new this[kStream](streamOptions(this));
    const inherited = this[kInherited];
    if (this.noDelay !== inherited.noDelay) stream.setNoDelay(this.noDelay);
    if (this.keepAlive !== inherited.keepAlive) stream.setKeepAlive(this.keepAlive, ...keepAliveSpans(this));
    this[kConnections]++;
    stream[kAccept](id, this, this.pauseOnConnect);
  }

  /** Accepting has failed: connections wait until it can go on. Said once, until nobody waits any more (0). */
  [kOnStall](errno) {
    if (errno === 0) {
      this[kStalled] = false;
      return;
    }
    clearTimeout(this[kRetryTimer]);
    this[kRetryTimer] = setTimeout(retry, RETRY_DELAY, this);
    this[kRetryTimer].unref();
    if (this[kStalled]) return;
    this[kStalled] = true;
    this.emit('acceptError', errors.systemError(errno, 'accept'));
  }

  /** A stream of this server is gone. */
  [kReleased]() {
    this[kConnections]--;
    if (this[kRetryTimer] !== null) retry(this);
    if (this[kClosing]) emitCloseIfDone(this);
  }
}

/** The constructor of net.Server for one contract, whose streams are of class `Stream`. */
function serverFor(contract, Stream) {
  /**
   * @param {object} [options]
   * @param {Function} [connectionListener]
   */
  function Server(options, connectionListener) {
    if (!(this instanceof Server)) return new Server(options, connectionListener);
    construct(this, options, connectionListener);
  }
  Object.setPrototypeOf(Server, EventEmitter);
  Server.prototype = Object.create(EventEmitter.prototype, {
    ...membersLike(ServerMethods.prototype, contract.countsNodesOwn ? nodesNet.Server.prototype : {}),
    constructor: { value: Server, writable: true, configurable: true },
    [kContract]: { value: contract },
    [kStream]: { value: Stream },
  });
  if (contract.countsNodesOwn) countInstances(Server, nodesNet.Server);
  if (contract.showsConnections) {
    Object.defineProperty(Server.prototype, 'connections', {
      get() {
        return this[kConnections];
      },
      enumerable: true,
      configurable: true,
    });
  }
  return Server;
}

function construct(server, options, connectionListener) {
  if (typeof options === 'function') {
    connectionListener = options;
    options = {};
  } else if (options != null && typeof options !== 'object') {
    throw errors.invalidArgumentType('options', 'object', options);
  }
  connectionListener = checkListener(server, connectionListener, 'connectionListener');
  const checked = socketOptions(options);
  EventEmitter.call(server, { captureRejections: checked.captureRejections });
  // What another thread would get is no server. Node 20 can't be told so.
  markAsUncloneable?.(server);
  if (connectionListener) server.on('connection', connectionListener);
  server.allowHalfOpen = Boolean(checked.allowHalfOpen);
  server.pauseOnConnect = Boolean(checked.pauseOnConnect);
  server.noDelay = Boolean(checked.noDelay);
  server.keepAlive = Boolean(checked.keepAlive);
  server.keepAliveInitialDelay = keepAliveSeconds(checked.keepAliveInitialDelay);
  server.keepAliveInterval = checked.keepAliveInterval;
  server.keepAliveCount = checked.keepAliveCount;
  server.highWaterMark = checked.highWaterMark >= 0 ? checked.highWaterMark : getDefaultHighWaterMark(false);
  server.maxConnections = undefined;
  if (checked.blockList) {
    validateBlockList(checked.blockList, 'options.blockList');
    server.blockList = checked.blockList;
  }
  server[kId] = NONE;
  server[kConnections] = 0;
  server[kListening] = null;
  server[kClosing] = false;
  server[kReferenced] = true;
  server[kPauseTimer] = null;
  server[kRetryTimer] = null;
  server[kStalled] = false;
  server[kPath] = null;
  server[kHandle] = null;
  server[kStreamOptions] = null;
  server[kInherited] = NOTHING_INHERITED;
}

/** A listener that may be left out; null if it is. */
function checkListener(server, listener, name) {
  if (listener == null || (typeof listener !== 'function' && !server[kContract].refusesWrongListeners)) return null;
  validateFunction(listener, name);
  return listener;
}

/** The options of the streams that are accepted: made anew only when the server's have been changed. */
function streamOptions(server) {
  const { allowHalfOpen, highWaterMark } = server;
  let options = server[kStreamOptions];
  if (options?.allowHalfOpen !== allowHalfOpen || options.readableHighWaterMark !== highWaterMark) {
    const marks = { readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark };
    options = new DuplexOptions(server[kContract], { allowHalfOpen, ...marks });
    server[kStreamOptions] = options;
  }
  return options;
}

function lookUpAndListen(server, target) {
  const attempt = (server[kListening] = {});
  lookup(target.host, (error, address) => {
    if (server[kListening] !== attempt) return;
    server[kListening] = null;
    if (error) server.emit('error', error);
    else listenNow(server, { ...target, host: address });
  });
}

function listenNow(server, target) {
  const { id, error } = open(server, target);
  tellOfListening(server, error);
  if (error) {
    // Listeners that are added after listen() are to hear of it.
    const attempt = (server[kListening] = {});
    process.nextTick(() => {
      if (server[kListening] === attempt) server[kListening] = null;
      server.emit('error', error);
    });
    return;
  }
  server[kId] = id;
  server[kClosing] = false;
  server[kInherited] = inherit(server, id);
  server[kPath] = target.path ?? null;
  engines.own(id, server);
  if (!server[kReferenced]) engines.start().reference(id, false);
  process.nextTick(() => {
    if (server[kId] === id) server.emit('listening');
  });
}

/** Sets on the listening socket what its connections inherit. Gives what of it they do. */
function inherit(server, id) {
  const { keepAlive, noDelay } = server;
  if (!keepAlive && !noDelay) return NOTHING_INHERITED;
  const settings = keepAliveSettings(keepAlive, ...keepAliveSpans(server));
  return engines.start().setInherited(id, noDelay, ...settings) ? { keepAlive, noDelay } : NOTHING_INHERITED;
}

function keepAliveSpans({ keepAliveInitialDelay, keepAliveInterval, keepAliveCount }) {
  return [keepAliveInitialDelay * 1000, keepAliveInterval, keepAliveCount];
}

function tellOfListening(server, error) {
  const { serverListen } = channels;
  if (!serverListen.hasSubscribers) return;
  if (error) serverListen.error.publish({ server, error });
  else serverListen.asyncEnd.publish({ server });
}

/** Opens what `target` names: gives `{ id }` or `{ error }`. */
function open(server, target) {
  const { id: bound, fd, path, host, port, backlog, ipv6Only, reusePort, exclusive, readableAll, writableAll } = target;
  if (bound !== undefined) return listenOnBound(bound, backlog);
  if (cluster.isWorker && server[kContract].sharesPortsInClusters && !exclusive && !reusePort) {
    return { error: errors.noSharedPorts() };
  }
  if (fd !== undefined) {
    const id = engines.attempt('listen', (engine) => engine.adoptListener(fd));
    return typeof id === 'number' ? { id } : { error: badDescriptor(server, id) };
  }
  if (path !== undefined) {
    const takesOver = server[kContract].takesOverLeftovers;
    const id = engines.attempt('listen', (engine) => engine.listenUnix(Buffer.from(path), backlog, takesOver));
    if (typeof id !== 'number') return { error: errors.listenError(id, path, PORT_OF_PATHS) };
    const errno = readableAll || writableAll ? engines.start().openToAll(id, readableAll, writableAll) : 0;
    if (errno === 0) return { id };
    engines.release(id);
    return { error: errors.listenError({ errno, syscall: 'chmod' }, path, PORT_OF_PATHS) };
  }
  let outcome;
  for (const address of host ? [host] : server[kContract].anyHosts) {
    const options = { address, port, ipv6Only, reusePort };
    const id = engines.attempt('listen', (engine) => engine.listenTcp(options, backlog));
    if (typeof id === 'number') return { id };
    outcome = { error: errors.listenError(id, address, port) };
    // It can be had, and somebody has it.
    if (id.errno === -EADDRINUSE) break;
  }
  return outcome;
}

/** What is wrong with a descriptor to listen on. */
function badDescriptor(server, { errno, syscall }) {
  const isInvalid = BAD_DESCRIPTOR.has(errno) && !server[kContract].tellsBadDescriptorsApart;
  return errors.listenError({ errno: isInvalid ? -EINVAL : errno, syscall });
}

/** Listens on what has been bound as `id`. */
function listenOnBound(id, backlog) {
  const outcome = engines.start().listenBound(id, backlog);
  if (outcome === id) return { id };
  engines.release(id);
  return { error: errors.listenError(outcome) };
}

/** Closes the listening socket. */
function stop(server) {
  server[kListening] = null;
  if (server[kId] === NONE) return;
  engines.release(server[kId]);
  server[kId] = NONE;
  clearTimeout(server[kPauseTimer]);
  clearTimeout(server[kRetryTimer]);
  server[kPauseTimer] = null;
  server[kRetryTimer] = null;
}

function emitCloseIfDone(server) {
  if (server[kId] !== NONE) return;
  if (server[kContract].closeWaitsForStreams && server[kConnections] > 0) return;
  server[kClosing] = false;
  process.nextTick(() => server.emit('close'));
}

function closeOnAbort(server, signal) {
  const close = () => {
    if (server[kId] !== NONE || server[kListening] !== null) server.close();
  };
  if (signal.aborted) {
    process.nextTick(close);
    return;
  }
  signal.addEventListener('abort', close, { once: true });
  server.once('close', () => signal.removeEventListener('abort', close));
}

function isFull(server) {
  const { maxConnections } = server;
  if (maxConnections == null || (maxConnections === 0 && !server[kContract].zeroConnectionsIsALimit)) return false;
  return server[kConnections] >= maxConnections;
}

function isBlocked({ blockList }, id) {
  if (!blockList) return false;
  const { address, family } = engines.start().peer(id) ?? {};
  return address !== undefined && blockList.check(address, family.toLowerCase());
}

function drop(server, id) {
  const engine = engines.start();
  const data = { __proto__: null };
  const [local, peer] = [engine.local(id), engine.peer(id)];
  engines.release(id);
  if (local) Object.assign(data, { localAddress: local.address, localPort: local.port, localFamily: local.family });
  if (peer) Object.assign(data, { remoteAddress: peer.address, remotePort: peer.port, remoteFamily: peer.family });
  if (local || peer) server.emit('drop', data);
  else server.emit('drop');
}

/** Tries to accept again after a stall. */
function retry(server) {
  clearTimeout(server[kRetryTimer]);
  server[kRetryTimer] = null;
  engines.start().retryListener(server[kId]);
}

function reference(server, referenced) {
  server[kReferenced] = referenced;
  if (server[kId] !== NONE) engines.start().reference(server[kId], referenced);
  return server;
}

function pathOf(id) {
  return engines.start().path(id)?.toString() ?? null;
}

module.exports = { serverFor };
