'use strict';

// A proxy: what one connection brings goes to another and back, and each may end as it likes.

const { once } = require('events');
const { PassThrough, pipeline } = require('stream');
const { BOTH, inTurns } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** How often a pipe waits is up to the kernel. */
const QUIET = { reads: false, except: ['drain', 'pause', 'resume'] };

const anError = () => Object.assign(new Error('enough'), { code: 'ENOUGH' });

/**
 * A server, and before it a proxy, of the same module: gives `[client, front, back, server's stream]`, where the proxy
 * has `front` and `back`. `join(front, back)` has one go to the other.
 */
async function proxied(stage, join, { accept = () => {}, half = {} } = {}) {
  const origin = stage.net.createServer(half);
  stage.atEnd(() => origin.close());
  const backOfOrigin = once(origin, 'connection');
  origin.on('connection', (stream) => {
    stage.watch(stream, 'origin', { reads: false });
    accept(stream, stage.trace('origin'));
  });
  origin.listen(stage.place());
  await once(origin, 'listening');
  const place = origin.address();
  if (place.port) stage.call(place.port, 'ORIGIN');
  const target = typeof place === 'string' ? { path: place } : { port: place.port, host: '127.0.0.1' };
  let back;
  await stage.listen({
    options: half,
    watch: QUIET,
    accept(front) {
      back = stage.watch(stage.net.connect({ ...target, ...half }), 'back', QUIET);
      join(front, back);
    },
  });
  const client = stage.connect(half);
  const front = await stage.accepted;
  const [stream] = await backOfOrigin;
  if (back.connecting) await once(back, 'connect');
  return [client, front, back, stream];
}

const bothWays = (front, back) => {
  front.pipe(back);
  back.pipe(front);
};

const ALL = ['client', 'accepted', 'back', 'origin'];

inTurns('a proxy of pipe() and pipe(): an echo, and the client ends', { over: BOTH }, async (stage) => {
  const half = { allowHalfOpen: true };
  const [client] = await proxied(stage, bothWays, { accept: (stream) => stream.pipe(stream), half });
  client.write('there ');
  await once(client, 'data');
  client.end('and back');
  await stage.closed(...ALL);
});

inTurns('a proxy of pipe() and pipe(): the origin ends', { over: BOTH }, async (stage) => {
  const [client, , , origin] = await proxied(stage, bothWays, { accept: (stream) => stream.resume() });
  client.write('asked');
  // Who has not been asked yet ends the way to him before anything has gone there.
  await once(origin, 'data');
  origin.end('answered');
  await stage.closed(...ALL);
});

inTurns('a proxy of pipe() and pipe(): half-open', { over: BOTH }, async (stage) => {
  const half = { allowHalfOpen: true };
  const [client, , , origin] = await proxied(stage, bothWays, { accept: (stream) => stream.resume(), half });
  client.end('asked');
  await once(origin, 'end');
  origin.end('answered');
  await stage.closed(...ALL);
});

for (const [who, which] of Object.entries({ client: 0, front: 1, back: 2, origin: 3 })) {
  inTurns(`a proxy of pipeline()s whose ${who} is destroyed`, { over: BOTH }, async (stage) => {
    const ends = [];
    const join = (front, back) => {
      pipeline(front, back, (error) => ends.push(`there: ${error?.code}`));
      pipeline(back, front, (error) => ends.push(`back: ${error?.code}`));
    };
    const streams = await proxied(stage, join, { accept: (stream) => stream.pipe(stream) });
    streams[0].write('there and back');
    await once(streams[0], 'data');
    streams[which].destroy();
    await stage.closed(...ALL);
    await nextTurn();
    stage.trace('pipelines').note(ends.sort().join(', '));
    // In what order each hears of it is up to the kernel.
    for (const name of ALL) {
      const { destroyed, closed, bytesRead, bytesWritten } = stage.traces[name].stream;
      stage.trace('over').note(name, destroyed, closed, bytesRead, bytesWritten);
      delete stage.traces[name];
    }
  });
}

