'use strict';

// A chart of ratios, for the docs: `npm run bench -- --svg CHART.svg`.

const { describe } = require('./origin');
const { NOTE, element, line, notes, picture, scale, text, ticks } = require('./svg');

const WIDTH = 860;
const MARGIN = 20;
/** Where the bars may be, from left to right. */
const BARS = [290, 780];
const ROW = 22;
const BAR = 12;

const LETTERS = 130;

/** What a side is called. */
const NAMES = { node: 'node:net and node:tls' };

const GROUPS = [
  ['CPU time per operation', ({ name, unit }) => unit.startsWith('us') && !name.startsWith('tls-')],
  ['CPU time per operation, over TLS', ({ name, unit }) => unit.startsWith('us') && name.startsWith('tls-')],
  ['Memory of an idle connection', ({ unit }) => unit.startsWith('KiB')],
  ['Delay of the event loop, 99th percentile', ({ unit }) => unit.startsWith('ms')],
];

/** The chart of a result, as SVG. */
function chart(result) {
  const shown = result.workloads.filter(({ ratio }) => ratio > 0);
  const reached = shown.flatMap(({ ratio, spread }) => [ratio, ...spread]);
  // 1 is always there: it is what all is compared with.
  const ends = [Math.min(0.9, ...reached) / 1.05, Math.max(2, ...reached) * 1.05];
  const x = scale(ends, BARS);
  const other = NAMES[result.against] ?? result.against;
  const title = `Cost with ${other}, in multiples of that with ${result.ours}`;

  const rows = [];
  let y = 74;
  for (const [heading, belongs] of GROUPS) {
    const members = shown.filter(belongs);
    if (members.length === 0) continue;
    rows.push(text(MARGIN, y + 4, heading, 'text heading'));
    y += ROW;
    for (const workload of members) {
      rows.push(bar(workload, x, y));
      y += ROW;
    }
    y += ROW / 2;
  }
  const bottom = y - ROW / 2;

  const grid = ticks(...ends, [1, 1.5, 2, 3, 5, 7]).map((value) => [
    line(x(value), 54, x(value), bottom, value === 1 ? 'text' : 'grid', value === 1 ? 1.5 : 1),
    text(x(value), 48, `${value}×`, 'quiet small', 'middle'),
  ]);
  const head = [
    text(MARGIN, 28, title, 'text title'),
    text(MARGIN, 48, `more than 1×: ${result.ours} needs less`, 'quiet small'),
  ];
  const foot = notes(MARGIN, bottom + 24, [
    `${result.command} (rounds of ${result.seconds} s: ${result.rounds}; thin lines: from the lowest to the highest)`,
    Object.values(result.versions).join(' against '),
    `${describe(result.machine)}; ${result.date}`,
  ], LETTERS);
  return picture(WIDTH, bottom + 24 + NOTE * foot.length, title, head, grid, rows, foot);
}

function bar({ ratio, spread, title }, x, y) {
  const [left, right] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
  const box = { x: left, y: y - BAR / 2, width: right - left, height: BAR, 'class': ratio < 1 ? 'other' : 'ours' };
  return [
    text(BARS[0] - 12, y + 4, title, 'text', 'end'),
    element('rect', box),
    line(x(spread[0]), y, x(spread[1]), y, 'quiet', 2),
    text(Math.max(right, x(spread[1])) + 6, y + 4, `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`, 'text'),
  ];
}

module.exports = { chart };
