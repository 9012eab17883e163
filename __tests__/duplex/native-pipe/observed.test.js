'use strict';

// A pipe whose bytes something in JavaScript looks at: the engine leaves them to it.

const { once } = require('events');
const nodeNet = require('net');
const { PassThrough } = require('stream');
const { collect, failure, pair, record, settled } = require('../../helpers');
const { CLIENT, SERVER, allSecure } = require('../../tls/ends');
const { OPEN, chunksOf, content, digest, piped, twoConnections } = require('./pipes');

afterEach(() => jest.restoreAllMocks());

describe('a program that observes the bytes sees them', () => {
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

  test('"unpipe() in the middle returns the bytes to JavaScript without loss"', async () => {
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
    from.write('not read');
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
    // More than the kernel takes: the handshake waits after it.
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
