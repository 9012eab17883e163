'use strict';

// Random choices that a seed reproduces.

/** A function that returns the next 32-bit number (mulberry32), the same ones for the same seed. */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  };
}

class Random {
  /** The next 32-bit number. */
  next;

  constructor(seed) {
    this.next = mulberry32(seed);
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

module.exports = { Random, mulberry32 };
