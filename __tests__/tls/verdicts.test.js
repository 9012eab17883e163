'use strict';

// D21: verdicts on certificates, compared with those of `node:tls` in the same process. `verdicts/` makes the cases;
// `node __tests__/tls/verdicts/run.js --seconds 3600` goes on for as long as one likes.

const { randomInt } = require('crypto');
const rustNet = require('../..');
const { caseOf } = require('./verdicts/cases');
const { Comparison } = require('./verdicts/compare');

/** Cases of each test; each is four handshakes and more. */
const CASES = 300;

describe('verifyPeer(): "the validity of the peers\'s certificate" is what OpenSSL says, or less (D21)', () => {
  let comparison;

  beforeAll(async () => {
    comparison = await new Comparison(rustNet).open();
  });

  afterAll(() => comparison.close());

  async function findings(first) {
    const found = [];
    for (let seed = first; seed < first + CASES; seed += 1) {
      const differing = await comparison.compare(seed);
      found.push(...differing.map((finding) => ({ ...finding, case: JSON.stringify(caseOf(seed)) })));
    }
    return found;
  }

  test('of the same cases each time, in both roles, with the gate and without', async () => {
    expect(await findings(1)).toEqual([]);
  }, 240_000);

  test('of other cases each time: `node __tests__/tls/verdicts/run.js --case SEED` shows one that differs', async () => {
    expect(await findings(randomInt(2 ** 31))).toEqual([]);
  }, 240_000);

  test('most cases are compared, and of those many are trusted', () => {
    const { cases, verdicts, trusted, notShown } = comparison.counts;
    expect(cases).toBe(2 * CASES);
    expect(notShown).toBeLessThan(cases / 10);
    expect(trusted).toBeGreaterThan(verdicts / 5);
    expect(verdicts - trusted).toBeGreaterThan(verdicts / 5);
  });
});
