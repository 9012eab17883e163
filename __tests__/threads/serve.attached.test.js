'use strict';

// service.shutdown() ends the streams that a thread has by Stream.attach() as those that its server has accepted.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, collect, destroyAtEnd } = require('../helpers');

const handler = path.join(__dirname, 'fixtures', 'attached.js');

/** A service of two threads that send their connections to each other. `closed(callback)`: the servers have closed. */
async function start() {
  const service = await net.serve({ workers: 2, listen: { port: 0, host: '127.0.0.1' }, handler });
  atEnd(() => service.shutdown({ grace: 0 }));
  const workers = [...service.workers];
  let open = workers.length;
  const closed = new Promise((resolve) => {
    workers.forEach((worker, index) => worker.on('message', (message) => {
      if (message.moved) workers[1 - index].postMessage(message);
      else if (--open === 0) resolve();
    }));
  });
  const answer = () => workers.forEach((worker) => worker.postMessage({ answer: true }));
  return { service, closed, answer };
}

/** A client whose connection has moved to the other thread, or with 'late' is about to, and asks for `task` there. */
async function visit({ service }, task) {
  const client = destroyAtEnd(nodeNet.connect(service.address().port, '127.0.0.1'));
  client.write(task);
  const [thread] = await once(client, 'data');
  return { client, thread: thread.toString() };
}

test("they emit 'shutdown'", async () => {
  const all = await start();
  const received = collect((await visit(all, 'bye')).client);
  expect(await all.service.shutdown()).toMatchObject({ ended: 1, destroyed: 0, terminated: 0 });
  expect((await received).toString()).toBe('bye');
});

test('what has been asked is answered', async () => {
  const all = await start();
  const { client } = await visit(all, 'later');
  client.write('a question');
  const received = collect(client);
  const outcome = all.service.shutdown();
  await all.closed;
  all.answer();
  expect((await received).toString()).toBe('the answer');
  expect(await outcome).toMatchObject({ ended: 1, destroyed: 0 });
});

test('those that have nothing to do are closed, without a reset', async () => {
  const all = await start();
  const received = collect((await visit(all, 'idle')).client);
  expect(await all.service.shutdown({ grace: Infinity })).toMatchObject({ ended: 1, destroyed: 0 });
  expect((await received).length).toBe(0);
});

test('those that are open when the time is over are destroyed', async () => {
  const all = await start();
  const closed = once((await visit(all, 'open')).client, 'close');
  expect(await all.service.shutdown({ grace: 0 })).toMatchObject({ ended: 0, destroyed: 1 });
  await closed;
});

test('one that moves at the end is ended by the thread that it comes to', async () => {
  const all = await start();
  // They keep both threads until it has come.
  const others = [];
  while (new Set(others.map(({ thread }) => thread)).size < 2) others.push(await visit(all, 'open'));
  const received = collect((await visit(all, 'late')).client);
  const outcome = all.service.shutdown({ grace: Infinity });
  expect((await received).toString()).toMatch(/^\d+ at the end$/);
  for (const { client } of others) client.destroy();
  // Its first thread has ended it, too, as it has moved away.
  expect(await outcome).toMatchObject({ ended: others.length + 2, destroyed: 0 });
});
