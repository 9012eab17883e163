'use strict';

// Connections that move between threads in the middle of traffic: nothing is lost, doubled or out of order.

const { createHash, randomBytes, randomInt } = require('crypto');
const { once } = require('events');
const path = require('path');
const { Worker } = require('worker_threads');
const { atEnd } = require('../helpers');
const { KINDS } = require('./kinds');

const WORKERS = 3;
const MOVES = 300;
const MAX_PIECE = 40_000;

/** Workers that pass what they are sent on to each other, `MOVES` times; then the last one keeps it. */
async function pool(entry, kind) {
  const workers = Array.from({ length: WORKERS }, () => {
    return new Worker(path.join(__dirname, 'fixtures', 'worker.js'), { workerData: { entry, kind } });
  });
  for (const worker of workers) atEnd(() => worker.terminate());
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  let moves = 0;
  const send = (moved) => {
    moves++;
    const pieces = moves < MOVES ? randomInt(1, 4) : Infinity;
    workers[randomInt(WORKERS)].postMessage({ moved, pieces });
  };
  for (const worker of workers) worker.on('message', send).on('error', (error) => { throw error; });
  return { send, count: () => moves };
}

test.each(Object.entries(KINDS))('%s: moved hundreds of times under traffic', async (_name, [entry, kind, connect]) => {
  const { send, count } = await pool(entry, kind);
  const [client, accepted] = await connect();
  send(accepted.detach());
  const [there, back] = [createHash('sha256'), createHash('sha256')];
  const ended = once(client, 'end');
  let [sent, received] = [0, 0];
  client.on('data', (data) => {
    back.update(data);
    received += data.length;
    if (received === sent) next();
  });
  // Each piece is sent when the one before has come back whole, until there have been enough moves.
  function next() {
    if (count() >= MOVES) {
      client.end();
      return;
    }
    const piece = randomBytes(randomInt(1, MAX_PIECE));
    sent += piece.length;
    there.update(piece);
    client.write(piece);
  }
  next();
  await ended;
  expect(received).toBe(sent);
  expect(back.digest('hex')).toBe(there.digest('hex'));
});

test.each(Object.entries(KINDS))('%s: moved while both sides send all they can', async (_name, [entry, kind, connect]) => {
  const { send } = await pool(entry, kind);
  const [client, accepted] = await connect();
  send(accepted.detach());
  const bytes = randomBytes(8_000_000);
  const chunks = [];
  client.on('data', (data) => chunks.push(data));
  client.end(bytes);
  await once(client, 'end');
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});
