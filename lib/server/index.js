'use strict';

// net.Server of the contract: an EventEmitter over a listener of the engine.

const { EventEmitter } = require('events');
const { listenTarget, normalize, validateFd, validateFunction, validateTimeout } = require('../arguments');
const channels = require('../channels');
const errors = require('../errors');
const events = require('../events');
const { Handle, assignHandle } = require('../handle');
const { assignable, countInstances, isInstance, membersLike } = require('../members');
const nodesNet = require('../nodes-net');
const { extendsNodes } = require('../nodes-own');
const { hasSubscribers } = require('../spans');
const { serverStats } = require('../statistics');
const { kContract, kInPlace, kReleased } = require('../symbols');
const { setTimeout } = require('../timers');
const { accept, noteRelease, noteRecovery, noteStall } = require('./accepting');
const { checkListener, construct } = require('./construct');
const {
  kClosing,
  kConnections,
  kHandle,
  kLimits,
  kListener,
  kOwnBacklog,
  kOwnLimits,
  kPath,
  kPauseTimer,
  kProxyPolicy,
  kShutdown,
  kStream,
  kTally,
  kWorkers,
} = require('./fields');
const { changeLimits, emitRefusal, limitsOf } = require('./limits');
const { beginListening, emitCloseIfDone, endOnAbort, isRunning, settingsFor, stop } = require('./listening');
const { choosePolicy } = require('./proxied');
const { ownersOf, shutDown, streamsOf } = require('./shutdown');
const { Workers, countConnections, waitForWorkers } = require('./workers');

/** `server.pause()` without a time, in milliseconds, as in 2010. */
const PAUSE_DEFAULT = 1000;

/** The methods and properties of net.Server. Instances are made by the functions of `serverFor`. */
class ServerMethods extends EventEmitter {
  /**
   * Begins accepting connections: `listen(port[, host][, backlog][, callback])`, `listen(path[, callback])`,
   * `listen(options[, callback])` or `listen([callback])`. Contract: server.listen.
   */
  listen(...args) {
    const { callback, target } = listenTarget(args, this[kOwnBacklog]);
    const policy = choosePolicy(this, args);
    const settings = settingsFor(this, target);
    const limits = limitsOf(normalize(args).options, this[kOwnLimits]);
    const isFirst = this[kContract].listensAgain ? !this.listening : !isRunning(this);
    if (!isFirst) throw errors.serverAlreadyListening();
    // Throws if it has been adopted.
    target.bound?.address();
    if (hasSubscribers(channels.serverListen)) {
      channels.serverListen.asyncStart.publish({ server: this, options: normalize(args).options });
    }
    this[kProxyPolicy] = policy;
    target.settings = settings;
    this[kLimits] = limits;
    if (callback !== null) this.once('listening', callback);
    if (target.signal) endOnAbort(this, target.signal);
    beginListening(this, target);
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
    closeWithWorkers(this);
    return this;
  }

  /**
   * Ends the server gracefully: closes it without losing a connection, has each stream emit 'shutdown', closes those
   * that have nothing to do, and waits `grace` milliseconds for the others. Returns a promise of
   * `{ ended, destroyed, ms }`.
   */
  shutdown(options) {
    return shutDown(this, options);
  }

  /** Changes some of the limits, for the open connections, too. */
  setLimits(options) {
    changeLimits(this, options, ownersOf(this));
    return this;
  }

  /** Accepts nothing for `msecs` milliseconds; connections wait meanwhile. */
  pause(msecs = PAUSE_DEFAULT) {
    const time = validateTimeout(msecs);
    if (!this.listening || this[kPauseTimer] !== null) return this;
    this[kListener].pause(true);
    this[kPauseTimer] = setTimeout(() => {
      this[kPauseTimer] = null;
      this[kListener].pause(false);
    }, time);
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
    countConnections(this, callback);
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
    if (this[kContract].endsGracefully) await this.shutdown();
    else await new Promise((resolve) => this.close(resolve));
  }

  [EventEmitter.captureRejectionSymbol](error, event, stream) {
    if (event === 'connection') stream.destroy(error);
    else this.emit('error', error);
  }

  // The engine's events.

  /** The listener has accepted `id`; over TCP, from this address of the peer. */
  [events.onconnection](id, address, port, family) {
    accept(this, id, address === undefined ? null : { address, port, family: `IPv${family}` });
  }

  /** The listener has refused a connection, or ended it, because of the PROXY protocol or a limit. */
  [events.onrefuse](reason, count, address, port, family, localAddress, localPort, localFamily) {
    const peer = address === undefined ? null : { address, port, family: `IPv${family}` };
    const hasLocal = localAddress !== undefined;
    const local = hasLocal ? { address: localAddress, port: localPort, family: `IPv${localFamily}` } : null;
    emitRefusal(this, reason, count, peer, local);
  }

  /** Accepting has failed: connections wait until it works again. */
  [events.onstall](errno) {
    noteStall(this, errno);
  }

  /** All that waited when the server was shut down has been accepted. */
  [events.ondrained]() {
    this[kShutdown]?.drained();
  }

  [events.onrecover]() {
    noteRecovery(this);
  }

  /** A stream of this server is gone. */
  [kReleased]() {
    noteRelease(this);
  }
}

/**
 * What a server has beside Node's, under names that are common in programs: assigned, by a subclass or from outside,
 * each is the program's own.
 */
class OwnMembers extends EventEmitter {
  /** The open streams that the server has accepted. They can be iterated over again and again. */
  get streams() {
    return { [Symbol.iterator]: () => streamsOf(this) };
  }

  /** What the server allows its connections: a copy. */
  get limits() {
    return { ...this[this.listening ? kLimits : kOwnLimits] };
  }

  /** What has been counted of the server's connections. */
  get stats() {
    return serverStats(this, this[kTally] ?? null);
  }

  /** The number of the descriptor while the server listens, for another process; else null. */
  get fd() {
    return this[kListener]?.share() ?? null;
  }
}

/** The constructor of net.Server for one contract, whose streams are of class `Stream`. */
function serverFor(contract, Stream) {
  /**
   * @param {object} [options]
   * @param {Function} [connectionListener]
   */
  function Server(options, connectionListener) {
    if (!isInstance(Server, this)) {
      // Node's own TLS server calls it as the constructor of what it extends, which is Node's own.
      if (Server.prototype[kInPlace] && extendsNodes(this, 'Server')) {
        return nodesNet.Server.call(this, options, connectionListener);
      }
      return new Server(options, connectionListener);
    }
    construct(this, options, connectionListener);
  }
  Object.setPrototypeOf(Server, EventEmitter);
  Server.prototype = Object.create(EventEmitter.prototype, {
    ...membersLike([ServerMethods], contract.countsNodesOwn ? nodesNet.Server.prototype : {}),
    ...assignable(membersLike([OwnMembers, Workers], {})),
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

/** Emits 'close' when the connections are gone, those in other processes, too. Meanwhile they count as one. */
function closeWithWorkers(server) {
  if (server[kWorkers].length === 0) {
    emitCloseIfDone(server);
    return;
  }
  server[kConnections]++;
  waitForWorkers(server, () => {
    server[kConnections]--;
    emitCloseIfDone(server);
    server[kShutdown]?.released();
  });
}

function reference(server, referenced) {
  server[kListener].reference(referenced);
  return server;
}

module.exports = { serverFor };
