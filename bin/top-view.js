'use strict';

// What `npx rust-net top` shows, as lines of text: of two samples of the same process, one after the other. Nothing
// that is not 0 is left out without a word: what does not fit is summed up.

const { compare, number } = require('./top-counts');

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A percentile of turns that is shown. */
const SHARE = 0.99;

/** Between two parts of a line. */
const GAP = '   ';

/** What follows the title of a line is below that of the others. */
const INDENT = 13;

/** How many lines the reasons of one kind may take. */
const REASON_LINES = 2;

/** So much of an address is shown in any case. */
const LEAST_ADDRESS = 12;

/** What is counted as a rate, and shown as a sum, too: rows of `unlessZero()`. */
const SO_FAR = [
  ['accepted', 'connections.accepted'],
  ['connected', 'connections.connected'],
  ['closed', 'connections.closed'],
  ['adopted', 'connections.adopted'],
  ['attached', 'connections.attached'],
  ['detached', 'connections.detached'],
  ['in', 'bytesRead', bytes],
  ['out', 'bytesWritten', bytes],
  ['piped', 'pipes.bytes', bytes],
  ['discarded', 'pipes.bytesDiscarded', bytes],
  ['handshakes', 'handshakes.completed'],
  ['resumed', 'handshakes.resumed'],
  ['cancelled', 'handshakes.cancelled'],
  ['declined', 'handshakes.declined'],
  ['turns', 'turns.time.count'],
  ['events', 'turns.events.sum'],
];

/** Text from elsewhere, which must not move the cursor of a terminal. It stays as long as it was. */
function plain(text) {
  return ['string', 'number'].includes(typeof text) ? String(text).replaceAll(/[^\x20-\x7e]/g, '?') : '?';
}

