'use strict';

// What later versions of node:net have added is in rust-net/node on every Node.

const { once } = require('events');
const net = require('../../node');
const { closeAtEnd, destroyAtEnd, failure, kernelOption, listening, pair } = require('../helpers');

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
