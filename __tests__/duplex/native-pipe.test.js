'use strict';

// `a.pipe(b)` between two streams of ours: the engine moves the bytes as long as nobody looks at them, and everything
// else is as Node's pipe() has it, to the last event.

const { createHash, randomBytes } = require('crypto');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { PassThrough, Readable, finished } = require('stream');
const streams = require('stream/promises');
const net = require('../..');
const { atEnd, collect, destroyAtEnd, failure, listening, namesUntilClose, pair, record, scratch, settled } = require('../helpers');
const { CLIENT, SERVER, allSecure, securePair } = require('../tls/ends');

const OPEN = { allowHalfOpen: true };
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
const content = randomBytes(3_000_000);

afterEach(() => jest.restoreAllMocks());

/** Counts the chunks that JavaScript sees of `stream`, from now on. */
function chunksOf(stream) {
  const spy = jest.spyOn(Readable.prototype, 'push');
  return () => spy.mock.calls.filter(([chunk], i) => spy.mock.contexts[i] === stream && chunk !== null).length;
}

/**
 * Two connections, and the inner ends of both: `[source, from, target, to]`. What `from` sends, `source` receives; what
 * `target` is given, `to` gets. Those of the middle are ours, or of the module `middle`.
 */
async function twoConnections({ middle = net, options = OPEN } = {}) {
  const [from, source] = await pair({ client: nodeNet, server: middle, serverOptions: options, clientOptions: OPEN });
  const [target, to] = await pair({ client: middle, server: nodeNet, clientOptions: options, serverOptions: OPEN });
  return [source, from, target, to];
}

/** `source.pipe(target)` once the engine does it: a first byte has gone through, which `to` gets. */
async function piped(source, from, target, to, options) {
  source.pipe(target, options);
  from.write('>');
  const [first] = await once(to, 'data');
  expect(first.toString()).toBe('>');
}

describe('"no JavaScript per chunk, as long as nobody looks at the bytes"', () => {
  test('from one stream to another, and the end behind the last byte', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const seen = chunksOf(source);
    const received = collect(to);
    from.end(content);
    expect(digest(await received)).toBe(digest(content));
    expect(seen()).toBe(0);
    expect([source.bytesRead, target.bytesWritten]).toEqual([content.length + 1, content.length + 1]);
  });

  test('a stream into itself, both ways between two, and over UNIX', async () => {
    const server = net.createServer(OPEN, (stream) => destroyAtEnd(stream).pipe(stream));
    const echo = await listening(server, path.join(scratch(), 's'));
    const front = await listening(
      net.createServer(OPEN, (stream) => {
        const back = destroyAtEnd(net.connect({ path: echo.address(), ...OPEN }));
        destroyAtEnd(stream).pipe(back).pipe(stream);
      }),
    );
    const client = destroyAtEnd(nodeNet.connect({ port: front.address().port, host: '127.0.0.1', ...OPEN }));
    client.write('>');
    await once(client, 'data');
    const seen = jest.spyOn(Readable.prototype, 'push');
    const received = collect(client);
    client.end(content);
    expect(digest(await received)).toBe(digest(content));
    const isOurs = (stream, i) => stream instanceof net.Stream && seen.mock.calls[i][0] !== null;
    expect(seen.mock.contexts.filter(isOurs).length).toBe(0);
  });

  test.each([
    ['TLS to plain', true, false],
    ['plain to TLS', false, true],
    ['TLS to TLS', true, true],
  ])('%s', async (_, secureSource, secureTarget) => {
    const options = { serverOptions: OPEN, clientOptions: OPEN };
    const make = (isSecure) => (isSecure ? securePair(SERVER, CLIENT, options) : pair(options));
    const [[from, source], [target, to]] = [await make(secureSource), await make(secureTarget)];
    await piped(source, from, target, to);
    const seen = chunksOf(source);
    const received = collect(to);
    from.end(content);
    expect(digest(await received)).toBe(digest(content));
    expect(seen()).toBe(0);
  });

  test('pipe() before the target is connected, and before both are secure', async () => {
    const echo = (stream) => destroyAtEnd(stream).setSecure(SERVER).pipe(stream);
    const far = await listening(net.createServer(OPEN, echo));
    const front = await listening(
      net.createServer(OPEN, (stream) => {
        const back = destroyAtEnd(net.connect({ port: far.address().port, host: '127.0.0.1', ...OPEN }));
        back.setSecure(CLIENT);
        destroyAtEnd(stream).setSecure(SERVER).pipe(back).pipe(stream);
      }),
    );
    const client = destroyAtEnd(net.connect({ port: front.address().port, host: '127.0.0.1', ...OPEN }));
    client.setSecure(CLIENT);
    const received = collect(client);
    client.end(content);
    expect(digest(await received)).toBe(digest(content));
  });

  test('"stream.pipeline(a, b)"', async () => {
    const [source, from, target, to] = await twoConnections();
    const done = streams.pipeline(source, target);
    from.write('>');
    await once(to, 'data');
    const seen = chunksOf(source);
    const received = collect(to);
    from.end(content);
    expect(digest(await received)).toBe(digest(content));
    expect(seen()).toBe(0);
    to.end();
    await done;
  });

  test('"slow destination: bounded memory": the source is not read while the target takes nothing', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    to.pause();
    const bytes = randomBytes(32_000_000);
    from.end(bytes);
    let before = -1;
    while (source.bytesRead !== before) {
      before = source.bytesRead;
      await settled();
    }
    expect(source.bytesRead).toBeLessThan(bytes.length);
    expect(target.bufferSize).toBeLessThanOrEqual(64 << 10);
    expect([source.readableLength, target.writableLength]).toEqual([0, 0]);
    const received = collect(to);
    to.resume();
    expect(digest(await received)).toBe(digest(bytes));
  });
});

