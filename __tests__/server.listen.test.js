'use strict';

// Section "server.listen" of the `net` page, in all forms of today's `listen` (D18, D28), and D6, D7, D13, D14.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { atEnd, closeAtEnd, destroyAtEnd, listening, nextTick, record, scratch, settled, thrown } = require('./helpers');

/** Connects with node:net, says what the server greets with. */
async function greeting(...where) {
  const client = destroyAtEnd(nodeNet.connect(...where));
  const [data] = await once(client, 'data');
  return data.toString();
}

function greeter() {
  return closeAtEnd(net.createServer((stream) => stream.end('hello')));
}

/** The error of a server that can't listen. */
async function listenFailure(server, ...where) {
  closeAtEnd(server);
  const events = record(server, 'listening', 'close');
  server.listen(...where);
  const [error] = await once(server, 'error');
  await nextTick();
  expect(events).toEqual([]);
  expect(server.listening).toBe(false);
  expect(server.address()).toBe(null);
  return error;
}

/** A socket file on which nobody answers. */
async function leftover(folder) {
  const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')];
  const server = nodeNet.createServer();
  server.listen(first);
  await once(server, 'listening');
  fs.renameSync(first, second);
  server.close();
  await once(server, 'close');
  return second;
}

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
    const other = destroyAtEnd(nodeNet.connect(port, '127.0.0.1'));
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

