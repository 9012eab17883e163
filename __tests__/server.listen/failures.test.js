'use strict';

// Section "server.listen" of the `net` page: what fails, and how.

const dns = require('dns');
const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const today = require('../../node');
const { closeAtEnd, listening, record, settled, thrown } = require('../helpers');
const { greeter, greeting, listenFailure } = require('./greeter');

describe('server.listen: failures', () => {
  test('D13: a port in use', async () => {
    const holder = await listening(net.createServer());
    const { port } = holder.address();
    const error = await listenFailure(net.createServer(), port, '127.0.0.1');
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      errno: expect.any(Number),
      syscall: 'listen',
      address: '127.0.0.1',
      port,
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    });
    expect(error.errno).toBeLessThan(0);
  });

  test('D13: an address that is not ours; the server can listen elsewhere then', async () => {
    const server = net.createServer();
    const error = await listenFailure(server, 0, '198.51.100.1');
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'listen', address: '198.51.100.1' });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  test('D13: \'error\' comes no earlier than the next tick, to listeners that were added after listen()', async () => {
    const holder = await listening(net.createServer());
    const server = closeAtEnd(net.createServer());
    server.listen(holder.address().port, '127.0.0.1');
    const [error] = await once(server, 'error');
    expect(error.code).toBe('EADDRINUSE');
  });

  test('a second listen() throws ERR_SERVER_ALREADY_LISTEN and changes nothing', async () => {
    const server = greeter();
    server.listen(0, '127.0.0.1');
    expect(thrown(() => server.listen(0)).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    await once(server, 'listening');
    const before = server.address();
    expect(thrown(() => server.listen(0, () => {})).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    expect(server.listenerCount('listening')).toBe(0);
    expect(server.address()).toEqual(before);
    expect(await greeting(before.port, '127.0.0.1')).toBe('hello');
  });

  test('a second listen() while the first looks its host up throws too', async () => {
    const server = greeter();
    server.listen(0, 'localhost');
    expect(thrown(() => server.listen(0)).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    await once(server, 'listening');
  });

  test('a second listen() while the first looks its host up takes its place in rust-net/node, as in Node', async () => {
    for (const net of [today, nodeNet]) {
      const server = closeAtEnd(net.createServer());
      const events = record(server, 'listening');
      server.listen(0, 'localhost');
      server.listen({ port: 0, host: '127.0.0.1' });
      if (events.length === 0) await once(server, 'listening');
      await new Promise((resolve) => dns.lookup('localhost', resolve));
      await settled();
      expect(events.length).toBe(1);
      expect(server.address().address).toBe('127.0.0.1');
      expect(thrown(() => server.listen(0)).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    }
  });

  test.each([
    ['a negative port', [-1], 'ERR_SOCKET_BAD_PORT'],
    ['a port above 65535', [65536], 'ERR_SOCKET_BAD_PORT'],
    ['NaN', [NaN], 'ERR_SOCKET_BAD_PORT'],
    ['a broken port', [1.5], 'ERR_SOCKET_BAD_PORT'],
    ['a string above 65535', ['65536'], 'ERR_SOCKET_BAD_PORT'],
    ['an empty string', [''], 'ERR_SOCKET_BAD_PORT'],
    ['{ port: -1 }', [{ port: -1 }], 'ERR_SOCKET_BAD_PORT'],
    ['{ port: a word }', [{ port: 'word' }], 'ERR_SOCKET_BAD_PORT'],
    ['true', [true], 'ERR_INVALID_ARG_VALUE'],
    ['false', [false], 'ERR_INVALID_ARG_VALUE'],
    ['a symbol', [Symbol('port')], 'ERR_INVALID_ARG_VALUE'],
    ['{}', [{}], 'ERR_INVALID_ARG_VALUE'],
    ['{ path: empty }', [{ path: '' }], 'ERR_INVALID_ARG_VALUE'],
    ['{ path: number }', [{ path: 1 }], 'ERR_INVALID_ARG_VALUE'],
    ['{ fd: -1 }', [{ fd: -1 }], 'ERR_INVALID_ARG_VALUE'],
    ['{ fd: word }', [{ fd: 'word' }], 'ERR_INVALID_ARG_VALUE'],
    ['{ host: number }', [{ port: 0, host: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['{ signal: number }', [{ port: 0, signal: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['an abstract name for all', [{ path: '\0name', readableAll: true }], 'ERR_INVALID_ARG_VALUE'],
  ])('D14: %s throws at once, and nothing is half-done', async (_, where, code) => {
    const server = closeAtEnd(net.createServer());
    const events = record(server, 'listening', 'error', 'close');
    expect(thrown(() => server.listen(...where, () => {})).code).toBe(code);
    expect(server.listenerCount('listening')).toBe(1);
    expect(server.listening).toBe(false);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(events).toEqual([['listening']]);
  });
});
