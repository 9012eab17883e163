'use strict';

// `npm run bench:curves`: how the cost of an operation grows with connections, with the size of a message, and with
// writes per turn, for ours and another side. See README.md beside this file.

const fs = require('fs');
const path = require('path');
const { measureAll } = require('./measure');
const { runInUsualNetwork } = require('./network');
const { chosen, readOptions, runMain } = require('./options');
const { describe, origin } = require('./origin');
const { plot } = require('./plot');
const { buildLoad, cleanUp } = require('./processes');
const { limitOf, summarize } = require('./report');

const ECHO = { server: 'echo', load: 'echo' };

/** What grows, and the workload at each value of it. */
const curves = [
  {
    name: 'connections',
    title: 'CPU time of an echo of 64 bytes',
    across: 'connections, each with one message on its way',
    values: [1, 10, 50, 200, 1000, 3000, 9000],
    workload: (connections) => ({ ...ECHO, connections }),
  },
  {
    name: 'size',
    title: 'CPU time of an echo, 10 connections',
    across: 'size of a message',
    values: [1, 64, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20],
    show: bytes,
    workload: (size) => ({ ...ECHO, connections: 10, size }),
  },
  {
    name: 'writes',
    title: 'CPU time of the replies to a message, 50 connections',
    across: 'writes of 64 bytes for each message',
    values: [1, 2, 4, 8, 16, 32, 64],
    workload: (replies) => ({ server: 'replies', load: 'echo', connections: 50, replies }),
  },
];

const USAGE = `Usage: npm run bench:curves -- [options]
  --curve NAME     only this curve (may be repeated): ${curves.map(({ name }) => name).join(', ')}
  --rounds N       rounds of each point (default 3)
  --seconds S      how long each side is measured in a round (default 0.5)
  --ours SIDE      which of ours: rust-net (default), or rust-net/node
  --against SIDE   whom to compare ours with: node (default), and others as in npm run bench
  --json FILE      also write all that was measured to FILE
  --svg FOLDER     also draw the curves in FOLDER: NAME.svg`;

const NAMES = { node: 'node:net' };

function bytes(count) {
  if (count >= 1 << 20) return `${count >> 20} MiB`;
  return count >= 1 << 10 ? `${count >> 10} KiB` : `${count} B`;
}

function read() {
  const names = curves.map(({ name }) => name);
  const more = { rounds: '3', seconds: '0.5', curve: { type: 'string', multiple: true, default: names } };
  const options = readOptions(USAGE, more);
  chosen(options.curve, names, 'curve', USAGE);
  return options;
}

/** The points of a curve: what each side needs at each value. */
async function measureCurve(program, curve, options) {
  const points = [];
  for (const value of curve.values) {
    const workload = { name: `${curve.name}-${value}`, title: `${curve.name} ${value}`, ...curve.workload(value) };
    const { ours, other, ratio, spread } = summarize(workload, await measureAll(program, workload, options), options);
    points.push({ value, ours, other, ratio, spread });
    console.log(describePoint(curve, points.at(-1), options));
  }
  return points;
}

function describePoint({ name, show = String }, { value, ours, other, ratio, spread }, { against }) {
  const costs = `ours ${ours.cost.toFixed(2)} us, ${against} ${other.cost.toFixed(2)} us`;
  const ratios = `${ratio.toFixed(2)} (${spread.map((one) => one.toFixed(2)).join('-')})`;
  return `${name} ${show(value)}: ${costs}, ${against}/ours ${ratios}; limits ${limitOf(ours)}, ${limitOf(other)}`;
}

/** A curve of a result, as SVG. */
function draw(name, result) {
  const { title, across, show = String } = curves.find((curve) => curve.name === name);
  const points = result.curves[name];
  const series = [
    { name: result.ours, kind: 'ours', points: points.map(({ value, ours }) => [value, ours.cost]) },
    { name: NAMES[result.against] ?? result.against, kind: 'other', points: points.map(({ value, other }) => [value, other.cost]) },
  ];
  const foot = [
    `${result.command} (rounds of ${result.seconds} s: ${result.rounds})`,
    Object.values(result.versions).join(' against '),
    `${describe(result.machine)}; ${result.date}`,
  ];
  const x = { title: across, values: points.map(({ value }) => value), show };
  return plot({ title, x, y: 'microseconds of the server for each message', series, foot });
}

async function main() {
  const options = read();
  const program = buildLoad();
  const from = origin('bench:curves', options.sides);
  if (await runInUsualNetwork()) return;
  console.log(describe(from.machine));
  const { ours, against, rounds, seconds } = options;
  const result = { ...from, ours, against, rounds, seconds, curves: {} };
  for (const curve of curves.filter(({ name }) => options.curve.includes(name))) {
    result.curves[curve.name] = await measureCurve(program, curve, options);
  }
  if (options.json !== undefined) fs.writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.svg === undefined) return;
  fs.mkdirSync(options.svg, { recursive: true });
  for (const name of Object.keys(result.curves)) fs.writeFileSync(path.join(options.svg, `${name}.svg`), draw(name, result));
}

if (require.main === module) runMain(main, cleanUp);

module.exports = { draw };