describe('server.listen(path, [callback])', () => {
  test('"Start a UNIX socket server listening for connections on the given path."', async () => {
    const where = path.join(scratch(), 'echo.sock');
    const server = greeter();
    server.listen(where);
    await once(server, 'listening');
    expect(fs.statSync(where).isSocket()).toBe(true);
    expect(server.address()).toBe(where);
    expect(await greeting(where)).toBe('hello');
  });

  test('"This function is asynchronous. The last parameter callback will be called when the server has been bound."', async () => {
    const where = path.join(scratch(), 's');
    const server = greeter();
    let isCalled = false;
    const called = new Promise((resolve) => {
      server.listen(where, () => {
        isCalled = true;
        resolve(server.address());
      });
    });
    expect(isCalled).toBe(false);
    expect(await called).toBe(where);
  });

  test('listen({ path, backlog }) and a path that is not ASCII', async () => {
    const where = path.join(scratch(), 'naïve €.sock');
    const server = greeter();
    server.listen({ path: where, backlog: 4 });
    await once(server, 'listening');
    expect(fs.existsSync(where)).toBe(true);
    expect(await greeting(where)).toBe('hello');
  });

  test('a path relative to the working directory', async () => {
    const folder = scratch();
    const before = process.cwd();
    process.chdir(folder);
    atEnd(() => process.chdir(before));
    const server = greeter();
    server.listen('here.sock');
    await once(server, 'listening');
    expect(server.address()).toBe('here.sock');
    expect(await greeting(path.join(folder, 'here.sock'))).toBe('hello');
  });

  test('`readableAll` and `writableAll` open the file to everybody', async () => {
    const where = path.join(scratch(), 's');
    const server = greeter();
    server.listen({ path: where, readableAll: true, writableAll: true });
    await once(server, 'listening');
    expect(fs.statSync(where).mode & 0o666).toBe(0o666);
  });

  test('close() removes the file', async () => {
    const where = path.join(scratch(), 's');
    const server = await listening(net.createServer(), where);
    server.close();
    await once(server, 'close');
    expect(fs.existsSync(where)).toBe(false);
  });

  test('close() leaves alone what has taken the place of the file', async () => {
    const where = path.join(scratch(), 's');
    const server = await listening(net.createServer(), where);
    fs.renameSync(where, `${where}.moved`);
    fs.writeFileSync(where, 'another');
    server.close();
    await once(server, 'close');
    expect(fs.readFileSync(where, 'utf8')).toBe('another');
  });

  test('D7: over a leftover on which nobody answers, the server listens', async () => {
    const where = await leftover(scratch());
    expect(fs.statSync(where).isSocket()).toBe(true);
    const server = greeter();
    server.listen(where);
    await once(server, 'listening');
    expect(await greeting(where)).toBe('hello');
  });

  test.each([
    ['ours', net],
    ['node:net', nodeNet],
  ])('D7: where a server of %s answers, EADDRINUSE, and it goes on', async (_, module) => {
    const where = path.join(scratch(), 's');
    const holder = closeAtEnd(module.createServer());
    holder.on('connection', (stream) => stream.end('first'));
    holder.listen(where);
    await once(holder, 'listening');
    const error = await listenFailure(net.createServer(), where);
    // What Node has as the port of a path.
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: where, port: -1 });
    expect(await greeting(where)).toBe('first');
  });

  test('D7: where there is no socket but a file, EADDRINUSE, and the file is untouched', async () => {
    const where = path.join(scratch(), 'file');
    fs.writeFileSync(where, 'precious');
    const before = fs.statSync(where, { bigint: true });
    const error = await listenFailure(net.createServer(), where);
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: where });
    const after = fs.statSync(where, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    expect(fs.readFileSync(where, 'utf8')).toBe('precious');
  });

  test('D7: where there is a folder, EADDRINUSE, and the folder is untouched', async () => {
    const where = scratch();
    fs.writeFileSync(path.join(where, 'inside'), 'x');
    expect((await listenFailure(net.createServer(), where)).code).toBe('EADDRINUSE');
    expect(fs.readdirSync(where)).toEqual(['inside']);
  });

  test('D13: a path in a folder that is not there', async () => {
    const where = path.join(scratch(), 'missing', 's');
    const error = await listenFailure(net.createServer(), where);
    expect(error).toMatchObject({ code: 'EACCES', syscall: 'listen', address: where });
  });

  test('D13: a path that is too long gives ENAMETOOLONG, and no file of a shortened name', async () => {
    const folder = scratch();
    const where = path.join(folder, 'x'.repeat(200));
    const server = net.createServer();
    const error = await listenFailure(server, where);
    expect(error).toMatchObject({
      code: 'ENAMETOOLONG',
      errno: expect.any(Number),
      syscall: 'listen',
      address: where,
    });
    expect(error.errno).toBeLessThan(0);
    expect(fs.readdirSync(folder)).toEqual([]);
    server.listen(path.join(folder, 'short'));
    await once(server, 'listening');
  });

  test('the length of a path counts in bytes, not in characters', async () => {
    const folder = scratch();
    const where = path.join(folder, 'é'.repeat(60));
    expect(where.length).toBeLessThan(100);
    const error = await listenFailure(net.createServer(), where);
    expect(error.code).toBe('ENAMETOOLONG');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  if (process.platform === 'linux') {
    test('the longest path that fits works', async () => {
      const folder = scratch();
      const where = path.join(folder, 'x'.repeat(107 - folder.length - 1));
      const server = greeter();
      server.listen(where);
      await once(server, 'listening');
      expect(await greeting(where)).toBe('hello');
      const longer = await listenFailure(net.createServer(), `${where}x`);
      expect(longer.code).toBe('ENAMETOOLONG');
    });

    test('abstract names', async () => {
      const name = `\0rust-net test ${process.pid}`;
      const server = greeter();
      server.listen(name);
      await once(server, 'listening');
      expect(server.address()).toBe(name);
      expect(fs.readFileSync('/proc/net/unix', 'utf8')).toContain(`@${name.slice(1)}\n`);
      const client = destroyAtEnd(net.connect(name));
      const [data] = await once(client, 'data');
      expect(data.toString()).toBe('hello');
      const error = await listenFailure(net.createServer(), name);
      expect(error.code).toBe('EADDRINUSE');
      server.close();
      await once(server, 'close');
      server.listen(name);
      await once(server, 'listening');
    });
  }
});
