'use strict';

// Each thread counts for itself; what moves is counted where it happens; net.serve() adds up.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Worker } = require('worker_threads');
const net = require('../..');
const { atEnd, destroyAtEnd, listening, pair } = require('../helpers');
const { CLIENT, SERVER, securePair } = require('../tls/ends');
const { added, closed, connections } = require('./counting');

/** A worker that attaches what it is sent and sends back what it receives; `ask()` resolves to its statistics. */
async function startWorker() {
  const worker = new Worker(path.join(__dirname, 'attaching.js'));
  atEnd(() => worker.terminate());
  await once(worker, 'online');
  const ask = async (message) => {
    worker.postMessage(message);
    return (await once(worker, 'message'))[0];
  };
  return { ask: (moved) => ask({ moved }), look: () => ask({}) };
}

test('a worker counts its own connections, and the main thread its own', async () => {
  const { look } = await startWorker();
  expect((await look()).connections).toMatchObject({ accepted: 0, attached: 0, open: 0 });
  await pair();
  expect((await look()).connections).toMatchObject({ accepted: 0, attached: 0, open: 0 });
});

describe.each([
  ['in the clear', pair],
  ['over TLS', () => securePair(SERVER, CLIENT)],
])('a connection that moves (%s)', (_name, connect) => {
  test('is counted here until it leaves, and there from then on, with its own counters going on', async () => {
    const worker = await startWorker();
    const [client, accepted, server] = await connect();
    client.write('before');
    await once(accepted, 'data');
    accepted.write('answered');
    await once(client, 'data');
    const before = net.stats();
    const there = await worker.ask(accepted.detach());
    expect(server.stats).toMatchObject({
      connections: { accepted: 1, detached: 1, open: 0, closed: 0 }, bytesRead: 6, bytesWritten: 8,
    });
    expect(there.connections).toMatchObject({ attached: 1, open: 1, accepted: 0, closed: 0 });
    expect([there.bytesRead, there.bytesWritten]).toEqual([0, 0]);
    expect(there.ofStream).toMatchObject({ bytesRead: 6, bytesWritten: 8 });

    client.write('after it');
    await once(client, 'data');
    const later = await worker.look();
    expect([later.bytesRead, later.bytesWritten]).toEqual([8, 8]);
    expect(later.ofStream).toMatchObject({ bytesRead: 14, bytesWritten: 16 });
    const here = { bytesRead: 8, bytesWritten: 8, connections: { detached: 1, open: -1 } };
    expect(added(before, net.stats())).toMatchObject(here);
    client.end();
    await closed(client);
    while ((await worker.look()).connections.open > 0);
    expect((await worker.look()).connections).toMatchObject({ attached: 1, open: 0, closed: 1 });
    // What it has moved there is no part of the server.
    expect(server.stats).toMatchObject({ connections: { detached: 1, closed: 0 }, bytesRead: 6, bytesWritten: 8 });
  });
});

test('what moves within the thread is of no server from then on', async () => {
  const [client, accepted, server] = await pair();
  client.write('one');
  await once(accepted, 'data');
  const thread = await connections(async () => {
    const moved = destroyAtEnd(net.Stream.attach(accepted.detach()));
    client.write('two');
    await once(moved, 'data');
    expect(moved.stats.bytesRead).toBe(6);
  });
  expect(thread).toEqual({ attached: 1, detached: 1 });
  expect(server.stats).toMatchObject({ connections: { accepted: 1, detached: 1, closed: 0, open: 0 }, bytesRead: 3 });
});

test('a connection that is detached and not attached in time has left all the same', async () => {
  const [client, accepted, server] = await pair();
  accepted.detach({ timeout: 10 });
  await closed(client);
  expect(server.stats.connections).toMatchObject({ accepted: 1, detached: 1, open: 0, closed: 0 });
});

test('net.serve() has what each thread has counted, and the sums', async () => {
  const handler = path.join(__dirname, '..', 'threads', 'fixtures', 'stream.js');
  const service = await net.serve({ workers: 2, listen: { port: 0, host: '127.0.0.1' }, handler });
  atEnd(() => service.shutdown({ grace: 0 }));
  const { port } = service.address();
  const clients = [];
  const asked = new Map();
  while (asked.size < 2) {
    const client = destroyAtEnd(nodeNet.connect(port, '127.0.0.1'));
    clients.push(client);
    client.write('hello');
    const { threadId } = JSON.parse((await once(client, 'data'))[0]);
    asked.set(threadId, (asked.get(threadId) ?? 0) + 1);
  }
  const { threads, total } = await service.stats();
  const accepted = threads.map(({ connections: { accepted: count } }) => count);
  expect(accepted).toEqual(service.workers.map(({ threadId }) => asked.get(threadId)));
  expect(total.connections).toMatchObject({ accepted: clients.length, open: clients.length });
  expect(total.bytesRead).toBe(5 * clients.length);
  const [one, other] = threads.map(({ turns: { time } }) => time);
  expect(total.turns.time.count).toBe(one.count + other.count);
  expect(total.turns.time.bounds).toEqual(one.bounds);
  expect(total.turns.time.counts).toEqual(one.counts.map((count, i) => count + other.counts[i]));
  expect(Object.keys(total).sort()).toEqual(Object.keys(net.stats()).sort());
});

test('a thread of net.serve() that dies has nothing to say', async () => {
  const handler = path.join(__dirname, '..', 'threads', 'fixtures', 'stream.js');
  const service = await net.serve({ workers: 1, listen: { port: 0, host: '127.0.0.1' }, handler });
  atEnd(() => service.shutdown({ grace: 0 }));
  const gone = once(service, 'exit');
  const [worker] = service.workers;
  const looking = service.stats();
  worker.terminate();
  const { threads } = await looking;
  await gone;
  expect(threads[0] === null || threads[0].connections.accepted === 0).toBe(true);
  expect((await service.stats()).threads).toEqual([null]);
  await once(service, 'listening');
  expect((await service.stats()).threads[0].connections.accepted).toBe(0);
});

test('a thread of a program listens by itself', async () => {
  const server = await listening(net.createServer());
  const { look } = await startWorker();
  const before = net.stats().listeners;
  expect((await look()).listeners).toBe(0);
  server.close();
  expect(net.stats().listeners).toBe(before - 1);
});
