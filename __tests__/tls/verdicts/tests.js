'use strict';

// The tests that compare many cases, as many as a file asks for.

const { randomInt } = require('crypto');
const rustNet = require('../../..');
const { caseOf } = require('./cases');
const { Comparison } = require('./compare');

/** Milliseconds that a case may take: a safety net. Each is four handshakes and more. */
const DEADLINE = 1000;

/** Defines the tests, each of `count` cases. */
function compareCases(count) {
  describe(`verifyPeer(): "the validity of the peer's certificate" is what OpenSSL says, or less (D21): ${count} cases`, () => {
    let comparison;

    beforeAll(async () => {
      comparison = await new Comparison(rustNet).open();
    });

    afterAll(() => comparison.close());

    async function findings(first) {
      const found = [];
      for (let seed = first; seed < first + count; seed += 1) {
        const differing = await comparison.compare(seed);
        found.push(...differing.map((finding) => ({ ...finding, case: JSON.stringify(caseOf(seed)) })));
      }
      return found;
    }

    test('the same each time, in both roles, with the gate and without', async () => {
      expect(await findings(1)).toEqual([]);
    }, count * DEADLINE);

    test('others each time: `node __tests__/tls/verdicts/run.js --case SEED` shows one that differs', async () => {
      expect(await findings(randomInt(2 ** 31))).toEqual([]);
    }, count * DEADLINE);

    test('most are compared, and of those many are trusted', () => {
      const { cases, verdicts, trusted, notShown } = comparison.counts;
      expect(cases).toBe(2 * count);
      expect(notShown).toBeLessThan(cases / 10);
      expect(trusted).toBeGreaterThan(verdicts / 5);
      expect(verdicts - trusted).toBeGreaterThan(verdicts / 5);
    });
  });
}

module.exports = { compareCases };
