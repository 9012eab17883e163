'use strict';

// What `npx rust-net top` makes of two samples.

const net = require('../..');
const { view } = require('../../bin/top-view');

const NOTHING = { count: 0, sum: 0, bounds: [1, 2, 4], counts: [0, 0, 0, 0] };

/** A thread as `publishStats()` shows it, with what `given` says. */
function thread(given = {}, number = 0) {
  const { connections, handshakes, turns, servers = [], streams = [], cpu = 0, ...rest } = given;
  return {
    pid: 1,
    thread: number,
    process: { version: 'v20.0.0', uptime: 3725, rss: 12_345_678, cpu: { user: cpu, system: 0 } },
    stats: {
      bytesRead: 0,
      bytesWritten: 0,
      bytesWaiting: 0,
      connections: { open: 0, accepted: 0, connected: 0, closed: 0, dropped: {}, failed: {}, ...connections },
      handshakes: { underWay: 0, waiting: 0, completed: 0, resumed: 0, failed: {}, time: NOTHING, ...handshakes },
      turns: { time: NOTHING, events: NOTHING, ...turns },
      pipes: { bytes: 0 },
      memory: { table: 1000, queues: 2_500_000 },
      ...rest,
    },
    servers,
    streams,
  };
}

const sample = (time, ...threads) => ({ subject: 'process 1', time, threads });
const lineOf = (lines, title) => lines.find((line) => line.startsWith(title));

test('the process', () => {
  const [heading] = view(sample(1000, thread()), sample(3000, thread({ cpu: 500_000 })));
  expect(heading).toBe('rust-net top: process 1   Node v20.0.0   up 1 h 2 min   CPU 25 %   RSS 12.3 MB   threads 1');
});

test('rates are differences, and counts are sums of all threads', () => {
  const before = [thread({ bytesRead: 1000, connections: { accepted: 5 } }), thread({}, 1)];
  const after = [
    thread({ bytesRead: 5000, connections: { open: 3, accepted: 25, dropped: { 'blocked': 2, 'max-connections': 4 } } }),
    thread({ bytesWritten: 7e6, bytesWaiting: 12, connections: { open: 4, accepted: 10, failed: { EACCES: 1 } } }, 1),
  ];
  const lines = view(sample(0, ...before), sample(2000, ...after));
  expect(lineOf(lines, 'connections'))
    .toBe('connections  open 7   accepted 15.0/s   connected 0.0/s   closed 0.0/s   dropped 3.0/s   failed 0.5/s');
  expect(lineOf(lines, 'traffic')).toBe('traffic      in 2.0 KB/s   out 3.5 MB/s   waiting 12 B   piped 0 B/s');
  expect(lineOf(lines, 'memory')).toBe('memory       table 2.0 KB   queues 5.0 MB');
});

test('of histograms, what has come between the samples', () => {
  const old = { count: 1, sum: 1000, bounds: [1, 2, 4], counts: [0, 0, 0, 1] };
  const now = { count: 101, sum: 1150, bounds: [1, 2, 4], counts: [98, 1, 1, 1] };
  const events = { count: 100, sum: 250, bounds: [1, 2, 4], counts: [50, 50, 0, 0] };
  const handshakes = { completed: 2, time: { ...NOTHING, count: 2, sum: 5, counts: [0, 0, 2, 0] } };
  const lines = view(
    sample(0, thread({ turns: { time: old, events: NOTHING } })),
    sample(1000, thread({ turns: { time: now, events }, handshakes })),
  );
  expect(lineOf(lines, 'turns')).toBe('turns        100.0/s   events in each 2.5   mean 1.50 ms   99 % below 2.00 ms');
  expect(lineOf(lines, 'handshakes')).toContain('done 2.0/s   resumed 0.0/s   failed 0.0/s   mean 2.50 ms');
});

test('servers, and streams by what they move', () => {
  const stats = (bytesRead, bytesWritten = 0) => ({ bytesRead, bytesWritten, bytesWaiting: 0, tcp: { rtt: 0.25 } });
  const stream = (id, peer, bytes, more) =>
    ({ id, local: '127.0.0.1:443', peer, isServer: true, protocol: 'TLSv1.3', stats: stats(bytes), ...more });
  const server = (open, accepted) =>
    ({ id: 1, address: '127.0.0.1:443', stats: { ...stats(0), connections: { open, accepted, dropped: {} } } });
  const before = thread({ servers: [server(1, 10)], streams: [stream(2, 'a:1', 5000), stream(3, 'b:2', 100)] });
  const outgoing = stream(4, '[::1]:5', 50, { isServer: false, protocol: null, stats: { ...stats(50), tcp: null } });
  const after = thread({ servers: [server(3, 14)], streams: [stream(2, 'a:1', 5100), stream(3, 'b:2', 9100), outgoing] });
  const lines = view(sample(0, before), sample(1000, after));
  expect(lines.slice(lines.indexOf(''))).toEqual([
    '',
    'SERVER         OPEN  ACCEPTED/s  DROPPED/s  IN/s  OUT/s',
    '127.0.0.1:443     3         4.0        0.0   0 B    0 B',
    '',
    'CONNECTION                      TLS    IN/s  OUT/s  WAITING      RTT',
    '#3 127.0.0.1:443 < b:2      TLSv1.3  9.0 KB    0 B      0 B  0.25 ms',
    '#2 127.0.0.1:443 < a:1      TLSv1.3   100 B    0 B      0 B  0.25 ms',
    // Of one that the earlier sample lacks, it is not known when it has moved what it has.
    '#4 127.0.0.1:443 > [::1]:5        -       -      -      0 B        -',
  ]);
});

