'use strict';

// Reading: who asks for data and who does not, encodings, `onread`, half-open ends, idle streams.

const { once } = require('events');
const { BOTH, scenario } = require('.');

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const text = 'naïve café — 日本語 🙂';

for (const encoding of ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'ucs2', 'binary']) {
  scenario(`strings of ${encoding}, both ways`, { over: BOTH }, async (stage) => {
    await stage.listen({ accept: (stream) => stream.on('data', (data) => stream.write(data)) });
    const client = stage.connect();
    client.setEncoding(encoding);
    const sent = Buffer.from(text, encoding).toString(encoding);
    let heard = '';
    client.on('data', (data) => (heard += data));
    client.on('end', () => stage.trace('client').note('heard', heard === sent));
    client.end(sent, encoding);
    await stage.closed('client', 'accepted');
  });
}

scenario('the default encoding is utf8', async (stage) => {
  await stage.listen();
  const client = stage.connect();
  client.end(text);
  await stage.closed('client', 'accepted');
});

scenario('setDefaultEncoding', async (stage) => {
  await stage.listen();
  const client = stage.connect();
  client.setDefaultEncoding('latin1').end('é');
  await stage.closed('client', 'accepted');
});

scenario('without a consumer, data and the end are held', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: { reads: false } });
  accepted.end('held');
  await once(client, 'readable');
  await nextTurn();
  stage.trace('client').note('held', client.readableLength, client.readableFlowing, client.readableEnded);
  client.resume();
  await stage.closed('client', 'accepted');
});

scenario('pauseOnConnect', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ options: { pauseOnConnect: true }, watch: { reads: false } });
  client.write('held');
  await nextTurn();
  stage.trace('accepted').note('paused', accepted.isPaused(), accepted.readableLength);
  accepted.on('data', (data) => stage.trace('accepted').data(data));
  accepted.resume();
  await once(accepted, 'data');
  client.end();
  await stage.closed('client', 'accepted');
});

scenario('read() and \'readable\'', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: { reads: false } });
  accepted.end('0123456789');
  let heard = '';
  client.on('readable', () => {
    const next = () => client.read(3) ?? client.read();
    for (let part = next(); part !== null; part = next()) heard += part;
  });
  await once(client, 'end');
  stage.trace('client').note('heard', heard);
  await stage.closed('client', 'accepted');
});

scenario('for await', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: { reads: false } });
  accepted.end('0123456789');
  let heard = '';
  for await (const part of client) heard += part;
  stage.trace('client').note('heard', heard);
  await stage.closed('client', 'accepted');
});

scenario('leaving for await', async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: { reads: false } });
  accepted.write('0123456789');
  for await (const part of client) {
    stage.trace('client').note('heard', part.toString());
    break;
  }
  await stage.closed('client', 'accepted');
});

scenario('pipe() there and back', { over: BOTH }, async (stage) => {
  await stage.listen({ accept: (stream) => stream.pipe(stream), watch: { reads: false } });
  const client = stage.connect();
  client.end('there and back');
  await stage.closed('client', 'accepted');
});

for (const [title, size] of [['a megabyte', 1 << 20], ['ten megabytes', 10 << 20]]) {
  scenario(`${title} there and back`, { over: BOTH }, async (stage) => {
    // How often it waits is up to the kernel.
    const quiet = { except: ['drain', 'pause', 'resume', 'prefinish', 'finish'], reads: false };
    await stage.listen({ accept: (stream) => stream.pipe(stream), watch: quiet });
    const client = stage.connect({}, { ...quiet, reads: true });
    stage.trace('client').note('write', client.write(Buffer.alloc(size, 'x')));
    client.end();
    await stage.closed('client', 'accepted');
  });
}

scenario('writes below the high-water mark', { over: BOTH }, async (stage) => {
  const [client] = await stage.pair({ clientWatch: { except: [] } });
  const trace = stage.trace('client');
  for (const part of ['a', 'bc', '', 'def']) trace.note('write', client.write(part, trace.callback(`write of ${part}`)));
  trace.note('end', client.end('g', trace.callback('end')) === client, client.writableLength, client.bytesWritten);
  await stage.closed('client', 'accepted');
});

for (const side of ['server', 'client']) {
  scenario(`half-open at the ${side}`, { over: BOTH }, async (stage) => {
    const half = { allowHalfOpen: true };
    const [client, accepted] = await stage.pair(side === 'server' ? { options: half } : { clientOptions: half });
    const [first, second] = side === 'server' ? [client, accepted] : [accepted, client];
    const trace = stage.trace(side === 'server' ? 'accepted' : 'client');
    first.end('first');
    await once(second, 'end');
    trace.note('write', second.write('second', trace.callback('write')));
    second.end(trace.callback('end'));
    await stage.closed('client', 'accepted');
  });
}

scenario('a write in \'end\', which ends our side', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  const trace = stage.trace('client');
  client.on('end', () => trace.note('write', client.write('last', trace.callback('write'))));
  accepted.end('bye');
  await stage.closed('client', 'accepted');
});