describe('whoever looks at the bytes sees them', () => {
  test('"a \'data\' listener added later sees all bytes from then on", and so does the target', async () => {
    for (const add of ['on', 'addListener', 'prependListener', 'once']) {
      const [source, from, target, to] = await twoConnections();
      await piped(source, from, target, to);
      const seen = [];
      const listen = (data) => {
        seen.push(data);
        if (add === 'once') source.once('data', listen);
      };
      source[add]('data', listen);
      const received = collect(to);
      from.end(content);
      expect(digest(await received)).toBe(digest(content));
      expect(digest(Buffer.concat(seen))).toBe(digest(content));
    }
  });

  test('"unpipe() in the middle gives the bytes back to JavaScript without loss"', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    to.pause();
    from.write(content);
    from.end(content);
    while (target.bufferSize === 0) await settled();
    const events = record(target, 'unpipe');
    source.unpipe(target);
    expect(events.length).toBe(1);
    const rest = collect(source);
    source.resume();
    const back = await rest;
    target.end();
    const received = collect(to);
    to.resume();
    const front = await received;
    expect(front.length).toBeGreaterThan(0);
    expect(back.length).toBeGreaterThan(0);
    expect(digest(Buffer.concat([front, back]))).toBe(digest(Buffer.concat([content, content])));
  });

  test('"several destinations": each gets all', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const other = new PassThrough({ highWaterMark: 1 << 24 });
    source.pipe(other);
    const received = [collect(to), collect(other)];
    from.end(content);
    for (const bytes of await Promise.all(received)) expect(digest(bytes)).toBe(digest(content));
  });

  test('several sources of one target', async () => {
    const [source, from, target, to] = await twoConnections();
    const [other, second] = await twoConnections();
    await piped(source, from, target, to);
    other.pipe(target, { end: false });
    const received = collect(to);
    second.end(Buffer.alloc(100_000, 'x'));
    await once(other, 'end');
    from.end(Buffer.alloc(100_000, 'y'));
    const bytes = await received;
    expect([bytes.length, bytes.filter((byte) => byte === 'x'.charCodeAt(0)).length]).toEqual([200_000, 100_000]);
  });

  test('setEncoding(): the target gets the same bytes', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    source.setEncoding('latin1');
    const seen = chunksOf(source);
    // What pipe() makes of text is for write(): `ascii` here (D1), which takes the low bytes.
    const received = collect(to);
    from.end(content);
    expect(digest(await received)).toBe(digest(content));
    expect(seen()).toBeGreaterThan(0);
  });

  test('pause() stops, resume() goes on', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    source.pause();
    from.write('held back');
    const events = record(to, 'data');
    await settled();
    expect(events).toEqual([]);
    source.resume();
    const [data] = await once(to, 'data');
    expect(data.toString()).toBe('held back');
  });

  test('cork() of the target: what comes through the pipe waits behind what was written', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    target.cork();
    target.write('first ');
    const data = once(source, 'data');
    from.end('second');
    await data;
    const received = collect(to);
    target.uncork();
    expect((await received).toString()).toBe('first second');
  });

  test('who replaces write() of the target, push() or emit() of the source, sees every chunk', async () => {
    for (const [whose, name] of [['target', 'write'], ['source', 'push'], ['source', 'emit']]) {
      const [source, from, target, to] = await twoConnections();
      const stream = { source, target }[whose];
      let seen = 0;
      const original = stream[name];
      stream[name] = function (...args) {
        const chunk = name === 'emit' ? args[1] : args[0];
        if (Buffer.isBuffer(chunk)) seen += chunk.length;
        return original.apply(this, args);
      };
      source.pipe(target);
      const received = collect(to);
      from.end(content);
      expect(digest(await received)).toBe(digest(content));
      expect(seen).toBe(content.length);
    }
  });

  test('removeAllListeners(\'data\') ends the pipe, as in Node', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    source.removeAllListeners('data');
    const events = record(to, 'data');
    from.write('for nobody');
    await settled();
    expect(events).toEqual([]);
  });

  test('what is written to the target meanwhile goes out, too', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    target.write('from JavaScript');
    const [data] = await once(to, 'data');
    expect(data.toString()).toBe('from JavaScript');
    from.write('through the pipe');
    const [more] = await once(to, 'data');
    expect(more.toString()).toBe('through the pipe');
  });

  test('D22: what arrives in the clear behind setSecure() does not get into a pipe, even if the handshake has to wait', async () => {
    const [from, source] = await pair({ client: nodeNet, serverOptions: OPEN, clientOptions: OPEN });
    const [target, to] = await pair({ serverOptions: OPEN, clientOptions: OPEN });
    from.on('error', () => {}).write('STARTTLS');
    await once(source, 'data');
    const events = record(to, 'data');
    from.pause();
    // More than the kernel takes: the handshake waits behind it.
    source.write(Buffer.alloc(16_000_000));
    source.setSecure(SERVER);
    source.pipe(target);
    from.write('INJECTED IN THE CLEAR');
    await settled();
    const failing = failure(source);
    from.resume();
    expect((await failing).code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    await settled();
    expect(events).toEqual([]);
  });

  test('setSecure() in the middle of a pipe: the rest is encrypted, and goes through', async () => {
    const [from, source] = await pair({ serverOptions: OPEN, clientOptions: OPEN });
    const [target, to] = await pair({ serverOptions: OPEN, clientOptions: OPEN });
    await piped(source, from, target, to);
    source.setSecure(SERVER);
    from.setSecure(CLIENT);
    target.setSecure(CLIENT);
    to.setSecure(SERVER);
    await allSecure(source, from, target, to);
    const received = collect(to);
    from.end(content);
    expect(digest(await received)).toBe(digest(content));
  });
});

