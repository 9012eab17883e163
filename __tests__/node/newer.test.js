'use strict';

// What later versions of node:net have added is in rust-net/node on every Node.

const { once } = require('events');
const fs = require('fs');
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

  test('has no effect over UNIX sockets, and is 0 where it was not set', async () => {
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

describe('BoundSocket', () => {
  test('is adopted by a server, which has its address at once', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1' });
    const address = bound.address();
    expect(address).toEqual({ address: '127.0.0.1', family: 'IPv4', port: expect.any(Number) });
    const server = closeAtEnd(net.createServer((stream) => stream.end('hello'))).listen(bound);
    expect([server.listening, server.address()]).toEqual([true, address]);
    for (const call of ['address', 'fd', 'close']) {
      expect(thrown(() => bound[call]()).code).toBe('ERR_SOCKET_HANDLE_ADOPTED');
    }
    expect(thrown(() => net.createServer().listen(bound)).code).toBe('ERR_SOCKET_HANDLE_ADOPTED');
    bound[Symbol.dispose]();
    const [data] = await once(destroyAtEnd(net.connect(address.port, '127.0.0.1')), 'data');
    expect(String(data)).toBe('hello');
  });

  test('is adopted by a stream, which connects from it', async () => {
    const accepted = [];
    const server = await listening(net.createServer((stream) => accepted.push(destroyAtEnd(stream))));
    const bound = new net.BoundSocket({ host: '0.0.0.0' });
    const { port } = bound.address();
    const client = destroyAtEnd(new net.Socket({ handle: bound }));
    expect([client.localAddress, client.localPort]).toEqual(['0.0.0.0', port]);
    client.connect(server.address().port, '127.0.0.1');
    expect([client.connecting, client.localAddress, client.localPort]).toEqual([true, '127.0.0.1', port]);
    await once(client, 'connect');
    if (accepted.length === 0) await once(server, 'connection');
    expect([client.localPort, accepted[0].remotePort]).toEqual([port, port]);
  });

  test('has a file that is removed by its owner', async () => {
    const folder = scratch();
    const files = () => fs.readdirSync(folder).sort();
    const bind = (name) => new net.BoundSocket({ path: path.join(folder, name) });
    const [closed, server, client] = [bind('closed'), net.createServer().listen(bind('server')), bind('client')];
    expect(files()).toEqual(['client', 'closed', 'server']);
    closed.close();
    expect(thrown(() => bind('server')).code).toBe('EADDRINUSE');
    const stream = net.connect({ handle: client, path: server.address() });
    await once(stream, 'connect');
    expect(stream.localAddress).toBe(path.join(folder, 'client'));
    server.close();
    expect(files()).toEqual(['client']);
    stream.destroy();
    expect(files()).toEqual([]);
  });

  test('is closed with a stream whose signal has aborted, or that is destroyed before it connects', async () => {
    const folder = scratch();
    const bind = (name) => new net.BoundSocket({ path: path.join(folder, name) });
    const aborted = new net.Socket({ handle: bind('aborted'), signal: AbortSignal.abort() }).on('error', () => {});
    const destroyed = new net.Socket({ handle: bind('destroyed') }).destroy();
    expect(fs.readdirSync(folder)).toEqual([]);
    await Promise.all([once(destroyed, 'close'), aborted.closed || once(aborted, 'close').catch(() => {})]);
  });

  test('is closed with a stream that is destroyed while it looks a name up, or whose connection is refused', async () => {
    const bound = new net.BoundSocket({ host: '127.0.0.1' });
    const { port } = bound.address();
    const waiting = net.connect({ port: 1, host: 'somewhere.invalid', lookup: () => {}, handle: bound });
    expect(waiting.localPort).toBe(port);
    waiting.destroy();
    await once(waiting, 'close');
    const again = new net.BoundSocket({ host: '127.0.0.1', port });
    const refused = net.connect({ port, host: '127.0.0.2', handle: again });
    expect((await failure(refused)).code).toBe('ECONNREFUSED');
    closeAtEnd(net.createServer()).listen(new net.BoundSocket({ host: '127.0.0.1', port }));
  });

  test('keeps no process alive', () => {
    const { execFileSync } = require('child_process');
    const script = `new (require(${JSON.stringify(require.resolve('../../node'))}).BoundSocket)()`;
    execFileSync(process.execPath, ['-e', script], { timeout: 20_000 });
  });

  test('is not copied to another thread as a plain object, where Node can be told so', () => {
    const { MessageChannel, markAsUncloneable } = require('worker_threads');
    const bound = new net.BoundSocket();
    const { port1 } = new MessageChannel();
    try {
      if (markAsUncloneable) expect(thrown(() => port1.postMessage(bound)).name).toBe('DataCloneError');
      expect(thrown(() => port1.postMessage(bound, [bound]))).toBeDefined();
    } finally {
      port1.close();
      bound.close();
    }
  });

  test.each([{ fd: 3 }, {}, 'text', true])('another handle is none: %j', (handle) => {
    expect(thrown(() => net.createServer().listen({ handle, port: 0 })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(thrown(() => new net.Socket({ handle })).code).toBe('ERR_INVALID_ARG_VALUE');
  });
});
