'use strict';

// The tables of docs/performance.md. What is in them is measured, so only their shape is tested.

const fs = require('fs');
const path = require('path');
const { fill } = require('../../benchmark/tables');
const { workloads } = require('../../benchmark/workloads');

const PAGE = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'performance.md'), 'utf8');

const side = { cost: 12.345, rate: 1, serverShare: 0.95, loadShare: 0.5, disturbance: 0, p50: 1.5, p99: 250.4 };

/** The result of a step in which each workload had `ratio`. */
function result(ratio, versions) {
  return {
    versions,
    date: '2026-01-01',
    machine: { processor: 'Some', cores: 2, memory: '4 GiB', system: 'Linux 6 x64', pinned: true },
    rounds: 3,
    workloads: workloads.map(({ name, title, delay, memory }) => {
      const measured = delay || memory ? { cost: side.cost } : side;
      return { name, title, ratio, spread: [ratio - 0.1, ratio + 0.1], ours: measured, other: measured };
    }),
  };
}

const ALL = {
  node: result(1.5, { 'rust-net': 'rust-net 1', node: 'Node v20' }),
  'node@26': result(1.25, { node: 'Node v26' }),
  bun: result(0.996, { bun: '1.4' }),
  deno: result(0.5, { deno: 'deno 2' }),
  tokio: result(0.9, { tokio: 'tokio 1' }),
  io_uring: result(0.8, { io_uring: 'io-uring 0' }),
  entry: result(11.123, { node: 'Node v20' }),
};

const rowOf = (page, name) => page.split('\n').filter((line) => line.includes(`\`${name}\``));

test('each workload has a row with all sides, and what ours loses is bold', () => {
  const { page, left } = fill(PAGE, ALL);
  expect(left).toEqual([]);
  for (const { name, title, delay } of workloads) {
    const row = delay
      ? `| ${title} | \`${name}\` | 1.50 (1.40 to 1.60) | 12.3 | 1.25 | 12.3 |`
      : `| ${title} | \`${name}\` | 1.50 (1.40 to 1.60) | 1.25 | 1.00 | **0.50** |`;
    expect(rowOf(page, name)).toContain(row);
  }
  expect(page).toContain('| echo 64 B x 50 | 1.5, 250 | 1.5, 250 | server | server |');
  expect(page).toContain('| `echo-50` | 12.3 | **0.90** | **0.80** |');
  expect(page).toContain('| `echo-50` | 11.1 |');
  expect(page).toContain('rust-net 1 against Node v20 (rounds: 3; 2026-01-01)');
  expect(page).not.toMatch(/NaN|undefined/);
});

test('made again, they are the same', () => {
  const { page } = fill(PAGE, ALL);
  expect(fill(page, ALL).page).toBe(page);
});

test('a table whose sources are not there is as it was', () => {
  const { page, left } = fill(PAGE, {});
  expect(page).toBe(PAGE);
  expect(left).toEqual(['peers', 'delays', 'latencies', 'limit', 'entry']);
});

test('sides that were not measured have no column', () => {
  const { page, left } = fill(PAGE, { node: ALL.node, deno: ALL.deno });
  expect(left).toEqual(['limit', 'entry']);
  expect(page).toContain('| workload | NAME | Node 20 | Deno |');
  expect(rowOf(page, 'unix')).toContain('| UNIX echo 64 B x 50 | `unix` | 1.50 (1.40 to 1.60) | **0.50** |');
});

test('what a side could not do is empty', () => {
  const bun = { ...ALL.bun, workloads: ALL.bun.workloads.map(({ name, title }) => ({ name, title, failure: 'why' })) };
  const { page } = fill(PAGE, { ...ALL, bun });
  expect(rowOf(page, 'unix')).toContain('| UNIX echo 64 B x 50 | `unix` | 1.50 (1.40 to 1.60) | 1.25 |  | **0.50** |');
});

test('a page without a place for a table is an error', () => {
  expect(() => fill('', ALL)).toThrow('no place for the table "peers"');
});
