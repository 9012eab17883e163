'use strict';

// The counters of bytes, turns, pipes and memory, against what the test has sent and seen.

const { once } = require('events');
const nodeNet = require('net');
const { pipeline } = require('stream/promises');
const net = require('../..');
const { collect, destroyAtEnd, listening, pair, settled } = require('../helpers');
const { CLIENT, SERVER, securePair } = require('../tls/ends');
const { added, closed, during } = require('./counting');

const bytesOf = ({ bytesRead, bytesWritten, bytesWaiting }) => ({ bytesRead, bytesWritten, bytesWaiting });

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** What `work` adds to the bytes of this thread. */
const bytes = (work) => during(() => bytesOf(net.stats()), work);

test('bytes are those that the streams have counted, while they are open and when they are gone', async () => {
  const [client, accepted, server] = await pair();
  const thread = await bytes(async () => {
    client.write('one two');
    await once(accepted, 'data');
    accepted.write('three');
    await once(client, 'data');
    expect(bytesOf(server.stats)).toEqual({ bytesRead: 7, bytesWritten: 5, bytesWaiting: 0 });
    expect(bytesOf(accepted.stats)).toEqual({ bytesRead: 7, bytesWritten: 5, bytesWaiting: 0 });
    client.end('!');
    await closed(accepted, client);
  });
  expect(bytesOf(server.stats)).toEqual({ bytesRead: 8, bytesWritten: 5, bytesWaiting: 0 });
  expect(thread).toEqual({ bytesRead: 13, bytesWritten: 13 });
});

test('a million bytes, in both directions', async () => {
  const [client, accepted, server] = await pair();
  const data = Buffer.alloc(1_000_000, 'x');
  const thread = await bytes(async () => {
    accepted.end(data);
    const [received] = await Promise.all([collect(client), client.end(data), closed(accepted)]);
    expect(received.length).toBe(data.length);
    await closed(client);
  });
  expect(thread).toEqual({ bytesRead: 2_000_000, bytesWritten: 2_000_000 });
  expect(bytesOf(server.stats)).toEqual({ bytesRead: 1_000_000, bytesWritten: 1_000_000, bytesWaiting: 0 });
});

test('over TLS, they are those of the application', async () => {
  const [client, accepted, server] = await securePair();
  client.write('hello');
  await once(accepted, 'data');
  expect([bytesOf(client.stats), bytesOf(server.stats)]).toEqual([
    { bytesRead: 0, bytesWritten: 5, bytesWaiting: 0 },
    { bytesRead: 5, bytesWritten: 0, bytesWaiting: 0 },
  ]);
});

test('a header of the PROXY protocol is none of them', async () => {
  const [client, accepted] = await pair({
    serverOptions: { proxyProtocol: 'require' }, clientOptions: { proxyProtocol: { version: 2 } },
  });
  client.write('hello');
  await once(accepted, 'data');
  expect([client.stats.bytesWritten, accepted.stats.bytesRead]).toEqual([5, 5]);
});

test('what waits is what was written and the kernel has not taken', async () => {
  const [client, accepted] = await pair({ accept: (stream) => stream.pause() });
  client.write('gathered');
  expect([client.stats.bytesWaiting, net.stats().bytesWaiting]).toEqual([8, 8]);
  await settled();
  expect([client.stats.bytesWaiting, net.stats().bytesWaiting]).toEqual([0, 0]);
  const much = Buffer.alloc(20_000_000);
  expect(client.write(much)).toBe(false);
  const { bytesWritten, bytesWaiting } = client.stats;
  expect(bytesWritten).toBe(8 + much.length);
  expect(bytesWaiting).toBeGreaterThan(1_000_000);
  expect(bytesWaiting).toBe(client.bufferSize);
  // What the engine has not taken is none of its bytes.
  expect(net.stats().bytesWritten - accepted.stats.bytesRead).toBeLessThanOrEqual(8 + much.length);
});

