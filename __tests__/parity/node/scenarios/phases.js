'use strict';

// In which phase of the loop something comes: random scripts end and destroy streams in timers, immediates and events
// of others, and everything that follows is in one trace, with the immediates that were asked for before and after it.

const { AsyncLocalStorage } = require('async_hooks');
const { once } = require('events');
const fs = require('fs');
const { BOTH, inTurns } = require('.');
const { generator } = require('../../../random/plan');

const SCRIPTS = 32;
const STREAMS = 4;

/** Rounds of the loop after which nothing of a script is to come any more. */
const ROUNDS = 12;

/** What calls a function in a phase of the loop. `signal` is another pair of streams. */
const PHASES = {
  '\'data\'': (act, signal) => {
    signal.client.once('data', act);
    signal.accepted.write('x');
  },
  'the tick of \'data\'': (act, signal) => {
    signal.client.once('data', () => process.nextTick(act));
    signal.accepted.write('x');
  },
  'a timer': (act) => setTimeout(act, 1),
  'an immediate': (act) => setImmediate(act),
  'an event': (act) => fs.stat('.', act),
  'a tick of a timer': (act) => setTimeout(() => process.nextTick(act), 1),
  'a microtask of an event': (act) => fs.stat('.', () => queueMicrotask(act)),
};

/** What is done with a stream, of which several can be done in one phase. */
const ACTS = {
  destroy: (stream) => stream.destroy(),
  fail: (stream) => stream.destroy(new Error('enough')),
  end: (stream, note) => stream.end(() => note('end')),
  'write and end': (stream, note) => stream.write('x', () => note('written')) && stream.end('y'),
  'end and destroy': (stream) => stream.end().destroy(),
  'destroy when that is done': (stream) => stream.end(() => stream.destroy()),
};

/** Calls `note` with the number of each of some rounds. */
function countRounds(note, done) {
  let round = 0;
  setImmediate(function next() {
    round += 1;
    note(`immediate ${round}`);
    if (round < ROUNDS) setImmediate(next);
    else done();
  });
}

/** Streams that are connected and quiet, and another pair; the other ends never react. */
async function quiet(stage) {
  const accepted = [];
  const server = stage.net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.on('connection', (stream) => accepted.push(stream));
  stage.atEnd(() => server.close());
  server.listen(stage.place());
  await once(server, 'listening');
  const address = server.address();
  const target = typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
  const clients = [];
  for (let count = 0; count <= STREAMS; count++) {
    const client = stage.client.connect({ ...target, allowHalfOpen: true });
    client.on('error', () => {});
    stage.atEnd(() => client.destroy());
    await once(client, 'connect');
    while (accepted.length <= count) await once(server, 'connection');
    clients.push(client);
  }
  for (const stream of accepted) {
    stream.on('error', () => {});
    stage.atEnd(() => stream.destroy());
  }
  for (let round = 0; round < ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve));
  return { clients, signal: { client: clients.pop(), accepted: accepted.pop() } };
}

for (let seed = 1; seed <= SCRIPTS; seed++) {
  const next = generator(seed);
  const pick = (from) => Object.entries(from)[next(Object.keys(from).length)];
  const [phase, call] = pick(PHASES);
  const acts = Array.from({ length: STREAMS }, () => pick(ACTS));
  const title = `${acts.map(([name]) => name).join(', ')} in ${phase} (${seed})`;
  inTurns(title, { over: BOTH }, async (stage) => {
    const order = stage.trace('order');
    const { clients, signal } = await quiet(stage);
    const storage = new AsyncLocalStorage();
    for (const [index, client] of clients.entries()) {
      for (const event of ['finish', 'error', 'close']) {
        client.on(event, () => order.note(index, event, storage.getStore() ?? 'none'));
      }
    }
    await new Promise((resolve) => call(() => {
      for (const [index, [, act]] of acts.entries()) {
        setImmediate(() => order.note('immediate before', index));
        storage.run(`act ${index}`, () => act(clients[index], (what) => order.note(index, what, storage.getStore())));
        setImmediate(() => order.note('immediate behind', index));
        process.nextTick(() => order.note('tick', index));
      }
      countRounds((what) => order.note(what), resolve);
    }, signal));
  });
}
