'use strict';

// Options of the kernel by name, and who is behind a UNIX socket: not on the page.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const today = require('../node');
const net = require('..');
const { destroyAtEnd, kernelOption, listening, pair, scratch, thrown } = require('./helpers');

const isLinux = process.platform === 'linux';
const onLinux = isLinux ? test : test.skip;

/** What the kernel has of a size that is set. */
const sizeOf = (size) => (isLinux ? 2 * size : size);

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test('sizes of buffers, before and after the connection is there', async () => {
    const server = await listening(module.createServer());
    const client = destroyAtEnd(new module.Stream());
    expect(client.getOption('sendBufferSize')).toBe(undefined);
    expect(client.setOption('sendBufferSize', 20_000)).toBe(client);
    expect(client.getOption('sendBufferSize')).toBe(20_000);
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    expect(kernelOption(client, 'sendBufferSize')).toBe(sizeOf(20_000));
    expect(client.getOption('sendBufferSize')).toBe(sizeOf(20_000));
    client.setOption('recvBufferSize', 30_000);
    expect(kernelOption(client, 'recvBufferSize')).toBe(sizeOf(30_000));
  });
});

test('an option stays when the stream is opened again', async () => {
  const server = await listening(net.createServer((stream) => stream.end()));
  const client = destroyAtEnd(new net.Stream()).resume();
  client.setOption('sendBufferSize', 20_000);
  for (let i = 0; i < 2; i++) {
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'connect');
    expect(kernelOption(client, 'sendBufferSize')).toBe(sizeOf(20_000));
    await once(client, 'close');
  }
});

onLinux('userTimeout, quickAck and congestion', async () => {
  const [client, accepted] = await pair();
  client.setOption('userTimeout', 1500);
  expect(kernelOption(client, 'userTimeout')).toBe(1500);
  expect(client.getOption('userTimeout')).toBe(1500);
  for (const isOn of [false, true]) {
    expect(accepted.setOption('quickAck', isOn).getOption('quickAck')).toBe(isOn);
  }
  const available = fs.readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');
  for (const name of available.filter((one) => one === 'reno' || one === client.getOption('congestion'))) {
    expect(client.setOption('congestion', name).getOption('congestion')).toBe(name);
  }
  expect(thrown(() => client.setOption('congestion', 'none'))).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt' });
});

onLinux('mark, which takes a capability', async () => {
  const [client] = await pair();
  expect(client.getOption('mark')).toBe(0);
  let error = null;
  try {
    client.setOption('mark', 7);
  } catch (failure) {
    error = failure;
  }
  if (error === null) expect(kernelOption(client, 'mark')).toBe(7);
  else expect(error).toMatchObject({ code: 'EPERM', syscall: 'setsockopt' });
});

test.each([
  ['linger', 1, 'ERR_OUT_OF_RANGE'],
  ['linger', -2, 'ERR_OUT_OF_RANGE'],
  ['mark', 2 ** 32, 'ERR_OUT_OF_RANGE'],
  ['bindToDevice', 'lo\0', 'ERR_INVALID_ARG_VALUE'],
  ['toString', 1, 'ERR_INVALID_ARG_VALUE'],
  [true, 1, 'ERR_INVALID_ARG_TYPE'],
  ['sendBufferSize', -1, 'ERR_OUT_OF_RANGE'],
  ['sendBufferSize', 1.5, 'ERR_OUT_OF_RANGE'],
  ['sendBufferSize', '1', 'ERR_INVALID_ARG_TYPE'],
  ['quickAck', 1, 'ERR_INVALID_ARG_TYPE'],
  ['congestion', true, 'ERR_INVALID_ARG_TYPE'],
])('setOption(%j, %j) throws', (name, value, code) => {
  expect(thrown(() => new net.Stream().setOption(name, value)).code).toBe(code);
});

test('getOption() of an unknown name throws', () => {
  expect(thrown(() => new net.Stream().getOption('toString')).code).toBe('ERR_INVALID_ARG_VALUE');
});

describe('peerCredentials', () => {
  onLinux('are those of the process behind a UNIX socket, also after it is closed', async () => {
    const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
    const connected = once(server, 'connection');
    const client = destroyAtEnd(net.connect(server.address()));
    const [stream] = await connected;
    const own = { pid: process.pid, uid: process.getuid(), gid: process.getgid() };
    expect(destroyAtEnd(stream).peerCredentials).toEqual(own);
    client.destroy();
    stream.destroy();
    await once(stream, 'close');
    expect(stream.peerCredentials).toEqual(own);
  });

  test('of TCP are null', async () => {
    const [client, accepted] = await pair();
    const streams = [client, accepted, new net.Stream()];
    expect(streams.map((stream) => stream.peerCredentials)).toEqual([null, null, null]);
  });
});
