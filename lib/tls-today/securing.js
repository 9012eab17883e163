'use strict';

// What a TLSSocket has as `kSecurity` (lib/secure.js has its counterpart for `setSecure()`): whether bytes may pass,
// and the callback of the mark that holds writes back until then. The TLSSocket says when the handshake begins.

/** For a TLSSocket. */
class Securing {
  /** The mark's callback is kept here, and starts nothing. */
  holdsMark = true;
  isOpen = false;
  truncated = false;
  /** The handshake has begun. */
  hasBegun = false;
  /** What was received in the clear, and belongs to the handshake. */
  received = [];
  #callback = null;

  hold(callback) {
    this.#callback = callback;
  }

  /** Bytes pass from now on. */
  open() {
    this.isOpen = true;
    this.takeCallback()?.();
  }

  takeCallback() {
    const callback = this.#callback;
    this.#callback = null;
    return callback;
  }

  /** The timeout of a TLSSocket is another: `handshakeTimeout` in socket.js. */
  startDeadline() {}

  get known() {
    return null;
  }
}

/** For the socket whose connection a TLSSocket has taken: nothing is delivered to it any more. */
class Lent extends Securing {
  isLent = true;
}

module.exports = { Lent, Securing };