inTurns('a proxy of pipeline()s whose client resets', async (stage) => {
  const ends = [];
  const join = (front, back) => {
    pipeline(front, back, (error) => ends.push(`there: ${error?.code}`));
    pipeline(back, front, (error) => ends.push(`back: ${error?.code}`));
  };
  const [client] = await proxied(stage, join, { accept: (stream) => stream.pipe(stream) });
  client.write('there and back');
  await once(client, 'data');
  client.resetAndDestroy();
  await stage.closed(...ALL);
  await nextTurn();
  stage.trace('pipelines').note(ends.sort().join(', '));
});

/** What is done to a pipe while it runs. */
const MEANWHILE = {
  'unpipe() and pipe() again': async (front, back) => {
    front.unpipe(back);
    await nextTurn();
    front.pipe(back);
  },
  'unpipe() of all and pipe() again': async (front, back) => {
    front.unpipe();
    await nextTurn();
    front.pipe(back);
  },
  'pause() and resume()': async (front) => {
    front.pause();
    await nextTurn();
    front.resume();
  },
  'a second destination': (front) => void front.pipe(new PassThrough().resume()),
  'a listener of \'data\'': (front) => void front.on('data', () => {}),
  'a listener of \'readable\'': (front) => void front.on('readable', () => front.read()),
  'cork() and uncork() of the target': async (front, back) => {
    back.cork();
    await nextTurn();
    back.uncork();
  },
  'a write() of the target': (front, back) => void back.write('between '),
  'setEncoding()': (front) => void front.setEncoding('latin1'),
  'setTimeout() of both': (front, back) => {
    front.setTimeout(100_000);
    back.setTimeout(100_000);
  },
};

for (const [title, act] of Object.entries(MEANWHILE)) {
  inTurns(`${title} while a pipe runs`, { over: BOTH }, async (stage) => {
    let heard = '';
    const [client, front, back, origin] = await proxied(stage, bothWays, {
      accept: (stream) => stream.on('data', (data) => (heard += data)),
      half: { allowHalfOpen: true },
    });
    client.write('one ');
    while (heard !== 'one ') await once(origin, 'data');
    await act(front, back);
    if (title.startsWith('a write')) while (heard !== 'one between ') await once(origin, 'data');
    client.write('two ');
    if (title.includes('readable')) await nextTurn();
    else while (!heard.endsWith('two ')) await once(origin, 'data');
    stage.trace('heard').note(heard, front.listenerCount('data') > 0, back.writableCorked);
    stage.trace('heard').note(front.bytesRead, back.bytesWritten, back.bytesRead, front.bytesWritten);
    for (const name of ALL) delete stage.traces[name];
    for (const stream of [client, front, back, origin]) {
      stream.on('error', () => {}).destroy();
      if (!stream.closed) await once(stream, 'close');
    }
  });
}

inTurns('a pipe whose target fails', async (stage) => {
  const [client, accepted] = await stage.pair({ watch: QUIET });
  const target = new PassThrough();
  target.on('error', (error) => stage.trace('accepted').note('target', error));
  accepted.pipe(target);
  client.write('data');
  await once(target, 'readable');
  const closed = new Promise((resolve) => target.on('close', resolve));
  target.destroy(anError());
  await closed;
  stage.trace('accepted').note('piped to', accepted.listenerCount('data'), accepted.isPaused(), accepted.readableFlowing);
  accepted.resume();
  client.end();
  await stage.closed('client', 'accepted');
});

inTurns('a pipe that does not end its target', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ options: { allowHalfOpen: true }, watch: QUIET });
  accepted.pipe(accepted, { end: false });
  client.end('there and back');
  await once(accepted, 'end');
  await nextTurn();
  stage.trace('accepted').note('open', accepted.writable, accepted.writableEnded);
  accepted.end();
  await stage.closed('client', 'accepted');
});