scenario('a write when the peer\'s end has ended ours', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  const trace = stage.trace('client');
  client.on('end', () => process.nextTick(() => trace.note('write', client.write('late', trace.callback('write')))));
  accepted.end('bye');
  await stage.closed('client', 'accepted');
});

scenario('onread with a buffer', { over: BOTH }, async (stage) => {
  const heard = [];
  const buffer = Buffer.alloc(4);
  const [client, accepted] = await stage.pair({
    clientOptions: {
      onread: { buffer, callback: (size, part) => heard.push([part === buffer, part.toString('latin1', 0, size)]) },
    },
  });
  accepted.end('0123456789');
  await once(client, 'close');
  stage.trace('client').note('heard', heard);
  await stage.closed('accepted');
});

scenario('onread with a function that gives buffers', { over: BOTH }, async (stage) => {
  let heard = '';
  let buffers = 0;
  const [client, accepted] = await stage.pair({
    clientOptions: {
      onread: {
        buffer: () => Buffer.alloc(3, `${++buffers}`),
        callback: (size, part) => {
          heard += part.toString('latin1', 0, size);
        },
      },
    },
  });
  accepted.end('0123456789');
  await once(client, 'close');
  stage.trace('client').note('heard', heard, buffers);
  await stage.closed('accepted');
});

scenario('onread that says to stop, and resume()', { over: BOTH }, async (stage) => {
  const heard = [];
  const [client, accepted] = await stage.pair({
    clientOptions: {
      onread: {
        buffer: Buffer.alloc(4),
        callback(size, part) {
          heard.push(part.toString('latin1', 0, size));
          setImmediate(() => {
            stage.trace('client').note('heard', heard);
            this.resume?.();
            client.resume();
          });
          return false;
        },
      },
    },
  });
  accepted.end('0123456789');
  await once(client, 'close');
  await stage.closed('accepted');
});

scenario('onread that is none', async (stage) => {
  const [client, accepted] = await stage.pair({ clientOptions: { onread: { buffer: 'text', callback() {} } } });
  accepted.end('0123456789');
  await once(client, 'close');
  await stage.closed('accepted');
});

scenario('setTimeout(): once while idle, and again after traffic', async (stage) => {
  const [client, accepted] = await stage.pair();
  let times = 0;
  client.setTimeout(30, stage.trace('client').callback('setTimeout'));
  client.on('timeout', () => {
    times += 1;
    if (times === 1) setTimeout(() => accepted.write('traffic'), 90);
    else client.destroy();
  });
  await stage.closed('client', 'accepted');
  stage.trace('client').note('times', times, client.timeout);
});

scenario('the option timeout', async (stage) => {
  // Long, since it runs while the stream connects, too.
  const [client] = await stage.pair({ clientOptions: { timeout: 100_000 } });
  stage.trace('client').note('timeout', client.timeout);
  client.setTimeout(1);
  await once(client, 'timeout');
  client.end();
  await stage.closed('client', 'accepted');
});

scenario('setTimeout(0) takes the callback back', async (stage) => {
  const [client] = await stage.pair();
  const callback = () => {};
  client.setTimeout(1000, callback);
  stage.trace('client').note('listeners', client.listenerCount('timeout'));
  client.setTimeout(0, callback);
  stage.trace('client').note('listeners', client.listenerCount('timeout'));
  client.end();
  await stage.closed('client', 'accepted');
});

for (const how of ['destroy', 'destroySoon', 'end']) {
  scenario(`${how}() behind a write`, { over: BOTH }, async (stage) => {
    const [client] = await stage.pair();
    client.write('last words', stage.trace('client').callback('write'));
    client[how]();
    await stage.closed('client', 'accepted');
  });

  scenario(`${how}() in 'connection'`, { over: BOTH }, async (stage) => {
    await stage.listen({ accept: (stream) => stream[how]() });
    stage.connect();
    await stage.closed('client', 'accepted');
  });

  scenario(`${how}() in 'connect'`, { over: BOTH }, async (stage) => {
    await stage.listen();
    const client = stage.connect();
    client.once('connect', () => client[how]());
    await stage.accepted;
    await stage.closed('client', 'accepted');
  });

  scenario(`${how}() in 'data'`, { over: BOTH }, async (stage) => {
    const [client, accepted] = await stage.pair();
    client.once('data', () => client[how]());
    accepted.write('data');
    await stage.closed('client', 'accepted');
  });

  scenario(`${how}() in 'end'`, { over: BOTH }, async (stage) => {
    const [client, accepted] = await stage.pair();
    client.once('end', () => client[how]());
    accepted.end();
    await stage.closed('client', 'accepted');
  });
}

scenario('a reset while the peer reads', async (stage) => {
  const [client] = await stage.pair();
  client.resetAndDestroy();
  await stage.closed('client', 'accepted');
});
