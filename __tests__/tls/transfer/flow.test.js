'use strict';

// "Everything else stays true on a secure stream": backpressure, 'drain', pause and resume.

const { once } = require('events');
const { collect, record, settled } = require('../../helpers');
const { digest, noise } = require('../bulk');
const { CLIENT, SERVER, greet, meet, securePair, secureServer } = require('../ends');
const { APPLICATION_DATA, isAllRecords, records, tap } = require('../wire');

/** More than the kernel's buffers take from a peer that does not read. */
const TOO_MUCH = 8_000_000;

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

  test('D12: true means that nothing waits, as records either; the callback comes when these have been sent', async () => {
    const [client, accepted] = await securePair();
    accepted.pause();
    const drains = record(client, 'drain');
    const done = [];
    let isRoom = true;
    let writes = 0;
    while (isRoom) {
      const number = writes++;
      expect(number).toBeLessThan(1000);
      isRoom = client.write(Buffer.alloc(60 << 10), () => done.push(number));
      expect(isRoom).toBe(client.bufferSize === 0 && client.stats.bytesWaiting === 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settled();
    expect([drains.length, done.length]).toEqual([0, writes - 1]);
    accepted.resume();
    await once(client, 'drain');
    await settled();
    expect([drains.length, done.length, client.bufferSize, client.stats.bytesWaiting]).toEqual([1, writes, 0, 0]);
  });

  // Below 4096, small writes are not gathered.
  test.each([1000, 2048, 4095, 4096, 10_000])('D12 with a high-water mark of %d: every write is done in the end', async (mark) => {
    const [client, accepted] = await securePair(undefined, undefined, { clientOptions: { highWaterMark: mark } });
    expect(client.writableHighWaterMark).toBe(mark);
    accepted.pause();
    const drains = record(client, 'drain');
    const sizes = [4000, 1, 999, 1001, 60_000, mark, mark + 1];
    let [total, done, writes] = [0, 0, 0];
    while (drains.length < 5) {
      const size = sizes[writes++ % sizes.length];
      total += size;
      const isRoom = client.write(Buffer.alloc(size), () => done++);
      const isGathered = size <= Math.min(mark, 4096);
      if (isRoom && !isGathered) expect([client.bufferSize, client.writableLength]).toEqual([0, 0]);
      if (isRoom) continue;
      accepted.resume();
      await once(client, 'drain');
      expect([client.bufferSize, done]).toEqual([0, writes]);
      accepted.pause();
    }
    const received = collect(accepted.resume());
    client.end();
    await once(client, 'finish');
    expect(done).toBe(writes);
    accepted.end();
    expect((await received).length).toBeLessThanOrEqual(total);
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
    const [client, stream] = await meet(server, between);
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
