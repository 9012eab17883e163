'use strict';

// net.Server of the contract: an EventEmitter over a listener of the engine.

const { lookup } = require('dns');
const { EventEmitter } = require('events');
const { clearTimeout, setTimeout } = require('timers');
const { getDefaultHighWaterMark } = require('stream');
const { markAsUncloneable } = require('worker_threads');
const { isIP } = require('../address');
const {
  keepAliveSeconds,
  keepAliveSettings,
  listenTarget,
  normalize,
  socketOptions,
  validateBlockList,
  validateFd,
  validateFunction,
} = require('../arguments');
const channels = require('../channels');
const errors = require('../errors');
const { Handle, assignHandle } = require('../handle');
const { countInstances, membersLike } = require('../members');
const nodesNet = require('../nodes-net');
const { DuplexOptions } = require('../stream');
const { StreamTransport } = require('../stream/transport');
const { kAccept, kAdopt, kContract, kOnConnection, kOnStall, kReleased } = require('../symbols');
const { Listener, open } = require('./listener');

/** The class of the streams that are accepted. On the prototype. */
const kStream = Symbol('stream class');
/** Streams accepted and not destroyed. */
const kConnections = Symbol('connections');
/** `listen()` waits for an address, or for its error to be emitted; changes with every `listen()` and `close()`. */
const kListening = Symbol('listening');
const kClosing = Symbol('closing');
const kPauseTimer = Symbol('pause timer');
const kRetryTimer = Symbol('retry timer');
/** Accepting has failed, 'acceptError' has been emitted, and connections wait. */
const kStalled = Symbol('stalled');
const kHandle = Symbol('handle');
/** The source of the engine that listens. */
const kListener = Symbol('listener');
const kPath = Symbol('path');
const kStreamOptions = Symbol('stream options');
/** The options of the listening socket that its connections inherit: `{ keepAlive, noDelay }`. */
const kInherited = Symbol('inherited');

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
    if (isRunning(this)) throw errors.serverAlreadyListening();
    // Throws if it has been adopted.
    target.bound?.address();
    if (channels.serverListen.hasSubscribers) {
      channels.serverListen.asyncStart.publish({ server: this, options: normalize(args).options });
    }
    if (callback !== null) this.once('listening', callback);
    if (target.signal) closeOnAbort(this, target.signal);
    if (target.bound) listenOnBound(this, target);
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
    if (!isRunning(this)) {
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
    if (!this.listening || this[kPauseTimer] !== null) return this;
    this[kListener].pause(true);
    this[kPauseTimer] = setTimeout(() => {
      this[kPauseTimer] = null;
      this[kListener].pause(false);
    }, msecs);
    this[kPauseTimer].unref();
    return this;
  }

  /** Where the server listens: `{ address, family, port }`, a path, or null. */
  address() {
    if (!this.listening) return null;
    return this[kListener].local ?? this[kPath] ?? this[kListener].path;
  }

  /** Calls `callback(error, count)` with the number of concurrent connections. */
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

  /** Node's name of emitting 'close', unless the server listens or a stream is still open. */
  _emitCloseIfDrained() {
    emitCloseIfDone(this);
  }

  /** Node's name of the number of concurrent connections. */
  get _connections() {
    return this[kConnections];
  }

  /** As in Node, an assigned number is believed. */
  set _connections(count) {
    this[kConnections] = count;
  }

  /** What stands in for Node's private object: null unless the server listens. */
  get _handle() {
    return this.listening ? (this[kHandle] ??= new Handle(this, this[kListener])) : null;
  }

  /** What is assigned is kept as the instance's own, and means nothing to the server. */
  set _handle(value) {
    assignHandle(this, value);
  }

  get listening() {
    // The prototype, on which it can be read as well, has no listener.
    return this[kListener]?.isOpen ?? false;
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    if (!isRunning(this)) return;
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
    if (this.blockList && isBlocked(this.blockList, id)) return;
    const stream = new this[kStream](streamOptions(this));
    const inherited = this[kInherited];
    if (this.noDelay !== inherited.noDelay) stream.setNoDelay(this.noDelay);
    if (this.keepAlive !== inherited.keepAlive) stream.setKeepAlive(this.keepAlive, ...keepAliveSpans(this));
    this[kConnections]++;
    stream[kAccept](id, this, this.pauseOnConnect);
  }

  /**
   * Accepting has failed: connections wait until it can go on. 'acceptError' is emitted once, until it has gone on
   * (`errno` 0).
   */
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
    ...membersLike([ServerMethods], contract.countsNodesOwn ? nodesNet.Server.prototype : {}),
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
  server[kListener] = new Listener();
  server[kConnections] = 0;
  server[kListening] = null;
  server[kClosing] = false;
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
    else listenNow(server, { __proto__: null, ...target, host: address });
  });
}

