'use strict';

// What stands in for `_handle`, the private object of Node's core that some packages look at: whether there is one
// tells whether a socket is open, and it has the number of the descriptor. Node's core does not take it for a handle of
// its own, and uses the socket as any other stream, but `http` calls some of its methods all the same.

const { callingScript } = require('./callers');
const { kShown } = require('./passing');

class Handle {
  /** For code that calls `readStart` and `readStop`, to note which was last. */
  reading = true;
  #owner;
  #transport;

  constructor(owner, transport) {
    this.#owner = owner;
    this.#transport = transport;
  }

  /**
   * The number of the descriptor, -1 without one. Also -1 for Node's own `net`: `listen(server)` of `http` and `net`
   * would take the number of `server._handle.fd` for a descriptor that is given to it, and close it. The same where
   * the reader is not known.
   */
  get fd() {
    const reader = callingScript();
    return reader === 'node:net' || reader === undefined ? -1 : (this.#transport.fd ?? -1);
  }

  /** The socket or server that it belongs to. */
  get owner() {
    return this.#owner;
  }

  /** What `async_hooks` know the socket by. */
  getAsyncId() {
    return this.#transport.asyncId;
  }

  /** Does nothing: the stream reads as it has been paused and resumed. */
  readStart() {}

  /** Does nothing: the stream reads as it has been paused and resumed. */
  readStop() {}

  /** Closes the socket. */
  close(callback) {
    if (callback) this.#owner.once('close', callback);
    if (this.#owner.destroy) this.#owner.destroy();
    else this.#owner.close();
  }

  /** What is sent in its place to another process: a handle of Node's core over the same socket. */
  [kShown]() {
    return this.#owner[kShown]()._handle;
  }

  /** Whether it is open, or about to be, and may keep the process alive. */
  hasRef() {
    return this.#owner._handle === this && this.#transport.referenced;
  }

  ref() {
    this.#owner.ref();
  }

  unref() {
    this.#owner.unref();
  }
}

/** Makes `_handle` of a stream or server what code has assigned: a property of its own, as it is in Node. */
function assignHandle(owner, value) {
  Object.defineProperty(owner, '_handle', { value, writable: true, enumerable: true, configurable: true });
}

module.exports = { Handle, assignHandle };
