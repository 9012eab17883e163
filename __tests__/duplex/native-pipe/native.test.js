'use strict';

// "No JavaScript per chunk, unless the program observes the bytes": what the engine moves by itself, and that all of it
// arrives.

const { randomBytes } = require('crypto');
const { EventEmitter, once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Readable } = require('stream');
const streams = require('stream/promises');
const net = require('../../..');
const { collect, destroyAtEnd, listening, pair, scratch, settled } = require('../../helpers');
const { CLIENT, SERVER, securePair } = require('../../tls/ends');
const { OPEN, chunksOf, content, digest, piped, twoConnections } = require('./pipes');

afterEach(() => jest.restoreAllMocks());

/** Pipes `source` into `target`: all that `from` sends comes to `to`, and JavaScript sees no chunk of it. */
async function passesUnseen(source, from, target, to) {
  await piped(source, from, target, to);
  const seen = chunksOf(source);
  const received = collect(to);
  from.end(content);
  expect(digest(await received)).toBe(digest(content));
  expect(seen()).toBe(0);
}

describe('"no JavaScript per chunk, unless the program observes the bytes"', () => {
  test('from one stream to another, and the end behind the last byte', async () => {
    const [source, from, target, to] = await twoConnections();
    await passesUnseen(source, from, target, to);
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
    await passesUnseen(source, from, target, to);
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

  test.each([
    ['connected', false],
    ['secure', true],
  ])('what comes before the target is %s is all that JavaScript sees', async (_, isSecure) => {
    const far = net.createServer(OPEN, (stream) => (isSecure ? destroyAtEnd(stream).setSecure(SERVER) : stream));
    await listening(far);
    const [from, source] = await pair({ client: nodeNet, serverOptions: OPEN, clientOptions: OPEN });
    const ready = new EventEmitter();
    const lookup = (host, options, callback) => ready.once('ready', () => callback(null, '127.0.0.1', 4));
    const target = destroyAtEnd(net.connect({ port: far.address().port, host: 'far.test', lookup, ...OPEN }));
    if (isSecure) target.setSecure(CLIENT);
    source.pipe(target);
    from.write('>');
    await once(source, 'data');
    ready.emit('ready');
    const [to] = await once(far, 'connection');
    const received = collect(destroyAtEnd(to));
    while (target.bytesWritten === 0 || to.bytesRead === 0) await settled();
    const seen = chunksOf(source);
    from.end(content);
    expect(digest(await received)).toBe(digest(Buffer.concat([Buffer.from('>'), content])));
    expect(seen()).toBe(0);
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
    expect(target.bufferSize).toBeLessThanOrEqual(256 << 10);
    expect([source.readableLength, target.writableLength]).toEqual([0, 0]);
    const received = collect(to);
    to.resume();
    expect(digest(await received)).toBe(digest(bytes));
  });
});

describe('both directions at once, each target full at times: no stream waits forever', () => {
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
    // The program writes to it as well.
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
