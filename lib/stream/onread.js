'use strict';

// The option `onread`: what is received is put into the user's buffer and passed to a callback, instead of 'data'.

const { isUint8Array } = require('util').types;
const { copy, join, set, view } = require('../memory');
const { nextTick } = require('../timers');

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
  /**
   * What has been received and not delivered: from `#at` on in `#memory`. The callback or `pause()` has stopped it
   * there.
   */
  #memory = Buffer.alloc(0);
  #at = 0;
  #end = 0;

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

  /** Delivers the bytes of `memory` from `start` to `end`, for as long as they are wanted. The rest is copied. */
  deliver(memory, start, end) {
    const isBehind = this.#at < this.#end;
    if (isBehind) this.#hold(join([this.#left(), view(memory, start, end)]));
    else [this.#memory, this.#at, this.#end] = [memory, start, end];
    try {
      this.goOn();
    } finally {
      if (!isBehind && this.#memory === memory) this.#hold(copy(memory, this.#at, this.#end));
    }
  }

  /** Delivers what is left, for as long as it is wanted. */
  goOn() {
    while (this.#at < this.#end && this.#isReading()) {
      const buffer = this.#buffer;
      // A buffer without room stops it for good: there is no way to go on.
      if (buffer.length === 0) return this.#stop();
      const length = Math.min(buffer.length, this.#end - this.#at);
      set(buffer, view(this.#memory, this.#at, this.#at + length), 0);
      this.#at += length;
      let goesOn = null;
      try {
        goesOn = this.#callback(length, buffer) !== false;
      } finally {
        // What is after an exception is delivered all the same, as in Node.
        if (goesOn === null) nextTick(() => this.goOn());
      }
      this.#renew();
      if (!goesOn) this.#stop();
    }
  }

  /** Takes what is left: it will not be delivered. */
  take() {
    const left = copy(this.#memory, this.#at, this.#end);
    this.#hold(Buffer.alloc(0));
    return left;
  }

  #left() {
    return view(this.#memory, this.#at, this.#end);
  }

  #hold(memory) {
    this.#memory = memory;
    this.#at = 0;
    this.#end = memory.length;
  }

  #renew() {
    const next = this.#generate?.();
    if (isUint8Array(next)) this.#buffer = next;
  }
}

module.exports = { Onread, isOnread };