describe('rates', () => {
  test('by the clock of each thread', () => {
    const at = (time, accepted, number) => ({ ...thread({ connections: { accepted } }, number), time });
    const lines = view(sample(0, at(0, 0, 0), at(100, 0, 1)), sample(60_000, at(2000, 10, 0), at(1100, 3, 1)));
    expect(lineOf(lines, 'connections')).toContain('accepted 8.0/s');
  });

  test('of a thread that is new, nothing; one that is gone takes nothing away', () => {
    const [one, other] = [0, 1].map((number) => thread({ bytesRead: 5000, connections: { accepted: 100 } }, number));
    for (const [before, after] of [[[one], [one, other]], [[one, other], [one]]]) {
      const lines = view(sample(0, ...before), sample(1000, ...after));
      expect(lineOf(lines, 'connections')).toContain('accepted 0.0/s');
      expect(lineOf(lines, 'traffic')).toContain('in 0 B/s');
    }
  });

  test('of a process that has been started again, all that it has counted', () => {
    const time = (count) => ({ ...NOTHING, count, sum: count, counts: [count, 0, 0, 0] });
    const server = (accepted) => ({ id: 1, address: 'a', stats: { bytesRead: accepted, connections: { accepted } } });
    const state = (accepted, bytesRead) => thread({
      bytesRead,
      cpu: accepted * 1e6,
      connections: { accepted, dropped: { blocked: accepted }, failed: { EIO: accepted } },
      turns: { time: time(accepted), events: NOTHING },
      servers: [server(accepted)],
    });
    const lines = view(sample(0, state(1000, 50)), sample(2000, state(20, 4000)));
    expect(lines.join('\n')).not.toMatch(/-\d|NaN/);
    expect(lines[0]).toContain('CPU 0 %');
    expect(lineOf(lines, 'connections')).toMatch(/accepted 10\.0\/s .* dropped 10\.0\/s {3}failed 10\.0\/s/);
    expect(lineOf(lines, 'traffic')).toContain('in 2.0 KB/s');
    expect(lineOf(lines, 'turns')).toMatch(/10\.0\/s .* mean 1\.00 ms/);
    expect(lineOf(lines, 'a ')).toMatch(/^a +0 +10\.0 +0\.0 +10 B +0 B$/);
  });
});

