'use strict';

// The tests of one Node: the scenarios of this folder, each played on it with ours at either end and at both, must have
// the traces that node:net has. What differs, and why, is in docs/api/node.md; scenarios keep out of it, and say so.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { scenarios } = require('./scenarios');

const PLAYER = path.join(__dirname, 'play.js');

/** A process that spins does not get to look at the time. */
const BOUNDED = { timeout: 120_000, killSignal: 'SIGKILL' };

/** Defines the tests of the Node whose major version is `major`, with the binary that `find()` returns. */
function compareOn(major, find) {
  const titles = scenarios.flatMap(({ title, over, since }) => {
    if (since > major) return [];
    return over.length > 1 ? over.map((transport) => `${title} (${transport})`) : [title];
  });

  describe(`on Node ${major}`, () => {
    let played;

    beforeAll(async () => {
      const { stdout } = await promisify(execFile)(find(), [PLAYER], { maxBuffer: 1 << 28, ...BOUNDED });
      played = JSON.parse(stdout);
    }, 2 * BOUNDED.timeout);

    test.each(titles)('%s', (title) => {
      const { 'node:net': expected, ...ours } = played[title];
      expect(Object.values(expected).flat().filter((line) => /^(has failed|never ends)/.test(line))).toEqual([]);
      for (const traces of Object.values(ours)) expect(traces).toEqual(expected);
    });

    test('and no others', () => {
      expect(Object.keys(played).sort()).toEqual([...titles].sort());
    });
  });
}

module.exports = { compareOn };
