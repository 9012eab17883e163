'use strict';

// The transport under a socket of any kind: one source of the engine. Streams and listeners have more to ask of theirs
// (`stream/transport.js`, `server/listener.js`); an attempt to connect and a BoundSocket need no more than this.
//
// It owns the source's id, whether the source may keep the process alive, and what stays known of it once it is closed.
// The engine uses an id again after `release()`, so nothing else keeps one.

const engines = require('./engine');

/** The id of no source. */
const NONE = -1;

class Transport {
  id = NONE;
  /** What has been asked for and does not change: `local`, `peer`, `kind`, and counters of a closed source. */
  known = null;

  /** The engine, once there has been a source. */
  get engine() {
    return engines.running();
  }

  get isOpen() {
    return this.id !== NONE;
  }

  /** Takes the source `id`, whose events go to `owner` from now on. */
  open(id, owner) {
    this.hold(id);
    engines.own(id, owner);
    if (!this.referenced) this.engine.reference(id, false);
  }

  /** Takes the source `id`, which has no events. */
  hold(id) {
    this.id = id;
  }

  /** Takes the source of `other`, whose events go to `owner` from now on. */
  takeOver(other, owner) {
    this.open(other.give(), owner);
  }

  /** Has the events of the source go to `owner` from now on. */
  passTo(owner) {
    engines.pass(this.id, owner);
  }

  /** Has the events of the source come in the current asynchronous context from now on. */
  renewContext() {
    engines.renewContext(this.id);
  }

  /** Gives the source away: returns its id. */
  give() {
    const { id } = this;
    this.id = NONE;
    return id;
  }

  /** Lets the source keep the process alive, or not. */
  reference(referenced) {
    this.referenced = referenced;
    if (this.isOpen) this.engine.reference(this.id, referenced);
  }

  /** Closes the source if it is open, and gives its id back. */
  release() {
    if (!this.isOpen) return;
    engines.release(this.give());
    this.closeNodesHandle();
  }

  /** As `release()`, of a connection that was accepted and is refused because of `reason`. */
  refuse(reason) {
    engines.refuse(this.give(), reason);
  }

  /** Sets an option of the kernel. Returns 0 or a negative errno. */
  setOption(setting) {
    return this.engine.setOption(this.id, setting);
  }

  /** The number of a copy of the descriptor, which the caller owns; null if there can't be one. */
  lend() {
    const outcome = this.isOpen ? this.engine.lend(this.id) : null;
    return typeof outcome === 'number' ? outcome : null;
  }

  closeNodesHandle() {
    if (this.nodesHandle === null) return;
    this.nodesHandle.close();
    this.nodesHandle = null;
  }

  /** The number of the descriptor; null without one. */
  get fd() {
    return this.isOpen ? (this.engine.fd(this.id) ?? null) : null;
  }

  /** The address of our end: `{ address, family, port }`; undefined without one. */
  get local() {
    return this.look('local');
  }

  /** The number of the asynchronous context of its events. */
  get asyncId() {
    return engines.asyncId(this.id);
  }

  /** What the engine answers to `name` ('local', 'peer', 'kind'), kept once it has been asked for. */
  look(name) {
    const known = this.known?.[name];
    if (known !== undefined || !this.isOpen) return known;
    const found = this.engine[name](this.id) ?? undefined;
    this.remember(name, found);
    return found;
  }

  /** Notes what does not have to be asked for. */
  remember(name, value) {
    this.known ??= {};
    this.known[name] = value;
  }

  /** Forgets what was known of a former source. */
  forget() {
    this.known = null;
  }
}

// Most never change these: there, they take no memory of each connection.
Object.assign(Transport.prototype, {
  /** Whether the source may keep the process alive: `ref()` and `unref()`, before it is open as well. */
  referenced: true,
  /** The handle of Node's core over the same socket, which is closed with the source; null without one. */
  nodesHandle: null,
  /** Whether a socket of Node's own moves the bytes: see `stream/nodes-transport.js`. */
  isNodes: false,
});

module.exports = { Transport };
