'use strict';

// Choices that a seed decides.

/** A source of choices: the same for the same `seed`. */
class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** The next number in `[0, 1)` (Mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  below(limit) {
    return Math.floor(this.next() * limit);
  }

  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Some of `list`, in their order. */
  some(list) {
    return list.filter(() => this.chance(0.5));
  }

  shuffled(list) {
    const all = [...list];
    for (let last = all.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      [all[last], all[other]] = [all[other], all[last]];
    }
    return all;
  }
}

module.exports = { Random };
