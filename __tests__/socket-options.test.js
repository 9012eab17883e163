'use strict';

// `socketOptions`: options of the kernel that a socket begins with, and those by number. Not on the page. What takes
// network devices or capabilities is in `network/socket-options.test.js`.

const { execFile } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const today = require('../node');
const net = require('..');
const { child, destroyAtEnd, failure, kernelOption, listening, pair, scratch, thrown } = require('./helpers');
const { identity } = require('./tls/pki');

const isLinux = process.platform === 'linux';
const onLinux = isLinux ? test : test.skip;

/** Level and number of an option that every platform has. */
const [SOL_SOCKET, SO_KEEPALIVE] = isLinux ? [1, 9] : [0xffff, 8];

/** What the kernel has of a size that is set. */
const sizeOf = (size) => (isLinux ? 2 * size : size);

const socketOptions = { sendBufferSize: 20_000, numbered: [[SOL_SOCKET, SO_KEEPALIVE, 1]] };

function expectSet(stream) {
  expect(kernelOption(stream, 'sendBufferSize')).toBe(sizeOf(20_000));
  expect(stream.getOption(SOL_SOCKET, SO_KEEPALIVE)).not.toBe(0);
}

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test('of connect(): there at \'connect\', and after the stream is opened again', async () => {
    const server = await listening(module.createServer((stream) => stream.end()));
    const client = destroyAtEnd(new module.Stream()).resume();
    for (const options of [{ socketOptions }, {}]) {
      client.connect({ port: server.address().port, host: '127.0.0.1', ...options });
      await once(client, 'connect');
      expectSet(client);
      await once(client, 'close');
    }
  });

  test('of connect() to a name, for each attempt', async () => {
    const server = await listening(module.createServer());
    const lookup = (host, options, callback) => {
      callback(null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]);
    };
    const client = destroyAtEnd(module.connect({ port: server.address().port, host: 'x.example', lookup, socketOptions }));
    await once(client, 'connect');
    expect(client.autoSelectFamilyAttemptedAddresses).toHaveLength(2);
    expectSet(client);
  });

  test('of listen(): the listening socket has them, and what it accepts', async () => {
    const server = module.createServer();
    await listening(server, { port: 0, host: '127.0.0.1', socketOptions });
    expect(kernelOption(server, 'sendBufferSize')).toBe(sizeOf(20_000));
    destroyAtEnd(module.connect(server.address().port, '127.0.0.1'));
    const [accepted] = await once(server, 'connection');
    expectSet(destroyAtEnd(accepted));
  });

  test('of listen() on a path: what is accepted is given them', async () => {
    const server = module.createServer();
    await listening(server, { path: path.join(scratch(), 'socket'), socketOptions });
    const client = destroyAtEnd(module.connect({ path: server.address(), socketOptions }));
    const [accepted] = await once(server, 'connection');
    expectSet(destroyAtEnd(accepted));
    if (client.connecting) await once(client, 'connect');
    expectSet(client);
  });

  test('of a BoundSocket, which connects or listens', async () => {
    const server = module.createServer();
    await listening(server, new module.BoundSocket({ host: '127.0.0.1', socketOptions }));
    const handle = new module.BoundSocket({ host: '127.0.0.1', socketOptions });
    const client = destroyAtEnd(module.connect({ handle, port: server.address().port, host: '127.0.0.1' }));
    const [accepted] = await once(server, 'connection');
    if (client.connecting) await once(client, 'connect');
    for (const stream of [client, destroyAtEnd(accepted)]) expectSet(stream);
  });
});

test('an option that is set while connecting is set at once', async () => {
  const server = await listening(net.createServer());
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  await once(client, 'connectionAttempt');
  client.setOption('sendBufferSize', 20_000);
  await once(client, 'connect');
  expect(kernelOption(client, 'sendBufferSize')).toBe(sizeOf(20_000));
});

test('linger resets the connection, and -1 ends it', async () => {
  for (const [linger, code] of [[0, 'ECONNRESET'], [-1, undefined]]) {
    const [client, accepted] = await pair();
    accepted.setOption('linger', linger);
    client.resume();
    const closed = code ? failure(client) : once(client, 'close');
    accepted.destroy();
    expect((await closed).code).toBe(code);
  }
});

