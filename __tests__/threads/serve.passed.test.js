'use strict';

// net.serve() on sockets that another process has passed to this one, and those that it passes to another one.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, scratch } = require('../helpers');

const PROGRAM = path.join(__dirname, 'fixtures', 'passed.js');
const handler = path.join(__dirname, 'fixtures', 'stream.js');

/** Starts the program on `fds`, in the way of systemd: `{ child, address }`. */
async function start(fds) {
  const stdio = ['ignore', 'inherit', 'inherit', ...fds, 'ipc'];
  const env = { ...process.env, LISTEN_FDS: String(fds.length) };
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$1"', process.execPath, PROGRAM], { stdio, env });
  atEnd(() => child.kill('SIGKILL'));
  const [{ address }] = await once(child, 'message');
  return { child, address };
}

async function end(child) {
  const exited = once(child, 'exit');
  child.send('end');
  expect(await exited).toEqual([0, null]);
}

/** What is answered to '?' at `place`: the id of the thread. */
async function ask(place) {
  const client = nodeNet.connect(place);
  client.write('?');
  const [data] = await once(client, 'data');
  client.destroy();
  return JSON.parse(data).threadId;
}

function bound(options) {
  const socket = new net.BoundSocket(options);
  atEnd(() => socket.close());
  return socket;
}

test('sockets of one port: each has a thread, and what waits at the end is for the next process', async () => {
  const first = bound({ host: '127.0.0.1', port: 0, reusePort: true });
  const { port } = first.address();
  const fds = [first, bound({ host: '127.0.0.1', port, reusePort: true })].map((socket) => socket.fd());
  const { child, address } = await start(fds);
  expect(address).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
  const seen = new Set();
  while (seen.size < 2) seen.add(await ask({ port, host: '127.0.0.1' }));
  await end(child);
  const waiting = Array.from({ length: 8 }, () => ask({ port, host: '127.0.0.1' }));
  const next = await start(fds);
  expect(await Promise.all(waiting)).not.toContain(undefined);
  await end(next.child);
});

test('a UNIX socket keeps its file', async () => {
  const file = path.join(scratch(), 'socket');
  const socket = bound({ path: file });
  const { child, address } = await start([socket.fd()]);
  expect(address).toBe(file);
  await ask({ path: file });
  await end(child);
  expect(fs.existsSync(file)).toBe(true);
});

test.each([
  ['a port', () => ({ port: 0, host: '127.0.0.1' })],
  ['a path', () => ({ path: path.join(scratch(), 'socket') })],
])('`service.fds`, %s: another process takes over', async (_, listen) => {
  const service = await net.serve({ workers: 2, listen: listen(), handler });
  atEnd(() => service.shutdown({ grace: 0 }));
  const { fds } = service;
  expect(new Set(fds).size).toBe(typeof service.address() === 'string' ? 1 : 2);
  const { child, address } = await start(fds);
  expect(address).toEqual(service.address());
  await service.shutdown();
  expect(service.fds).toBe(null);
  const place = typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
  await Promise.all(Array.from({ length: 8 }, () => ask(place)));
  await end(child);
});

test('a server whose `fd` another process has keeps the file of its UNIX socket, too', async () => {
  const file = path.join(scratch(), 'socket');
  const server = net.createServer().listen(file);
  await once(server, 'listening');
  const { child } = await start([server.fd]);
  await server.shutdown();
  await ask({ path: file });
  await end(child);
});

test.each([
  ['ERR_INVALID_ARG_TYPE', { fd: '3' }],
  ['ERR_INVALID_ARG_VALUE', { fd: [] }],
  ['ERR_OUT_OF_RANGE', { fd: [-1] }],
  ['ERR_INVALID_ARG_VALUE', { fd: [0], socketOptions: {} }],
  ['ENOTSOCK', { fd: fs.openSync('/dev/null') }],
  ['EBADF', { fd: 2 ** 30 }],
])('%s', async (code, listen) => {
  await expect(net.serve({ workers: 1, listen, handler })).rejects.toMatchObject({ code });
});

test('a socket without a thread is refused', async () => {
  await expect(net.serve({ workers: 1, listen: { fd: [3, 4] }, handler })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});