describe('both ways at once, each target full at times: nobody waits for ever', () => {
  /** A proxy in the middle of two connections, both ways, and both outer ends. */
  async function proxied() {
    const [a, outerA, b, outerB] = await twoConnections();
    a.pipe(b).pipe(a);
    for (const [from, to] of [[outerA, outerB], [outerB, outerA]]) {
      from.write('>');
      await once(to, 'data');
    }
    return [a, outerA, b, outerB];
  }

  const isFull = async (stream) => {
    while (stream.bufferSize === 0) await settled();
  };

  test('a writable end that has nothing left to send lets its source go on', async () => {
    const [a, outerA, b, outerB] = await proxied();
    outerB.pause();
    const received = collect(outerB);
    outerA.write(content);
    outerA.write(content);
    outerA.end(content);
    await isFull(b);
    // Somebody else sends to it, too.
    for (let i = 0; i < 50; i++) b.write(Buffer.alloc(5000, 'x'));
    outerB.resume();
    expect((await received).length).toBe(3 * content.length + 50 * 5000);
    expect(a.bytesRead).toBe(3 * content.length + 1);
  });

  test('the end of one direction, with the other blocked, does not hold back the first', async () => {
    const [a, outerA, b, outerB] = await proxied();
    outerA.pause();
    outerB.pause();
    for (let i = 0; i < 4; i++) outerB.write(content);
    await isFull(a);
    for (let i = 0; i < 4; i++) outerA.write(content);
    await isFull(b);
    // It reads all that comes, and ends; `outerA` does not read.
    let received = 0;
    const all = new Promise((resolve) => {
      outerB.on('data', (data) => {
        received += data.length;
        if (received === 4 * content.length) resolve();
      });
    });
    outerB.resume().end();
    await all;
  });
});

