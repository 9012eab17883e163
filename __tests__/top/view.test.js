'use strict';

// What `npx rust-net top` makes of two samples.

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
    '#4 127.0.0.1:443 > [::1]:5        -    50 B    0 B      0 B        -',
  ]);
});

test('no more than fits', () => {
  const lines = view(sample(0, thread()), sample(1000, thread()), { rows: 3, width: 20 });
  expect(lines.length).toBe(3);
  expect(lines[1]).toBe('connections  open 0 ');
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
