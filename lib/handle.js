'use strict';

// What stands in for `_handle`, the private object of Node's core that some packages look at: whether there is one
// tells whether a socket is open, and it has the number of the descriptor. The core itself takes it for no handle of
// its own, and uses the socket as any other stream, but `http` calls some of its methods all the same.

const engines = require('./engine');
const { kId } = require('./symbols');

class Handle {
  /** For whoever calls `readStart` and `readStop`, to note what was last. */
  reading = true;
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

  /** What `async_hooks` know the socket by. */
  getAsyncId() {
    return engines.asyncId(this.#owner[kId]);
  }

  /** Does nothing: the stream reads as it has been paused and resumed. */
  readStart() {}

  /** Does nothing: the stream reads as it has been paused and resumed. */
  readStop() {}

  ref() {
    this.#owner.ref();
  }

  unref() {
    this.#owner.unref();
  }
}

module.exports = { Handle };
