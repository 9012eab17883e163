'use strict';

// The event 'timeout' and the section "stream.setTimeout" of the `net` page, and D25. Time is the subject here: what is
// checked of it is that nothing comes too early.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { destroyAtEnd, listening, pair, record, settled, thrown } = require('./helpers');

/** Timers count whole milliseconds. */
const EARLIEST = 1;

/** Resolves after at least `msecs`. */
function span(msecs) {
  return new Promise((resolve) => setTimeout(resolve, msecs));
}

describe('Event: \'timeout\', stream.setTimeout(timeout)', () => {
  test('"Emitted if the stream times out from inactivity." "Sets the stream to timeout after timeout milliseconds of inactivity on the stream."', async () => {
    const [client, accepted] = await pair();
    for (const stream of [client, accepted]) {
      const since = performance.now();
      expect(stream.setTimeout(50)).toBe(stream);
      expect(stream.timeout).toBe(50);
      await once(stream, 'timeout');
      expect(performance.now() - since).toBeGreaterThanOrEqual(50 - EARLIEST);
      stream.setTimeout(0);
    }
  });

  test('"This is only to notify that the stream has been idle. The user must manually close the connection."', async () => {
    const [client, accepted] = await pair();
    const events = record(accepted, 'end', 'error', 'close');
    accepted.setTimeout(10);
    await once(accepted, 'timeout');
    await settled();
    expect(accepted.readyState).toBe('open');
    expect(events).toEqual([]);
    accepted.setTimeout(0);
    client.write('still there');
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('still there');
  });

  test('"the stream will receive a \'timeout\' event but the connection will not be severed. The user must manually end() or destroy() the stream."', async () => {
    const [client, accepted] = await pair();
    accepted.on('timeout', () => accepted.end('too slow'));
    accepted.setTimeout(10);
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('too slow');
  });

  test('"By default net.Stream do not have a timeout."', async () => {
    const [client, accepted] = await pair();
    expect([client.timeout, accepted.timeout, new net.Stream().timeout]).toEqual([undefined, undefined, undefined]);
  });

  test('"If timeout is 0, then the existing idle timeout is disabled."', async () => {
    const [client, accepted] = await pair();
    const events = record(accepted, 'timeout');
    accepted.setTimeout(30);
    expect(accepted.setTimeout(0)).toBe(accepted);
    expect(accepted.timeout).toBe(0);
    // Longer, and started later.
    client.setTimeout(60);
    await once(client, 'timeout');
    expect(events).toEqual([]);
  });

  test.each([
    ['received', (client) => client],
    ['sent', (_, accepted) => accepted],
  ])('D25: "any traffic in either direction starts it anew" (%s)', async (_, writer) => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.resume();
    accepted.resume();
    accepted.setTimeout(200);
    let last;
    let isTimeout = false;
    accepted.on('timeout', () => (isTimeout = true));
    for (let i = 0; i < 4; i++) {
      await span(60);
      if (isTimeout) break;
      last = performance.now();
      writer(client, accepted).write('x');
    }
    if (!isTimeout) await once(accepted, 'timeout');
    expect(performance.now() - last).toBeGreaterThanOrEqual(200 - EARLIEST);
  });

  test('D25: "it fires again after another idle span"', async () => {
    const [, accepted] = await pair();
    // A timer of the same length that is started first is over first, however late both come.
    let isOver;
    const startSpan = () => {
      isOver = false;
      setTimeout(() => (isOver = true), 40);
    };
    const spans = [];
    startSpan();
    accepted.setTimeout(40);
    await new Promise((resolve) => {
      accepted.on('timeout', () => {
        spans.push(isOver);
        if (spans.length === 3) resolve();
        startSpan();
      });
    });
    expect(spans).toEqual([true, true, true]);
  });

  test('D25: the callback is called once, and is a listener of \'timeout\'', async () => {
    const [, accepted] = await pair();
    const callback = jest.fn();
    accepted.setTimeout(10, callback);
    expect(accepted.listeners('timeout')).toEqual([callback]);
    await once(accepted, 'timeout');
    await once(accepted, 'timeout');
    expect(callback.mock.calls).toEqual([[]]);
  });

  test('setTimeout(0, callback) takes the listener away', async () => {
    const [, accepted] = await pair();
    const callback = jest.fn();
    accepted.setTimeout(60_000, callback);
    accepted.setTimeout(0, callback);
    expect(accepted.listenerCount('timeout')).toBe(0);
  });

  test('a new span starts when it is set, from a listener of \'timeout\' as well', async () => {
    const [, accepted] = await pair();
    accepted.setTimeout(10);
    await once(accepted, 'timeout');
    const since = performance.now();
    accepted.setTimeout(80);
    await once(accepted, 'timeout');
    expect(performance.now() - since).toBeGreaterThanOrEqual(80 - EARLIEST);
  });

  test('it runs while a stream connects, and on a stream that has not yet', async () => {
    const hosts = [];
    const lookup = (host) => hosts.push(host);
    const stream = destroyAtEnd(new net.Stream());
    stream.setTimeout(20);
    stream.connect({ port: 1, host: 'some.test', lookup });
    await once(stream, 'timeout');
    expect(stream.readyState).toBe('opening');
    expect(hosts).toEqual(['some.test']);
  });

  test('it does not come after destroy() or \'close\'', async () => {
    const [client, accepted] = await pair();
    const events = record(accepted, 'timeout', 'close');
    accepted.setTimeout(20);
    accepted.destroy();
    accepted.setTimeout(20);
    await once(accepted, 'close');
    accepted.setTimeout(20);
    // A span that is longer and began later.
    const other = await pair();
    other[0].setTimeout(60);
    await once(other[0], 'timeout');
    expect(events).toEqual([['close', false]]);
    expect(client.destroyed).toBe(true);
  });

  test('it runs on while the peer does not read, and while we do not', async () => {
    const [client, accepted] = await pair({ client: nodeNet, accept: (stream) => stream.pause() });
    client.pause();
    accepted.write(Buffer.alloc(8_000_000));
    accepted.setTimeout(20);
    await once(accepted, 'timeout');
    expect(accepted.bufferSize).toBeGreaterThan(0);
  });

  test('setTimeout() of more than a timer takes is shortened, with the property', async () => {
    const server = await listening(net.createServer());
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    stream.setTimeout(2 ** 31);
    expect(stream.timeout).toBe(2 ** 31 - 1);
  });

  test.each([
    ['nothing', [], 'ERR_INVALID_ARG_TYPE'],
    ['a string', ['100'], 'ERR_INVALID_ARG_TYPE'],
    ['null', [null], 'ERR_INVALID_ARG_TYPE'],
    ['a negative number', [-1], 'ERR_OUT_OF_RANGE'],
    ['NaN', [NaN], 'ERR_OUT_OF_RANGE'],
    ['Infinity', [Infinity], 'ERR_OUT_OF_RANGE'],
    ['a callback that is no function', [1, 'call'], 'ERR_INVALID_ARG_TYPE'],
  ])('D14: %s throws, and nothing is half-done', async (_, args, code) => {
    const [, accepted] = await pair();
    accepted.setTimeout(60_000);
    expect(thrown(() => accepted.setTimeout(...args)).code).toBe(code);
    expect(accepted.timeout).toBe(60_000);
    expect(accepted.listenerCount('timeout')).toBe(0);
  });

  test('D14: the arguments are checked on a stream that is closed, too', async () => {
    const [, accepted] = await pair();
    await once(accepted.destroy(), 'close');
    expect(thrown(() => accepted.setTimeout('soon')).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(accepted.setTimeout(100).timeout).toBe(100);
  });
});
