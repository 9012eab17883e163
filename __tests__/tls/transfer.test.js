'use strict';

// "Everything else stays true on a secure stream": a lot of bytes in both directions, backpressure, 'drain', pause and
// resume, the end (D23), counters, timeouts, pipes.

const { once } = require('events');
const https = require('https');
const http = require('http');
const { Transform } = require('stream');
const { pipeline } = require('stream/promises');
const net = require('../..');
const { collect, destroyAtEnd, failure, listening, namesUntilClose, pair, record, settled } = require('../helpers');
const { GOOD, runProgram } = require('../lifecycle/child');
const { digest, noise, random, receive, send } = require('./bulk');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  allSecure,
  greet,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { ALERT, APPLICATION_DATA, isAllRecords, records, tap } = require('./wire');

/** More than the kernel's buffers take from a peer that does not read. */
const TOO_MUCH = 8_000_000;

describe('"64 MiB each way at once over TLS with random chunk sizes and a slow reader"', () => {
  const SIZE = 64 << 20;
  const TRANSFERS = require.resolve('./fixtures/transfers.js');

  test.each(VERSIONS)('ours at both ends, %s; memory bounded', async (version) => {
    const input = JSON.stringify({ server: { ...SERVER, ...only(version) }, client: CLIENT, size: SIZE });
    const { stdout, ...outcome } = await runProgram([process.execPath, TRANSFERS], { input });
    expect(outcome).toEqual(GOOD);
    const { arrived, counters, memory, truncated, waited } = JSON.parse(stdout);
    expect(arrived).toEqual([true, true]);
    // One chunk at most waits in each direction.
    expect(Math.max(...waited)).toBeLessThanOrEqual(100_001);
    expect(memory).toBeLessThan(SIZE);
    expect(counters).toEqual([SIZE, SIZE, SIZE, SIZE]);
    expect(truncated).toEqual([false, false]);
  });

  test.each(VERSIONS)('against node:tls on either side, %s', async (version) => {
    const quarter = SIZE / 4;
    const parts = [noise(quarter, 1), noise(quarter, 2)];
    const ends = [
      await withTlsServer({ ...SERVER, ...only(version), allowHalfOpen: true }),
      await withTlsClient({ ...SERVER, ...only(version) }, { allowHalfOpen: true }),
    ];
    for (const [ours, theirs] of ends) {
      ours.allowHalfOpen = true;
      const [, , fromOurs, fromTheirs] = await Promise.all([
        send(ours, parts[0], 3),
        send(theirs, parts[1], 4),
        receive(theirs, 5),
        receive(ours, 6),
      ]);
      expect(fromOurs).toEqual({ hash: digest(parts[0]), size: quarter });
      expect(fromTheirs).toEqual({ hash: digest(parts[1]), size: quarter });
    }
  });
});

