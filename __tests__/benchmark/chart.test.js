'use strict';

// The benchmark's charts: what is in them, and that they are well-formed.

const { chart } = require('../../benchmark/chart');
const { draw } = require('../../benchmark/curves');
const { scale, ticks } = require('../../benchmark/svg');

const RESULT = {
  command: 'npm run bench -- --workload "a<b"',
  date: '2026-01-01',
  machine: { processor: 'Some & Other', cores: 2, memory: '4 GiB', system: 'Linux 6 x64', pinned: true },
  versions: { 'rust-net': 'rust-net 1', node: 'Node v20' },
  ours: 'rust-net',
  against: 'node',
  rounds: 3,
  seconds: 1,
  workloads: [
    { name: 'echo-50', title: 'echo', unit: 'us', ratio: 2, spread: [1.5, 2.25] },
    { name: 'in-4', title: 'bulk in', unit: 'us/MiB', ratio: 0.5, spread: [0.4, 0.6] },
    { name: 'tls-idle', title: 'idle', unit: 'KiB/connection', ratio: 12.34, spread: [12, 13] },
    { name: 'tls-connect', title: 'not measured', unit: 'us', failure: 'why' },
  ],
};

/** Throws unless each element that is opened is closed, in order. */
function parse(svg) {
  const open = [];
  for (const [, end, name, alone] of svg.matchAll(/<(\/?)(\w+)(?:\s+[\w-]+="[^"<]*")*(\/?)>/g)) {
    if (end) expect(open.pop()).toBe(name);
    else if (!alone) open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<\/?\w+(?:\s+[\w-]+="[^"<]*")*\/?>/g, '')).not.toMatch(/<|&(?!amp;|lt;|gt;|quot;)/);
}

test('a bar for each ratio, with the command and the machine', () => {
  const svg = chart(RESULT);
  parse(svg);
  expect(svg.match(/<rect [^>]*class="ours"/g)).toHaveLength(2);
  expect(svg.match(/<rect [^>]*class="other"/g)).toHaveLength(1);
  for (const words of ['2.00×', '0.50×', '12.3×', '&quot;a&lt;b&quot;', 'Some &amp; Other', 'Node v20', '2026-01-01']) {
    expect(svg).toContain(words);
  }
  expect(svg).not.toContain('not measured');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('a chart can be read in the dark', () => {
  expect(chart(RESULT)).toMatch(/@media \(prefers-color-scheme: dark\)/);
});

test('a scale is logarithmic, and may go down', () => {
  const up = scale([1, 100], [0, 200]);
  expect([up(1), up(10), up(100)]).toEqual([0, 100, 200]);
  const down = scale([1, 100], [200, 0]);
  expect(down(10)).toBe(100);
});

test('ticks are round', () => {
  expect(ticks(0.15, 25)).toEqual([0.2, 0.5, 1, 2, 5, 10, 20]);
  expect(ticks(1, 10)).toEqual([1, 2, 5, 10]);
});

test('a curve has a point for each value of each side', () => {
  const points = [1, 10, 1000].map((value) => ({ value, ours: { cost: value }, other: { cost: 3 * value } }));
  const svg = draw('connections', { ...RESULT, curves: { connections: points } });
  parse(svg);
  expect(svg.match(/<circle [^>]*class="ours"/g)).toHaveLength(3);
  expect(svg.match(/<circle [^>]*class="other"/g)).toHaveLength(3);
  expect(svg).toContain('>1000</text>');
  expect(svg).toContain('Some &amp; Other');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});
