'use strict';

// Section "server.listen" of the `net` page: on the path of a UNIX socket.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, closeAtEnd, destroyAtEnd, listening, scratch } = require('../helpers');
const { greeter, greeting, listenFailure } = require('./greeter');

/** A socket file whose server is gone. */
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

  test('D7: over a leftover whose server is gone, the server listens', async () => {
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
