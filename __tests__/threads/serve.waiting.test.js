'use strict';

// What waits in the kernel for the threads of net.serve() is served, whether these are busy, die, or end.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { setImmediate } = require('timers/promises');
const net = require('../..');
const { atEnd, collect, destroyAtEnd, scratch } = require('../helpers');

const fixture = (name) => path.join(__dirname, 'fixtures', name);

/** How many connections wait: more than a turn of the engine accepts. */
const WAITING = 200;

/** What becomes of threads that are busy. */
const GO_ON = 1;
const EXIT = 2;
const THROW = 3;

/** Where a service listens, and how many of its threads accept there. */
const PLACES = {
  'a port': { listen: () => ({ port: 0, host: '127.0.0.1' }), workers: 1 },
  'a path': { listen: () => ({ path: path.join(scratch(), 'socket') }), workers: 2 },
};

/** A service whose threads can be kept busy. */
async function begin({ listen, workers }) {
  const workerData = new SharedArrayBuffer(8);
  const state = new Int32Array(workerData);
  const service = await net.serve({ workers, listen: listen(), handler: fixture('held.js'), workerData });
  const release = (verdict) => {
    Atomics.store(state, 0, verdict);
    Atomics.notify(state, 0);
  };
  atEnd(() => {
    release(GO_ON);
    return service.shutdown({ grace: 0 });
  });
  const address = service.address();
  const place = typeof address === 'string' ? { path: address } : { port: address.port, host: address.address };
  const connect = async (text) => {
    const client = destroyAtEnd(nodeNet.connect(place));
    client.on('error', () => {});
    await once(client, 'connect');
    client.write(text);
    return client;
  };
  /** Resolves when all threads, or `most` of them, are busy. Each takes one connection, and accepts no more. */
  const hold = async (most = workers) => {
    for (let count = 0; count < most; count++) {
      (await connect('hold')).resume();
      await Atomics.waitAsync(state, 1, count).value;
    }
  };
  /** Connections that wait: what is answered to each. */
  const wait = async () => {
    const clients = await Promise.all(Array.from({ length: WAITING }, () => connect('?')));
    return clients.map(answerTo);
  };
  return { service, connect, hold, wait, release };
}

/** What `client` is answered, or what it fails with. */
function answerTo(client) {
  return new Promise((resolve) => {
    let text = '';
    client.on('data', (data) => (text += data));
    client.on('error', ({ code }) => resolve(code));
    client.on('close', () => resolve(text));
  });
}

/** How often each answer, or failure, has come; threads have their number. */
function counted(answers) {
  const counts = {};
  for (const answer of answers) {
    const outcome = answer.replace(/\d+$/, 'a thread');
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

const isServed = (answers) => expect(counted(answers)).toEqual({ 'served by a thread': WAITING });

describe.each(Object.keys(PLACES))('%s', (place) => {
  test.each([
    ['exit', ({ release }) => release(EXIT)],
    ['throw', ({ release }) => release(THROW)],
    ['are terminated', ({ service }) => service.workers.forEach((worker) => worker.terminate())],
  ])('threads that die (they %s) take nothing along of what waits', async (_, die) => {
    const begun = await begin(PLACES[place]);
    begun.service.on('exit', () => {});
    await begun.hold();
    const answers = await begun.wait();
    die(begun);
    isServed(await Promise.all(answers));
  });

  describe.each([['of its own', false], ['that another process may have', true]])('at the end, a socket %s', (_, isPassed) => {
    test.each([['are busy', GO_ON], ['die while it begins', EXIT]])('what waits for threads that %s is served', async (_, verdict) => {
      const { service, hold, wait, release } = await begin(PLACES[place]);
      if (isPassed) expect(service.fds).not.toBe(null);
      await hold();
      const answers = await wait();
      const ending = service.shutdown();
      release(verdict);
      isServed(await Promise.all(answers));
      expect(await ending).toMatchObject({ destroyed: 0 });
    });

    test('what waits for threads that have died is served by others, which are the last ones', async () => {
      const { service, hold, wait, release } = await begin(PLACES[place]);
      if (isPassed) expect(service.fds).not.toBe(null);
      await hold();
      const answers = await wait();
      let died = 0;
      const ending = new Promise((resolve) => {
        service.on('exit', () => ++died === PLACES[place].workers && resolve(service.shutdown()));
      });
      release(EXIT);
      isServed(await Promise.all(answers));
      expect(await ending).toMatchObject({ destroyed: 0 });
      expect(service.workers).toEqual(Array(PLACES[place].workers).fill(null));
    });

    test('and for one that has ended its server by itself, and finishes what it has', async () => {
      const { service, connect, wait } = await begin({ ...PLACES[place], workers: 1 });
      if (isPassed) expect(service.fds).not.toBe(null);
      const client = await connect('leave');
      expect((await once(client, 'data'))[0].toString()).toBe('has closed');
      const answers = await wait();
      const ending = service.shutdown();
      isServed(await Promise.all(answers));
      client.write('?');
      expect((await collect(client)).toString()).toMatch(/^served by \d+$/);
      expect(await ending).toMatchObject({ destroyed: 0 });
      expect(service.workers).toEqual([null]);
    });
  });
});

test.each([
  ['at once', () => {}],
  ['in a later turn', () => setImmediate()],
])('once the time is over (%s), a thread that is busy does not keep the others from ending', async (_, wait) => {
  const { service, connect, hold, release } = await begin(PLACES['a path']);
  await hold(1);
  const client = await connect('stay');
  await once(client, 'data');
  const time = new AbortController();
  const ending = service.shutdown({ grace: Infinity, signal: time.signal });
  const closed = once(client, 'close');
  await wait();
  time.abort();
  await closed;
  release(GO_ON);
  await ending;
  expect(service.workers).toEqual([null, null]);
});

test('no thread is started when the time is over', async () => {
  const { service, hold, release } = await begin(PLACES['a port']);
  const started = [];
  service.on('listening', (index) => started.push(index));
  await hold();
  const died = once(service, 'exit');
  release(EXIT);
  await died;
  await service.shutdown({ signal: AbortSignal.abort() });
  expect(started).toEqual([]);
  expect(service.workers).toEqual([null]);
});

test.each(['stream.js', 'http.mjs', 'nodes.js', 'copy.js'])('no other thread is started for a server that listens: %s', async (name) => {
  const listen = { port: 0, host: '127.0.0.1' };
  const service = await net.serve({ workers: 2, listen, handler: fixture(name), workerData: 5 });
  const started = [];
  service.on('listening', (index) => started.push(index));
  await service.shutdown();
  expect(started).toEqual([]);
});
