'use strict';

// Nothing is lost or reordered, 'close' comes once and last, nothing but 'close' follows 'error', callbacks are called
// once, and no descriptor is left, for random sequences of the API's methods. A failure prints its seed and the
// shortened sequence.

const { run } = require('./machine');

const implementations = [
  ['node:net', require('net')],
  ['rust-net/node', require('../../node')],
  ['rust-net', require('../..')],
];
describe.each(implementations)('random sequences: %s', (_, net) => {
  // Other seeds each time would make another test each time: `npm run soak -- random` plays those.
  test.each([1, 1001])('200 seeds from %i on', async (seed) => {
    const { failure } = await run(net, { seed, count: 200 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, 300000);
});
