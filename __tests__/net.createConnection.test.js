'use strict';

// Section "net.createConnection" of the `net` page, and the names of D18.

const { EventEmitter, once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Duplex } = require('stream');
const net = require('..');
const { destroyAtEnd, failure, listening, refusingPort, scratch, thrown } = require('./helpers');

/** A server of node:net that takes connections and does nothing with them. */
async function quietServer(...where) {
  return listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})), ...where);
}

describe('net.createConnection(port, host=\'127.0.0.1\')', () => {
  test('"Construct a new stream object and opens a stream to the specified port and host."', async () => {
    const server = await quietServer(0, '::1');
    const accepted = once(server, 'connection');
    const stream = destroyAtEnd(net.createConnection(server.address().port, '::1'));
    expect(stream).toBeInstanceOf(net.Stream);
    expect(stream.readyState).toBe('opening');
    await once(stream, 'connect');
    const [other] = await accepted;
    expect(other.remotePort).toBe(stream.localPort);
  });

  test('"If the second parameter is omitted, localhost is assumed."', async () => {
    const server = await quietServer(0, '127.0.0.1');
    const stream = destroyAtEnd(net.createConnection(server.address().port));
    const hosts = [];
    stream.on('lookup', (_error, _address, _family, host) => hosts.push(host));
    await once(stream, 'connect');
    expect(new Set(hosts)).toEqual(new Set(['localhost']));
  });

  test('"When the stream is established the \'connect\' event will be emitted."', async () => {
    const server = await quietServer();
    const connect = jest.fn();
    const stream = destroyAtEnd(net.createConnection(server.address().port, '127.0.0.1'));
    stream.on('connect', () => connect(stream.readyState));
    expect(connect).not.toHaveBeenCalled();
    await once(stream, 'connect');
    expect(connect.mock.calls).toEqual([['open']]);
  });

  test.each([
    ['(port, callback)', (port) => [port]],
    ['(port as a string, callback)', (port) => [`${port}`]],
    ['(port, host, callback)', (port) => [port, '127.0.0.1']],
    ['({ port }, callback)', (port) => [{ port }]],
    ['({ port, host }, callback)', (port) => [{ port, host: '127.0.0.1' }]],
  ])('%s: the callback listens to \'connect\', once', async (_, where) => {
    const server = await quietServer();
    const callback = jest.fn();
    const stream = destroyAtEnd(net.createConnection(...where(server.address().port), callback));
    expect(stream.listeners('connect')).toEqual([callback]);
    await once(stream, 'connect');
    expect(callback.mock.calls).toEqual([[]]);
    expect(stream.listenerCount('connect')).toBe(0);
  });

  test('(path[, callback]) and ({ path }[, callback])', async () => {
    const where = path.join(scratch(), 's');
    await quietServer(where);
    await new Promise((resolve) => destroyAtEnd(net.createConnection(where, resolve)));
    await new Promise((resolve) => destroyAtEnd(net.createConnection({ path: where }, resolve)));
  });

  test('options of the stream go with those of the connection', async () => {
    const server = await quietServer();
    const stream = destroyAtEnd(
      net.createConnection({
        port: server.address().port,
        host: '127.0.0.1',
        allowHalfOpen: true,
        highWaterMark: 99,
        timeout: 60_000,
      }),
    );
    expect(stream.allowHalfOpen).toBe(true);
    expect(stream.writableHighWaterMark).toBe(99);
    expect(stream.timeout).toBe(60_000);
    await once(stream, 'connect');
  });

  test('what can\'t be connected to fails as stream.connect does', async () => {
    const error = await failure(net.createConnection(await refusingPort(), '127.0.0.1'));
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('D14: wrong arguments throw', () => {
    expect(thrown(() => net.createConnection()).code).toBe('ERR_MISSING_ARGS');
    expect(thrown(() => net.createConnection(65536)).code).toBe('ERR_SOCKET_BAD_PORT');
    expect(thrown(() => net.createConnection({ path: 5 })).code).toBe('ERR_INVALID_ARG_TYPE');
  });
});

describe('net.Stream', () => {
  test.each([
    ['TCP', () => [0, '127.0.0.1']],
    ['UNIX', () => [path.join(scratch(), 's')]],
  ])('"This object is an abstraction of of a TCP or UNIX socket." (%s)', async (_, where) => {
    const server = await listening(nodeNet.createServer((stream) => stream.pipe(stream)), ...where());
    const address = server.address();
    const stream = destroyAtEnd(
      typeof address === 'string' ? net.createConnection(address) : net.createConnection(address.port, '127.0.0.1'),
    );
    stream.write('there');
    const [data] = await once(stream, 'data');
    expect(data.toString()).toBe('there');
  });

  test('"net.Stream instance implement a duplex stream interface." "net.Stream instances are EventEmitters"', () => {
    expect(new net.Stream()).toBeInstanceOf(Duplex);
    expect(new net.Stream()).toBeInstanceOf(EventEmitter);
  });

  test('"They can be created by the user and used as a client (with connect())"', async () => {
    const server = await quietServer();
    const stream = destroyAtEnd(new net.Stream());
    expect(stream.connect(server.address().port, '127.0.0.1')).toBe(stream);
    await once(stream, 'connect');
  });

  test('"or they can be created by Node and passed to the user through the \'connection\' event of a server."', async () => {
    const server = await listening(net.createServer());
    destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [stream] = await once(server, 'connection');
    expect(destroyAtEnd(stream)).toBeInstanceOf(net.Stream);
  });

  test('D18: `Socket` is `Stream`, `connect` is `createConnection`; Stream(...) works without `new`', () => {
    expect(net.Socket).toBe(net.Stream);
    expect(net.connect).toBe(net.createConnection);
    const stream = net.Stream({ allowHalfOpen: true });
    expect(stream).toBeInstanceOf(net.Stream);
    expect(stream.allowHalfOpen).toBe(true);

    class Derived extends net.Stream {}
    expect(new Derived()).toBeInstanceOf(Derived);
    expect(new Derived()).toBeInstanceOf(net.Stream);
  });

  test('every name of node:net is there', () => {
    const missing = Object.keys(nodeNet).filter((name) => !name.startsWith('_') && !(name in net));
    expect(missing).toEqual([]);
  });

  test.each([
    ['{ fd: a negative number }', { fd: -1 }, 'ERR_OUT_OF_RANGE'],
    ['{ fd: a broken number }', { fd: 1.5 }, 'ERR_OUT_OF_RANGE'],
    ['{ fd: a string }', { fd: '3' }, 'ERR_INVALID_ARG_TYPE'],
    ['{ fd: not open }', { fd: 1_000_000 }, 'ERR_INVALID_FD_TYPE'],
    ['{ objectMode }', { objectMode: true }, 'ERR_INVALID_ARG_VALUE'],
    ['{ readableObjectMode }', { readableObjectMode: true }, 'ERR_INVALID_ARG_VALUE'],
    ['{ writableObjectMode }', { writableObjectMode: true }, 'ERR_INVALID_ARG_VALUE'],
    ['{ keepAliveInitialDelay: a string }', { keepAliveInitialDelay: 'long' }, 'ERR_INVALID_ARG_TYPE'],
    ['{ highWaterMark: -1 }', { highWaterMark: -1 }, 'ERR_INVALID_ARG_VALUE'],
    ['{ signal: a number }', { signal: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ])('D14: new Stream(%s) throws %s', (_, options, code) => {
    expect(thrown(() => new net.Stream(options)).code).toBe(code);
  });
});

describe('today\'s defaults for connecting to names', () => {
  test('getDefaultAutoSelectFamily and its setter', () => {
    expect(net.getDefaultAutoSelectFamily()).toBe(true);
    try {
      net.setDefaultAutoSelectFamily(false);
      expect(net.getDefaultAutoSelectFamily()).toBe(false);
      expect(thrown(() => net.setDefaultAutoSelectFamily('yes')).code).toBe('ERR_INVALID_ARG_TYPE');
      expect(net.getDefaultAutoSelectFamily()).toBe(false);
    } finally {
      net.setDefaultAutoSelectFamily(true);
    }
  });

  test('getDefaultAutoSelectFamilyAttemptTimeout and its setter, which takes no less than 10 ms', () => {
    const before = net.getDefaultAutoSelectFamilyAttemptTimeout();
    try {
      net.setDefaultAutoSelectFamilyAttemptTimeout(321);
      expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(321);
      net.setDefaultAutoSelectFamilyAttemptTimeout(1);
      expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(10);
      for (const value of [0, -1, 1.5]) {
        expect(thrown(() => net.setDefaultAutoSelectFamilyAttemptTimeout(value)).code).toBe('ERR_OUT_OF_RANGE');
      }
      expect(thrown(() => net.setDefaultAutoSelectFamilyAttemptTimeout('9')).code).toBe('ERR_INVALID_ARG_TYPE');
      expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(10);
    } finally {
      net.setDefaultAutoSelectFamilyAttemptTimeout(before);
    }
  });
});