describe('nothing is hidden', () => {
  /** The places of all numbers in `value`. */
  const placesIn = (value, place = []) => (typeof value === 'number' ? [place] : Object.entries(value).flatMap(([key, part]) =>
    (key === 'bounds' ? [] : placesIn(part, [...place, key]))));

  const given = net.stats();
  const places = placesIn({
    ...given,
    connections: { ...given.connections, dropped: { blocked: 0 }, failed: { EACCES: 0 } },
    handshakes: { ...given.handshakes, failed: { ERR_X: 0 } },
    // What a later version may count.
    later: 0,
    pipes: { ...given.pipes, stalled: 0 },
  });
  // A histogram is shown by its mean and a percentile, once it has values.
  const isShown = (place) => !/^(?:turns|handshakes)\.\w+\.(?:count|counts|sum)\b/.test(place) || place === 'turns.time.count';

  test.each(places.map((place) => place.join('.')).filter(isShown))('%s', (place) => {
    const stats = { connections: {} };
    const keys = place.split('.');
    let level = stats;
    for (const key of keys.slice(0, -1)) level = level[key] ??= {};
    const linesWith = (value) => {
      level[keys.at(-1)] = value;
      // It has not changed between the samples: what has been counted is shown all the same.
      return view(sample(0, { thread: 0, stats }), sample(1000, { thread: 0, stats }));
    };
    const zero = linesWith(0);
    expect(linesWith(7)).not.toEqual(zero);
    expect(linesWith(7).join('\n')).toContain('7');
  });

  const busy = (servers, streams) => thread({
    connections: { open: 500, accepted: 12_345, dropped: { 'blocked': 1, 'max-connections': 40, 'idle-timeout': 300 } },
    handshakes: { failed: Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`ERR_SSL_REASON_${at}`, at + 1])) },
    servers: Array.from({ length: servers }, (_, id) =>
      ({ id, address: `127.0.0.1:${8000 + id}`, stats: { connections: { open: id } } })),
    streams: Array.from({ length: streams }, (_, at) =>
      ({ id: 1000 + at, local: '[2001:db8::1234:5678]:443', peer: `[2001:db8::9]:${at}`, isServer: true, stats: {} })),
  });
  const shown = (size, servers = 20, streams = 20) =>
    view(sample(0, busy(servers, streams)), sample(1000, busy(servers, streams)), size);

  test('reasons that do not fit are summed up', () => {
    const lines = shown({ width: 60 });
    const at = lines.findIndex((line) => line.startsWith('not secure'));
    expect(lines.slice(at, at + 3)).toEqual([
      'not secure   ERR_SSL_REASON_11 12   ERR_SSL_REASON_10 11',
      '             ERR_SSL_REASON_9 10   ... and 9 more: 45',
      expect.stringMatching(/^turns /),
    ]);
    expect(lineOf(lines, 'dropped')).toBe('dropped      idle-timeout 300   max-connections 40');
    expect(lineOf(shown(), 'not secure')).toContain('ERR_SSL_REASON_0 1');
  });

  test('lines that are too long go on below', () => {
    const words = (lines) => lines.slice(0, lines.indexOf('')).join(' ').split(/ +/);
    const unfolded = words(shown({}, 1, 0).filter((line) => !line.startsWith('not secure')));
    const folded = shown({ width: 50 }, 1, 0);
    expect(Math.max(...folded.map(({ length }) => length))).toBeLessThanOrEqual(50);
    expect(words(folded)).toEqual(expect.arrayContaining(unfolded));
  });

  test('servers and connections that do not fit are counted', () => {
    const lines = shown({ rows: 30, width: 80 });
    expect(lines.length).toBeLessThanOrEqual(30);
    const servers = lines.filter((line) => line.startsWith('127.0.0.1:'));
    const streams = lines.filter((line) => line.startsWith('#'));
    expect(servers.length).toBeGreaterThan(0);
    expect(streams.length).toBeGreaterThan(0);
    expect(servers[0]).toMatch(/^127\.0\.0\.1:8019 +19 /);
    expect(lines).toContain(`... and ${20 - servers.length} more servers`);
    expect(lines).toContain(`... and ${500 - streams.length} more connections`);
    // What is short of is the address, not the numbers.
    expect(streams[0]).toMatch(/^#1000 \[2001.*\.\. +- +0 B +0 B +0 B +-$/);
    expect(shown({ rows: 100, width: 80 }).at(-1)).toBe('... and 480 more connections');
  });

  test('lines that do not fit are counted', () => {
    const all = shown({ width: 80 }, 0, 0);
    expect(shown({ rows: 4, width: 80 }, 0, 0)).toEqual([...all.slice(0, 3), `... and ${all.length - 3} more lines`]);
    expect(shown({ rows: 0, width: 80 }, 0, 0).length).toBe(1);
  });

  test('threads that do not answer', () => {
    const [heading] = view(sample(0, thread()), { ...sample(1000, thread()), silent: [1, 2] });
    expect(heading).toMatch(/ {3}threads 1 {3}no answer from 2$/);
  });
});

test('what comes from elsewhere moves no cursor, and may be incomplete', () => {
  const evil = thread({ servers: [{ id: 1, address: '/tmp/\x1b[2Jx\n', stats: {} }] });
  const text = view(sample(0, evil), sample(1000, evil)).join('');
  expect(text).toContain('/tmp/?[2Jx?');
  expect(text).not.toContain('\x1b');
  const bare = { thread: 0, stats: { connections: { open: 'many\x1b' } } };
  const lines = view(sample(0, bare), { ...sample(1000, bare), subject: 'http://x/\x1b' });
  expect(lines[0]).toBe('rust-net top: http://x/?');
  expect(lineOf(lines, 'connections')).toMatch(/^connections {2}open 0 /);
});

test.each([
  ['of other types', { connections: [], turns: { time: 'x', events: { counts: 5 } }, memory: [[[[[[1]]]]]] }],
  ['with objects that are no text', { connections: {} }, { version: { toString: 1 }, uptime: 'x', cpu: null, rss: {} }],
  ['without counts', {}, 5],
])('statistics %s', (_what, stats, process = null) => {
  const names = { address: { toString: 1 }, local: null, peer: [], protocol: {} };
  const odd = { id: {}, ...names, stats: { tcp: 1, connections: 1 } };
  const lists = { servers: [odd, null, 5], streams: [odd, 'x'] };
  const evil = { pid: {}, thread: { toString: 1 }, time: 'x', process, stats, ...lists };
  const lines = view(sample(0, evil), sample(1000, evil, { stats, servers: 5, streams: {} }), { rows: 20, width: 80 });
  expect(lines.join('\n')).not.toMatch(/NaN|undefined|\[object/);
});
