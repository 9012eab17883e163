'use strict';

// "A server that is replaced loses none": visits and replacements in random order. `../endurance` has more of them.

const { play } = require('./replaced');

test.each([7, 10, 12, 13])('seed %i', async (seed) => {
  const outcome = await play(seed);
  expect(outcome.count).toBeGreaterThan(0);
  expect(outcome).toMatchObject({ failures: [] });
});
