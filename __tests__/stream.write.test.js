'use strict';

// Section "stream.write" of the `net` page, D1, D12, D14 and D15. What write() returns is in stream.drain.test.js, too.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Readable } = require('stream');
const { finished, pipeline } = require('stream/promises');
const net = require('..');
const { collect, destroyAtEnd, listening, pair, record, scratch, settled, thrown } = require('./helpers');

/** What arrives of what `send` writes to an accepted stream, which is ended then. */
async function arrivalOf(send) {
  const [client, accepted] = await pair({ client: nodeNet });
  send(accepted);
  accepted.end();
  return collect(client);
}

describe('stream.write(data, encoding=\'ascii\')', () => {
  test('"Sends data on the stream." (Buffers, typed arrays and views, strings, in order)', async () => {
    const bytes = Uint8Array.from([1, 2, 3, 4]);
    const received = await arrivalOf((stream) => {
      stream.write(Buffer.from('buffer'));
      stream.write(bytes);
      stream.write('string');
      stream.write(new DataView(bytes.buffer, 1, 2));
      stream.write(new Uint16Array(bytes.buffer));
      stream.write(bytes.subarray(3));
    });
    expect(received.toString('latin1')).toBe('buffer\x01\x02\x03\x04string\x02\x03\x01\x02\x03\x04\x04');
  });

  test.each([
    ['é€𝄞', 'ascii'],
    ['é€𝄞', 'latin1'],
    ['é€𝄞', 'binary'],
    ['é€𝄞', 'utf8'],
    ['é€𝄞', 'utf-8'],
    ['é€𝄞', 'utf16le'],
    ['é€𝄞', 'ucs2'],
    ['00abFF', 'hex'],
    ['//4A', 'base64'],
    ['__4A', 'base64url'],
    ['a lone \ud800 surrogate', 'utf8'],
    ['é€', 'UTF8'],
    ['é€', 'BINARY'],
    ['//4=', 'Base64'],
  ])('"The second parameter specifies the encoding in the case of a string" (%j as %s)', async (text, encoding) => {
    const received = await arrivalOf((stream) => stream.write(text, encoding));
    expect(received).toEqual(Buffer.from(text, encoding));
  });

  test('"it defaults to ASCII because encoding to UTF8 is rather slow." (D1: each UTF-16 unit\'s low byte)', async () => {
    const text = 'A é € 𝄞 \u0100\uffff';
    const received = await arrivalOf((stream) => {
      stream.write(text);
      stream.write(text, undefined);
      stream.write(text, null);
      stream.write(text, () => {});
    });
    const once = Buffer.from(text, 'ascii');
    expect(once.includes(0xac)).toBe(true);
    expect(received).toEqual(Buffer.concat([once, once, once, once]));
  });

  test.each([1, 4095, 4096, 4097, 100_000, 1_000_000])('strings of %i characters arrive whole in every encoding', async (length) => {
    const text = 'é'.repeat(length);
    const received = await arrivalOf((stream) => {
      stream.write(text);
      stream.write(text, 'utf8');
      stream.write(text, 'latin1');
      stream.write(text, 'utf16le');
    });
    const expected = ['ascii', 'utf8', 'latin1', 'utf16le'].map((encoding) => Buffer.from(text, encoding));
    expect(received.equals(Buffer.concat(expected))).toBe(true);
  });

  test('a change of the default: setDefaultEncoding()', async () => {
    const received = await arrivalOf((stream) => {
      stream.setDefaultEncoding('utf8');
      stream.write('é');
    });
    expect(received).toEqual(Buffer.from('é'));
  });

  test('an empty write sends nothing, and its callback is called', async () => {
    const callback = jest.fn();
    const received = await arrivalOf((stream) => {
      stream.write('', callback);
      stream.write(Buffer.alloc(0), callback);
      stream.write('x');
    });
    expect(received.toString()).toBe('x');
    expect(callback).toHaveBeenCalledTimes(2);
  });

  test('a Buffer may be changed once its callback has been called', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const received = collect(client);
    for (const length of [1000, 8_000_000]) {
      const chunk = Buffer.alloc(length, 'a');
      await new Promise((resolve) => accepted.write(chunk, resolve));
      chunk.fill('b');
    }
    accepted.end();
    expect((await received).equals(Buffer.alloc(8_001_000, 'a'))).toBe(true);
  });

  test('"Returns true if the entire data was flushed successfully to the kernel buffer."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    expect(accepted.write('short')).toBe(true);
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('short');
  });

  test('"Returns false if all or part of the data was queued in user memory. \'drain\' will be emitted when the buffer is again free."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    expect(accepted.write(Buffer.alloc(8_000_000))).toBe(false);
    expect(accepted.bufferSize).toBeGreaterThan(0);
    client.resume();
    await once(accepted, 'drain');
    expect(accepted.bufferSize).toBe(0);
  });

  test('before \'connect\', what is written is sent then, in order', async () => {
    const server = await listening(nodeNet.createServer());
    const accepted = once(server, 'connection');
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    const callbacks = [];
    stream.write('é', () => callbacks.push(1));
    stream.write('é', 'utf8', () => callbacks.push(2));
    stream.write(Buffer.from('three'), () => callbacks.push(3));
    stream.on('connect', () => stream.end(' four'));
    const [other] = await accepted;
    expect((await collect(destroyAtEnd(other))).toString('latin1')).toBe('\xe9\xc3\xa9three four');
    expect(callbacks).toEqual([1, 2, 3]);
  });

  test('bytesWritten counts what was written, sent or not; bufferSize what waits', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    accepted.write('é', 'utf8');
    expect(accepted.bytesWritten).toBe(2);
    accepted.write(Buffer.alloc(8_000_000));
    accepted.write('é');
    accepted.write('é', 'utf16le');
    expect(accepted.bytesWritten).toBe(8_000_005);
    expect(accepted.bufferSize).toBeGreaterThan(0);
    expect(accepted.bufferSize).toBeLessThanOrEqual(8_000_003);
    client.resume();
    await once(accepted, 'drain');
    expect([accepted.bytesWritten, accepted.bufferSize]).toEqual([8_000_005, 0]);
    const closed = once(accepted, 'close');
    accepted.destroy();
    await closed;
    expect(accepted.bytesWritten).toBe(8_000_005);
    expect(accepted.bufferSize).toBe(undefined);
  });

  // Small ones are put together first, in the engine's own memory: 4 KiB.
  test.each([10, 600, 4000, 5000])('what was corked arrives whole, in any encodings (%i units)', async (length) => {
    const text = 'é€𝄞A'.repeat(length).slice(0, length);
    const encodings = ['latin1', 'utf8', 'ascii', 'binary', 'utf-8', 'UTF8', 'utf16le', 'base64'];
    const writes = encodings.flatMap((encoding) => [[text, encoding], [Buffer.from(text)], ['', encoding], [Buffer.alloc(0)]]);
    for (const some of [writes, writes.slice(0, 4), writes.slice(0, 16), writes.slice(4, 12), writes.slice(16)]) {
      const received = await arrivalOf((stream) => {
        stream.cork();
        for (const write of some) stream.write(...write);
        stream.uncork();
      });
      const expected = Buffer.concat(some.map(([data, encoding]) => Buffer.from(data, encoding)));
      expect(received.equals(expected)).toBe(true);
    }
  });

  test('what was corked waits for a peer that does not read, and arrives whole', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    let expected = '';
    for (let count = 0; accepted.bufferSize === 0; count++) {
      accepted.cork();
      for (const text of [`head ${count} é`, 'body '.repeat(100)]) {
        expected += text;
        accepted.write(text, 'utf8');
      }
      accepted.uncork();
    }
    accepted.end();
    const received = collect(client);
    client.resume();
    expect((await received).toString()).toBe(expected);
  });

  test('cork() and uncork() hold writes back, and hand them on together', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(client, 'data');
    accepted.cork();
    accepted.write('one ');
    accepted.write(Buffer.from('two '));
    accepted.write('é', 'utf8');
    await settled();
    expect(events).toEqual([]);
    accepted.uncork();
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('one two é');
  });

  test('a real Duplex: pipeline(), finished(), Readable.from(...).pipe()', async () => {
    const where = path.join(scratch(), 's');
    await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)), where);
    const stream = destroyAtEnd(net.connect(where));
    const received = collect(stream);
    await pipeline(Readable.from(['a', 'b', 'c']), stream);
    expect((await received).toString()).toBe('abc');
    await finished(stream);

    const other = destroyAtEnd(net.connect(where));
    Readable.from([Buffer.from('piped')]).pipe(other);
    expect((await collect(other)).toString()).toBe('piped');
  });
});

