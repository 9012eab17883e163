'use strict';

// What stands in for `_handle`, the private object of Node's core that some packages look at: whether there is one
// tells whether a socket is open, and it has the number of the descriptor. The core itself takes it for no handle of
// its own, and uses the socket as any other stream.

const { AsyncResource } = require('async_hooks');

class Handle {
  #resource = null;
  #owner;
  #fd;

  /** `fd()` gives the number of the descriptor, or null. */
  constructor(owner, fd) {
    this.#owner = owner;
    this.#fd = fd;
  }

  /** The number of the descriptor, -1 without one. */
  get fd() {
    return this.#fd() ?? -1;
  }

  /** For what Node's core does in the name of this socket. */
  getAsyncId() {
    this.#resource ??= new AsyncResource('TCPWRAP');
    return this.#resource.asyncId();
  }

  // http calls these when it pauses and resumes a stream, which has then been told already.

  reading = true;

  readStart() {
    return 0;
  }

  readStop() {
    return 0;
  }

  ref() {
    this.#owner.ref();
  }

  unref() {
    this.#owner.unref();
  }
}

module.exports = { Handle };
