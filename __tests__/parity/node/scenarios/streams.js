'use strict';

// What node:stream does with a socket: pipelines, `finished`, iterators, signals, corking, forms of `write` and `end`.

const { once } = require('events');
const { Duplex, PassThrough, Readable, addAbortSignal, finished, pipeline } = require('stream');
const { BOTH, inTurns } = require('.');

const QUIET = { reads: false };

inTurns('pipeline() from a file-like source through a socket', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair();
  pipeline(Readable.from(['one ', 'two ', 'three']), client, stage.trace('client').callback('pipeline'));
  await once(accepted, 'end');
  await stage.closed('client', 'accepted');
});

inTurns('pipeline() through a socket and back', { over: BOTH }, async (stage) => {
  await stage.listen({ accept: (stream) => stream.pipe(stream), watch: QUIET });
  const client = stage.connect({}, QUIET);
  const heard = [];
  const sink = new PassThrough().on('data', (data) => heard.push(data));
  await new Promise((resolve) => {
    const done = stage.trace('client').callback('pipeline');
    pipeline(Readable.from(['one ', 'two ', 'three']), client, sink, (...args) => resolve(done(...args)));
  });
  stage.trace('client').note('heard', Buffer.concat(heard));
  await stage.closed('client', 'accepted');
});

inTurns('pipeline() whose socket is destroyed by the peer\'s reset', async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: QUIET });
  pipeline(client, new PassThrough().resume(), stage.trace('client').aside('pipeline'));
  accepted.resetAndDestroy();
  await stage.closed('client', 'accepted');
});

inTurns('pipeline() whose source fails', { over: BOTH }, async (stage) => {
  const [client] = await stage.pair();
  const source = new Readable({ read() {} });
  pipeline(source, client, stage.trace('client').aside('pipeline'));
  source.push('begun');
  source.destroy(Object.assign(new Error('no more'), { code: 'ENOMORE' }));
  await stage.closed('client', 'accepted');
});

for (const [how, act] of Object.entries({
  'end()': (stream) => stream.end('bye'),
  'destroy()': (stream) => stream.destroy(),
  'destroy(error)': (stream) => stream.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' })),
})) {
  for (const [part, options] of Object.entries({
    'a socket': {},
    'the readable side of a socket': { writable: false },
    'the writable side of a socket': { readable: false },
  })) {
    inTurns(`finished() of ${part}, and ${how}`, { over: BOTH }, async (stage) => {
      const [client] = await stage.pair();
      finished(client, options, stage.trace('client').aside('finished'));
      act(client);
      await stage.closed('client', 'accepted');
      finished(client, options, stage.trace('client').aside('finished, later'));
      await new Promise((resolve) => setImmediate(resolve));
    });
  }
}

for (const when of ['before it connects', 'when open']) {
  inTurns(`addAbortSignal() ${when}`, async (stage) => {
    const control = new AbortController();
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' });
    if (when === 'when open') {
      const [client] = await stage.pair();
      addAbortSignal(control.signal, client);
      control.abort(reason);
      await stage.closed('client', 'accepted');
    } else {
      const client = stage.watch(new stage.client.Socket(), 'client');
      addAbortSignal(control.signal, client);
      control.abort(reason);
      await stage.closed('client');
    }
  });
}

inTurns('an iterator whose peer resets', async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: QUIET });
  accepted.write('part');
  const heard = [];
  try {
    for await (const part of client) {
      heard.push(part.toString());
      accepted.resetAndDestroy();
    }
  } catch (error) {
    heard.push(error.code);
  }
  stage.trace('client').note('heard', heard);
  await stage.closed('client', 'accepted');
});

inTurns('await using a socket', { over: BOTH }, async (stage) => {
  const [client] = await stage.pair();
  const trace = stage.trace('client');
  trace.note('disposed', await client[Symbol.asyncDispose]().catch((error) => error));
  await stage.closed('client', 'accepted');
});

inTurns('operators: toArray() of map() of a socket', { over: BOTH }, async (stage) => {
  const [client, accepted] = await stage.pair({ clientWatch: QUIET });
  client.setEncoding('utf8');
  accepted.end('text');
  stage.trace('client').note('gives', (await client.map((part) => part.toUpperCase()).toArray()).join(''));
  await stage.closed('client', 'accepted');
});

inTurns('a Duplex of the web around a socket', { over: BOTH }, async (stage) => {
  await stage.listen({ accept: (stream) => stream.pipe(stream), watch: QUIET });
  const client = stage.connect({}, { reads: false, except: ['drain', 'pause', 'resume', 'prefinish', 'finish'] });
  const { readable, writable } = Duplex.toWeb(client);
  const writer = writable.getWriter();
  await writer.write(Buffer.from('to the web'));
  await writer.close();
  let heard = '';
  for await (const part of readable) heard += Buffer.from(part).toString();
  stage.trace('client').note('heard', heard);
  await stage.closed('client', 'accepted');
});

