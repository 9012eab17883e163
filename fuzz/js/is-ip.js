'use strict';

// `isIP` of everything that looks like an address, against Node's.

const assert = require('assert');
const nodeNet = require('net');
const { isIP, isIPv4, isIPv6 } = require('../../lib/address');
const { Random } = require('../random');

const PARTS = [
  ...['0', '1', '255', '256', '01', '127', 'ffff', 'FFFF', '10000', 'abcd', 'g', '::', ':', '.', '%', '%eth0', '%1'],
  ...['%a-b.c:d', '%a_b', '%', '/', ' ', '-', '+', '\0', 'é', '1.2.3.4', '::ffff:', 'fe80::1', '0x7f', '1e2', '²', '\n'],
];
const VALUES = [undefined, null, 0, 1, NaN, true, {}, [], ['127.0.0.1'], new String('::1'), 1n, () => {}];

function code(call) {
  try {
    return call();
  } catch (error) {
    return error.code ?? error.name;
  }
}

function play(seed) {
  const random = new Random(seed);
  for (let i = 0; i < 100; i++) {
    const text = Array.from({ length: random.below(18) }, () => random.of(random.flag() ? PARTS : ['1', ':', '.', 'f'])).join('');
    const value = random.below(50) === 0 ? random.of(VALUES) : text;
    for (const [ours, name] of [[isIP, 'isIP'], [isIPv4, 'isIPv4'], [isIPv6, 'isIPv6']]) {
      assert.strictEqual(code(() => ours(value)), code(() => nodeNet[name](value)), `${name}(${JSON.stringify(text)})`);
    }
  }
}

module.exports = { play };
