'use strict';

// Section "stream.setKeepAlive" of the `net` page. The kernel says what is set.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { collect, destroyAtEnd, kernelOption, listening, pair, scratch } = require('./helpers');

const isOn = (stream) => kernelOption(stream, 'keepAlive') !== 0;
const delayOf = (stream) => kernelOption(stream, 'keepAliveIdle');

describe('stream.setKeepAlive(enable=false, [initialDelay])', () => {
  test('"Enable/disable keep-alive functionality" (off at first, and the default of `enable` is false)', async () => {
    for (const stream of (await pair()).slice(0, 2)) {
      expect(isOn(stream)).toBe(false);
      expect(stream.setKeepAlive(true)).toBe(stream);
      expect(isOn(stream)).toBe(true);
      stream.setKeepAlive(false);
      expect(isOn(stream)).toBe(false);
      stream.setKeepAlive(true);
      expect(stream.setKeepAlive()).toBe(stream);
      expect(isOn(stream)).toBe(false);
    }
  });

  test('"and optionally set the initial delay before the first keepalive probe is sent on an idle stream."', async () => {
    const [client] = await pair();
    client.setKeepAlive(true, 77_000);
    expect([isOn(client), delayOf(client)]).toEqual([true, 77]);
  });

  test('"Set initialDelay (in milliseconds) to set the delay between the last data packet received and the first keepalive probe."', async () => {
    const [client] = await pair();
    for (const [milliseconds, seconds] of [[1000, 1], [1999, 1], [60_000, 60], [32_767_000, 32_767]]) {
      client.setKeepAlive(true, milliseconds);
      expect(delayOf(client)).toBe(seconds);
    }
  });

  test('"Setting 0 for initialDelay will leave the value unchanged from the default (or previous) setting."', async () => {
    const [client, accepted] = await pair();
    const byDefault = delayOf(client);
    client.setKeepAlive(true, 0);
    expect([isOn(client), delayOf(client)]).toEqual([true, byDefault]);
    client.setKeepAlive(true, 88_000);
    client.setKeepAlive(true, 0);
    expect([isOn(client), delayOf(client)]).toEqual([true, 88]);
    client.setKeepAlive(false);
    client.setKeepAlive(true);
    expect([isOn(client), delayOf(client)]).toEqual([true, 88]);
    expect(delayOf(accepted)).toBe(byDefault);
  });

  test('today\'s interval and count', async () => {
    const [client] = await pair();
    client.setKeepAlive(true, 10_000, 3000, 4);
    const set = ['keepAliveIdle', 'keepAliveInterval', 'keepAliveCount'].map((name) => kernelOption(client, name));
    expect(set).toEqual([10, 3, 4]);
  });

  test.each([
    ['less than a second', 999],
    ['a negative number', -5000],
    ['NaN', NaN],
    ['a word', 'long'],
    ['null', null],
  ])('a delay of %s leaves the value unchanged, as in Node', async (_, initialDelay) => {
    const [client] = await pair();
    const before = delayOf(client);
    client.setKeepAlive(true, initialDelay);
    expect([isOn(client), delayOf(client)]).toEqual([true, before]);
  });

  test('more than TCP takes is shortened', async () => {
    const [client] = await pair();
    client.setKeepAlive(true, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    expect([isOn(client), delayOf(client)]).toEqual([true, 32_767]);
  });

  test.each([
    ['new Stream({ keepAlive, keepAliveInitialDelay })', (stream) => stream, true],
    ['setKeepAlive() before connect()', (stream) => stream.setKeepAlive(true, 99_000), false],
  ])('what is asked for before there is a connection is done then: %s', async (_, prepare, isOption) => {
    const server = await listening(nodeNet.createServer(destroyAtEnd));
    const options = isOption ? { keepAlive: true, keepAliveInitialDelay: 99_000 } : {};
    const stream = prepare(destroyAtEnd(new net.Stream(options)));
    stream.connect(server.address().port, '127.0.0.1');
    await once(stream, 'connect');
    expect([isOn(stream), delayOf(stream)]).toEqual([true, 99]);
  });

  test('options of connect()', async () => {
    const [client] = await pair({ clientOptions: { keepAlive: true, keepAliveInitialDelay: 66_000 } });
    expect([isOn(client), delayOf(client)]).toEqual([true, 66]);
  });

  test('a UNIX stream ignores it', async () => {
    const server = await listening(
      net.createServer((stream) => stream.setKeepAlive(true, 1000).end('x')),
      path.join(scratch(), 's'),
    );
    const stream = destroyAtEnd(net.connect(server.address()));
    await once(stream, 'connect');
    expect(stream.setKeepAlive(true, 1000)).toBe(stream);
    expect((await collect(stream)).toString()).toBe('x');
  });

  test('after \'close\' it does nothing', async () => {
    const [client] = await pair();
    client.destroy();
    expect(client.setKeepAlive(true)).toBe(client);
    await once(client, 'close');
    expect(client.setKeepAlive(true)).toBe(client);
  });
});