/** Listens on what a BoundSocket has bound. */
function listenOnBound(server, { bound, backlog }) {
  const { transport, path } = bound[kAdopt]();
  listenNow(server, { __proto__: null, bound: { transport }, path, backlog });
}

function listenNow(server, target) {
  const { id, error } = open(target, server[kContract]);
  publishListening(server, error);
  if (error) {
    // Listeners that are added after listen() are to be called, too.
    const attempt = (server[kListening] = {});
    process.nextTick(() => {
      if (server[kListening] === attempt) server[kListening] = null;
      server.emit('error', error);
    });
    return;
  }
  server[kListener].forget();
  server[kListener].open(id, server);
  server[kClosing] = false;
  server[kInherited] = inherit(server);
  server[kPath] = target.path ?? null;
  process.nextTick(() => {
    if (server[kListener].id === id) server.emit('listening');
  });
}

/** Sets on the listening socket what its connections inherit. Returns what of it they do. */
function inherit(server) {
  const { keepAlive, noDelay } = server;
  if (!keepAlive && !noDelay) return NOTHING_INHERITED;
  const settings = keepAliveSettings(keepAlive, ...keepAliveSpans(server));
  return server[kListener].setInherited(noDelay, settings) ? { keepAlive, noDelay } : NOTHING_INHERITED;
}

function keepAliveSpans({ keepAliveInitialDelay, keepAliveInterval, keepAliveCount }) {
  return [keepAliveInitialDelay * 1000, keepAliveInterval, keepAliveCount];
}

function publishListening(server, error) {
  const { serverListen } = channels;
  if (!serverListen.hasSubscribers) return;
  if (error) serverListen.error.publish({ server, error });
  else serverListen.asyncEnd.publish({ server });
}

/** Closes the listening socket. */
function stop(server) {
  server[kListening] = null;
  if (!server.listening) return;
  server[kListener].release();
  clearTimeout(server[kPauseTimer]);
  clearTimeout(server[kRetryTimer]);
  server[kPauseTimer] = null;
  server[kRetryTimer] = null;
}

/** Whether the server listens, or is about to. */
function isRunning(server) {
  return server[kListener].isOpen || server[kListening] !== null;
}

function emitCloseIfDone(server) {
  if (server[kListener].isOpen) return;
  if (server[kContract].closeWaitsForStreams && server[kConnections] > 0) return;
  server[kClosing] = false;
  process.nextTick(() => server.emit('close'));
}

function closeOnAbort(server, signal) {
  const close = () => {
    if (isRunning(server)) server.close();
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

/** Whether `blockList` has the peer of connection `id`, which is closed then. */
function isBlocked(blockList, id) {
  const arrival = arrivalOf(id);
  const { address, family } = arrival.peer ?? {};
  const isOnList = address !== undefined && blockList.check(address, family.toLowerCase());
  if (isOnList) arrival.release();
  return isOnList;
}

/** Closes connection `id`, which is one too many, and emits 'drop'. */
function drop(server, id) {
  const arrival = arrivalOf(id);
  const { local, peer } = arrival;
  arrival.release();
  const data = { __proto__: null };
  if (local) Object.assign(data, { localAddress: local.address, localPort: local.port, localFamily: local.family });
  if (peer) Object.assign(data, { remoteAddress: peer.address, remotePort: peer.port, remoteFamily: peer.family });
  if (local || peer) server.emit('drop', data);
  else server.emit('drop');
}

/** The transport of a connection that is no stream yet. */
function arrivalOf(id) {
  const arrival = new StreamTransport();
  arrival.hold(id);
  return arrival;
}

/** Tries to accept again after a stall. */
function retry(server) {
  clearTimeout(server[kRetryTimer]);
  server[kRetryTimer] = null;
  server[kListener].retry();
}

function reference(server, referenced) {
  server[kListener].reference(referenced);
  return server;
}

module.exports = { serverFor };
