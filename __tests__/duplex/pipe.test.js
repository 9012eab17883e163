'use strict';

// "net.Stream instance implement a duplex stream interface": what Node's own stream functions do with one.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { Duplex, PassThrough, Readable, Transform, Writable, compose, finished, pipeline } = require('stream');
const streams = require('stream/promises');
const { text } = require('stream/consumers');
const { promisify } = require('util');
const zlib = require('zlib');
const { collect, pair, scratch } = require('../helpers');

/** Bytes whose every position is known. */
function counted(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32BE(i, i);
  return bytes;
}

const content = counted(2_000_000);

/** All that waits in the buffer of `stream`, in pieces. */
function whole(stream) {
  const pieces = [];
  for (let piece; (piece = stream.read()) !== null;) pieces.push(piece);
  return pieces;
}

const upperCase = () => new Transform({
  transform: (chunk, encoding, callback) => callback(null, chunk.toString('latin1').toUpperCase()),
});

describe('pipe()', () => {
  test('a stream into itself is an echo server, to the last byte and the end', async () => {
    const [client, accepted] = await pair({ serverOptions: { allowHalfOpen: true } });
    accepted.pipe(accepted);
    const echo = collect(client);
    client.allowHalfOpen = true;
    client.end(content);
    expect((await echo).equals(content)).toBe(true);
  });

  test('D2: pipe() in the connection listener, after a wait, misses nothing', async () => {
    const target = new PassThrough({ highWaterMark: 1 << 24 });
    const [client, accepted] = await pair({ accept: (stream) => stream.pipe(target, { end: true }) });
    accepted.resume();
    client.end(content);
    const chunks = [];
    for await (const chunk of target) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  test('a slow target holds the source back, and gets all', async () => {
    const [client, accepted] = await pair();
    const taken = [];
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1000,
      write(chunk, encoding, callback) {
        most = Math.max(most, accepted.readableLength);
        taken.push(chunk);
        setImmediate(callback);
      },
    });
    accepted.pipe(slow);
    client.end(content);
    await once(slow, 'finish');
    expect(Buffer.concat(taken).equals(content)).toBe(true);
    expect(most).toBeLessThan(accepted.readableHighWaterMark + 64 * 1024);
  });

  test('unpipe() stops, pipe() goes on, and no byte is lost in between', async () => {
    const [client, accepted] = await pair();
    const [one, other] = [new PassThrough({ highWaterMark: 1 << 24 }), new PassThrough({ highWaterMark: 1 << 24 })];
    accepted.pipe(one);
    client.write(content);
    await once(one, 'readable');
    accepted.unpipe(one);
    accepted.pipe(other);
    client.end('after', 'latin1');
    await once(other, 'finish');
    const heard = Buffer.concat([one, other].flatMap(whole));
    expect(heard.equals(Buffer.concat([content, Buffer.from('after')]))).toBe(true);
  });

  test('Readable.from(...).pipe(stream)', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    Readable.from(['one ', Buffer.from('two '), 'three'], { objectMode: true }).pipe(client);
    expect((await heard).toString()).toBe('one two three');
  });

  test('Readable.from(an async generator).pipe(stream), more than the marks hold', async () => {
    const [client, accepted] = await pair();
    const heard = collect(accepted);
    async function* parts() {
      for (let at = 0; at < content.length; at += 9999) {
        yield content.subarray(at, at + 9999);
        if (at % 5 === 0) await null;
      }
    }
    Readable.from(parts()).pipe(client);
    expect((await heard).equals(content)).toBe(true);
  });

  test('a file into a stream, a stream into a file', async () => {
    const folder = scratch();
    const [from, to] = [path.join(folder, 'from'), path.join(folder, 'to')];
    fs.writeFileSync(from, content);
    const [client, accepted] = await pair();
    const file = fs.createWriteStream(to);
    accepted.pipe(file);
    fs.createReadStream(from).pipe(client);
    await once(file, 'close');
    expect(fs.readFileSync(to).equals(content)).toBe(true);
  });
});

