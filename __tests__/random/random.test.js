'use strict';

// Nothing is lost or reordered, 'close' comes once and last, and nothing but 'close' follows 'error', for random
// sequences of the API's methods. A failure prints its seed and the shortened sequence.

const { run } = require('./machine');

const implementations = [
  ['node:net', require('net')],
  ['rust-net/node', require('../../node')],
  ['rust-net', require('../..')],
];
const random = Math.floor(Math.random() * 0x7fffffff);

describe.each(implementations)('random sequences: %s', (_, net) => {
  test.each([['fixed', 1], ['random', random]])('%s seeds from %i on', async (_kind, seed) => {
    const { failure } = await run(net, { seed, seconds: 5, count: 1000 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, 300000);
});