describe('stream.write, \'drain\'', () => {
  test('"Returns true if the entire data was flushed successfully": small writes are true, and no \'drain\' follows (D12)', async () => {
    const [client, accepted] = await securePair();
    const drains = record(client, 'drain');
    for (let i = 0; i < 10; i++) {
      expect(client.write('small')).toBe(true);
      expect(client.bufferSize).toBe(0);
      await once(accepted, 'data');
    }
    expect(drains).toEqual([]);
  });

  test('"\'drain\' will be emitted when the buffer is again free.": exactly one (D12)', async () => {
    const [client, accepted] = await securePair();
    accepted.pause();
    const drains = record(client, 'drain');
    for (let i = 0; i < 20; i++) client.write(Buffer.alloc(TOO_MUCH / 20));
    expect(client.write('one more')).toBe(false);
    await settled();
    expect(drains).toEqual([]);
    expect(client.bufferSize).toBeGreaterThan(0);
    accepted.resume();
    await once(client, 'drain');
    await settled();
    expect(drains.length).toBe(1);
    expect([client.bufferSize, client.writableLength]).toEqual([0, 0]);
  });

  test('"a stream whose peer does not read reports false before it holds more than its high-water mark"', async () => {
    const [client, accepted] = await securePair();
    accepted.pause();
    let rounds = 0;
    let isRoom = true;
    while (isRoom) {
      for (let i = 0; i < 100 && isRoom; i++) isRoom = client.write('x'.repeat(1000));
      expect(++rounds).toBeLessThan(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.bufferSize).toBeLessThanOrEqual(client.writableHighWaterMark + 1000);
  });

  test('what cannot be sent holds back no reading: both sides write more than fits, then read', async () => {
    const [client, accepted] = await securePair();
    const bytes = noise(TOO_MUCH, 7);
    for (const stream of [client, accepted]) {
      stream.pause();
      expect(stream.write(bytes)).toBe(false);
      stream.end();
    }
    await settled();
    const [one, other] = await Promise.all([collect(client.resume()), collect(accepted.resume())]);
    expect([digest(one), digest(other)]).toEqual([digest(bytes), digest(bytes)]);
  });

  test('"writes gathered into full records": many small writes of one turn go out in few', async () => {
    const server = await secureServer();
    const between = await tap(server);
    const accepted = nextSecure(server);
    const client = secureClient(between);
    await once(client, 'secure');
    const stream = await accepted;
    await greet(client, stream);
    const count = () => records(between.up).filter(({ type }) => type === APPLICATION_DATA).length;
    const before = count();
    for (let i = 0; i < 1000; i++) client.write('ten bytes ');
    client.end();
    expect((await collect(stream)).length).toBe(10_000);
    expect(count() - before).toBeLessThan(20);
    expect(isAllRecords(between.up)).toBe(true);
  });

  test('the callbacks of writes come in order, each once', async () => {
    const [client, accepted] = await securePair();
    accepted.resume();
    const order = [];
    for (let i = 0; i < 50; i++) client.write(Buffer.alloc(i * 1000), () => order.push(i));
    await new Promise((resolve) => client.end(resolve));
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('empty writes, and cork', async () => {
    const [client, accepted] = await securePair();
    client.cork();
    for (const text of ['', 'a', '', 'b', '']) client.write(text);
    client.uncork();
    client.end('');
    expect((await collect(accepted)).toString()).toBe('ab');
  });
});

describe('stream.pause, stream.resume', () => {
  test('"\'data\' events will not be emitted", and the peer is throttled', async () => {
    const [client, accepted] = await securePair();
    const events = record(accepted, 'data');
    accepted.pause();
    expect(client.write(Buffer.alloc(TOO_MUCH))).toBe(false);
    await settled();
    expect(events).toEqual([]);
    expect(client.bufferSize).toBeGreaterThan(0);
    client.end();
    accepted.resume();
    await once(accepted, 'end');
    expect(accepted.bytesRead).toBe(TOO_MUCH);
  });

  test('in each \'data\', over and over', async () => {
    const [client, accepted] = await securePair();
    const bytes = noise(1_000_000, 8);
    const chunks = [];
    let isPaused = false;
    accepted.on('data', (chunk) => {
      expect(isPaused).toBe(false);
      chunks.push(chunk);
      isPaused = true;
      accepted.pause();
      setImmediate(() => {
        isPaused = false;
        accepted.resume();
      });
    });
    client.end(bytes);
    await once(accepted, 'end');
    expect(digest(Buffer.concat(chunks))).toBe(digest(bytes));
  });

  test('paused with decrypted data left: a record that is longer than is read at once', async () => {
    const [client, accepted] = await securePair(SERVER, CLIENT, { serverOptions: { highWaterMark: 10 } });
    const bytes = noise(100_000, 9);
    client.end(bytes);
    const chunks = [];
    accepted.on('readable', () => {
      for (let chunk = accepted.read(7); chunk !== null; chunk = accepted.read(7)) chunks.push(chunk);
      const rest = accepted.read();
      if (rest !== null) chunks.push(rest);
    });
    await once(accepted, 'end');
    expect(digest(Buffer.concat(chunks))).toBe(digest(bytes));
  });

  test('pause() before the end: \'end\' waits, too', async () => {
    const [client, accepted] = await securePair();
    accepted.pause();
    const events = record(accepted, 'data', 'end');
    client.end('last');
    await settled();
    expect(events).toEqual([]);
    accepted.resume();
    await once(accepted, 'end');
    expect(events.map(([name]) => name)).toEqual(['data', 'end']);
  });
});

describe('bytes in pieces', () => {
  test.each(VERSIONS)('one byte per segment, %s', async (version) => {
    const trickle = async (chunk, to) => {
      for (const byte of chunk) {
        to.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const server = await listening(
      net.createServer((stream) => destroyAtEnd(stream).setSecure({ ...SERVER, ...only(version) }).pipe(stream)),
    );
    const client = secureClient(await tap(server, { up: trickle, down: trickle }));
    client.write('one, ');
    await once(client, 'secure');
    client.end('two');
    expect((await collect(client)).toString()).toBe('one, two');
    expect(client.truncated).toBe(false);
  });

  test('many records in one segment, and a record in many', async () => {
    const server = await secureServer();
    const sizes = random(10);
    const shred = (chunk, to) => {
      for (let at = 0; at < chunk.length; ) {
        const size = 1 + sizes(3000);
        to.write(chunk.subarray(at, at + size));
        at += size;
      }
    };
    const accepted = nextSecure(server);
    const client = secureClient(await tap(server, { up: shred }));
    const bytes = noise(3_000_000, 11);
    client.end(bytes);
    expect(digest(await collect(await accepted))).toBe(digest(bytes));
  });
});

describe('the end', () => {
  test.each(VERSIONS)('D23: "`end()` sends close_notify, then FIN.", %s', async (version) => {
    for (const side of ['client', 'server']) {
      const credentials = { ...SERVER, ...only(version) };
      const [ours, theirs] = side === 'client' ? await withTlsServer(credentials) : await withTlsClient(credentials);
      const names = namesUntilClose(theirs, ['data', 'end', 'error', 'close']);
      ours.end('goodbye');
      // node:tls would give an error, or close, without 'end', for a connection that is cut.
      expect(await names).toEqual(['data', 'end', 'close']);
    }
  });

  test('on the wire, the last record is an alert, and nothing follows it', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.2') });
    const between = await tap(server);
    const accepted = nextSecure(server);
    const client = secureClient(between);
    client.end('goodbye');
    await collect(await accepted);
    await once(client, 'close');
    for (const bytes of [between.up, between.down]) {
      expect(isAllRecords(bytes)).toBe(true);
      expect(records(bytes).at(-1).type).toBe(ALERT);
      expect(records(bytes).filter(({ type }) => type === ALERT).length).toBe(1);
    }
  });

  test('D23: "A FIN without close_notify gives \'end\' and sets `truncated` to `true`."', async () => {
    for (const direction of ['up', 'down']) {
      const server = await secureServer();
      const accepted = nextSecure(server);
      const between = await tap(server);
      const client = secureClient(between);
      await once(client, 'secure');
      const ours = { up: await accepted, down: client }[direction];
      await greet(client, await accepted);
      expect(ours.truncated).toBe(false);
      let atEnd = null;
      ours.on('end', () => (atEnd = ours.truncated));
      const names = namesUntilClose(ours, ['data', 'end', 'error', 'close']);
      between.end(direction);
      expect(await names).toEqual(['end', 'close']);
      expect([atEnd, ours.truncated]).toEqual([true, true]);
    }
  });

  test('D23: the same behind data, and in the middle of a record, which is not delivered', async () => {
    const server = await secureServer();
    let isCutting = false;
    const between = await tap(server, {
      up(chunk, to) {
        if (!isCutting) {
          to.write(chunk);
          return;
        }
        // All but the last byte of the last record.
        to.end(chunk.subarray(0, chunk.length - 1));
      },
    });
    const accepted = nextSecure(server);
    const client = secureClient(between);
    await once(client, 'secure');
    const stream = await accepted;
    await greet(client, stream);
    const delivered = [];
    stream.on('data', (data) => delivered.push(data.toString()));
    isCutting = true;
    client.write('never whole');
    await once(stream, 'end');
    expect([stream.truncated, delivered]).toEqual([true, []]);
    client.on('error', () => {});
  });

  test('what comes behind a close_notify is not delivered', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.2') }, undefined, { allowHalfOpen: true });
    const between = await tap(server, {
      up(chunk, to) {
        // The alert is close_notify, and the FIN that would follow it waits for more.
        to.write(records(chunk)[0].type === ALERT ? Buffer.concat([chunk, Buffer.from('in the clear')]) : chunk);
      },
    });
    const accepted = nextSecure(server);
    const client = secureClient(between);
    await once(client, 'secure');
    const stream = await accepted;
    const events = record(stream, 'data', 'end', 'error');
    client.end();
    await once(stream, 'end');
    await settled();
    expect([events.map(([name]) => name), stream.truncated]).toEqual([['end'], false]);
  });

  test('"Half-closes the stream": the other side can still send (allowHalfOpen)', async () => {
    const [client, accepted] = await securePair(SERVER, CLIENT, { serverOptions: { allowHalfOpen: true } });
    accepted.resume();
    const received = collect(client);
    client.end('that is all');
    expect(client.readyState).toBe('readOnly');
    await once(accepted, 'end');
    expect(accepted.readyState).toBe('writeOnly');
    const bytes = noise(1_000_000, 12);
    accepted.write(bytes.subarray(0, 10));
    await settled();
    accepted.end(bytes.subarray(10));
    expect(digest(await received)).toBe(digest(bytes));
    if (!client.closed) await once(client, 'close');
    expect([client.truncated, accepted.truncated]).toEqual([false, false]);
  });

  test('D10: "\'end\' listeners run first; then [...] what they wrote and all that was queued is sent, and the stream ends"', async () => {
    const [client, accepted] = await securePair();
    accepted.on('data', (data) => accepted.write(data));
    accepted.on('end', () => accepted.end('goodbye'));
    const received = collect(client);
    client.end('echo,');
    expect((await received).toString()).toBe('echo,goodbye');
  });

  test('end() behind more than fits: all of it arrives before the end', async () => {
    const [client, accepted] = await securePair();
    const bytes = noise(TOO_MUCH, 13);
    client.end(bytes);
    expect(digest(await collect(accepted))).toBe(digest(bytes));
    expect(accepted.truncated).toBe(false);
  });

  test('the peer resets: \'error\' with ECONNRESET, then \'close\' with true (D13)', async () => {
    const [client, accepted] = await securePair();
    const names = namesUntilClose(client, ['data', 'end', 'error', 'close']);
    accepted.resetAndDestroy();
    expect((await failure(client)).code).toBe('ECONNRESET');
    expect(await names).toEqual(['error', 'close']);
  });

  test('destroy() in \'data\': nothing of what was decrypted along with it is delivered', async () => {
    const [client, accepted] = await securePair();
    client.on('error', () => {});
    const events = record(accepted, 'data', 'end', 'close');
    accepted.once('data', () => accepted.destroy());
    client.end(Buffer.alloc(3_000_000));
    await once(accepted, 'close');
    await settled();
    expect(events.map(([name]) => name)).toEqual(['data', 'close']);
  });

  test('a goodbye that does not arrive is no error: the peer has all there was, and is gone', async () => {
    const [client, accepted] = await securePair(SERVER, CLIENT, { serverOptions: { allowHalfOpen: true } });
    const events = record(accepted, 'error', 'finish', 'close');
    client.end('all there is');
    expect((await collect(accepted)).toString()).toBe('all there is');
    client.resetAndDestroy();
    await settled();
    accepted.end();
    await once(accepted, 'close');
    expect(events).toEqual([['finish'], ['close', false]]);
  });

  test('writing after it: ERR_STREAM_WRITE_AFTER_END, and after destroy() ERR_STREAM_DESTROYED (D14)', async () => {
    const [client, accepted] = await securePair();
    accepted.resume();
    client.end();
    client.write('late');
    expect((await failure(client)).code).toBe('ERR_STREAM_WRITE_AFTER_END');
    const [other] = await securePair();
    other.destroy();
    const error = await new Promise((resolve) => other.write('late', resolve));
    expect(error.code).toBe('ERR_STREAM_DESTROYED');
  });
});

describe('counters and timeouts', () => {
  test('bytesRead and bytesWritten count the bytes of the application, in the clear and encrypted', async () => {
    const [client, accepted] = await pair();
    client.write('in the clear');
    await once(accepted, 'data');
    client.setSecure(CLIENT);
    accepted.setSecure(SERVER);
    await allSecure(client, accepted);
    expect([client.bytesRead, client.bytesWritten, accepted.bytesRead, accepted.bytesWritten]).toEqual([0, 12, 12, 0]);
    client.write('secret');
    expect(client.bytesWritten).toBe(18);
    await once(accepted, 'data');
    accepted.end(Buffer.alloc(100_000));
    await once(client.resume(), 'close');
    expect([client.bytesRead, client.bytesWritten]).toEqual([100_000, 18]);
    expect([accepted.bytesRead, accepted.bytesWritten]).toEqual([18, 100_000]);
  });

  test('D25: "any traffic in either direction starts it anew; it fires again after another idle span; it severs nothing"', async () => {
    const [client, accepted] = await securePair();
    client.setTimeout(30);
    await once(client, 'timeout');
    await once(client, 'timeout');
    await greet(client, accepted);
    client.setTimeout(0);
  });

  test('setNoDelay, setKeepAlive, addresses and the rest are as before', async () => {
    const [client, accepted] = await securePair();
    expect(client.setNoDelay().setKeepAlive(true, 1000)).toBe(client);
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect([client.type, typeof client.fd, accepted.remotePort]).toEqual(['tcp4', 'number', client.localPort]);
  });
});

describe('pipes and protocols', () => {
  test('pipe between TLS and plain, both ways', async () => {
    const echo = await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)));
    const front = await listening(
      net.createServer({ allowHalfOpen: true }, (stream) => {
        destroyAtEnd(stream).setSecure(SERVER);
        const back = destroyAtEnd(net.connect(echo.address().port, '127.0.0.1'));
        stream.pipe(back).pipe(stream);
      }),
    );
    const client = tlsClient(front);
    const bytes = noise(3_000_000, 14);
    const received = collect(client);
    client.end(bytes);
    expect(digest(await received)).toBe(digest(bytes));
  });

  test('stream.pipeline, and for await', async () => {
    const [client, accepted] = await securePair();
    const upper = new Transform({
      transform: (chunk, _, done) => done(null, chunk.toString('latin1').toUpperCase()),
    });
    const through = pipeline(accepted, upper, accepted);
    client.end('shout');
    let text = '';
    for await (const chunk of client) text += chunk;
    await through;
    expect(text).toBe('SHOUT');
  });

  test('http over it: a server of node:http answers https', async () => {
    const web = http.createServer((request, response) => response.end(`you want ${request.url}`));
    const server = await secureServer();
    server.on('connection', (stream) => web.emit('connection', stream));
    const { port } = server.address();
    const answer = await new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername: 'localhost', path: '/this', ...CLIENT, agent: false };
      https.get(options, resolve).on('error', reject);
    });
    expect((await collect(answer)).toString()).toBe('you want /this');
  });
});
