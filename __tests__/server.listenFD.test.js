'use strict';

// Section "server.listenFD" of the `net` page, with descriptors that a parent process has bound.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { atEnd, child, closeAtEnd, destroyAtEnd, nextTick, record, scratch, thrown } = require('./helpers');

/** Listens on its descriptor 3, echoes to one client, and says what it sees. */
const INHERITOR = `
  const server = net.createServer((stream) => {
    console.log(JSON.stringify({ type: stream.type }));
    stream.pipe(stream);
    stream.on('end', () => server.close());
  });
  const callback = () => console.log(JSON.stringify({ address: server.address(), listening: server.listening }));
  if (process.argv[2] === 'listenFD') server.listenFD(3, callback);
  else server.listen({ fd: 3 }, callback);
  server.on('close', () => console.log(JSON.stringify({ closed: true })));
`;

async function line(lines) {
  const { value } = await lines.next();
  return JSON.parse(value);
}

describe('server.listenFD(fd)', () => {
  describe.each([
    ['TCP over IPv4', 'tcp4', () => [0, '127.0.0.1']],
    ['TCP over IPv6', 'tcp6', () => [0, '::1']],
    ['UNIX', 'unix', () => [path.join(scratch(), 's')]],
  ])('a socket of the parent, %s', (_, type, where) => {
    test.each(['listenFD', 'listen'])(
      '"Start a server listening for connections on the given file descriptor." (%s)',
      async (method) => {
        const parent = nodeNet.createServer();
        parent.listen(...where());
        await once(parent, 'listening');
        const address = parent.address();
        // Node's server removes its file when it closes. The socket lives on under another name.
        const moved = `${address}.moved`;
        if (type === 'unix') fs.renameSync(address, moved);
        const { lines, exit } = child(INHERITOR, { descriptors: [parent._handle.fd], args: [method] });
        parent.close();
        await once(parent, 'close');

        expect(await line(lines)).toEqual({ address, listening: true });
        const client = destroyAtEnd(
          type === 'unix' ? nodeNet.connect(moved) : nodeNet.connect(address.port, address.address),
        );
        client.end('over');
        const [data] = await once(client, 'data');
        expect(data.toString()).toBe('over');
        expect(await line(lines)).toEqual({ type });
        expect(await line(lines)).toEqual({ closed: true });
        expect(await exit).toBe(0);
      },
    );
  });

  test('"This file descriptor must have already had the bind(2) and listen(2) system calls invoked on it." (a connected socket is refused)', async () => {
    const listener = closeAtEnd(nodeNet.createServer());
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const client = destroyAtEnd(nodeNet.connect(listener.address().port, '127.0.0.1'));
    const [accepted] = await once(listener, 'connection');
    destroyAtEnd(accepted);
    const server = net.createServer();
    const events = record(server, 'listening', 'close');
    server.listenFD(client._handle.fd);
    const [error] = await once(server, 'error');
    expect(error).toMatchObject({ code: 'EINVAL', syscall: 'listen', errno: expect.any(Number) });
    expect(server.listening).toBe(false);
    await nextTick();
    expect(events).toEqual([]);
    // It is still its owner's.
    accepted.write('alive');
    const [data] = await once(client, 'data');
    expect(data.toString()).toBe('alive');
  });

  test('a number that is no open descriptor gives \'error\' EBADF, and the server can listen elsewhere', async () => {
    const server = closeAtEnd(net.createServer());
    server.listenFD(1_000_000);
    const [error] = await once(server, 'error');
    expect(error).toMatchObject({ code: 'EBADF', syscall: 'listen' });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  test('a file gives \'error\' ENOTSOCK and stays open', async () => {
    const fd = fs.openSync(__filename, 'r');
    atEnd(() => fs.closeSync(fd));
    const server = net.createServer();
    server.listenFD(fd);
    const [error] = await once(server, 'error');
    expect(error.code).toBe('ENOTSOCK');
    expect(fs.fstatSync(fd).isFile()).toBe(true);
  });

  test.each([
    ['a string', '3', 'ERR_INVALID_ARG_TYPE'],
    ['nothing', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['an object', {}, 'ERR_INVALID_ARG_TYPE'],
    ['a negative number', -1, 'ERR_OUT_OF_RANGE'],
    ['a broken number', 1.5, 'ERR_OUT_OF_RANGE'],
  ])('D14: %s throws, and nothing is half-done', async (_, fd, code) => {
    const server = closeAtEnd(net.createServer());
    expect(thrown(() => server.listenFD(fd, () => {})).code).toBe(code);
    expect(server.listenerCount('listening')).toBe(0);
    expect(server.listening).toBe(false);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  test('a server that listens already throws ERR_SERVER_ALREADY_LISTEN', async () => {
    const server = closeAtEnd(net.createServer());
    server.listen(0, '127.0.0.1');
    expect(thrown(() => server.listenFD(1_000_000)).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    await once(server, 'listening');
  });
});