test('with linger, end() still sends what was written', async () => {
  const server = net.createServer((stream) => {
    stream.resume().on('end', () => stream.end('the last words'));
  });
  await listening(server, { port: 0, host: '127.0.0.1', socketOptions: { linger: 0 } });
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  client.end();
  const data = [];
  client.on('data', (chunk) => data.push(chunk.toString()));
  await once(client, 'end');
  expect(data).toEqual(['the last words']);
});

onLinux('by number: a number, bytes, and how many of them', async () => {
  const [client] = await pair();
  const [IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_CONGESTION] = [6, 18, 13];
  client.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, 1500);
  expect(client.getOption('userTimeout')).toBe(1500);
  expect(client.getOption(IPPROTO_TCP, TCP_USER_TIMEOUT)).toBe(1500);
  client.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, new Uint32Array([2500]));
  expect(client.getOption(IPPROTO_TCP, TCP_USER_TIMEOUT, 4)).toEqual(Buffer.from(new Uint32Array([2500]).buffer));
  expect(client.getOption(IPPROTO_TCP, TCP_CONGESTION, 3).toString()).toBe(client.getOption('congestion').slice(0, 3));
  expect(client.getOption(IPPROTO_TCP, TCP_CONGESTION, 64).length).toBe(16);
  const [IPPROTO_IPV6, IPV6_V6ONLY] = [41, 26];
  expect(thrown(() => client.getOption(IPPROTO_IPV6, IPV6_V6ONLY)))
    .toMatchObject({ code: 'ENOTSUP', syscall: 'getsockopt' });
  expect(thrown(() => client.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, -1)))
    .toMatchObject({ code: 'EINVAL', syscall: 'setsockopt' });
});