test('pipes: those that run, and the bytes that they have moved', async () => {
  const target = await listening(net.createServer((stream) => destroyAtEnd(stream).resume()));
  const [client, accepted] = await pair();
  const look = () => net.stats().pipes;
  const next = destroyAtEnd(net.connect(target.address().port, '127.0.0.1'));
  await once(next, 'connect');
  const piping = pipeline(accepted, next);
  while (look().open === 0) await new Promise(setImmediate);
  const before = look();
  client.write(Buffer.alloc(300_000));
  while (next.bytesWritten < 300_000) await new Promise(setImmediate);
  expect(look().bytes - before.bytes).toBe(300_000);
  client.end();
  await piping;
  expect(look().open).toBe(0);
});

test('what is received and not read by anything is dropped by the engine', async () => {
  const [client, accepted] = await pair();
  client.write('x');
  await settled();
  expect(net.stats().pipes.discarding).toBeGreaterThanOrEqual(1);
  const before = net.stats().pipes;
  client.write(Buffer.alloc(100_000));
  while (accepted.bytesRead < 100_001) await new Promise(setImmediate);
  expect(added(before, net.stats().pipes)).toMatchObject({ bytesDiscarded: 100_000 });
});

test('turns and events: a message is an event of a turn', async () => {
  const [client, accepted] = await pair();
  // The peer is in this thread, too, so each round is an event at either end.
  const rounds = 50;
  accepted.on('data', (data) => accepted.write(data));
  const { turns: before } = net.stats();
  for (let i = 0; i < rounds; i++) {
    client.write('x');
    await once(client, 'data');
  }
  const { turns: after } = net.stats();
  const count = after.time.count - before.time.count;
  expect(after.events.sum - before.events.sum).toBeGreaterThanOrEqual(2 * rounds - 1);
  expect(after.events.sum - before.events.sum).toBeLessThan(2 * rounds + 5);
  expect(count).toBeGreaterThanOrEqual(rounds - 1);
  expect(after.events.count - before.events.count).toBe(count);
  for (const { bounds, counts, count: all } of [after.time, after.events]) {
    expect(counts.length).toBe(bounds.length + 1);
    expect(sumOf(counts)).toBe(all);
    bounds.slice(1).forEach((bound, i) => expect(bound).toBe(2 * bounds[i]));
  }
});

test('the time of a turn has that of the listeners', async () => {
  const [client, accepted] = await pair();
  const { turns: before } = net.stats();
  accepted.once('data', () => {
    const begun = process.hrtime.bigint();
    while (process.hrtime.bigint() - begun < 30_000_000n);
  });
  client.write('x');
  await once(accepted, 'data');
  await settled();
  const { turns: after } = net.stats();
  expect(after.time.sum - before.time.sum).toBeGreaterThanOrEqual(30);
  const slow = ({ time: { bounds, counts } }) => sumOf(counts.slice(bounds.findIndex((bound) => bound > 30)));
  expect(slow(after) - slow(before)).toBeGreaterThanOrEqual(1);
});

test('memory: the table grows with the connections, and TLS adds what all sessions share', async () => {
  const server = await listening(net.createServer(destroyAtEnd));
  const before = net.stats().memory;
  expect(before.receiving).toBeGreaterThanOrEqual(128 << 10);
  for (let i = 0; i < 50; i++) destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  while (server.stats.connections.open < 50) await new Promise(setImmediate);
  const after = net.stats().memory;
  expect(after.table - before.table).toBeGreaterThan(0);
  expect(after.table).toBeGreaterThanOrEqual(50 * 100);
  expect(after.table).toBeLessThanOrEqual(1000 * 300);
  const [client, accepted] = await securePair(SERVER, CLIENT);
  client.write('x');
  await once(accepted, 'data');
  expect(net.stats().memory.records).toBeGreaterThanOrEqual(64 << 10);
});

test('a queue takes memory while something waits in it', async () => {
  const [client] = await pair({ accept: (stream) => stream.pause() });
  const target = await pair({ accept: (stream) => stream.pause() });
  // What is piped to a peer that does not read waits in the engine.
  const piped = target[0];
  const [source, feeder] = await pair();
  feeder.pipe(piped);
  const before = net.stats().memory.queues;
  source.write(Buffer.alloc(8_000_000));
  while (net.stats().bytesWaiting === 0) await new Promise(setImmediate);
  expect(net.stats().memory.queues).toBeGreaterThan(before);
  expect(client.stats.bytesWaiting).toBe(0);
});
