'use strict';

// net.serve() with threads that are in a loop, and read no messages; and how a later call shortens `shutdown()`.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, destroyAtEnd } = require('../helpers');

const fixture = (name) => path.join(__dirname, 'fixtures', name);

async function serve(options) {
  const service = await net.serve({ workers: 1, listen: { port: 0, host: '127.0.0.1' }, ...options });
  atEnd(() => service.shutdown({ grace: 0 }));
  return service;
}

/** A client that has sent `text`, and what was answered. */
async function ask(service, text) {
  const client = destroyAtEnd(nodeNet.connect(service.address().port, '127.0.0.1'));
  client.on('error', () => {});
  client.write(text);
  const [answer] = await once(client, 'data');
  return { client, answer: String(answer) };
}

/** Resolves when the client is closed, with an error, too. */
function closing(client) {
  return new Promise((resolve) => client.on('close', resolve));
}

/** A service with one thread, which is in a loop until `flag` is not 0. */
async function busy() {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const service = await serve({ handler: fixture('busy.js'), workerData: flag });
  const { client } = await ask(service, 'loop');
  return { service, flag, client };
}

const TERMINATED = { ended: 0, destroyed: 0, terminated: 1, ms: expect.any(Number) };

test('a thread that does not answer once the time of shutdown() is over is terminated', async () => {
  const { service, client } = await busy();
  const closed = closing(client);
  expect(await service.shutdown({ grace: 1 })).toEqual(TERMINATED);
  expect(service.workers).toEqual([null]);
  await closed;
});

test('so it is with a signal that is aborted already, in a second call', async () => {
  const { service } = await busy();
  const ending = service.shutdown({ grace: Infinity });
  expect(service.shutdown({ signal: AbortSignal.abort() })).toBe(ending);
  expect(await ending).toEqual(TERMINATED);
});

test('the other threads end as always, and only what they had is counted', async () => {
  const workerData = new Int32Array(new SharedArrayBuffer(4));
  const service = await serve({ workers: 2, handler: fixture('busy.js'), workerData });
  const served = new Map();
  while (served.size < 2) {
    const { answer } = await ask(service, '?');
    served.set(answer, 1 + (served.get(answer) ?? 0));
  }
  const { answer: looping } = await ask(service, 'loop');
  const [others] = [...served].filter(([id]) => id !== looping).map(([, count]) => count);
  expect(await service.shutdown({ grace: 1 })).toEqual({ ...TERMINATED, destroyed: others });
});

test.each([
  ['a shorter time', () => ({ grace: 1 })],
  ['a signal that is aborted', () => ({ grace: Infinity, signal: AbortSignal.abort() })],
  ['a signal that is aborted later', () => ({ grace: Infinity, signal: AbortSignal.timeout(1) })],
])('a second call of shutdown() with %s ends the time of the first', async (_, options) => {
  const service = await serve({ workers: 2, handler: fixture('staying.js') });
  const { client } = await ask(service, '?');
  const closed = closing(client);
  const ending = service.shutdown({ grace: Infinity });
  expect(service.shutdown(options())).toBe(ending);
  expect(await ending).toEqual({ ended: 0, destroyed: 1, terminated: 0, ms: expect.any(Number) });
  await closed;
});

test.each([
  ['`Symbol.asyncDispose`', (service) => service[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]()],
  ['the signal of serve()', (service, controller) => controller.abort()],
])('%s leaves its time to an end that has begun', async (_, end) => {
  const controller = new AbortController();
  const service = await serve({ handler: fixture('staying.js'), signal: controller.signal });
  const { client } = await ask(service, '?');
  const ending = service.shutdown({ grace: Infinity });
  // It would shorten the time.
  const shutdown = jest.spyOn(service, 'shutdown');
  const ended = end(service, controller);
  expect(shutdown).not.toHaveBeenCalled();
  client.destroy();
  await ended;
  expect(await ending).toMatchObject({ destroyed: 0, terminated: 0 });
});

test('stats() has null for a thread that does not answer in time, and its answers again afterwards', async () => {
  const { service, flag } = await busy();
  const { threads, total } = await service.stats({ timeout: 20 });
  expect(threads).toEqual([null]);
  expect(total.connections.accepted).toBe(0);
  const later = service.stats({ timeout: Infinity });
  Atomics.store(flag, 0, 1);
  expect((await later).threads[0].connections.accepted).toBe(1);
  expect((await service.stats()).total.connections.accepted).toBe(1);
});

test.each([
  ['ERR_INVALID_ARG_TYPE', 5],
  ['ERR_INVALID_ARG_TYPE', { timeout: '5' }],
  ['ERR_OUT_OF_RANGE', { timeout: 0 }],
  ['ERR_OUT_OF_RANGE', { timeout: 1.5 }],
])('stats() checks its options: %s', async (code, options) => {
  const service = await serve({ handler: fixture('staying.js') });
  await expect(service.stats(options)).rejects.toMatchObject({ code });
});
