'use strict';

// Medians, the table, and the goals.

/** The value below which `share` of the values lie. */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

const median = (values) => quantile(values, 0.5);

/** What the slices of a work amount to. Each has a measurement of `ours`, of the side `against`, or of both. */
function summarize(work, slices, against) {
  const summary = { name: work.name, title: work.title, unit: unitOf(work), goal: work.goal ?? null };
  for (const [name, side] of [['ours', 'ours'], ['other', against]]) {
    const measured = slices.flatMap((slice) => slice[side] ?? []);
    if (measured.length === 0) continue;
    summary[name] = {};
    const keys = isTimed(work) ? ['rate', 'serverShare', 'loadShare', 'disturbance', 'fairness'] : [];
    for (const key of ['cost', ...keys]) summary[name][key] = median(measured.map((one) => one[key]));
  }
  if (summary.ours && summary.other) {
    // Within a slice both sides have had the same machine, so these ratios are worth more than that of the medians.
    const ratios = slices.map((slice) => slice[against].cost / slice.ours.cost);
    summary.ratio = median(ratios);
    summary.spread = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
    summary.rateRatio = isTimed(work) ? median(slices.map((slice) => slice.ours.rate / slice[against].rate)) : null;
    summary.isMet = work.goal ? summary.ratio >= work.goal : null;
  }
  return { ...summary, slices };
}

/** Whether a work is measured in operations of some time, not by something that the server tells. */
function isTimed({ delay, memory }) {
  return !delay && !memory;
}

function unitOf(work) {
  if (work.memory) return 'KiB/connection';
  if (work.delay) return 'ms p99';
  return work.unit ? `us/${work.unit}` : 'us';
}

function fixed(value) {
  return value === undefined || value === null ? '' : value.toFixed(2);
}

/** More of the time than this that the server could have run but for other processes, and its rate means little. */
const DISTURBED = 0.1;

/** A side that used its core for so much of the time was what limited the rate. */
const BUSY = 0.9;

/** What limited the rate, and how much of the time the server and the load ran. */
function limit({ serverShare, loadShare, disturbance } = {}) {
  if (serverShare === undefined || serverShare === null) return '';
  const shares = `${Math.round(serverShare * 100)}/${Math.round(loadShare * 100)}%`;
  if (disturbance > DISTURBED) return `others ${shares}`;
  if (Math.max(serverShare, loadShare) < BUSY) return `latency ${shares}`;
  return `${serverShare >= loadShare ? 'server' : 'load'} ${shares}`;
}

const columns = (against) => [
  ['work', (row) => row.title],
  ['unit', (row) => row.unit],
  ['ours', (row) => fixed(row.ours?.cost)],
  [against, (row) => fixed(row.other?.cost)],
  [`${against}/ours`, (row) => fixed(row.ratio)],
  ['spread', (row) => row.spread?.map(fixed).join('-') ?? ''],
  ['rate', (row) => fixed(row.rateRatio)],
  ['limit ours', (row) => limit(row.ours)],
  [`limit ${against}`, (row) => limit(row.other)],
];

/** The table of the summaries of ours and `against`, as lines. */
function table(summaries, against) {
  const shown = columns(against);
  const rows = [shown.map(([title]) => title), ...summaries.map((row) => shown.map(([, show]) => show(row)))];
  const widths = shown.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column) => column < 2 || column > 6;
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell[isText(column) ? 'padEnd' : 'padStart'](widths[column]));
    return cells.join('  ').trimEnd();
  });
}

/** The goals, as lines. */
function goals(summaries) {
  return summaries
    .filter((row) => row.isMet !== undefined && row.isMet !== null)
    .map((row) => `${row.isMet ? 'met    ' : 'NOT MET'}  ${row.title}: ${row.ratio.toFixed(2)} of ${row.goal}`);
}

module.exports = { goals, summarize, table };
