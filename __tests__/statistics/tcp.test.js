'use strict';

// What the kernel knows of a connection, against what `ss` says of it.

const { execFileSync, spawnSync } = require('child_process');
const { once } = require('events');
const path = require('path');
const net = require('../..');
const { pair, settled } = require('../helpers');
const { securePair } = require('../tls/ends');

const isLinux = process.platform === 'linux';
const hasSs = spawnSync('ss', ['--version']).status === 0;

/** Runs a program where each tenth large packet is lost. */
const NAMESPACE = ['-Urn'];
const LOSSY = `ip link set lo up && nft add table ip t &&
  nft add chain ip t c '{ type filter hook input priority 0; }' &&
  nft add rule ip t c meta length gt 1000 numgen inc mod 10 eq 9 drop && exec "$0" "$1"`;
const LOSING = path.join(__dirname, 'losing.js');

/** Why there can be no such link here; undefined if there can. */
const { status, stderr, error } = spawnSync('unshare', [...NAMESPACE, 'sh', '-c', LOSSY, 'true', ''], { encoding: 'utf8' });
const missing = status === 0 && hasSs ? undefined : (stderr ?? error.message);

/** What `ss` says of the connection from `port` on: the words after names, such as `cwnd:10`. */
function witnessed(port) {
  const text = execFileSync('ss', ['-tinH', 'state', 'established', 'sport', '=', `:${port}`], { encoding: 'utf8' });
  const [first, second] = text.trim().split('\n');
  const found = Object.fromEntries([...second.matchAll(/(\w+):(\S+)/g)].map(([, name, value]) => [name, value]));
  for (const [, name, value] of second.matchAll(/(delivery_rate|pacing_rate) (\d+)bps/g)) found[name] = value;
  // After the two queues, the two addresses.
  const [, sendQueue] = first.trim().split(/\s+/);
  return { ...found, sendQueue: Number(sendQueue) };
}

/** A connection that has carried something: `[client, accepted]`. */
async function used() {
  const [client, accepted] = await pair();
  accepted.on('data', (data) => accepted.write(data));
  for (let i = 0; i < 20; i++) {
    client.write(Buffer.alloc(1000));
    await once(client, 'data');
  }
  await settled();
  return [client, accepted];
}

(isLinux && hasSs ? test : test.skip)('is what `ss` says', async () => {
  const [client] = await used();
  const { tcp } = client.stats;
  const theirs = witnessed(client.localPort);
  const [rtt, variance] = theirs.rtt.split('/').map(Number);
  const size = Number(theirs.mss);
  expect([tcp.rtt, tcp.rttVariance, tcp.minRtt]).toEqual([rtt, variance, Number(theirs.minrtt)]);
  expect(tcp).toMatchObject({ segmentSize: size, congestionWindow: Number(theirs.cwnd) * size });
  expect(tcp.retransmitTimeout).toBe(Number(theirs.rto));
  // `ss` has bits per second, and leaves out what is 0.
  expect(tcp.pacingRate * 8).toBe(Number(theirs.pacing_rate));
  expect(tcp.deliveryRate * 8).toBe(Number(theirs.delivery_rate ?? 0));
  expect([tcp.retransmits, tcp.lost, tcp.bytesInFlight, tcp.bytesUnsent]).toEqual([0, 0, 0, 0]);
});

(isLinux && hasSs ? test : test.skip)('what is on its way and what is not yet are all that is in the send queue', async () => {
  const [client] = await pair({ accept: (stream) => stream.pause() });
  client.write(Buffer.alloc(20_000_000));
  // The peer does not read: at some time, nothing moves any more.
  const look = () => [client.stats.tcp, witnessed(client.localPort), client.stats.tcp];
  const moves = ([one, , other]) => one.bytesInFlight !== other.bytesInFlight || one.bytesUnsent !== other.bytesUnsent;
  let seen = look();
  while (moves(seen)) seen = look();
  const [tcp, theirs] = seen;
  expect(tcp.bytesUnsent).toBeGreaterThan(0);
  expect(tcp.bytesUnsent).toBe(Number(theirs.notsent));
  expect(tcp.bytesInFlight + tcp.bytesUnsent).toBe(theirs.sendQueue);
});

(missing === undefined ? test : test.skip)('over a link that loses packets, some are sent again', () => {
  const output = execFileSync('unshare', [...NAMESPACE, 'sh', '-c', LOSSY, process.execPath, LOSING], { encoding: 'utf8' });
  const { tcp, theirs, ...rest } = JSON.parse(output);
  expect(rest).toEqual({ received: 2_000_000, clean: 0 });
  expect(tcp.retransmits).toBeGreaterThan(0);
  expect(tcp.bytesRetransmitted).toBeGreaterThanOrEqual(tcp.retransmits);
  expect([tcp.retransmits, tcp.bytesRetransmitted]).toEqual(theirs);
});

test('only an open connection of TCP has one', async () => {
  const stream = new net.Stream();
  expect(stream.stats.tcp).toBeNull();
  const [client, accepted] = await pair();
  for (const end of [client, accepted]) expect(end.stats.tcp.rtt).toBeGreaterThan(0);
  client.destroy();
  expect(client.stats.tcp).toBeNull();
});

test('over TLS, too', async () => {
  const [client] = await securePair();
  expect(client.stats.tcp.rtt).toBeGreaterThan(0);
});

test('while it is being connected, there is one already', async () => {
  const [, , server] = await pair();
  const stream = net.connect(server.address().port, '127.0.0.1');
  await once(stream, 'connectionAttempt');
  expect(stream.stats.tcp).toBeNull();
  await once(stream, 'connect');
  expect(stream.stats.tcp.rtt).toBeGreaterThan(0);
  stream.destroy();
});