/** Forms of write() and end(). What reaches the peer is in its trace. */
const FORMS = {
  'write(Uint8Array)': (stream, trace) => stream.write(new Uint8Array([104, 105]), trace.callback('write')),
  'write(Uint16Array)': (stream) => stream.write(new Uint16Array([104, 105])),
  'write(DataView)': (stream) => stream.write(new DataView(new ArrayBuffer(2))),
  'write(ArrayBuffer)': (stream) => stream.write(new ArrayBuffer(2)),
  'write(undefined)': (stream) => stream.write(undefined),
  'write(object)': (stream) => stream.write({}),
  'write(true)': (stream) => stream.write(true),
  'write(string, hex)': (stream, trace) => stream.write('686', 'hex', trace.callback('write')),
  'write(string, BASE64)': (stream, trace) => stream.write('aGk=', 'BASE64', trace.callback('write')),
  'write(string, null)': (stream, trace) => stream.write('hi', null, trace.callback('write')),
  'write(string, callback)': (stream, trace) => stream.write('hi', trace.callback('write')),
  'write(string, utf8, no function)': (stream) => stream.write('hi', 'utf8', 'no function'),
  'write(Buffer, hex)': (stream, trace) => stream.write(Buffer.from('hi'), 'hex', trace.callback('write')),
  'write(lone surrogate)': (stream, trace) => stream.write('a\ud83e', trace.callback('write')),
  'write() of many': (stream, trace) => {
    const outcomes = [];
    for (let i = 0; i < 40; i++) outcomes.push(stream.write(String(i), i === 39 ? trace.callback('write') : undefined));
    return outcomes.every(Boolean);
  },
  'write() in the callback of another': (stream, trace) =>
    stream.write('one', () => stream.write('two', trace.callback('write'))),
  'cork() twice': (stream, trace) => {
    stream.cork();
    stream.cork();
    stream.write('a', trace.callback('write'));
    stream.uncork();
    const { writableCorked, writableLength, writableNeedDrain } = stream;
    stream.uncork();
    return [writableCorked, writableLength, writableNeedDrain, stream.writableCorked, stream.writableLength];
  },
  'cork() and end()': (stream, trace) => {
    stream.cork();
    stream.write('a', trace.callback('write'));
    stream.end('b', trace.callback('end'));
    return [stream.writableCorked, stream.writableEnded];
  },
  'end(null)': (stream, trace) => stream.end(null, trace.callback('end')) === stream,
  'end(undefined, undefined, callback)': (stream, trace) => stream.end(undefined, undefined, trace.callback('end')) === stream,
  'end(Buffer)': (stream, trace) => stream.end(Buffer.from('last'), trace.callback('end')) === stream,
  'end(number)': (stream) => stream.end(5),
  'end() twice': (stream, trace) => {
    stream.end('last', trace.callback('end'));
    return stream.end(trace.callback('the second end')) === stream;
  },
  'end() and end(string)': (stream, trace) => {
    stream.end(trace.callback('end'));
    return stream.end('more', trace.callback('the second end')) === stream;
  },
  'end() and write()': (stream, trace) => {
    stream.end('last');
    return stream.write('more', trace.callback('write'));
  },
  'end() and destroy()': (stream, trace) => {
    stream.end('last', trace.aside('end'));
    return stream.destroy() === stream;
  },
  'destroy() and end()': (stream, trace) => {
    stream.destroy();
    return stream.end(trace.aside('end')) === stream;
  },
  'destroy() twice': (stream) => {
    stream.destroy(Object.assign(new Error('first'), { code: 'EFIRST' }));
    return stream.destroy(Object.assign(new Error('second'), { code: 'ESECOND' })) === stream;
  },
  'destroy(null)': (stream) => stream.destroy(null) === stream,
  'destroy(), with a callback': (stream, trace) => stream.destroy(null, trace.aside('destroy')) === stream,
  'setDefaultEncoding(none)': (stream) => stream.setDefaultEncoding('none'),
  'unshift()': (stream) => stream.unshift(Buffer.from('before')),
  'push()': (stream) => stream.push('pushed'),
  'push(null)': (stream) => stream.push(null),
  'emit(error)': (stream) => stream.emit('error', Object.assign(new Error('emitted'), { code: 'EMITTED' })),
};

for (const [title, call] of Object.entries(FORMS)) {
  inTurns(`${title} of a stream that is open, with what comes of it`, async (stage) => {
    const [client, accepted] = await stage.pair({ options: { allowHalfOpen: true } });
    const trace = stage.trace('client');
    trace.outcome(title, () => call(client, trace));
    trace.note('after the call');
    await new Promise((resolve) => setImmediate(resolve));
    if (!client.writableEnded && !client.destroyed) client.end();
    if (!accepted.readableEnded && !accepted.destroyed) await once(accepted, 'end').catch(() => {});
    accepted.end('bye');
    await stage.closed('client', 'accepted');
  });
}

for (const mark of [0, 1, 5, 100]) {
  inTurns(`writes above a high-water mark of ${mark}`, { over: BOTH }, async (stage) => {
    const [client] = await stage.pair({ clientOptions: { highWaterMark: mark }, clientWatch: { except: [] } });
    const trace = stage.trace('client');
    for (const part of ['a', 'bcdef', 'x'.repeat(100)]) {
      trace.note('write', client.write(part, trace.callback('write')), client.writableLength, client.writableNeedDrain);
    }
    await new Promise((resolve) => setImmediate(resolve));
    trace.note('later', client.writableLength, client.writableNeedDrain);
    client.end();
    await stage.closed('client', 'accepted');
  });

  inTurns(`reading with a high-water mark of ${mark}`, { over: BOTH }, async (stage) => {
    const [client, accepted] = await stage.pair({ clientOptions: { highWaterMark: mark }, clientWatch: QUIET });
    accepted.end('0123456789');
    let heard = '';
    client.on('readable', () => {
      for (let part = client.read(); part !== null; part = client.read()) heard += part;
    });
    await once(client, 'end');
    stage.trace('client').note('heard', heard, client.readableHighWaterMark, client.writableHighWaterMark);
    await stage.closed('client', 'accepted');
  });
}
