'use strict';

// net.BoundSocket of today's `node:net`: a socket that is bound at once, and adopted later by a server, which listens
// on it, or by a stream, which connects from it.

const { markAsUncloneable } = require('worker_threads');
const { isIP } = require('./address');
const { validateBoolean, validateObject, validatePath, validatePort, validateString } = require('./arguments');
const engines = require('./engine');
const errors = require('./errors');
const { readSocketOptions } = require('./kernel-options');
const { readOptions } = require('./options');
const { kShown } = require('./passing');
const { requirePermission } = require('./permission');
const { kAdopt, kCopyOf, kPassed } = require('./symbols');
const { Transport } = require('./transport');

const TCP_OPTIONS = ['host', 'port', 'ipv6Only', 'reusePort'];

class BoundSocket {
  /** Null once the socket has been adopted or closed. */
  #transport = new Transport();
  #address;
  #path;

  /** `{ host, port, ipv6Only, reusePort }` or `{ path }`, and `socketOptions`. Throws what binding fails with. */
  constructor(given = {}) {
    validateObject(given, 'options');
    if (given[kCopyOf]) {
      this.#copy(given[kCopyOf]);
      return;
    }
    if (given[kPassed]) {
      this.#take(given[kPassed]);
      return;
    }
    const options = readOptions(given, ['path', 'socketOptions', ...TCP_OPTIONS]);
    const settings = readSocketOptions(options.socketOptions, null);
    // What another thread would get is no socket. Node 20 has no way to say so.
    markAsUncloneable?.(this);
    this.#path = options.path;
    this.#transport.hold(this.#path === undefined ? bindTcp(options, settings) : bindUnix(options, settings, given));
    this.#address = this.#path ?? this.#transport.local;
  }

  /** Where the socket is bound: `{ address, family, port }`, or a path. */
  address() {
    this.#check();
    return this.#address;
  }

  /** The number of the descriptor, which remains ours. */
  fd() {
    this.#check();
    return this.#transport.fd;
  }

  /** Closes a socket that has not been adopted. */
  close() {
    this[kAdopt]().transport.release();
  }

  /** Node's core can't be shown one: it has no handle before it listens or connects. */
  [kShown]() {
    throw errors.invalidHandleType();
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    if (this.#transport !== null) this.close();
  }

  /** Whether the socket is bound to a path. */
  get isPipe() {
    return this.#path !== undefined;
  }

  /** Gives the socket away: returns `{ transport, path }`. */
  [kAdopt]() {
    this.#check();
    const transport = this.#transport;
    this.#transport = null;
    return { transport, path: this.#path };
  }

  /** Takes a copy of the listening socket `fd` of another thread, which keeps its own. */
  #copy({ fd, path, backlog }) {
    const id = engines.attempt('listen', (engine) => engine.copyBound(fd, backlog));
    if (typeof id !== 'number') throw errors.systemError(id.errno, id.syscall);
    this.#path = path;
    this.#transport.hold(id);
    this.#address = path ?? this.#transport.local;
  }

  /** Takes the socket `fd` that another process has passed to this one. It listens from now on. */
  #take({ fd, backlog }) {
    const id = engines.attempt('listen', (engine) => engine.adoptBound(fd, backlog));
    if (typeof id !== 'number') throw errors.listenError(id);
    this.#transport.hold(id);
    this.#path = this.#transport.engine.path(id)?.toString();
    this.#address = this.#path ?? this.#transport.local;
  }

  #check() {
    if (this.#transport === null) throw errors.alreadyAdopted();
  }
}

function bindTcp(options, settings) {
  const port = validatePort(options.port ?? 0, 'options.port');
  const { ipv6Only, reusePort } = { ipv6Only: options.ipv6Only ?? false, reusePort: options.reusePort ?? false };
  validateBoolean(ipv6Only, 'options.ipv6Only');
  validateBoolean(reusePort, 'options.reusePort');
  const host = options.host ?? (ipv6Only ? '::' : '0.0.0.0');
  validateString(host, 'options.host');
  if (isIP(host) === 0) {
    const reason = 'must be a numeric IP address; net.BoundSocket does not perform DNS resolution';
    throw errors.invalidArgumentValue('options.host', host, reason);
  }
  requirePermission('', host, port);
  const place = { __proto__: null, address: host, port, ipv6Only, reusePort, settings };
  const id = engines.attempt('bind', (engine) => engine.bindTcp(place));
  if (id.syscall === 'setsockopt') throw errors.systemError(id.errno, id.syscall);
  if (typeof id !== 'number') throw errors.connectError(id, host, port);
  return id;
}

function bindUnix(options, settings, given) {
  const { path } = options;
  if (TCP_OPTIONS.some((name) => options[name] !== undefined)) {
    const reason = 'path is mutually exclusive with host, port, ipv6Only, and reusePort';
    throw errors.invalidArgumentValue('options', given, reason);
  }
  validatePath(path, 'options.path');
  if (path[0] === '\0' && process.platform !== 'linux') {
    const reason = 'abstract socket paths are only supported on Linux';
    throw errors.invalidArgumentValue('options.path', path, reason);
  }
  requirePermission(path);
  const id = engines.attempt('bind', (engine) => engine.bindUnix(Buffer.from(path), settings));
  if (typeof id !== 'number') throw errors.systemError(id.errno, id.syscall);
  return id;
}

module.exports = { BoundSocket };
