'use strict';

// The event 'drain' of net.Stream on the `net` page, and D12: what write() returns.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { collect, destroyAtEnd, listening, pair, record, settled } = require('./helpers');

/** More than the kernel's buffers take from a peer that does not read. */
const TOO_MUCH = 8_000_000;

/** An open stream of ours whose peer reads only when it is told to. */
async function towardsSlowPeer(options = {}) {
  const [client, accepted] = await pair({ client: nodeNet, ...options });
  client.pause();
  return [accepted, client];
}

describe('Event: \'drain\'', () => {
  test('"Emitted when the write buffer becomes empty."', async () => {
    const [stream, peer] = await towardsSlowPeer();
    const drained = [];
    stream.on('drain', () => drained.push([stream.bufferSize, stream.writableLength]));
    expect(stream.write(Buffer.alloc(TOO_MUCH))).toBe(false);
    await settled();
    expect(drained).toEqual([]);
    expect(stream.bufferSize).toBeGreaterThan(0);
    peer.resume();
    await once(stream, 'drain');
    expect(drained).toEqual([[0, 0]]);
  });

  test('"Can be used to throttle uploads."', async () => {
    const [stream, peer] = await towardsSlowPeer();
    const received = collect(peer.resume());
    let most = 0;
    for (let i = 0; i < 200; i++) {
      if (!stream.write(Buffer.alloc(50_000, i))) await once(stream, 'drain');
      most = Math.max(most, stream.bufferSize);
    }
    stream.end();
    expect((await received).length).toBe(10_000_000);
    expect(most).toBeLessThanOrEqual(50_000);
  });

  test('D12: write() is true when every byte has been handed on, and no \'drain\' follows', async () => {
    const [client, stream] = await pair({ client: nodeNet });
    const drains = record(stream, 'drain');
    for (let i = 0; i < 10; i++) {
      expect(stream.write('small')).toBe(true);
      expect(stream.bufferSize).toBe(0);
      await once(client, 'data');
    }
    expect(drains).toEqual([]);
  });

  test('D12: with a low high-water mark, a small write is false if it waits', async () => {
    const [stream, peer] = await towardsSlowPeer({ serverOptions: { highWaterMark: 1000 } });
    const drains = record(stream, 'drain');
    let done = 0;
    let writes = 0;
    while (stream.write(Buffer.alloc(4000), () => done++)) {
      expect([stream.bufferSize, stream.stats.bytesWaiting]).toEqual([0, 0]);
      expect(++writes).toBeLessThan(10_000);
    }
    expect(stream.bufferSize).toBeGreaterThan(0);
    await settled();
    expect(drains).toEqual([]);
    peer.resume();
    await once(stream, 'drain');
    expect([done, stream.bufferSize, drains.length]).toEqual([writes + 1, 0, 1]);
  });

  test('D12: a write far above the high-water mark is true if the kernel takes it whole', async () => {
    const [client, stream] = await pair({ client: nodeNet, serverOptions: { highWaterMark: 10 } });
    client.resume();
    const drains = record(stream, 'drain');
    expect(stream.write(Buffer.alloc(1000))).toBe(true);
    await settled();
    expect(drains).toEqual([]);
  });

  test('D12: false as long as anything waits, though it is below the high-water mark', async () => {
    const [stream] = await towardsSlowPeer({ serverOptions: { highWaterMark: 100_000_000 } });
    expect(stream.write(Buffer.alloc(TOO_MUCH))).toBe(false);
    expect(stream.write('x')).toBe(false);
  });

  test('D12: exactly one \'drain\' follows, however many writes were false', async () => {
    const [stream, peer] = await towardsSlowPeer();
    const drains = record(stream, 'drain');
    for (let i = 0; i < 20; i++) stream.write(Buffer.alloc(TOO_MUCH / 20));
    expect(stream.write('one more')).toBe(false);
    peer.resume();
    await once(stream, 'drain');
    await settled();
    expect(drains.length).toBe(1);
    // And one more the next time.
    peer.pause();
    expect(stream.write(Buffer.alloc(TOO_MUCH))).toBe(false);
    peer.resume();
    await once(stream, 'drain');
    await settled();
    expect(drains.length).toBe(2);
  });

  test('D12: "Before \'connect\' it is always false", and one \'drain\' follows \'connect\'', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).resume()));
    const stream = destroyAtEnd(new net.Stream());
    stream.connect(server.address().port, '127.0.0.1');
    const names = [];
    for (const name of ['connect', 'drain']) stream.on(name, () => names.push(name));
    expect([stream.write('a'), stream.write(''), stream.write('b')]).toEqual([false, false, false]);
    await once(stream, 'drain');
    await settled();
    expect(names).toEqual(['connect', 'drain']);
    expect(stream.write('c')).toBe(true);
  });

  test('before \'connect\', for a single write as well, and for an empty one', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).resume()));
    for (const text of ['a', '']) {
      const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
      const drains = record(stream, 'drain');
      expect(stream.write(text)).toBe(false);
      await once(stream, 'drain');
      await settled();
      expect(drains.length).toBe(1);
    }
  });

  test('no \'drain\' after end(), and none after destroy()', async () => {
    const [stream, peer] = await towardsSlowPeer();
    const drains = record(stream, 'drain');
    stream.write(Buffer.alloc(TOO_MUCH));
    stream.end();
    peer.resume();
    await once(peer, 'end');
    await settled();
    expect(drains).toEqual([]);

    const [other] = await towardsSlowPeer();
    const events = record(other, 'drain', 'close');
    other.on('error', () => {});
    other.write(Buffer.alloc(TOO_MUCH));
    other.destroy();
    await once(other, 'close');
    await settled();
    expect(events).toEqual([['close', false]]);
  });

  test('D12: small writes of one turn are all handed on, in order, and true', async () => {
    const [client, stream] = await pair({ client: nodeNet });
    const results = new Set();
    let expected = '';
    for (let i = 0; i < 500; i++) {
      const text = `${i},`;
      expected += text;
      results.add(i % 2 ? stream.write(text) : stream.write(Buffer.from(text)));
    }
    stream.end();
    expect((await collect(client)).toString()).toBe(expected);
    expect(results).toEqual(new Set([true]));
  });

  test('D12: "a stream whose peer does not read reports false before it holds more than its high-water mark"', async () => {
    const [stream] = await towardsSlowPeer();
    let rounds = 0;
    let isRoom = true;
    while (isRoom) {
      for (let i = 0; i < 100 && isRoom; i++) isRoom = stream.write('x'.repeat(1000));
      expect(++rounds).toBeLessThan(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stream.bufferSize).toBeGreaterThan(0);
    expect(stream.bufferSize).toBeLessThanOrEqual(stream.writableHighWaterMark + 1000);
  });

  test('the callbacks of writes are called in order, before \'drain\'', async () => {
    const [stream, peer] = await towardsSlowPeer();
    const order = [];
    stream.on('drain', () => order.push('drain'));
    stream.write(Buffer.alloc(TOO_MUCH), () => order.push('first'));
    stream.write('x', () => order.push('second'));
    stream.write('y', () => order.push('third'));
    peer.resume();
    await once(stream, 'drain');
    await settled();
    expect(order.toSorted()).toEqual(['drain', 'first', 'second', 'third']);
    expect(order.filter((name) => name !== 'drain')).toEqual(['first', 'second', 'third']);
  });
});
