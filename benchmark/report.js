'use strict';

// What the measurements of a workload amount to, as numbers, and as lines for a terminal.

const { median, range } = require('./statistics');

/** What is measured of a side besides its cost, where the load is done as fast as can be. */
const TIMED = ['rate', 'serverShare', 'loadShare', 'disturbance'];

/** How long an operation took, where each is waited for. */
const LATENCIES = ['p50', 'p99'];

/**
 * What the slices of a workload amount to. A slice has its `round`, and a measurement of the side `ours`, of the side
 * `against`, or of both.
 */
function summarize(workload, slices, { ours, against }) {
  const summary = { name: workload.name, title: workload.title, unit: unitOf(workload) };
  for (const [name, side] of [['ours', ours], ['other', against]]) {
    const measured = slices.flatMap((slice) => slice[side] ?? []);
    if (measured.length === 0) continue;
    const keys = ['cost', ...(isTimed(workload) ? TIMED : []), ...LATENCIES.filter((key) => measured[0][key] !== undefined)];
    summary[name] = Object.fromEntries(keys.map((key) => [key, median(measured.map((one) => one[key]))]));
  }
  if (summary.ours && summary.other) {
    // Within a slice both sides have had the same machine, so these ratios are worth more than that of the medians.
    const ratios = slices.map((slice) => slice[against].cost / slice[ours].cost);
    const rounds = [...new Set(slices.map(({ round }) => round))];
    summary.ratio = median(ratios);
    summary.spread = range(rounds.map((round) => ratios.filter((_, place) => slices[place].round === round)));
    const rates = () => slices.map((slice) => slice[ours].rate / slice[against].rate);
    summary.rateRatio = isTimed(workload) ? median(rates()) : null;
  }
  return { ...summary, slices };
}

/** What a workload that could not be measured amounts to. */
function failed(workload, error) {
  return { name: workload.name, title: workload.title, unit: unitOf(workload), failure: error.message };
}

/** Whether a workload is measured in operations of some time, not by something that the server tells. */
function isTimed({ delay, memory }) {
  return !delay && !memory;
}

function unitOf(workload) {
  if (workload.memory) return 'KiB/connection';
  if (workload.delay) return 'ms p99';
  return workload.unit ? `us/${workload.unit}` : 'us';
}

function fixed(value) {
  return value === undefined || value === null ? '' : value.toFixed(2);
}

/** A side that used its core for so much of the time was what limited the rate. */
const BUSY = 0.9;

/** More of the time than this that the server could have run but for other processes, and its rate means little. */
const DISTURBED = 0.1;

/** What limited the rate: `server`, `load`, `latency` or `others`; `undefined` where there is none. */
function limitOf({ serverShare, loadShare, disturbance } = {}) {
  if (serverShare === undefined) return undefined;
  if (Math.max(serverShare, loadShare) >= BUSY) return serverShare >= loadShare ? 'server' : 'load';
  // A server of several threads also waits for its own, but then its core is busy.
  return disturbance > DISTURBED ? 'others' : 'latency';
}

/** What limited the rate, and how much of the time the server and the load ran. */
function limit(side) {
  const what = limitOf(side);
  if (what === undefined) return '';
  return `${what} ${Math.round(side.serverShare * 100)}/${Math.round(side.loadShare * 100)}%`;
}

/** Microseconds, half of the operations and one in a hundred take longer. */
function latency({ p50, p99 } = {}) {
  return p50 === undefined ? '' : `${short(p50)}/${short(p99)}`;
}

/** Three digits that count. */
function short(value) {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

const columns = (against) => [
  { title: 'workload', show: (row) => row.title, isText: true },
  { title: 'unit', show: (row) => row.unit, isText: true },
  { title: 'ours', show: (row) => fixed(row.ours?.cost) },
  { title: against, show: (row) => fixed(row.other?.cost) },
  { title: `${against}/ours`, show: (row) => fixed(row.ratio) },
  { title: 'spread', show: (row) => row.spread?.map(fixed).join('-') ?? '' },
  { title: 'rate', show: (row) => fixed(row.rateRatio) },
  { title: 'p50/p99 ours', show: (row) => latency(row.ours) },
  { title: `p50/p99 ${against}`, show: (row) => latency(row.other) },
  { title: 'limit ours', show: (row) => row.failure ?? limit(row.ours), isText: true },
  { title: `limit ${against}`, show: (row) => limit(row.other), isText: true },
];

/** The table of the summaries of ours and `against`, as lines. */
function table(summaries, against) {
  const shown = columns(against);
  const rows = [shown.map(({ title }) => title), ...summaries.map((row) => shown.map(({ show }) => show(row)))];
  const widths = shown.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell[shown[column].isText ? 'padEnd' : 'padStart'](widths[column]));
    return cells.join('  ').trimEnd();
  });
}

/** The rates that tell about the load, not about the server, as lines. */
function bottlenecks(summaries, against) {
  return summaries.flatMap((row) => [['ours', row.ours], [against, row.other]]
    .filter(([, side]) => limitOf(side) === 'load')
    .map(([name, { loadShare }]) => `${row.title}, ${name}: the load ran ${Math.round(loadShare * 100)}% of the time`));
}

module.exports = { bottlenecks, failed, limitOf, summarize, table };
