'use strict';

// What `npx rust-net top` shows, as lines of text: of two samples of the same process, one after the other.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A percentile of turns that is shown. */
const SHARE = 0.99;

/** What is known of a count: statistics from elsewhere may lack it. */
function count(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** Text from elsewhere, which must not move the cursor of a terminal. */
function plain(text) {
  return String(text).replaceAll(/[^\x20-\x7e]/g, '?');
}

function bytes(value) {
  let [amount, unit] = [count(value), 0];
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 ? amount.toFixed(0) : amount.toFixed(1)} ${UNITS[unit]}`;
}

function milliseconds(value) {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
}

/** The sum of counts by reason or code. */
function total(counts) {
  return Object.values(counts ?? {}).reduce((sum, value) => sum + count(value), 0);
}

/** The sum of two values of the same shape, of two threads. The bounds of a histogram are those of both. */
function sum(one, other, key) {
  if (one === undefined || one === null) return other;
  if (other === undefined || other === null || key === 'bounds') return one;
  if (typeof one === 'number') return one + count(other);
  if (Array.isArray(one)) return one.map((value, at) => sum(value, other[at]));
  if (typeof one !== 'object') return one;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, sum(one[name], other[name], name)]));
}

/**
 * Two samples of all threads, summed up: `{ before, now, seconds }`. A sample is `{ subject, time, threads }`, each
 * thread what `publishStats()` shows of it.
 */
function compare(earlier, later) {
  const sumOf = ({ threads }) => threads.map(({ stats }) => stats).reduce((one, other) => sum(one, other), {});
  return { before: sumOf(earlier), now: sumOf(later), seconds: Math.max((later.time - earlier.time) / 1000, 0.001) };
}

/** The list `name` of all threads: each item with `before`, what it was in the earlier sample, or undefined. */
function listOf(name, earlier, later) {
  const itemsOf = ({ threads }) => threads.flatMap((thread) =>
    (thread[name] ?? []).map((item) => ({ key: `${thread.thread}/${item.id}`, ...item })));
  const former = new Map(itemsOf(earlier).map((item) => [item.key, item]));
  return itemsOf(later).map((item) => ({ ...item, before: former.get(item.key) }));
}

/** The values of a histogram that have come between two samples: `{ count, mean, bound }`, which SHARE is below. */
function between(before, now) {
  const counts = (now?.counts ?? []).map((value, at) => count(value) - count(before?.counts?.[at]));
  const values = counts.reduce((all, value) => all + value, 0);
  if (values === 0) return null;
  let [at, seen] = [0, counts[0]];
  while (seen < values * SHARE) seen += counts[++at];
  return { count: values, mean: (count(now.sum) - count(before?.sum)) / values, bound: now.bounds[at] ?? Infinity };
}

/** A line of the summary: a title, and what belongs to it, each a value or `[name, value]`. */
function line(title, parts) {
  return `${title.padEnd(13)}${parts.map((part) => [part].flat().join(' ')).join('   ')}`;
}

function summary({ before, now, seconds }) {
  const rate = (late, early) => `${((count(late) - count(early)) / seconds).toFixed(1)}/s`;
  const speed = (late, early) => `${bytes(Math.max(0, count(late) - count(early)) / seconds)}/s`;
  const [old, connections] = [before.connections ?? {}, now.connections ?? {}];
  const [oldHandshakes, handshakes] = [before.handshakes ?? {}, now.handshakes ?? {}];
  const took = between(oldHandshakes.time, handshakes.time);
  const turns = between(before.turns?.time, now.turns?.time);
  const events = between(before.turns?.events, now.turns?.events);
  return [
    line('connections', [
      ['open', count(connections.open)],
      ['accepted', rate(connections.accepted, old.accepted)],
      ['connected', rate(connections.connected, old.connected)],
      ['closed', rate(connections.closed, old.closed)],
      ['dropped', rate(total(connections.dropped), total(old.dropped))],
      ['failed', rate(total(connections.failed), total(old.failed))],
    ]),
    line('traffic', [
      ['in', speed(now.bytesRead, before.bytesRead)],
      ['out', speed(now.bytesWritten, before.bytesWritten)],
      ['waiting', bytes(now.bytesWaiting)],
      ['piped', speed(now.pipes?.bytes, before.pipes?.bytes)],
    ]),
    line('handshakes', [
      ['under way', count(handshakes.underWay)],
      ['waiting', count(handshakes.waiting)],
      ['done', rate(handshakes.completed, oldHandshakes.completed)],
      ['resumed', rate(handshakes.resumed, oldHandshakes.resumed)],
      ['failed', rate(total(handshakes.failed), total(oldHandshakes.failed))],
      ...(took === null ? [] : [['mean', milliseconds(took.mean)]]),
    ]),
    line('turns', turns === null ? ['0.0/s'] : [
      `${(turns.count / seconds).toFixed(1)}/s`,
      ['events in each', events === null ? '0' : events.mean.toFixed(1)],
      ['mean', milliseconds(turns.mean)],
      ['99 % below', milliseconds(turns.bound)],
    ]),
    line('memory', Object.entries(now.memory ?? {}).map(([part, size]) => [plain(part), bytes(size)])),
  ];
}

/** Rows as columns, the first to the left and the others to the right. */
function columns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '));
}

function serversIn(earlier, later, seconds) {
  const servers = listOf('servers', earlier, later);
  if (servers.length === 0) return [];
  const rows = servers.map(({ address, stats, before }) => {
    const former = before?.stats ?? {};
    const rate = (late, early) => ((count(late) - count(early)) / seconds).toFixed(1);
    return [
      plain(address),
      String(count(stats.connections?.open)),
      rate(stats.connections?.accepted, former.connections?.accepted),
      rate(total(stats.connections?.dropped), total(former.connections?.dropped)),
      bytes((count(stats.bytesRead) - count(former.bytesRead)) / seconds),
      bytes((count(stats.bytesWritten) - count(former.bytesWritten)) / seconds),
    ];
  });
  return ['', ...columns([['SERVER', 'OPEN', 'ACCEPTED/s', 'DROPPED/s', 'IN/s', 'OUT/s'], ...rows])];
}

function streamsIn(earlier, later, seconds) {
  const moved = ({ stats, before }, name) => Math.max(0, count(stats[name]) - count(before?.stats[name])) / seconds;
  const streams = listOf('streams', earlier, later)
    .map((stream) => ({ ...stream, in: moved(stream, 'bytesRead'), out: moved(stream, 'bytesWritten') }))
    .sort((one, other) => other.in + other.out - one.in - one.out);
  if (streams.length === 0) return [];
  const rows = streams.map(({ id, local, peer, isServer, protocol, stats, in: read, out: written }) => [
    plain(`#${id} ${local} ${isServer ? '<' : '>'} ${peer}`),
    plain(protocol ?? '-'),
    bytes(read),
    bytes(written),
    bytes(stats.bytesWaiting),
    typeof stats.tcp?.rtt === 'number' ? milliseconds(stats.tcp.rtt) : '-',
  ]);
  return ['', ...columns([['CONNECTION', 'TLS', 'IN/s', 'OUT/s', 'WAITING', 'RTT'], ...rows])];
}

/** What is known of the process, as far as it is. */
function heading({ subject, threads }, earlier, seconds) {
  const { process: now } = threads[0];
  const parts = [`rust-net top: ${plain(subject)}`];
  if (now !== undefined) {
    const cpu = ({ process: { cpu } }) => cpu.user + cpu.system;
    const share = (cpu(threads[0]) - cpu(earlier.threads[0])) / (seconds * 10_000);
    parts.push(`Node ${plain(now.version)}`, `up ${duration(count(now.uptime))}`);
    parts.push(`CPU ${Math.max(0, share).toFixed(0)} %`, `RSS ${bytes(now.rss)}`, `threads ${threads.length}`);
  }
  return parts.join('   ');
}

/** The lines that are shown of two samples; no more than `rows`, no longer than `width`. */
function view(earlier, later, { rows = Infinity, width = Infinity } = {}) {
  const compared = compare(earlier, later);
  const lines = [
    heading(later, earlier, compared.seconds),
    ...summary(compared),
    ...serversIn(earlier, later, compared.seconds),
    ...streamsIn(earlier, later, compared.seconds),
  ];
  return lines.slice(0, rows).map((text) => text.trimEnd().slice(0, width));
}

module.exports = { view };
