'use strict';

// "nothing leaks (10,000 handshakes: descriptors and memory flat)".

const { DEADLINE, GOOD, run } = require('../lifecycle/child');

const COUNT = 10_000;

/** Bytes of heap that may differ between a fifth and the end: a hundred for each handshake in between. */
const HEAP_SLACK = 800 << 10;

/** The same for memory outside the heap: some read slabs more or less. */
const EXTERNAL_SLACK = 1 << 20;

/** The same for the whole process, where the allocators have their own mind: a leak of 2 KiB a handshake fails. */
const RSS_SLACK = 16 << 20;

/** glibc's allocator takes memory for as many arenas as threads happen to meet in it. */
const ONE_ARENA = { MALLOC_ARENA_MAX: '1' };

jest.setTimeout(2 * DEADLINE);

test('10,000 handshakes, full, resumed, cancelled and failing, leave no descriptor open and no memory behind', async () => {
  const { stdout, ...outcome } = await run(
    require.resolve('./fixtures/handshakes.js'),
    [COUNT],
    { node: ['--expose-gc'], deadline: DEADLINE, env: ONE_ARENA },
  );
  expect(outcome).toEqual(GOOD);
  const { samples, outcomes } = JSON.parse(stdout);
  const { full, resumed, ...others } = outcomes;
  expect(others).toEqual({ cancelled: COUNT * 0.2, failed: COUNT * 0.1 });
  // Those that were first at once had no session to resume.
  expect(full + resumed).toBe(COUNT * 0.7);
  expect(resumed).toBeGreaterThan(COUNT * 0.29);
  const [first, fifth, last] = samples;
  expect([fifth.descriptors, last.descriptors]).toEqual([first.descriptors, first.descriptors]);
  expect(last.heapUsed - fifth.heapUsed).toBeLessThan(HEAP_SLACK);
  expect(last.external - fifth.external).toBeLessThan(EXTERNAL_SLACK);
  expect(last.rss - fifth.rss).toBeLessThan(RSS_SLACK);
});
