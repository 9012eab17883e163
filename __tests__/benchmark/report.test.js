'use strict';

// What the benchmark makes of its measurements. How fast anything is belongs to no test.

const { bottlenecks, failed, summarize, table } = require('../../benchmark/report');
const { median, quantile, range } = require('../../benchmark/statistics');

const WORK = { name: 'echo-50', title: 'echo' };
const SIDES = { ours: 'rust-net', against: 'node' };

/** A measurement of one side. */
function one(cost, more = {}) {
  const busy = { serverShare: 1, loadShare: 0.5, disturbance: 0, fairness: 1 };
  return { cost, rate: 1000 / cost, ...busy, p50: 10, p99: 1234, ...more };
}

const slices = [
  { round: 0, 'rust-net': one(1), node: one(2) },
  { round: 0, 'rust-net': one(1), node: one(2.5) },
  { round: 0, 'rust-net': one(10), node: one(30) },
  { round: 1, 'rust-net': one(1), node: one(1.5) },
  { round: 1, 'rust-net': one(1), node: one(1.7) },
];

test('quantiles lie between the values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
  expect(quantile([7], 0.99)).toBe(7);
});

test('a range is that of the medians, not of the values', () => {
  expect(range([[1, 2, 9], [4, 5, 6], [0, 3, 7]])).toEqual([2, 5]);
});

test('the ratio is the median of those of slices, the spread from the lowest round to the highest', () => {
  const summary = summarize(WORK, slices, SIDES);
  expect(summary.ratio).toBe(2);
  expect(summary.spread[0]).toBeCloseTo(1.6);
  expect(summary.spread[1]).toBe(2.5);
  expect(summary.ours).toMatchObject({ cost: 1, p50: 10, p99: 1234 });
});

test('one side alone has no ratio', () => {
  const summary = summarize(WORK, [{ round: 0, node: one(3) }], SIDES);
  expect(summary.ratio).toBeUndefined();
  expect(summary.other.cost).toBe(3);
});

test('memory has neither rate nor latency', () => {
  const workload = { name: 'idle', title: 'idle', memory: true };
  const summary = summarize(workload, [{ round: 0, 'rust-net': { cost: 2 }, node: { cost: 5 } }], SIDES);
  expect(summary).toMatchObject({ unit: 'KiB/connection', ratio: 2.5, rateRatio: null, ours: { cost: 2 } });
  expect(table([summary], 'node')[1]).toMatch(/^idle +KiB\/connection +2\.00 +5\.00 +2\.50 +2\.50-2\.50$/);
});

test('the table says what limited the rate', () => {
  const load = [{ round: 0, 'rust-net': one(1, { serverShare: 0.4, loadShare: 0.98 }), node: one(2) }];
  const summary = summarize(WORK, load, SIDES);
  expect(table([summary], 'node')[1]).toMatch(/ 10\.0\/1234 +10\.0\/1234 +load 40\/98% +server 100\/50%$/);
  expect(bottlenecks([summary], 'node')).toEqual(['echo, ours: the load ran 98% of the time']);
  const latency = [{ round: 0, 'rust-net': one(1, { serverShare: 0.4 }), node: one(2, { serverShare: 0.8, disturbance: 0.2 }) }];
  expect(table([summarize(WORK, latency, SIDES)], 'node')[1]).toMatch(/latency 40\/50% +others 80\/50%$/);
  const threads = [{ round: 0, 'rust-net': one(1, { disturbance: 3 }), node: one(2) }];
  expect(table([summarize(WORK, threads, SIDES)], 'node')[1]).toMatch(/server 100\/50% +server 100\/50%$/);
});

test('a workload that failed has its reason in its row', () => {
  const summary = failed(WORK, new Error('bun: the server is silent'));
  expect(table([summary], 'bun')[1]).toMatch(/^echo +us +bun: the server is silent$/);
  expect(bottlenecks([summary], 'bun')).toEqual([]);
});
