'use strict';

// What a Server asks of its source in the engine, and how that is opened.

const { constants } = require('os');
const { isIP } = require('../address');
const engines = require('../engine');
const errors = require('../errors');
const { shareListener } = require('../nodes-handles');
const { mayReplace, requirePermission } = require('../permission');
const { Transport } = require('../transport');

const { EADDRINUSE, EINVAL } = constants.errno;

/** What adopting fails with for a descriptor that is not open, not a socket, or of the wrong type. */
const BAD_DESCRIPTOR = new Set(['EBADF', 'ENOTSOCK', 'EPROTOTYPE', 'EAFNOSUPPORT'].map((code) => -constants.errno[code]));

/** The port in Node's errors about a path. */
const PORT_OF_PATHS = -1;

/** What Node calls the place of a socket that had been bound before. */
const KEY_OF_HANDLES = '-1:null:-1';

class Listener extends Transport {
  /** The listener of another server over the same socket, which accepts nothing any more; null without one. */
  #replaced = null;

  /** Accepts the connections of `other` from now on, which stays open as long as this. */
  replace(other) {
    this.#replaced = other;
    other.pause(true);
    other.engine.reference(other.id, false);
  }

  release() {
    super.release();
    this.#replaced?.release();
    this.#replaced = null;
  }

  /** The path of a UNIX listener; null without one. */
  get path() {
    return this.engine.path(this.id)?.toString() ?? null;
  }

  /** Has what is accepted count in `tally`. */
  countFor(tally) {
    this.engine.countFor(this.id, tally);
  }

  /** Accepts nothing, or goes on. */
  pause(paused) {
    this.engine.pauseListener(this.id, paused);
  }

  /** Lets nothing new in, and accepts all that waits; then `ondrained` follows. */
  drain(_owner) {
    this.engine.drainListener(this.id);
  }

  /** The number of the descriptor, which another process may have from now on; null if there is none. */
  share() {
    return this.isOpen ? (this.engine.share(this.id) ?? null) : null;
  }

  /** No other owner holds the socket any more. */
  ownAlone() {
    this.engine.ownListener(this.id);
  }

  /** Tries to accept again after a stall. */
  retry() {
    this.engine.retryListener(this.id);
  }

  /** Has connections begin with a header of the PROXY protocol. */
  expectHeaders(policy) {
    this.engine.setProxy(this.id, policy);
  }

  /** Holds connections to `limits`, those of the open streams `ids`, too. */
  setLimits(limits, ids) {
    this.engine.setLimits(this.id, limits, ids);
  }

  /** Sets what accepted connections inherit. Returns whether they do. */
  setInherited(noDelay, keepAlive) {
    return this.engine.setInherited(this.id, noDelay, ...keepAlive);
  }
}

/**
 * Opens what `target` names, by the rules of `contract`. Returns `{ id, key }` or `{ error }`, and throws what Node's
 * permission model denies; `key` is what Node calls the place, `family:address:port` as they were asked for.
 */
function open(target, contract) {
  const { transport, handle, fd, path, backlog } = target;
  if (transport) return { key: KEY_OF_HANDLES, ...listenOnBound(transport, backlog) };
  if (handle) return { key: target.key ?? KEY_OF_HANDLES, ...listenOnHandle(target) };
  if (fd !== undefined) {
    const ownBacklog = contract.listensOnBound ? backlog : undefined;
    const id = engines.attempt('listen', (engine) => engine.adoptListener(fd, ownBacklog));
    return typeof id === 'number' ? { id, key: 'null:null:null' } : { error: badDescriptor(id, contract) };
  }
  return path === undefined ? openTcp(target, contract) : openUnix(target, contract);
}

function openTcp({ host, port, backlog, ipv6Only, reusePort, settings }, contract) {
  let outcome;
  for (const address of host ? [host] : contract.anyHosts) {
    requirePermission('', address, port);
    const options = { __proto__: null, address, port, ipv6Only, reusePort, settings };
    const id = engines.attempt('listen', (engine) => engine.listenTcp(options, backlog));
    if (typeof id === 'number') return { id, key: `${isIP(address)}:${address}:${port}` };
    outcome = { error: listenError(id, address, port) };
    // The address exists, and its port is taken.
    if (id.errno === -EADDRINUSE) break;
  }
  return outcome;
}

/** Why listening has failed at `address`. Setting an option has not got that far. */
function listenError(failure, address, port) {
  const { errno, syscall } = failure;
  return syscall === 'setsockopt' ? errors.systemError(errno, syscall) : errors.listenError(failure, address, port);
}

function openUnix({ path, backlog, readableAll, writableAll, settings }, contract) {
  requirePermission(path);
  const takesOver = contract.takesOverLeftovers && mayReplace(path);
  const id = engines.attempt('listen', (engine) => engine.listenUnix(Buffer.from(path), backlog, takesOver, settings));
  if (typeof id !== 'number') return { error: listenError(id, path, PORT_OF_PATHS) };
  const errno = readableAll || writableAll ? engines.start().openToAll(id, readableAll, writableAll) : 0;
  if (errno === 0) return { id, key: `-1:${path}:${PORT_OF_PATHS}` };
  engines.release(id);
  return { error: errors.listenError({ errno, syscall: 'chmod' }, path, PORT_OF_PATHS) };
}

function listenOnBound(transport, backlog) {
  const outcome = transport.engine.listenBound(transport.id, backlog);
  if (outcome === transport.id) return { id: transport.give() };
  transport.release();
  return { error: errors.listenError(outcome) };
}

/** Listens on a handle of Node's core, which belongs to the server from now on. */
function listenOnHandle({ handle, host, path, port, backlog }) {
  const id = shareListener(handle, backlog);
  if (typeof id === 'number') return { id };
  handle.close();
  return { error: errors.listenError(id, path ?? (host || null), path === undefined ? port : PORT_OF_PATHS) };
}

function badDescriptor({ errno, syscall }, { tellsBadDescriptorsApart }) {
  const isInvalid = BAD_DESCRIPTOR.has(errno) && !tellsBadDescriptorsApart;
  return errors.listenError({ errno: isInvalid ? -EINVAL : errno, syscall });
}

module.exports = { Listener, open };
