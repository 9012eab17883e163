'use strict';

// A client that connects again: in which event, and after what.

const { once } = require('events');
const { BOTH, inTurns } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

// Ours reads anew, and says so.
const WATCH = { except: ['drain', 'resume', 'connectionAttempt', 'connectionAttemptFailed'] };

/** Ends what the client has been given, which differs in when it closes. */
async function over(stage, count) {
  for (let i = 1; i <= count; i++) {
    const name = i === 1 ? 'accepted' : `accepted ${i}`;
    await stage.closed(name);
  }
}

for (const [title, end] of Object.entries({
  'the peer has ended': (client, accepted) => accepted.end('bye'),
  'it has ended': (client) => client.end('bye'),
  'it was destroyed': (client) => client.destroy(),
  'it has failed': (client) => client.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' })),
  'the peer has reset': (client, accepted) => accepted.resetAndDestroy(),
})) {
  inTurns(`connect() in 'close', when ${title}`, { over: title.includes('reset') ? ['tcp'] : BOTH }, async (stage) => {
    let round = 0;
    const accepted = [];
    await stage.listen({ accept: (stream) => accepted.push(stream) });
    const client = stage.connect({}, WATCH);
    const finished = new Promise((resolve) => {
      client.on('close', () => {
        round += 1;
        const { destroyed, readable, writable, errored, bytesRead, bytesWritten } = client;
        stage.trace('client').note('in close', destroyed, readable, writable, errored, bytesRead, bytesWritten);
        if (round === 3) return resolve();
        client.connect(stage.target, stage.trace('client').callback('connect'));
        client.write('at once', stage.trace('client').callback('write'));
        return stage.trace('client').note('again', client.connecting, client.pending);
      });
    });
    client.on('connect', async () => {
      await nextTurn();
      if (accepted.length === round) await once(stage.server, 'connection');
      end(client, accepted[round]);
    });
    await finished;
    await over(stage, 3);
    // Whether it has ended before it hears of what it is sent is up to the kernel.
    for (let i = 1; i <= 3; i++) delete stage.traces[i === 1 ? 'accepted' : `accepted ${i}`];
  });
}

inTurns('connect() in \'error\', where nobody listens', async (stage) => {
  await stage.listen({ accept: (stream) => stream.end('hello') });
  const target = { port: await stage.refusing(), host: '127.0.0.1' };
  const client = stage.watch(stage.client.connect(target), 'client', WATCH);
  client.once('error', () => process.nextTick(() => client.once('close', () => client.connect(stage.target))));
  await once(client, 'connect').catch(() => once(client, 'connect'));
  await once(client, 'close');
  await over(stage, 1);
});

inTurns('write() before it is opened again', async (stage) => {
  await stage.listen({ accept: (stream) => stream.end('hello') });
  const client = stage.connect({}, WATCH);
  await once(client, 'close');
  const trace = stage.trace('client');
  client.connect(stage.target);
  trace.note('write', client.write('early', trace.callback('write')));
  await once(client, 'close');
  await over(stage, 2);
});

inTurns('a timeout that has come does not come again in the next life', async (stage) => {
  await stage.listen();
  const client = stage.connect({}, WATCH);
  client.setTimeout(20, () => client.destroy());
  await once(client, 'close');
  client.connect(stage.target);
  await once(client, 'connect');
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.end('bye');
  await once(client, 'close');
  await over(stage, 2);
});

inTurns('setTimeout() outlives being opened again', async (stage) => {
  await stage.listen();
  const client = stage.connect({}, WATCH);
  client.setTimeout(100_000).end('bye');
  await once(client, 'close');
  client.connect(stage.target);
  stage.trace('client').note('timeout', client.timeout);
  await once(client, 'connect');
  client.end('bye');
  await once(client, 'close');
  await over(stage, 2);
});
