'use strict';

// Random choices that a seed reproduces, for the targets in JavaScript.

class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A 32-bit number (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer from 0 up to but not including `end`. */
  below(end) {
    return this.next() % end;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  flag() {
    return (this.next() & 1) === 1;
  }
}

module.exports = { Random };
