'use strict';

// "200,000 connections opened and closed in one process: descriptors back to the start, memory flat."

const { DEADLINE, GOOD, run } = require('../lifecycle/child');

const COUNT = 200_000;

/** Bytes of heap that may differ between half-way and the end: ten for each connection in between. */
const HEAP_SLACK = 1 << 20;

/** The same for memory outside the heap: one read slab more or less, and its neighbours. */
const EXTERNAL_SLACK = 4 << 20;

/** The same for the whole process, where the allocators have their own mind: a leak of 300 bytes a connection fails. */
const RSS_SLACK = 30 << 20;

jest.setTimeout(5 * DEADLINE);

test('200,000 connections leave no descriptor open and no memory behind', async () => {
  const { stdout, ...outcome } = await run(require.resolve('./fixtures/connections.js'), [COUNT], { node: ['--expose-gc'], deadline: 4 * DEADLINE });
  expect(outcome).toEqual(GOOD);
  const { samples, connections } = JSON.parse(stdout);
  const [first, half, last] = samples;
  expect([first.served, half.served, last.served]).toEqual([5000, COUNT / 2, COUNT]);
  expect(connections).toEqual([0, 0]);
  expect([half.descriptors, last.descriptors]).toEqual([first.descriptors, first.descriptors]);
  expect(last.heapUsed - half.heapUsed).toBeLessThan(HEAP_SLACK);
  expect(last.external - half.external).toBeLessThan(EXTERNAL_SLACK);
  expect(last.rss - half.rss).toBeLessThan(RSS_SLACK);
});
