'use strict';

// Section "stream.setNoDelay" of the `net` page. The kernel says what is set.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { collect, destroyAtEnd, kernelOption, listening, pair, scratch } = require('./helpers');

const noDelay = (stream) => kernelOption(stream, 'noDelay') !== 0;

describe('stream.setNoDelay(noDelay=true)', () => {
  test('"By default TCP connections use the Nagle algorithm, they buffer data before sending it off."', async () => {
    const [client, accepted] = await pair();
    expect([noDelay(client), noDelay(accepted)]).toEqual([false, false]);
  });

  test('"Disables the Nagle algorithm." (and true is the default)', async () => {
    for (const stream of (await pair()).slice(0, 2)) {
      expect(stream.setNoDelay()).toBe(stream);
      expect(noDelay(stream)).toBe(true);
      stream.setNoDelay(false);
      expect(noDelay(stream)).toBe(false);
      stream.setNoDelay(true);
      expect(noDelay(stream)).toBe(true);
    }
  });

  test('"Setting noDelay will immediately fire off data each time stream.write() is called."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.setNoDelay();
    expect(noDelay(accepted)).toBe(true);
    for (let i = 0; i < 20; i++) {
      accepted.write(`${i}`);
      const [data] = await once(client, 'data');
      expect(data.toString()).toBe(`${i}`);
    }
  });

  test.each([
    ['new Stream({ noDelay: true })', (stream) => stream, { noDelay: true }, true],
    ['setNoDelay() before connect()', (stream) => stream.setNoDelay(), {}, true],
    ['setNoDelay(), then setNoDelay(false)', (stream) => stream.setNoDelay().setNoDelay(false), {}, false],
  ])('what is asked for before there is a connection is done then: %s', async (_, prepare, options, expected) => {
    const server = await listening(nodeNet.createServer(destroyAtEnd));
    const stream = prepare(destroyAtEnd(new net.Stream(options)));
    stream.connect(server.address().port, '127.0.0.1');
    await once(stream, 'connect');
    expect(noDelay(stream)).toBe(expected);
  });

  test('option `noDelay` of connect()', async () => {
    const [client] = await pair({ clientOptions: { noDelay: true } });
    expect(noDelay(client)).toBe(true);
  });

  test('any value counts as true or false, as in Node', async () => {
    const [client] = await pair();
    client.setNoDelay('yes');
    expect(noDelay(client)).toBe(true);
    client.setNoDelay(0);
    expect(noDelay(client)).toBe(false);
  });

  test('as in Node, it holds when the stream is opened again', async () => {
    const [client, accepted, server] = await pair();
    client.setNoDelay();
    client.destroy();
    await once(client, 'close');
    accepted.destroy();
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    expect(noDelay(client)).toBe(true);
  });

  test('a UNIX stream ignores it', async () => {
    const server = await listening(net.createServer((stream) => stream.setNoDelay().end('x')), path.join(scratch(), 's'));
    const stream = destroyAtEnd(net.connect(server.address()));
    await once(stream, 'connect');
    expect(stream.setNoDelay()).toBe(stream);
    expect((await collect(stream)).toString()).toBe('x');
  });

  test('after \'close\' it does nothing', async () => {
    const [client] = await pair();
    client.destroy();
    expect(client.setNoDelay()).toBe(client);
    await once(client, 'close');
    expect(client.setNoDelay()).toBe(client);
  });
});