describe('pipeline()', () => {
  test('through transforms, both ways: gzip here, gunzip there', async () => {
    const [client, accepted] = await pair();
    const chunks = [];
    const target = new Writable({
      write(chunk, encoding, callback) {
        chunks.push(chunk);
        callback();
      },
    });
    await Promise.all([
      streams.pipeline(Readable.from([content]), zlib.createGzip(), client),
      streams.pipeline(accepted, zlib.createGunzip(), target),
    ]);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  test('a stream that fails destroys the others, and its error is the outcome', async () => {
    const [client, accepted] = await pair();
    const target = new PassThrough();
    const outcome = promisify(pipeline)(accepted, target);
    client.resetAndDestroy();
    await expect(outcome).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
    expect(target.destroyed).toBe(true);
  });

  test('a target that fails destroys the stream', async () => {
    const [client, accepted] = await pair();
    const failing = new Writable({ write: (chunk, encoding, callback) => callback(new Error('disk full')) });
    const ended = once(client.resume(), 'close');
    client.write('x', 'latin1');
    await expect(streams.pipeline(accepted, failing)).rejects.toThrow('disk full');
    expect(accepted.destroyed).toBe(true);
    await ended;
  });

  test('a stream that is destroyed in the middle is a premature close', async () => {
    const [client, accepted] = await pair();
    accepted.resume();
    function* endless() {
      for (;;) yield content;
    }
    const outcome = streams.pipeline(Readable.from(endless()), client);
    client.once('drain', () => client.destroy());
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  test('a signal aborts it', async () => {
    const [client, accepted] = await pair();
    const control = new AbortController();
    const outcome = streams.pipeline(accepted, new PassThrough(), { signal: control.signal });
    client.write('x', 'latin1');
    control.abort();
    await expect(outcome).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect(accepted.destroyed).toBe(true);
  });
});

describe('finished()', () => {
  test('calls back without an error when both sides have ended', async () => {
    const [client, accepted] = await pair();
    const outcomes = [client, accepted].map((stream) => streams.finished(stream));
    accepted.resume();
    client.resume();
    client.end('x', 'latin1');
    await expect(Promise.all(outcomes)).resolves.toBeDefined();
  });

  test('calls back with the error of the stream', async () => {
    const [client, accepted] = await pair();
    const outcome = streams.finished(accepted.resume());
    client.resetAndDestroy();
    await expect(outcome).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test.each([
    ['is a premature close', 0, 'ERR_STREAM_PREMATURE_CLOSE'],
    // As in node:net of Node 22 and later.
    ['while a write waits says that it was cut', 30_000_000, 'ECANCELED'],
  ])('destroy() without an error %s', async (_case, waiting, code) => {
    const [client] = await pair({ serverOptions: { pauseOnConnect: true } });
    const outcome = streams.finished(client);
    if (waiting > 0) client.write(Buffer.alloc(waiting));
    client.destroy();
    await expect(outcome).rejects.toMatchObject({ code });
  });

  test('on a stream that has closed already', async () => {
    const [client, accepted] = await pair();
    accepted.end();
    client.resume();
    await once(client, 'close');
    const error = await new Promise((resolve) => finished(client, resolve));
    expect(error).toBeUndefined();
  });
});

describe('other kinds of streams', () => {
  test('Duplex.toWeb(): both directions and both ends', async () => {
    const [client, accepted] = await pair({ serverOptions: { allowHalfOpen: true } });
    accepted.pipe(upperCase()).pipe(accepted);
    client.allowHalfOpen = true;
    const { readable, writable } = Duplex.toWeb(client);
    const writer = writable.getWriter();
    await writer.write(Buffer.from('hello, '));
    await writer.write(Buffer.from('web'));
    await writer.close();
    let heard = '';
    for await (const chunk of readable) heard += Buffer.from(chunk).toString('latin1');
    expect(heard).toBe('HELLO, WEB');
  });

  test('Duplex.toWeb(): the error of the stream is the reader\'s', async () => {
    const [client, accepted] = await pair();
    const reader = Duplex.toWeb(client).readable.getReader();
    accepted.resetAndDestroy();
    await expect(reader.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('Readable.toWeb() of a stream, piped to Writable.toWeb() of another', async () => {
    const [client, accepted] = await pair();
    const [onward, last] = await pair();
    const heard = collect(last);
    client.end(content);
    await Readable.toWeb(accepted).pipeTo(Writable.toWeb(onward));
    expect((await heard).equals(content)).toBe(true);
  });

  test('compose() with a transform', async () => {
    const [client, accepted] = await pair();
    accepted.end('composed', 'latin1');
    await expect(text(compose(client, upperCase()))).resolves.toBe('COMPOSED');
  });

  test('the operators of Readable: map(), toArray()', async () => {
    const [client, accepted] = await pair();
    client.end('abc', 'latin1');
    const lengths = await accepted.map((chunk) => chunk.length).toArray();
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(3);
  });
});
