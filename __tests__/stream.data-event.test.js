'use strict';

// The event 'data' of net.Stream on the `net` page, and D2: when a stream reads.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { pipeline } = require('stream/promises');
const { PassThrough, Readable } = require('stream');
const net = require('..');
const { collect, destroyAtEnd, listening, namesUntilClose, pair, record, scratch, settled } = require('./helpers');

/** The most that one read takes, in bytes. */
const MAX_READ = 64 << 10;

describe('Event: \'data\'', () => {
  test('"Emitted when data is received."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'data');
    await settled();
    expect(events).toEqual([]);
    for (const text of ['one', 'two', 'three']) {
      client.write(text);
      const [data] = await once(accepted, 'data');
      expect(data.toString()).toBe(text);
    }
    expect(events.length).toBe(3);
  });

  test('"The argument data will be a Buffer or String."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.write('bytes');
    const [data] = await once(accepted, 'data');
    expect(Buffer.isBuffer(data)).toBe(true);
    accepted.setEncoding('utf8');
    client.write('text');
    expect(await once(accepted, 'data')).toEqual(['text']);
  });

  test('"Encoding of data is set by stream.setEncoding()."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.setEncoding('base64');
    client.write('abc');
    expect(await once(accepted, 'data')).toEqual(['YWJj']);
  });

  test('a Buffer stays as it was, whatever is received later', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const kept = [];
    accepted.on('data', (data) => kept.push(data));
    let sent = 0;
    for (let i = 0; i < 60; i++) {
      const chunk = Buffer.alloc(50_000, i);
      sent += chunk.length;
      client.write(chunk);
    }
    client.end();
    await once(accepted, 'close');
    const all = Buffer.concat(kept);
    expect(all.length).toBe(sent);
    for (let i = 0; i < 60; i++) {
      expect(all.subarray(i * 50_000, (i + 1) * 50_000).equals(Buffer.alloc(50_000, i))).toBe(true);
    }
  });

  test('what a listener writes into a Buffer does not show in another', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const texts = [];
    accepted.on('data', (data) => {
      texts.push(data.toString());
      data.fill('!');
    });
    for (const text of ['first', 'second']) {
      client.write(text);
      await once(accepted, 'data');
    }
    expect(texts).toEqual(['first', 'second']);
  });

  test.each([
    ['TCP', () => [0, '127.0.0.1']],
    ['UNIX', () => [path.join(scratch(), 's')]],
  ])('bytes of every value, in order, both ways at once (%s)', async (_, where) => {
    const server = await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)), ...where());
    const address = server.address();
    const client = destroyAtEnd(typeof address === 'string' ? net.connect(address) : net.connect(address));
    const sent = Buffer.alloc(4_000_000);
    for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
    const received = collect(client);
    await pipeline(Readable.from(slices(sent)), client);
    expect((await received).equals(sent)).toBe(true);
  });

  test('no data after \'end\', no event but \'close\' after \'error\' (D13)', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    client.write('x');
    await once(accepted, 'data');
    client.resetAndDestroy();
    expect(await names).toEqual(['data', 'error', 'close']);
  });
});

/** `buffer` in pieces of uneven sizes. */
function* slices(buffer) {
  for (let at = 0, size = 1; at < buffer.length; at += size, size = (size * 7 + 3) % 70_001) {
    yield buffer.subarray(at, at + size);
  }
}

describe('D2: reading "starts when connected, waits for nobody"', () => {
  test('"without a listener, data is dropped and \'end\' still comes" (accepted stream)', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const end = once(accepted, 'end');
    client.end(Buffer.alloc(500_000));
    await end;
    expect(accepted.bytesRead).toBe(500_000);
  });

  test('"without a listener, data is dropped and \'end\' still comes" (client)', async () => {
    const [client, accepted] = await pair({ server: nodeNet });
    const end = once(client, 'end');
    accepted.end(Buffer.alloc(500_000));
    await end;
    expect(client.bytesRead).toBe(500_000);
  });

  test('a stream without listeners closes when its peer does', async () => {
    const server = await listening(net.createServer());
    const client = nodeNet.connect(server.address().port, '127.0.0.1');
    client.end('unheard');
    await once(client.resume(), 'close');
    await settled();
    expect(server.connections).toBe(0);
  });

  test('what came before a listener is not kept for it', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.write('missed');
    await settled();
    client.write('heard');
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('heard');
  });

  /** An accepted stream that `hold` holds back in 'connection', whose client has sent and ended. */
  async function held(hold, serverOptions = {}) {
    const [client, accepted] = await pair({ client: nodeNet, accept: hold, serverOptions });
    client.on('error', () => {});
    client.end('kept');
    await settled();
    return accepted;
  }

  test('`pause()` in \'connection\' holds it back', async () => {
    const accepted = await held((stream) => stream.pause());
    const events = record(accepted, 'data', 'end');
    await settled();
    expect(events).toEqual([]);
    expect((await collect(accepted.resume())).toString()).toBe('kept');
  });

  test('`pause()` in a client\'s \'connect\' holds it back', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).end('kept')));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1', () => client.pause()));
    await once(client, 'connect');
    await settled();
    expect(client.bytesRead).toBe(0);
    expect((await collect(client.resume())).toString()).toBe('kept');
  });

  test('a \'readable\' listener in \'connection\' holds it back', async () => {
    const chunks = [];
    const [client, accepted] = await pair({
      client: nodeNet,
      accept: (stream) => {
        stream.on('readable', () => {
          for (let chunk = stream.read(2); chunk !== null; chunk = stream.read(2)) chunks.push(chunk.toString());
        });
      },
    });
    const events = record(accepted, 'data');
    client.end('read by twos');
    await once(accepted, 'close');
    expect(chunks.join('')).toBe('read by twos');
    expect(events.length).toBeGreaterThan(0);
  });

  test('`pipe()` in \'connection\' holds it back', async () => {
    const sink = new PassThrough();
    await held((stream) => stream.pipe(sink));
    expect((await collect(sink)).toString()).toBe('kept');
  });

  test('`for await` in \'connection\' holds it back', async () => {
    let read;
    await held((stream) => {
      read = (async () => {
        const chunks = [];
        for await (const chunk of stream) chunks.push(chunk);
        return Buffer.concat(chunks).toString();
      })();
    });
    expect(await read).toBe('kept');
  });

  test('the `pauseOnConnect` option holds it back', async () => {
    const accepted = await held(() => {}, { pauseOnConnect: true });
    expect(accepted.bytesRead).toBe(0);
    expect((await collect(accepted.resume())).toString()).toBe('kept');
  });

  test('a held stream keeps no more than its high-water mark or one read, and what the kernel holds', async () => {
    const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.pause() });
    const chunk = Buffer.alloc(1_000_000);
    for (let i = 0; i < 20; i++) client.write(chunk);
    await settled();
    // Reading has started all the same, as in Node: one read, which may be larger than the mark.
    expect(accepted.bytesRead).toBeLessThanOrEqual(MAX_READ);
    expect(accepted.readableLength).toBe(accepted.bytesRead);
    expect(client.writableLength).toBeGreaterThan(0);
  });
});
