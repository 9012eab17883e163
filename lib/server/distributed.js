'use strict';

// A server in a worker of a cluster. Workers share a port, as in Node: the primary has it, and either passes on each
// connection that it accepts ("round robin"), or a copy of its listening socket. Node's module cluster talks to the
// primary, and keeps account of the servers of this process by the handles that it returns.

const cluster = require('cluster');
const { executionAsyncId } = require('async_hooks');
const { constants } = require('os');
const { isIP } = require('../address');
const engines = require('../engine');
const errors = require('../errors');
const events = require('../events');
const { setOwner, takeConnection } = require('../nodes-handles');
const { nextTick } = require('../timers');
const { Listener } = require('./listener');

/** What Node's core calls `ipv6Only` in a query. */
const IPV6_ONLY = 1;

const EADDRINUSE = -constants.errno.EADDRINUSE;

/** What having a copy of a connection fails with for as long as the process has no descriptor for it. */
const NO_DESCRIPTORS = new Set([-constants.errno.EMFILE, -constants.errno.ENFILE]);

/**
 * Asks the primary for what `target` names. Calls `callback(error, handle, key)`: null and a handle, or an error and
 * null; `key` is what Node calls the place.
 */
function askPrimary(server, target, callback) {
  const query = queryOf(target);
  const { address, port, addressType } = query;
  const key = `${addressType}:${address}:${port}`;
  cluster._getServer(server, query, (errno, handle) => {
    const failure = errno || checkPort(target, handle);
    if (failure === 0) {
      setOwner(handle, server);
      callback(null, handle, key);
    } else {
      handle?.close();
      callback(errors.bindError(failure, address, port), null, key);
    }
  });
}

/** What Node's `net` asks for. Two workers that ask for the same share it. */
function queryOf({ fd, path, host, port, backlog, ipv6Only, readableAll, writableAll }) {
  if (fd !== undefined) return { address: null, port: null, addressType: null, fd, flags: undefined, backlog };
  if (path !== undefined) {
    const place = { address: path, port: -1, addressType: -1, fd: undefined, flags: undefined, backlog };
    return { ...place, readableAll, writableAll };
  }
  const flags = ipv6Only ? IPV6_ONLY : 0;
  return { address: host || null, port, addressType: host ? isIP(host) : 4, fd: undefined, flags, backlog };
}

/**
 * libuv reports a port that is taken only when it listens. Before, the socket of the primary is bound to another one,
 * which is how it shows here.
 */
function checkPort({ port }, handle) {
  if (!(port > 0) || !handle?.getsockname) return 0;
  const place = {};
  const errno = handle.getsockname(place);
  return errno === 0 && place.port !== port ? EADDRINUSE : errno;
}

/** What stands in for a listener of the engine where the primary accepts. */
class Distributed extends Listener {
  #isOpen = false;
  /** The handle of Node's cluster, which the connections come through; null once there are to be no more. */
  #handle = null;
  #owner = null;
  /** Where the server counts. */
  #tally = undefined;
  /** Connections that have not been accepted: during `pause()`, or for want of descriptors. */
  #waiting = [];
  #paused = false;
  #stalled = false;
  /** What stands in for the listener in the engine, and may refuse connections; null where there is no need. */
  #reception = null;

  get isOpen() {
    return this.#isOpen;
  }

  /** Takes `handle`, whose connections are events of `owner`. */
  distribute(handle, owner) {
    this.#isOpen = true;
    this.#handle = handle;
    this.#owner = owner;
    handle.onconnection = (_errno, connection) => {
      this.#waiting.push(connection);
      if (!this.#paused && !this.#stalled) this.#serve();
    };
    if (!this.referenced) handle.unref();
    if (!handle.getsockname) return;
    const local = {};
    handle.getsockname(local);
    this.remember('local', local);
  }

  /** Has what is accepted count in `tally`. */
  countFor(tally) {
    this.#tally = tally;
  }

  #serve() {
    while (this.#waiting.length > 0 && !this.#paused) {
      const outcome = this.#take(this.#waiting[0]);
      if (NO_DESCRIPTORS.has(outcome?.errno)) {
        this.#stalled = true;
        this.#owner[events.onstall](outcome.errno);
        return;
      }
      const connection = this.#waiting.shift();
      if (typeof outcome === 'number') this.#pass(outcome);
      else if (outcome !== undefined) connection.close();
    }
    if (!this.#stalled || this.#waiting.length > 0) return;
    this.#stalled = false;
    this.#owner[events.onrecover]();
  }

  /** What stands in for it in the engine, from now on. */
  #receive() {
    if (this.#reception !== null) return this.#reception;
    const id = engines.attempt('listen', (engine) => engine.listenRemotely());
    if (typeof id !== 'number') throw errors.systemError(id.errno, 'listen');
    this.#reception = new Listener();
    this.#reception.open(id, this.#owner);
    this.#reception.countFor(this.#tally);
    return this.#reception;
  }

  /** Has connections begin with a header of the PROXY protocol. */
  expectHeaders(policy) {
    this.#receive().expectHeaders(policy);
  }

  setLimits(limits, ids) {
    this.#receive().setLimits(limits, ids);
  }

  /** Takes the connection of Node's: returns its id, or `{ errno }`; undefined where the engine reports it later. */
  #take(connection) {
    if (this.#reception === null) return takeConnection(connection, this.#tally);
    const errno = this.#reception.engine.receiveConnection(this.#reception.id, connection.fd);
    if (errno < 0) return { errno };
    connection.close();
    return undefined;
  }

  #pass(id) {
    const { address, port, family = '' } = engines.start().peer(id) ?? {};
    this.#owner[events.onconnection](id, address, port, family.slice(-1));
  }

  /** There is nothing that the engine could be asked. */
  look(name) {
    return this.known?.[name];
  }

  reference(referenced) {
    this.referenced = referenced;
    if (referenced) this.#handle?.ref();
    else this.#handle?.unref();
  }

  pause(paused) {
    this.#paused = paused;
    if (!paused) this.#serve();
  }

  /** What comes from now on, the primary passes to another worker. Headers that are still to come are waited for. */
  drain(owner) {
    this.pause(false);
    this.#close();
    if (this.#reception === null) nextTick(() => owner[events.ondrained]());
    else this.#reception.engine.drainListener(this.#reception.id);
  }

  /** There is no descriptor. */
  share() {
    return null;
  }

  retry() {
    this.#serve();
  }

  /** There is no socket here that connections could inherit anything from. */
  setInherited() {
    return false;
  }

  release() {
    if (!this.isOpen) return;
    this.#isOpen = false;
    for (const connection of this.#waiting.splice(0)) connection.close();
    this.#close();
    this.#reception?.release();
    this.#reception = null;
    this.forget();
  }

  #close() {
    this.#handle?.close();
    this.#handle = null;
  }

  /** No handle of Node's core stands for connections that come one by one. */
  lend() {
    return null;
  }

  get path() {
    return null;
  }

  get fd() {
    return null;
  }

  get asyncId() {
    return executionAsyncId();
  }
}

module.exports = { Distributed, askPrimary };
