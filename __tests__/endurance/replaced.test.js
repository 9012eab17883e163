'use strict';

// Many random orders of visits and replacements, other ones than those of `../threads`.

const { DEADLINE } = require('../lifecycle/child');
const { play } = require('../threads/replaced');

const SEEDS = 40;

jest.setTimeout(SEEDS * DEADLINE);

test(`${SEEDS} seeds from 101 on`, async () => {
  for (let seed = 101; seed < 101 + SEEDS; seed++) {
    expect(await play(seed)).toMatchObject({ failures: [] });
  }
});