function bytes(value) {
  let [amount, unit] = [value, 0];
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

const perSecond = (value) => `${value.toFixed(1)}/s`;
const speed = (value) => `${bytes(value)}/s`;

/** `parts` in lines of `width`, the first after `title`. */
function wrapped(title, parts, width) {
  const lines = [title.padEnd(INDENT)];
  let isEmpty = true;
  for (const part of parts) {
    const longer = `${lines.at(-1)}${isEmpty ? '' : GAP}${part}`;
    if (isEmpty || longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(`${' '.repeat(INDENT)}${part}`);
    isEmpty = false;
  }
  return lines;
}

/** Counts by reason or code, the largest first: those that fit, and the sum of the others. */
function reasons(title, counts, place, width) {
  const found = counts.below(place)
    .map((one) => ({ name: one.slice(place.length + 1), count: counts.total(one), rate: counts.rate(one) }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count);
  if (found.length === 0) return [];
  const parts = found.map(({ name, count, rate }) => `${name} ${count}${rate > 0 ? ` (${perSecond(rate)})` : ''}`);
  for (let shown = parts.length; ; shown--) {
    const rest = found.slice(shown);
    const more = `... and ${rest.length} more: ${rest.reduce((sum, { count }) => sum + count, 0)}`;
    const lines = wrapped(title, rest.length === 0 ? parts : [...parts.slice(0, shown), more], width);
    if (lines.length <= REASON_LINES || shown === 0) return lines;
  }
}

/** The values of the histogram at `place` that have come between the samples, with what SHARE of them is below. */
function between(counts, place) {
  const buckets = counts.below(`${place}.counts`).map((one) => counts.rise(one));
  const values = buckets.reduce((all, value) => all + value, 0);
  counts.below(place);
  if (values === 0) return null;
  let [at, seen] = [0, buckets[0]];
  while (seen < values * SHARE && at < buckets.length - 1) seen += buckets[++at];
  return { mean: counts.rise(`${place}.sum`) / values, bound: counts.bound(place, at) };
}

/** The sum of what is below `place`, as a rate. */
const rateBelow = (counts, place) => counts.below(place).reduce((sum, one) => sum + counts.rate(one), 0);

/** The parts of a line that are left out while what is counted is 0: rows of `[name, place, show]`. */
function unlessZero(counts, rows, valueOf = (place) => counts.total(place)) {
  return rows
    .filter(([, place]) => counts.total(place) !== 0)
    .map(([name, place, show = String]) => `${name} ${show(valueOf(place))}`);
}

function turnsIn(counts) {
  const time = between(counts, 'turns.time');
  const events = between(counts, 'turns.events');
  const rate = perSecond(counts.rate('turns.time.count'));
  if (time === null) return [rate];
  const share = `99 % ${time.bound === Infinity ? 'above all bounds' : `below ${milliseconds(time.bound)}`}`;
  return [rate, `events in each ${(events?.mean ?? 0).toFixed(1)}`, `mean ${milliseconds(time.mean)}`, share];
}

function summary(counts, width) {
  const rate = (place) => perSecond(counts.rate(place));
  const took = between(counts, 'handshakes.time');
  const line = (title, parts) => (parts.length === 0 ? [] : wrapped(title, parts, width));
  return [
    ...line('connections', [
      `open ${counts.total('connections.open')}`,
      `accepted ${rate('connections.accepted')}`,
      `connected ${rate('connections.connected')}`,
      `closed ${rate('connections.closed')}`,
      `dropped ${perSecond(rateBelow(counts, 'connections.dropped'))}`,
      `failed ${perSecond(rateBelow(counts, 'connections.failed'))}`,
      ...unlessZero(counts, [['connecting', 'connections.connecting'], ['listening', 'listeners']]),
    ]),
    ...reasons('dropped', counts, 'connections.dropped', width),
    ...reasons('failed', counts, 'connections.failed', width),
    ...line('traffic', [
      `in ${speed(counts.rate('bytesRead'))}`,
      `out ${speed(counts.rate('bytesWritten'))}`,
      `waiting ${bytes(counts.total('bytesWaiting'))}`,
      `piped ${speed(counts.rate('pipes.bytes'))}`,
      ...unlessZero(counts, [['discarded', 'pipes.bytesDiscarded', speed]], (place) => counts.rate(place)),
      ...unlessZero(counts, [['pipes', 'pipes.open'], ['discarding', 'pipes.discarding']]),
    ]),
    ...line('handshakes', [
      `under way ${counts.total('handshakes.underWay')}`,
      `waiting ${counts.total('handshakes.waiting')}`,
      `done ${rate('handshakes.completed')}`,
      `resumed ${rate('handshakes.resumed')}`,
      `failed ${perSecond(rateBelow(counts, 'handshakes.failed'))}`,
      ...(took === null ? [] : [`mean ${milliseconds(took.mean)}`]),
    ]),
    ...reasons('not secure', counts, 'handshakes.failed', width),
    ...line('turns', turnsIn(counts)),
    ...line('memory', counts.below('memory').map((one) => `${one.slice('memory.'.length)} ${bytes(counts.total(one))}`)),
    ...line('so far', unlessZero(counts, SO_FAR)),
    ...line('other', others(counts)),
  ];
}

/** What is in the statistics beside that. */
function others(counts) {
  return unlessZero(counts, counts.rest().map((place) => [place, place]));
}

/** Rows as columns of `width` together: the first to the left, shortened if that is needed, the others to the right. */
function columns(rows, width) {
  const widths = rows[0].map((_, column) => rows.reduce((most, row) => Math.max(most, row[column].length), 0));
  const others = widths.slice(1).reduce((sum, one) => sum + one + 2, 0);
  widths[0] = Math.min(widths[0], Math.max(width - others, LEAST_ADDRESS));
  const cut = (text) => (text.length <= widths[0] ? text.padEnd(widths[0]) : `${text.slice(0, widths[0] - 2)}..`);
  return rows.map((row) => row.map((cell, at) => (at === 0 ? cut(cell) : cell.padStart(widths[at]))).join('  '));
}

/** A table below an empty line, of `room` lines at most. There are `more` beside `rows`, and they are `what`. */
function table(header, rows, { room, width, more = 0, what }) {
  if (rows.length === 0) return [];
  const isWhole = rows.length + 2 + (more > 0 ? 1 : 0) <= room;
  const shown = isWhole ? rows.length : Math.max(room - 3, 0);
  const rest = rows.length - shown + more;
  const note = rest > 0 ? [`... and ${rest} more ${what}`] : [];
  return shown === 0 ? note : ['', ...columns([header, ...rows.slice(0, shown)], width), ...note];
}

function serverRows(servers) {
  const withOpen = servers.map((server) => ({ ...server, open: server.counts.total('connections.open') }));
  return withOpen.sort((one, other) => other.open - one.open).map(({ address, open, counts, isNew }) => [
    plain(address),
    String(open),
    ...[
      counts.rate('connections.accepted').toFixed(1),
      rateBelow(counts, 'connections.dropped').toFixed(1),
      bytes(counts.rate('bytesRead')),
      bytes(counts.rate('bytesWritten')),
    ].map((text) => (isNew ? '-' : text)),
  ]);
}

function streamRows(streams) {
  return streams
    .map((stream) => ({ ...stream, in: stream.counts.rate('bytesRead'), out: stream.counts.rate('bytesWritten') }))
    .sort((one, other) => other.in + other.out - one.in - one.out)
    .map(({ id, local, peer, isServer, protocol, counts, isNew, in: read, out: written }) => [
      `#${plain(id)} ${plain(local)} ${isServer ? '<' : '>'} ${plain(peer)}`,
      plain(protocol ?? '-'),
      isNew ? '-' : bytes(read),
      isNew ? '-' : bytes(written),
      bytes(counts.total('bytesWaiting')),
      counts.total('tcp.rtt') > 0 ? milliseconds(counts.total('tcp.rtt')) : '-',
    ]);
}

/** What is known of the process, as far as it is. */
function heading({ subject, threads, silent = [] }, cpu) {
  const now = threads[0]?.process;
  const parts = [`rust-net top: ${plain(subject)}`];
  if (typeof now === 'object' && now !== null) {
    parts.push(`Node ${plain(now.version)}`, `up ${duration(number(now.uptime))}`);
    parts.push(`CPU ${(cpu * 100).toFixed(0)} %`, `RSS ${bytes(number(now.rss))}`, `threads ${threads.length}`);
  }
  if (silent.length > 0) parts.push(`no answer from ${silent.length}`);
  return parts;
}

/** `parts` in lines of `width`. */
function headingLines(parts, width) {
  const lines = [parts[0]];
  for (const part of parts.slice(1)) {
    const longer = `${lines.at(-1)}${GAP}${part}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

/** The lines that are shown of two samples; no more than `rows`, no longer than `width`. */
function view(earlier, later, { rows = Infinity, width = Infinity } = {}) {
  const { counts, servers, streams, cpu } = compare(earlier, later);
  const top = [...headingLines(heading(later, cpu), width), ...summary(counts, width)];
  const room = Math.max(rows - top.length, 0);
  const more = Math.max(0, counts.total('connections.open') - streams.length);
  const wanted = streams.length === 0 ? 0 : streams.length + (more > 0 ? 3 : 2);
  const serverTable = table(
    ['SERVER', 'OPEN', 'ACCEPTED/s', 'DROPPED/s', 'IN/s', 'OUT/s'],
    serverRows(servers),
    { room: Math.max(room - wanted, Math.ceil(room / 2)), width, what: 'servers' },
  );
  const streamTable = table(
    ['CONNECTION', 'TLS', 'IN/s', 'OUT/s', 'WAITING', 'RTT'],
    streamRows(streams),
    { room: room - serverTable.length, width, more, what: 'connections' },
  );
  const lines = [...top, ...serverTable, ...streamTable];
  const hidden = lines.length - rows;
  if (hidden > 0) lines.splice(Math.max(rows - 1, 0), Infinity, `... and ${hidden + 1} more lines`);
  return lines.map((text) => plain(text).trimEnd().slice(0, width));
}

module.exports = { plain, view };
