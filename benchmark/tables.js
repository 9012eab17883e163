'use strict';

// The tables of docs/performance.md, from the results that `npm run bench:docs` keeps.
//
// A table stands between `<!-- table NAME -->` and `<!-- end -->`, and is replaced as a whole, with the line below it
// that says what was measured where.

const { describe } = require('./origin');
const { limitOf } = require('./report');
const { usesNodesModules, workloads } = require('./workloads');

/**
 * A table's name, the results that it is made of, and what makes its rows of those that there are, the first at least.
 * The first row has the titles.
 */
const TABLES = [
  {
    name: 'peers',
    sources: ['node', 'node@26', 'bun', 'deno'],
    rows: (results) => [
      ['workload', 'NAME', ...Object.keys(results).map((source) => TITLES[source])],
      ...rowsOf(({ delay }) => !delay, (name) => (
        Object.values(results).map((one, place) => ratio(one.get(name), place === 0))
      )),
    ],
  },
  {
    name: 'delays',
    sources: ['node', 'node@26'],
    rows: (results) => [
      ['while', 'NAME', ...Object.keys(results).flatMap((source) => [TITLES[source], 'ours, ms'])],
      ...rowsOf(({ delay }) => delay, (name) => (
        Object.values(results).flatMap((one, place) => [ratio(one.get(name), place === 0), cost(one.get(name)?.ours)])
      )),
    ],
  },
  {
    name: 'latencies',
    sources: ['node'],
    rows: (results) => [
      ['workload', 'ours: p50, p99', 'Node 20: p50, p99', 'what limited ours', 'and Node'],
      ...rowsOf(({ name, delay }) => !delay && isWaitedFor(results.node.get(name)), (name) => {
        const { ours, other } = results.node.get(name);
        return [latency(ours), latency(other), limitOf(ours) ?? '', limitOf(other) ?? ''];
      }, [0]),
    ],
  },
  {
    name: 'limit',
    sources: ['tokio', 'io_uring'],
    rows: (results) => [
      ['NAME', 'ours, µs', ...Object.keys(results).map((source) => `${source} / ours`)],
      ...rowsOf(({ name }) => results.tokio.has(name), (name) => [
        cost(results.tokio.get(name).ours),
        ...Object.values(results).map((one) => ratio(one.get(name))),
      ], [1]),
    ],
  },
  {
    name: 'entry',
    sources: ['entry'],
    rows: (results) => [
      ['NAME', 'node:net / rust-net/node'],
      ...rowsOf(
        (workload) => !usesNodesModules(workload) && results.entry.has(workload.name),
        (name) => [ratio(results.entry.get(name))],
        [1],
      ),
    ],
  },
];

/** What a column is called. */
const TITLES = { node: 'Node 20', 'node@26': 'Node 26', bun: 'Bun', deno: 'Deno' };

/** Whether each operation was waited for, so that there are times. */
function isWaitedFor(summary) {
  return summary?.ours?.p50 !== undefined && summary.other !== undefined;
}

/** A row for each workload that `isShown`: of its title and its name those in `heads`, and then `cells(name)`. */
function rowsOf(isShown, cells, heads = [0, 1]) {
  return workloads.filter(isShown).map((workload) => {
    const both = [workload.title, `\`${workload.name}\``];
    return [...heads.map((place) => both[place]), ...cells(workload.name)];
  });
}

/** A number with the digits that count. */
function digits(value) {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** Theirs divided by ours, in bold where theirs is less; with the lowest and the highest of the rounds if `isWide`. */
function ratio(summary, isWide = false) {
  if (summary?.ratio === undefined) return '';
  const value = digits(summary.ratio);
  const shown = Number(value) < 1 ? `**${value}**` : value;
  // One round has no spread.
  const [lowest, highest] = summary.spread;
  return isWide && lowest !== highest ? `${shown} (${digits(lowest)} to ${digits(highest)})` : shown;
}

function cost(side) {
  return side === undefined ? '' : digits(side.cost);
}

/** Half of the operations, and one in a hundred, took longer, in microseconds. */
function latency({ p50, p99 }) {
  return [p50, p99].map((value) => (value < 100 ? value.toPrecision(2) : String(Math.round(value)))).join(', ');
}

/** What was measured where, as sentences. */
function origins(results) {
  const sides = results.map(({ versions, rounds, date }) => (
    `${Object.values(versions).join(' against ')} (rounds: ${rounds}; ${date})`
  ));
  return `${sides.join('; ')}. ${describe(results[0].machine)}.`;
}

/** A table of Markdown. */
function markdown([titles, ...rows]) {
  const lines = [titles, titles.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * Makes the tables of `page` from `results`: those of a step of `docs.js`, by its name. Returns the page, and the names
 * of the tables that are as they were, since their first source is not there.
 */
function fill(page, results) {
  const left = [];
  let filled = page;
  for (const { name, sources, rows } of TABLES) {
    const place = new RegExp(`(<!-- table ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(page)) throw new Error(`The page has no place for the table "${name}".`);
    const there = sources.filter((source) => results[source]);
    if (there[0] !== sources[0]) {
      left.push(name);
      continue;
    }
    const used = there.map((source) => results[source]);
    const byName = Object.fromEntries(there.map((source) => (
      [source, new Map(results[source].workloads.map((summary) => [summary.name, summary]))]
    )));
    const body = `\n${markdown(rows(byName))}\n\n${origins(used)}\n\n`;
    filled = filled.replace(place, (_, start, end) => `${start}${body}${end}`);
  }
  return { page: filled, left };
}

module.exports = { fill };