test('by number, before there is a connection: what was set last', () => {
  const stream = new net.Stream();
  expect(stream.getOption(SOL_SOCKET, SO_KEEPALIVE)).toBe(undefined);
  expect(stream.setOption(SOL_SOCKET, SO_KEEPALIVE, 1).getOption(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
});

/** `[level, number]` of Linux that are not for programs. */
const REFUSED = {
  'SO_LINGER': [1, 13],
  'SO_RCVTIMEO': [1, 20],
  'SO_ATTACH_FILTER, whose length is not in bytes': [1, 26],
  'SO_PASSPIDFD': [1, 76],
  'TCP_FASTOPEN_CONNECT': [6, 30],
  'TCP_ULP': [6, 31],
  'TCP_ZEROCOPY_RECEIVE': [6, 35],
  'IPV6_ADDRFORM': [41, 1],
  'the tables of iptables': [0, 64],
  'another level': [132, 1],
};

onLinux.each(Object.entries(REFUSED))('%s is refused', (_name, [level, number]) => {
  const code = 'ERR_INVALID_ARG_VALUE';
  expect(thrown(() => new net.Stream().setOption(level, number, 1)).code).toBe(code);
  expect(thrown(() => new net.Stream().getOption(level, number)).code).toBe(code);
});

describe('a call whose option is refused opens nothing', () => {
  // TCP_USER_TIMEOUT takes no negative time.
  const wrong = { numbered: [[6, 18, -1]] };
  const expected = { code: 'EINVAL', syscall: 'setsockopt', message: 'setsockopt EINVAL' };

  onLinux('connect()', async () => {
    const server = await listening(net.createServer());
    const { port } = server.address();
    const client = destroyAtEnd(net.connect({ port, host: '127.0.0.1', socketOptions: wrong }));
    expect(await failure(client)).toMatchObject(expected);
    const lookup = (host, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const byName = destroyAtEnd(net.connect({ port, host: 'x.example', lookup, socketOptions: wrong }));
    expect(await failure(byName)).toMatchObject(expected);
    expect(server.connections).toBe(0);
  });

  onLinux('listen()', async () => {
    const server = net.createServer();
    server.listen({ port: 0, socketOptions: wrong });
    expect((await once(server, 'error'))[0]).toMatchObject(expected);
    expect(server.listening).toBe(false);
    const file = path.join(scratch(), 'socket');
    server.listen({ path: file, socketOptions: { congestion: 'reno' } });
    expect((await once(server, 'error'))[0]).toMatchObject({ syscall: 'setsockopt' });
    await listening(server, file);
  });

  onLinux('new BoundSocket()', () => {
    expect(thrown(() => new net.BoundSocket({ socketOptions: wrong }))).toMatchObject(expected);
    const file = path.join(scratch(), 'socket');
    const error = thrown(() => new net.BoundSocket({ path: file, socketOptions: { congestion: 'reno' } }));
    expect(error).toMatchObject({ syscall: 'setsockopt' });
    new net.BoundSocket({ path: file }).close();
  });
});

test.each([
  [5, 'ERR_INVALID_ARG_TYPE'],
  [{ unknown: 1 }, 'ERR_INVALID_ARG_VALUE'],
  [{ sendBufferSize: '1' }, 'ERR_INVALID_ARG_TYPE'],
  [{ sendBufferSize: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ quickAck: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ numbered: [6] }, 'ERR_INVALID_ARG_VALUE'],
  [{ numbered: [[6, 18]] }, 'ERR_INVALID_ARG_TYPE'],
  [{ numbered: [['6', 18, 1]] }, 'ERR_INVALID_ARG_TYPE'],
])('socketOptions: %j throws, and nothing is opened', (given, code) => {
  const [stream, server] = [new net.Stream(), new net.Server()];
  expect(thrown(() => stream.connect({ port: 1, socketOptions: given })).code).toBe(code);
  expect(thrown(() => server.listen({ port: 0, socketOptions: given })).code).toBe(code);
  expect(thrown(() => new net.BoundSocket({ socketOptions: given })).code).toBe(code);
  expect([stream.connecting, server.listening]).toEqual([false, false]);
});

test('an option of the other end, or of a socket that is open, throws', async () => {
  const code = 'ERR_INVALID_ARG_VALUE';
  expect(thrown(() => net.connect({ port: 1, socketOptions: { fastOpenQueue: 1 } })).code).toBe(code);
  expect(thrown(() => net.createServer().listen({ port: 0, socketOptions: { fastOpen: true } })).code).toBe(code);
  expect(thrown(() => net.createServer().listen({ fd: 0, socketOptions })).code).toBe(code);
  const handle = new net.BoundSocket();
  expect(thrown(() => net.createServer().listen({ handle, socketOptions })).code).toBe(code);
  handle.close();
});

test('in a worker of a cluster, they are for a port of its own', async () => {
  const file = path.join(scratch(), 'cluster.js');
  fs.writeFileSync(file, `
    const cluster = require('cluster');
    const net = require(process.argv[2]);
    if (cluster.isPrimary) {
      cluster.fork();
    } else {
      const options = { port: 0, host: '127.0.0.1', socketOptions: { sendBufferSize: 20_000 } };
      try { net.createServer().listen(options); } catch ({ code }) { console.log(code); }
      net.createServer().listen({ ...options, exclusive: true }, function () {
        console.log('listening');
        this.close();
        process.disconnect();
      });
    }`);
  const { stdout } = await promisify(execFile)(process.execPath, [file, require.resolve('../node')]);
  expect(stdout).toBe('ERR_INVALID_ARG_VALUE\nlistening\n');
});

test('tls.connect() and an agent of http pass them on', async () => {
  const script = `
    const [http, nodesNet, tls] = ['http', 'net', 'tls'].map((name) => require(name));
    const { key, cert } = JSON.parse(process.argv[2]);
    const socketOptions = { linger: 0 };
    const agent = new http.Agent({ socketOptions });
    const plain = http.createServer((request, response) => response.end()).listen(0, '127.0.0.1', () => {
      http.get({ port: plain.address().port, host: '127.0.0.1', agent }, (response) => {
        console.log(response.socket.getOption('linger'));
        response.resume().on('end', () => plain.close());
      });
    });
    const server = tls.createServer({ key, cert }, (socket) => socket.end()).listen(0, '127.0.0.1', () => {
      const options = { port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false, socketOptions };
      const socket = tls.connect(options, () => console.log(socket.tlsEngine, socket.getOption('linger')));
      socket.resume().on('error', () => {}).on('close', () => server.close());
    });`;
  const { key, cert } = identity('p256');
  const register = `require(require('path').join(process.argv[1], 'register.js'));`;
  const running = child(`${register}${script}`, { args: [JSON.stringify({ key: String(key), cert: String(cert) })] });
  const printed = [];
  for await (const line of running.lines) printed.push(line);
  expect(printed.sort()).toEqual(['0', 'rustls 0']);
});
