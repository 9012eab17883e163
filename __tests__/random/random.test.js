'use strict';

// Nothing is lost or reordered, 'close' comes once and last, nothing but 'close' follows 'error', callbacks are called
// once, no descriptor is left or has two owners, and no memory is retained, for random sequences of the API's methods;
// and the events are those of node:net. A failure prints its seed and the shortened sequence.

const { runInherited } = require('./inherit');
const { run } = require('./machine');
const { runInThreads } = require('./threads');
const { runTraces } = require('./traces');

const implementations = [
  ['node:net', 'net'],
  ['rust-net/node', require.resolve('../../node')],
  ['rust-net', require.resolve('../..')],
];

const TIME = 300_000;

// Other seeds each time would make another test each time: `npm run soak -- random` plays those.
describe.each(implementations)('random sequences: %s', (_, entry) => {
  test.each([1, 1001])('100 seeds from %i on', async (seed) => {
    const { failure } = await run(require(entry), { seed, count: 100 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, TIME);

  test('on descriptors that a process has inherited', async () => {
    const { failure } = await runInherited(entry, { seed: 1, count: 24 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, TIME);

  test('in several threads at once', async () => {
    const { failure } = await runInThreads(entry, { seed: 1, count: 120 });
    expect(JSON.stringify(failure, null, 1)).toBeUndefined();
  }, TIME);
});

// A thread wakes the loop when it is scheduled, so that a number of turns says nothing about what is still to come.
const compared = process.env.RUST_NET_WAKE === 'thread' ? test.skip : test;

compared.each(implementations.slice(0, 2))('the events of random sequences are those of node:net: %s', async (_, entry) => {
  const { failure } = await runTraces(require(entry), { seed: 1, count: 300 });
  expect(JSON.stringify(failure, null, 1)).toBeUndefined();
}, TIME);
