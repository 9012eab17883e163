'use strict';

// Many random sequences of methods, other ones than those of `../random`.

const { run } = require('../random/machine');

describe.each([
  ['rust-net/node', '../../node'],
  ['rust-net', '../..'],
])('random sequences: %s', (_, entry) => {
  test('400 seeds from 10,001 on', async () => {
    const { failure } = await run(require(entry), { seed: 10_001, count: 400 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, 600_000);
});