describe('"Same semantics as Node\'s pipe to the last event"', () => {
  const EVENTS = ['pipe', 'unpipe', 'pause', 'end', 'finish', 'error', 'close'];

  /** What happens to the middle of two connections in `scenario`, with `middle`. */
  async function observe(middle, scenario) {
    const [source, from, target, to] = await twoConnections({ middle, options: scenario.options });
    for (const stream of [from, to]) stream.on('error', () => {}).on('close', () => {});
    to.on('data', () => {});
    const names = [namesUntilClose(source, EVENTS), namesUntilClose(target, EVENTS)];
    await piped(source, from, target, to, scenario.pipe);
    await scenario.run({ source, from, target, to });
    // Whoever is left over is not a part of the comparison.
    atEnd(() => [source, from, target, to].forEach((stream) => stream.destroy()));
    return Promise.all(names);
  }

  const SCENARIOS = {
    'the source ends, and the target\'s peer after it': {
      run: ({ from, to, source }) => {
        to.on('end', () => to.end());
        source.on('end', () => source.end());
        from.end('the last');
      },
    },
    '{ end: false }: the target lives on': {
      pipe: { end: false },
      async run({ from, source, target }) {
        source.on('end', () => source.end());
        from.end('the last');
        await once(source, 'end');
        target.destroy();
      },
    },
    'without half-open': {
      options: {},
      run: ({ from, to }) => {
        to.on('end', () => to.end());
        from.end('the last');
      },
    },
    'the source is destroyed': {
      run: ({ source, target }) => {
        source.on('close', () => target.destroy());
        source.destroy();
      },
    },
    'the source is destroyed with an error': {
      run: ({ source, target }) => {
        source.on('error', () => {});
        source.on('close', () => target.destroy());
        source.destroy(new Error('mine'));
      },
    },
    'the target is destroyed': {
      run: ({ source, target }) => {
        target.on('close', () => source.destroy());
        target.destroy();
      },
    },
    'the peer of the source resets': {
      run: ({ from, source, target }) => {
        source.on('error', () => {});
        source.on('close', () => target.destroy());
        from.resetAndDestroy();
      },
    },
    'the peer of the target resets': {
      run: ({ to, source, target }) => {
        target.on('error', () => {});
        target.on('close', () => source.destroy());
        to.resetAndDestroy();
      },
    },
    'the target is ended: that ends the pipe': {
      async run({ source, target }) {
        target.end();
        await once(target, 'finish');
        source.destroy();
        target.destroy();
      },
    },
    'unpipe(), and pipe() again': {
      run: ({ from, source, target, to }) => {
        to.on('end', () => to.end());
        source.on('end', () => source.end());
        source.unpipe(target);
        source.pipe(target);
        from.end('the last');
      },
    },
  };

  test.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const expected = await observe(nodeNet, scenario);
    expect(await observe(net, scenario)).toEqual(expected);
  });

  test('D25: traffic through a pipe starts the timeouts anew; idleness ends in \'timeout\' on both', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const timeouts = [once(source.setTimeout(50), 'timeout'), once(target.setTimeout(50), 'timeout')];
    from.write('traffic');
    await Promise.all(timeouts);
    expect([source.destroyed, target.destroyed]).toEqual([false, false]);
  });

  test('of rust-net/node: \'timeout\' comes again once there was traffic again, through the pipe', async () => {
    const [source, from, target, to] = await twoConnections({ middle: require('../../node') });
    await piped(source, from, target, to);
    for (let i = 0; i < 2; i++) {
      const timeouts = [source, target].map((stream) => once(i === 0 ? stream.setTimeout(50) : stream, 'timeout'));
      from.write('traffic');
      await Promise.all(timeouts);
    }
    expect([source.destroyed, target.destroyed]).toEqual([false, false]);
  });

  test('D16: a stream that is opened again still has its pipes, and unpipe() ends them', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).end('hello')));
    const target = new PassThrough();
    const seen = [];
    target.on('data', (data) => seen.push(data.toString()));
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    stream.pipe(target, { end: false });
    await once(stream, 'close');
    stream.connect(server.address().port, '127.0.0.1').unpipe(target);
    stream.resume();
    await once(stream, 'close');
    expect([seen, stream.listenerCount('data')]).toEqual([['hello'], 0]);
  });

  test('finished() of both ends sees the end', async () => {
    const [source, from, target, to] = await twoConnections();
    await piped(source, from, target, to);
    const over = [source, target].map((stream) => new Promise((resolve) => finished(stream, resolve)));
    to.on('end', () => to.end());
    source.on('end', () => source.end());
    from.end(content);
    expect(await Promise.all(over)).toEqual([undefined, undefined]);
  });
});
