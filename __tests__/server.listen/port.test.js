'use strict';

// Section "server.listen" of the `net` page: on a port.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { destroyAtEnd, listening, ownAddress, record, settled } = require('../helpers');
const { greeter, greeting, listenFailure } = require('./greeter');

describe('server.listen(port, [host], [callback])', () => {
  test('"Begin accepting connections on the specified port and host."', async () => {
    const holder = await listening(nodeNet.createServer());
    const { port } = holder.address();
    // The port is taken on 127.0.0.1 only, so that nobody else is likely to be given it on ::1.
    const server = greeter();
    server.listen(port, '::1');
    await once(server, 'listening');
    expect(server.address()).toEqual({ address: '::1', family: 'IPv6', port });
    expect(await greeting(port, '::1')).toBe('hello');
  });

  test('"If the host is omitted, the server will accept connections directed to any IPv4 address (INADDR_ANY)." (D6)', async () => {
    const server = greeter();
    server.listen(0);
    await once(server, 'listening');
    const { address, family, port } = server.address();
    expect({ address, family }).toEqual({ address: '0.0.0.0', family: 'IPv4' });
    expect(await greeting(port, '127.0.0.1')).toBe('hello');
    const other = destroyAtEnd(nodeNet.connect(port, '::1'));
    const [error] = await once(other, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('"This function is asynchronous."', async () => {
    const server = greeter();
    const events = record(server, 'listening');
    expect(server.listen(0, '127.0.0.1')).toBe(server);
    expect(events).toEqual([]);
    await once(server, 'listening');
    expect(events).toEqual([['listening']]);
  });

  test('"The last parameter callback will be called when the server has been bound."', async () => {
    const server = greeter();
    const callback = jest.fn(function callback() {
      expect(this).toBe(server);
      return server.address().port;
    });
    server.listen(0, '127.0.0.1', callback);
    await once(server, 'listening');
    expect(callback.mock.results).toEqual([{ type: 'return', value: expect.any(Number) }]);
    server.close();
    await once(server, 'close');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['(port)', [0], '0.0.0.0'],
    ['(port as a string)', ['0'], '0.0.0.0'],
    ['(port, host)', [0, '127.0.0.1'], '127.0.0.1'],
    ['(port, backlog)', [0, 16], '0.0.0.0'],
    ['(port, host, backlog)', [0, '127.0.0.1', 16], '127.0.0.1'],
    ['(null)', [null], '0.0.0.0'],
    ['(undefined)', [undefined], '0.0.0.0'],
    ['()', [], '0.0.0.0'],
    ['({ port })', [{ port: 0 }], '0.0.0.0'],
    ['({ port: undefined })', [{ port: undefined }], '0.0.0.0'],
    ['({ port, host })', [{ port: 0, host: '127.0.0.1' }], '127.0.0.1'],
    ['({ port, host: IPv6 })', [{ port: 0, host: '::1' }], '::1'],
    ['({ port, host, backlog })', [{ port: 0, host: '127.0.0.1', backlog: 1 }], '127.0.0.1'],
    ['({ port, host, exclusive })', [{ port: 0, host: '127.0.0.1', exclusive: true }], '127.0.0.1'],
    ['({ port, path }), where the port counts', [{ port: 0, host: '127.0.0.1', path: 'unused' }], '127.0.0.1'],
  ])('listen%s, without a callback and with one (D18, D28: a port of the system\'s choice)', async (_, where, address) => {
    const silent = greeter();
    silent.listen(...where);
    await once(silent, 'listening');
    expect(silent.address()).toMatchObject({ address, port: expect.any(Number) });
    expect(silent.address().port).toBeGreaterThan(0);

    const called = greeter();
    await new Promise((resolve) => called.listen(...where, resolve));
    const host = address === '0.0.0.0' ? '127.0.0.1' : address;
    expect(await greeting(called.address().port, host)).toBe('hello');
  });

  test('the host may be a name, which dns looks up', async () => {
    const server = greeter();
    server.listen(0, 'localhost');
    expect(server.listening).toBe(false);
    await once(server, 'listening');
    const { address, port } = server.address();
    expect(['127.0.0.1', '::1']).toContain(address);
    expect(await greeting(port, address)).toBe('hello');
  });

  test('a host that can\'t be resolved gives \'error\', and the server can listen elsewhere (D13)', async () => {
    const server = greeter();
    const host = 'x'.repeat(300);
    const error = await listenFailure(server, 0, host);
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: host, errno: expect.any(Number) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  test('\'::\' accepts IPv4 too', async () => {
    const server = greeter();
    server.listen(0, '::');
    const accepted = once(server, 'connection');
    await once(server, 'listening');
    expect(await greeting(server.address().port, '127.0.0.1')).toBe('hello');
    const [stream] = await accepted;
    expect(stream.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(stream.remoteFamily).toBe('IPv6');
  });

  test('option `ipv6Only`: \'::\' leaves IPv4 alone', async () => {
    const server = greeter();
    server.listen({ port: 0, host: '::', ipv6Only: true });
    await once(server, 'listening');
    const { port } = server.address();
    expect(await greeting(port, '::1')).toBe('hello');
    const other = destroyAtEnd(nodeNet.connect(port, ownAddress()));
    const [error] = await once(other, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('option `reusePort`: several servers share a port', async () => {
    const one = greeter();
    one.listen({ port: 0, host: '127.0.0.1', reusePort: true });
    await once(one, 'listening');
    const { port } = one.address();
    const two = greeter();
    two.listen({ port, host: '127.0.0.1', reusePort: true });
    await once(two, 'listening');
    expect(two.address().port).toBe(port);
    const three = net.createServer();
    expect((await listenFailure(three, port, '127.0.0.1')).code).toBe('EADDRINUSE');
  });

  test('option `signal`: closes the server when it is aborted', async () => {
    const server = greeter();
    const controller = new AbortController();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    await once(server, 'listening');
    controller.abort();
    await once(server, 'close');
    expect(server.listening).toBe(false);
  });

  test('option `signal`, aborted already: \'close\' and no \'listening\'', async () => {
    const server = greeter();
    const events = record(server, 'listening', 'error', 'close');
    server.listen({ port: 0, host: '127.0.0.1', signal: AbortSignal.abort() });
    await once(server, 'close');
    await settled();
    expect(events).toEqual([['close']]);
  });

  test('option `signal` of a former life does not close the server that listens again', async () => {
    const server = greeter();
    const controller = new AbortController();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    controller.abort();
    expect(await greeting(server.address().port, '127.0.0.1')).toBe('hello');
  });

  test('D28: \'listening\' comes before any connection', async () => {
    const server = greeter();
    const events = record(server, 'listening', 'connection');
    server.listen(0, '127.0.0.1');
    expect(await greeting(server.address().port, '127.0.0.1')).toBe('hello');
    expect(events.map(([name]) => name)).toEqual(['listening', 'connection']);
  });

  test('D28: server.address() is null before and after, `listening` false', async () => {
    const server = greeter();
    expect(server.address()).toBe(null);
    expect(server.listening).toBe(false);
    server.listen(0);
    await once(server, 'listening');
    expect(server.listening).toBe(true);
    server.close();
    expect(server.address()).toBe(null);
    expect(server.listening).toBe(false);
    await once(server, 'close');
  });

  test('D26: ref() and unref() return the server, running or not', async () => {
    const server = greeter();
    expect(server.unref()).toBe(server);
    expect(server.ref()).toBe(server);
    server.listen(0);
    await once(server, 'listening');
    expect(server.unref()).toBe(server);
    expect(server.ref()).toBe(server);
  });

  test('a server that has closed can listen again', async () => {
    const server = greeter();
    for (let i = 0; i < 3; i++) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      expect(await greeting(server.address().port, '127.0.0.1')).toBe('hello');
      server.close();
      await once(server, 'close');
    }
  });
});
