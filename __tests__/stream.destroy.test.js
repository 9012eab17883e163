'use strict';

// Section "stream.destroy" of the `net` page; destroy in every event, resetAndDestroy, asynchronous disposal.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const {
  destroyAtEnd,
  destroyedInData,
  failure,
  listening,
  namesUntilClose,
  pair,
  record,
  scratch,
  settled,
  thrown,
} = require('./helpers');

describe('stream.destroy()', () => {
  test('"Ensures that no more I/O activity happens on this stream." (no data, no end)', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.on('error', () => {});
    const names = namesUntilClose(accepted);
    client.write('on its way');
    accepted.destroy();
    client.end('and more');
    expect(await names).toEqual(['close']);
    await settled();
    expect(accepted.bytesRead).toBe(0);
  });

  test('in \'data\', nothing of what was received along with it is delivered', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    expect(await destroyedInData(client, accepted)).toEqual(['data', 'close']);
  });

  test('the other side sees it', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.destroy();
    client.resume();
    await once(client, 'close');
  });

  test('it closes the descriptor, gives the stream back, and is called as often as one likes', async () => {
    const [, accepted] = await pair();
    expect(accepted.fd).toEqual(expect.any(Number));
    const events = record(accepted, 'close', 'error');
    expect(accepted.destroy()).toBe(accepted);
    expect([accepted.fd, accepted.destroyed, accepted.pending, accepted.readyState]).toEqual([
      null,
      true,
      true,
      'closed',
    ]);
    expect(accepted.destroy(new Error('Too late.'))).toBe(accepted);
    await once(accepted, 'close');
    accepted.destroy();
    await settled();
    expect(events).toEqual([['close', false]]);
  });

  test('"Only necessary in case of errors (parse error or so)." (destroy(error): \'error\', then \'close\' with true)', async () => {
    const [, accepted] = await pair();
    const events = record(accepted, 'error', 'close');
    const reason = new Error('A parse error or so.');
    accepted.destroy(reason);
    expect(events).toEqual([]);
    expect(await failure(accepted)).toBe(reason);
    expect(events).toEqual([
      ['error', reason],
      ['close', true],
    ]);
  });

  test('what was handed on by then is still sent', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const chunks = [];
    client.on('data', (chunk) => chunks.push(chunk));
    expect(accepted.write('last words')).toBe(true);
    accepted.destroy();
    await once(client, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('last words');
  });

  test('writes that wait are dropped, and their callbacks get an error', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause().on('error', () => {});
    const [underWay, callback] = [jest.fn(), jest.fn()];
    accepted.write(Buffer.alloc(8_000_000), underWay);
    accepted.write('x', callback);
    accepted.destroy();
    await once(accepted, 'close');
    await settled();
    expect(callback.mock.calls).toEqual([[expect.objectContaining({ code: expect.any(String) })]]);
    // As in node:net of Node 22 and later.
    expect(underWay.mock.calls).toEqual([[expect.objectContaining({ code: 'ECANCELED', syscall: 'write' })]]);
  });

  test.each(['connect', 'data', 'end', 'drain', 'finish', 'timeout', 'error', 'close'])(
    'in a listener of \'%s\'',
    async (name) => {
      const server = await listening(
        nodeNet.createServer((stream) => {
          destroyAtEnd(stream).on('error', () => {});
          if (name === 'error') stream.resetAndDestroy();
          else stream.resume().write('data');
          if (name === 'end' || name === 'close') stream.end();
        }),
      );
      const stream = net.connect({ port: server.address().port, host: '127.0.0.1' });
      const seen = namesUntilClose(stream);
      if (name === 'timeout') stream.setTimeout(10);
      if (name === 'drain') stream.write(Buffer.alloc(1000));
      if (name === 'finish') stream.end('x');
      stream.on('error', () => {});
      stream.on(name, () => stream.destroy());
      const names = await seen;
      expect(names.at(-1)).toBe('close');
      expect(names.filter((one) => one === 'close').length).toBe(1);
      if (!['close', 'error'].includes(name)) expect(names.at(-2)).toBe(name);
      expect(stream.readyState).toBe('closed');
    },
  );

  test('in \'connection\', of this stream and of another', async () => {
    const server = await listening(net.createServer());
    const streams = [];
    server.on('connection', (stream) => {
      streams.push(stream);
      if (streams.length === 2) streams.forEach((one) => one.destroy());
    });
    const clients = [0, 1].map(() => destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')));
    await Promise.all(clients.map((client) => once(client.resume(), 'close')));
    await settled();
    expect(server.connections).toBe(0);
  });

  test('a stream that was never connected closes, too', async () => {
    const stream = new net.Stream();
    const events = record(stream, 'close', 'error');
    stream.destroy();
    await once(stream, 'close');
    expect(events).toEqual([['close', false]]);
  });
});

describe('stream.resetAndDestroy()', () => {
  test('closes a TCP connection by a reset', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    expect(accepted.resetAndDestroy()).toBe(accepted);
    const error = await failure(client);
    expect(error.code).toBe('ECONNRESET');
    expect(await names).toEqual(['close']);
  });

  test('while it connects, once it is connected', async () => {
    const server = await listening(nodeNet.createServer());
    const accepted = once(server, 'connection');
    const stream = net.connect(server.address().port, '127.0.0.1');
    stream.resetAndDestroy();
    const [other] = await accepted;
    expect((await failure(destroyAtEnd(other))).code).toBe('ECONNRESET');
  });

  test('without a connection: ERR_SOCKET_CLOSED', async () => {
    const error = await failure(new net.Stream().resetAndDestroy());
    expect(error.code).toBe('ERR_SOCKET_CLOSED');
  });

  test('of a UNIX stream it throws ERR_INVALID_HANDLE_TYPE', async () => {
    const server = await listening(nodeNet.createServer(), path.join(scratch(), 's'));
    server.on('connection', destroyAtEnd);
    const stream = destroyAtEnd(net.connect(server.address()));
    await once(stream, 'connect');
    expect(thrown(() => stream.resetAndDestroy()).code).toBe('ERR_INVALID_HANDLE_TYPE');
    expect(stream.readyState).toBe('open');
  });
});

describe('Symbol.asyncDispose', () => {
  test('of a stream destroys it and waits for \'close\'', async () => {
    const dispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
    const [, accepted] = await pair();
    const events = record(accepted, 'close');
    accepted.on('error', () => {});
    await accepted[dispose]();
    expect(accepted.destroyed).toBe(true);
    expect(events.length).toBe(1);
  });
});
