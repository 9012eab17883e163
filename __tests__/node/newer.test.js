'use strict';

// What later versions of node:net have added is in rust-net/node on every Node.

const { once } = require('events');
const path = require('path');
const net = require('../../node');
const { closeAtEnd, destroyAtEnd, failure, kernelOption, listening, pair, scratch, thrown } = require('../helpers');

const ours = { server: net, client: net };

/** What the kernel has of keep-alive: idle time, interval in seconds, count. */
function keepAlive(stream) {
  return ['keepAliveIdle', 'keepAliveInterval', 'keepAliveCount'].map((name) => kernelOption(stream, name));
}

test('setKeepAlive() takes an object, with interval and count', async () => {
  const [client] = await pair(ours);
  client.setKeepAlive({ enable: true, initialDelay: 5000, interval: 2000, count: 3 });
  expect(keepAlive(client)).toEqual([5, 2, 3]);
});

test('the options keepAliveInterval and keepAliveCount, of a server and of a socket', async () => {
  const options = { keepAlive: true, keepAliveInitialDelay: 7000, keepAliveInterval: 3000, keepAliveCount: 4 };
  const [client, accepted] = await pair({ ...ours, serverOptions: options, clientOptions: options });
  expect(keepAlive(client)).toEqual([7, 3, 4]);
  expect(keepAlive(accepted)).toEqual([7, 3, 4]);
});

describe('the type of service', () => {
  test.each(['127.0.0.1', '::1'])('is set while connected, and by the option, over %s', async (host) => {
    const accepted = [];
    const server = await listening(net.createServer((stream) => accepted.push(destroyAtEnd(stream))), 0, host);
    const client = destroyAtEnd(net.connect({ port: server.address().port, host, typeOfService: 0x28 }));
    await once(client, 'connect');
    const inKernel = (stream) => kernelOption(stream, host === '::1' ? 'trafficClass' : 'typeOfService');
    expect([inKernel(client), client.getTypeOfService()]).toEqual([0x28, 0x28]);
    expect(client.setTypeOfService(0xb8)).toBe(client);
    expect([inKernel(client), client.getTypeOfService()]).toEqual([0xb8, 0xb8]);
    if (accepted.length === 0) await once(server, 'connection');
    const [stream] = accepted;
    expect([inKernel(stream), stream.getTypeOfService()]).toEqual([0, 0]);
    stream.setTypeOfService(0x10);
    expect(inKernel(stream)).toBe(0x10);
  });

  test('is kept before and while connecting, and from one connection to the next', async () => {
    const server = await listening(net.createServer((stream) => stream.end().resume()));
    const client = destroyAtEnd(new net.Socket()).setTypeOfService(0x10).resume();
    expect(client.getTypeOfService()).toBe(0x10);
    for (const value of [0x10, 0x20]) {
      client.connect(server.address().port, 'localhost');
      client.setTypeOfService(value);
      expect(client.getTypeOfService()).toBe(value);
      await once(client, 'connect');
      expect(kernelOption(client, 'typeOfService')).toBe(value);
      await once(client, 'close');
      expect(client.getTypeOfService()).toBe(value);
    }
  });

  test('is of no effect over UNIX sockets, and 0 where nobody has set it', async () => {
    const server = await listening(net.createServer(), path.join(scratch(), 'socket'));
    const client = destroyAtEnd(net.connect(server.address()));
    await once(client, 'connect');
    expect(client.getTypeOfService()).toBe(0);
    expect(client.setTypeOfService(8).getTypeOfService()).toBe(8);
  });

  test.each([
    [256, 'ERR_OUT_OF_RANGE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [1.5, 'ERR_OUT_OF_RANGE'],
    [NaN, 'ERR_INVALID_ARG_TYPE'],
    ['8', 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ])('%s is none: %s', (value, code) => {
    const stream = new net.Socket();
    expect(thrown(() => stream.setTypeOfService(value)).code).toBe(code);
    expect(stream.getTypeOfService()).toBe(0);
  });

  test.each([[256, 'ERR_OUT_OF_RANGE'], [NaN, 'ERR_OUT_OF_RANGE'], [null, 'ERR_INVALID_ARG_TYPE']])(
    'nor is %s, as an option: %s',
    (typeOfService, code) => expect(thrown(() => new net.Socket({ typeOfService })).code).toBe(code),
  );
});

test('the option reusePort of listen()', async () => {
  const one = await listening(net.createServer(), { port: 0, host: '127.0.0.1', reusePort: true });
  const { port } = one.address();
  const two = await listening(net.createServer(), { port, host: '127.0.0.1', reusePort: true });
  expect(two.address()).toEqual(one.address());
  const three = closeAtEnd(net.createServer()).listen({ port, host: '127.0.0.1' });
  const [error] = await once(three, 'error');
  expect(error.code).toBe('EADDRINUSE');
});

test('the option blockList, of a server and of a socket', async () => {
  const blockList = new net.BlockList();
  blockList.addAddress('127.0.0.1');
  const server = await listening(net.createServer({ blockList }));
  server.on('connection', () => expect('a connection').toBe('blocked'));
  const { port } = server.address();
  const client = destroyAtEnd(net.connect(port, '127.0.0.1')).on('error', () => {}).resume();
  await once(client, 'close');
  const blocked = destroyAtEnd(net.connect({ port, host: '127.0.0.1', blockList }));
  expect((await failure(blocked)).code).toBe('ERR_IP_BLOCKED');
});
