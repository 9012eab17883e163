'use strict';

// The option `onread`: what is received is put into the user's buffer and told to a callback, instead of 'data'.

const { isUint8Array } = require('util').types;

/** Whether an option asks for it. As in Node, what is none is ignored. */
function isOnread(option) {
  const { buffer, callback } = option ?? {};
  return (isUint8Array(buffer) || typeof buffer === 'function') && typeof callback === 'function';
}

class Onread {
  #buffer = null;
  #generate = null;
  #callback;
  #isReading;
  #stop;
  /** What has been received and not delivered, because the callback or `pause()` has said to stop. */
  #left = null;

  /**
   * The callback is called on `socket`. `isReading()` says whether to deliver; `stop()` is called when the callback
   * wants no more.
   */
  constructor({ buffer, callback }, socket, isReading, stop) {
    this.#isReading = isReading;
    this.#stop = stop;
    if (typeof buffer === 'function') this.#generate = buffer;
    else this.#buffer = buffer;
    this.#callback = (count, into) => Reflect.apply(callback, socket, [count, into]);
    this.#renew();
  }

  /** Delivers `chunk`, for as long as it is wanted. */
  deliver(chunk) {
    this.#left = this.#left === null ? chunk : Buffer.concat([this.#left, chunk]);
    this.goOn();
  }

  /** Delivers what is left, for as long as it is wanted. */
  goOn() {
    while (this.#left !== null && this.#isReading()) {
      const buffer = this.#buffer;
      // A buffer without room stops it for good: there is no way to go on.
      if (buffer.length === 0) return this.#stop();
      const part = this.#left.subarray(0, buffer.length);
      this.#left = part.length === this.#left.length ? null : this.#left.subarray(part.length);
      buffer.set(part);
      const goesOn = this.#callback(part.length, buffer) !== false;
      this.#renew();
      if (!goesOn) this.#stop();
    }
  }

  /** Takes what is left: it will not be delivered. */
  take() {
    const left = this.#left;
    this.#left = null;
    return left ?? Buffer.alloc(0);
  }

  #renew() {
    const next = this.#generate?.();
    if (isUint8Array(next)) this.#buffer = next;
  }
}

module.exports = { Onread, isOnread };
