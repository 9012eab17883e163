'use strict';

// Choices that a seed decides, by shares.

const { mulberry32 } = require('../../../fuzz/random');

/** A source of choices: the same for the same `seed`. */
class Random {
  #bits;

  constructor(seed) {
    this.#bits = mulberry32(seed);
  }

  /** The next number in `[0, 1)`. */
  next() {
    return this.#bits() / 0x1_0000_0000;
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