describe('D14: writes that can\'t be', () => {
  test('after end(): ERR_STREAM_WRITE_AFTER_END, for the callback and as \'error\'', async () => {
    const [client, accepted] = await pair({ client: nodeNet, clientOptions: { allowHalfOpen: true } });
    client.resume();
    accepted.end('last');
    const callback = jest.fn();
    accepted.write('late', callback);
    const [error] = await once(accepted, 'error');
    expect(error.code).toBe('ERR_STREAM_WRITE_AFTER_END');
    expect(callback.mock.calls).toEqual([[error]]);
  });

  test('after destroy(): ERR_STREAM_DESTROYED for the callback, and no \'error\'', async () => {
    const [, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'error', 'close');
    accepted.destroy();
    const error = await new Promise((resolve) => accepted.write('late', resolve));
    expect(error.code).toBe('ERR_STREAM_DESTROYED');
    await settled();
    expect(events).toEqual([['close', false]]);
    const again = await new Promise((resolve) => accepted.write('later', resolve));
    expect(again.code).toBe('ERR_STREAM_DESTROYED');
    await settled();
    expect(events.length).toBe(1);
  });

  test('on a stream that was never connected: ERR_SOCKET_CLOSED', async () => {
    const stream = new net.Stream();
    const callback = jest.fn();
    stream.write('nowhere', callback);
    const [error] = await once(stream, 'error');
    expect(error.code).toBe('ERR_SOCKET_CLOSED');
    expect(callback.mock.calls).toEqual([[error]]);
  });

  test.each([
    ['nothing', [], 'ERR_INVALID_ARG_TYPE'],
    ['undefined', [undefined], 'ERR_INVALID_ARG_TYPE'],
    ['null', [null], 'ERR_STREAM_NULL_VALUES'],
    ['a number', [5], 'ERR_INVALID_ARG_TYPE'],
    ['true', [true], 'ERR_INVALID_ARG_TYPE'],
    ['an object', [{}], 'ERR_INVALID_ARG_TYPE'],
    ['an array', [[1, 2]], 'ERR_INVALID_ARG_TYPE'],
    ['a symbol', [Symbol('data')], 'ERR_INVALID_ARG_TYPE'],
    ['a function', [() => {}], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown encoding', ['x', 'nope'], 'ERR_UNKNOWN_ENCODING'],
    ['a number for the encoding', ['x', 5], 'ERR_UNKNOWN_ENCODING'],
  ])('%s throws at once, and nothing is half-done', async (_, args, code) => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'error', 'close');
    expect(thrown(() => accepted.write(...args)).code).toBe(code);
    expect([accepted.bytesWritten, accepted.writableLength, accepted.readyState]).toEqual([0, 0, 'open']);
    expect(accepted.write('right')).toBe(true);
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('right');
    expect(events).toEqual([]);
  });

  test('a Buffer that is detached while it waits gives an error, not other bytes', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})));
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    const bytes = new Uint8Array(100);
    const callback = jest.fn();
    stream.write(bytes, callback);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    const [error] = await once(stream, 'error');
    expect(error.code).toBe('ERR_INVALID_STATE');
    expect(callback.mock.calls).toEqual([[error]]);
  });
});
