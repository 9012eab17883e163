'use strict';

// rust-net/node against node:net on every Node that is supported: the scenarios of this folder, each played with ours
// at either end and at both, must give the traces that node:net gives. What differs, and why, is in docs/node-net.md;
// scenarios keep out of it, and say so.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { MAJORS, nodes } = require('../../package/nodes');
const { scenarios } = require('./scenarios');

const PLAYER = path.join(__dirname, 'play.js');

/** Whoever spins does not get to look at the time. */
const BOUNDED = { timeout: 120_000, killSignal: 'SIGKILL' };

jest.setTimeout(600_000);

/** What has been played, by the major version of Node. */
const played = new Map();

beforeAll(async () => {
  for (const [major, binary] of nodes()) {
    const { stdout } = await promisify(execFile)(binary, [PLAYER], { maxBuffer: 1 << 28, ...BOUNDED });
    played.set(major, JSON.parse(stdout));
  }
});

test('there are many scenarios', () => {
  expect(scenarios.length).toBeGreaterThan(300);
});

describe.each(MAJORS)('on Node %i', (major) => {
  const titles = scenarios.flatMap(({ title, over, since }) => {
    if (since > major) return [];
    return over.length > 1 ? over.map((transport) => `${title} (${transport})`) : [title];
  });

  test.each(titles)('%s', (title) => {
    const { 'node:net': expected, ...ours } = played.get(major)[title];
    expect(Object.values(expected).flat().filter((line) => /^(has failed|never ends)/.test(line))).toEqual([]);
    for (const traces of Object.values(ours)) expect(traces).toEqual(expected);
  });

  test('and no others', () => {
    expect(Object.keys(played.get(major)).sort()).toEqual([...titles].sort());
  });
});
