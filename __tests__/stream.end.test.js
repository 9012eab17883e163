'use strict';

// Section "stream.end" of the `net` page, and D14.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { collect, destroyAtEnd, listening, namesUntilClose, pair, record, settled, thrown } = require('./helpers');

const halfOpenClient = { client: nodeNet, clientOptions: { allowHalfOpen: true } };

describe('stream.end([data], [encoding])', () => {
  test('"Half-closes the stream. I.E., it sends a FIN packet."', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    const events = record(client.resume(), 'end', 'close');
    expect(accepted.end()).toBe(accepted);
    await once(client, 'end');
    await settled();
    expect(events).toEqual([['end']]);
    expect(accepted.destroyed).toBe(false);
  });

  test('"It is possible the server will still send some data."', async () => {
    const [client, accepted] = await pair({ server: nodeNet, serverOptions: { allowHalfOpen: true } });
    client.end();
    await once(accepted.resume(), 'end');
    accepted.write('some ');
    const received = collect(client);
    accepted.end('data');
    expect((await received).toString()).toBe('some data');
  });

  test('"After calling this readyState will be \'readOnly\'."', async () => {
    const [, accepted] = await pair(halfOpenClient);
    accepted.end();
    expect(accepted.readyState).toBe('readOnly');
  });

  test.each([
    ['(data)', ['é'], 'ascii'],
    ['(data, encoding)', ['é', 'utf8'], 'utf8'],
    ['(data, null)', ['é', null], 'ascii'],
    ['(Buffer)', [Buffer.from('é')], 'utf8'],
  ])('"If data is specified, it is equivalent to calling stream.write(data, encoding) followed by stream.end()." %s', async (_, args, encoding) => {
    for (const withCallback of [false, true]) {
      const [client, accepted] = await pair({ client: nodeNet });
      const callback = jest.fn();
      accepted.write('then: ');
      accepted.end(...args, ...(withCallback ? [callback] : []));
      expect(await collect(client)).toEqual(Buffer.concat([Buffer.from('then: '), Buffer.from('é', encoding)]));
      await settled();
      expect(callback.mock.calls.length).toBe(withCallback ? 1 : 0);
    }
  });

  test('everything that was written before is sent before the FIN', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    const sent = Buffer.alloc(8_000_000, 'all of it');
    accepted.write(sent);
    accepted.end('and this');
    await settled();
    expect(accepted.writableFinished).toBe(false);
    const received = await collect(client.resume());
    expect(received.equals(Buffer.concat([sent, Buffer.from('and this')]))).toBe(true);
  });

  test('\'finish\' and the callback come when all is handed on', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    client.pause();
    const order = [];
    accepted.on('finish', () => order.push(['finish', accepted.bufferSize]));
    accepted.write(Buffer.alloc(8_000_000), () => order.push(['written']));
    accepted.end(() => order.push(['callback']));
    await settled();
    expect(order).toEqual([]);
    client.resume();
    await once(client, 'end');
    await settled();
    expect(order.map(([name]) => name).toSorted()).toEqual(['callback', 'finish', 'written']);
    expect(order[0]).toEqual(['written']);
    expect(order).toContainEqual(['finish', 0]);
  });

  test('when both ends have ended, the stream closes', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    const names = namesUntilClose(accepted);
    accepted.end();
    await once(client.resume(), 'end');
    client.end();
    expect(await names).toEqual(['finish', 'end', 'close']);
  });

  test('a second end() changes nothing', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    accepted.end('x');
    accepted.end();
    expect((await collect(client)).toString()).toBe('x');
    expect(await names).toEqual(['finish', 'end', 'close']);
  });

  test('D14: a second end() with data gives ERR_STREAM_WRITE_AFTER_END', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    client.resume();
    accepted.end('x');
    accepted.end('y');
    const [error] = await once(accepted, 'error');
    expect(error.code).toBe('ERR_STREAM_WRITE_AFTER_END');
  });

  test('a callback of a second end() once it has ended gets ERR_STREAM_ALREADY_FINISHED', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    client.resume();
    await new Promise((resolve) => accepted.end(resolve));
    const error = await new Promise((resolve) => accepted.end(resolve));
    expect(error.code).toBe('ERR_STREAM_ALREADY_FINISHED');
  });

  test('before \'connect\'', async () => {
    const server = await listening(nodeNet.createServer());
    const accepted = once(server, 'connection');
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    stream.end();
    const [other] = await accepted;
    expect((await collect(destroyAtEnd(other))).length).toBe(0);
  });

  test('on a stream that was never connected, it is just over', async () => {
    const stream = new net.Stream();
    await new Promise((resolve) => stream.end(resolve));
    expect(stream.readyState).toBe('closed');
  });

  test.each([
    ['a number', [5], 'ERR_INVALID_ARG_TYPE'],
    ['an object', [{}], 'ERR_INVALID_ARG_TYPE'],
    ['an array', [[]], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown encoding', ['x', 'nope'], 'ERR_UNKNOWN_ENCODING'],
  ])('D14: %s throws at once, and the stream has not ended', async (_, args, code) => {
    const [client, accepted] = await pair({ client: nodeNet });
    expect(thrown(() => accepted.end(...args)).code).toBe(code);
    expect(accepted.readyState).toBe('open');
    expect(accepted.bytesWritten).toBe(0);
    accepted.end('right');
    expect((await collect(client)).toString()).toBe('right');
  });
});

describe('stream.destroySoon()', () => {
  test('destroys the stream once all that was written is sent', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    client.pause();
    const sent = Buffer.alloc(8_000_000, 'soon');
    accepted.write(sent);
    accepted.destroySoon();
    await settled();
    expect(accepted.destroyed).toBe(false);
    const closed = once(accepted, 'close');
    expect((await collect(client.resume())).equals(sent)).toBe(true);
    await closed;
  });

  test('at once, if nothing waits', async () => {
    const [client, accepted] = await pair(halfOpenClient);
    const end = once(client.resume(), 'end');
    const names = namesUntilClose(accepted);
    accepted.destroySoon();
    expect(await names).toEqual(['finish', 'close']);
    await end;
  });
});
