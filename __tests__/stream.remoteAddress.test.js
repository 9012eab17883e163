'use strict';

// Section "stream.remoteAddress" of the `net` page; D17 (addresses), D27, and what D28 says of type, fd and address().

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { destroyAtEnd, failure, listening, pair, scratch, settled } = require('./helpers');

const NAMES = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'localFamily'];

function addressesOf(stream) {
  return Object.fromEntries(NAMES.map((name) => [name, stream[name]]));
}

/** One connection from node:net, on `host`. */
async function acceptedOn(host) {
  const server = await listening(net.createServer(), 0, host);
  const client = destroyAtEnd(nodeNet.connect(server.address().port, host));
  const [accepted] = await once(server, 'connection');
  if (client.connecting) await once(client, 'connect');
  return [destroyAtEnd(accepted), client, server];
}

describe('stream.remoteAddress', () => {
  test.each(['127.0.0.1', '::1'])('"The string representation of the remote IP address." (%s)', async (host) => {
    const [accepted] = await acceptedOn(host);
    expect(accepted.remoteAddress).toBe(host);
    expect(net.isIP(accepted.remoteAddress)).toBe(net.isIP(host));
  });

  test('"This member is only present in server-side connections." (D27)', async () => {
    const [client, accepted] = await pair();
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect(client.remoteAddress).toBe(undefined);
    expect(new net.Stream().remoteAddress).toBe(undefined);
  });

  test('D27: an accepted stream that connects out has it no more', async () => {
    const [client, accepted, server] = await pair();
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    client.end();
    await once(accepted, 'close');
    destroyAtEnd(accepted).connect(server.address().port, '127.0.0.1');
    await once(accepted, 'connect');
    expect(accepted.remoteAddress).toBe(undefined);
  });
});

describe('D17: addresses', () => {
  test.each([
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
  ])('of an accepted stream, over %s', async (host, family) => {
    const [accepted, client, server] = await acceptedOn(host);
    const { port } = server.address();
    expect(addressesOf(accepted)).toEqual({
      remoteAddress: host,
      remotePort: client.localPort,
      remoteFamily: family,
      localAddress: host,
      localPort: port,
      localFamily: family,
    });
    expect(accepted.address()).toEqual({ address: host, family, port });
  });

  test.each([
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
  ])('of a client, over %s', async (host, family) => {
    const server = await listening(nodeNet.createServer(), 0, host);
    const accepted = once(server, 'connection');
    const { port } = server.address();
    const client = destroyAtEnd(net.connect(port, host));
    expect(addressesOf(client)).toEqual(Object.fromEntries(NAMES.map((name) => [name, undefined])));
    expect(client.address()).toEqual({});
    await once(client, 'connect');
    const [other] = await accepted;
    destroyAtEnd(other);
    expect(addressesOf(client)).toEqual({
      remoteAddress: undefined,
      remotePort: port,
      remoteFamily: family,
      localAddress: host,
      localPort: other.remotePort,
      localFamily: family,
    });
    expect(client.address()).toEqual({ address: host, family, port: other.remotePort });
  });

  test.each([
    ['after both ends', (client) => client.end()],
    ['after a reset', (client) => client.resetAndDestroy()],
    ['after destroy()', (_, accepted) => accepted.destroy()],
    ['after an error', (_, accepted) => accepted.destroy(new Error('x'))],
  ])('"all stay readable in \'close\'", %s', async (_, finish) => {
    const [accepted, client, server] = await acceptedOn('127.0.0.1');
    client.on('error', () => {});
    const expected = {
      remoteAddress: '127.0.0.1',
      remotePort: client.localPort,
      remoteFamily: 'IPv4',
      localAddress: '127.0.0.1',
      localPort: server.address().port,
      localFamily: 'IPv4',
    };
    const seen = [];
    accepted.on('error', () => {});
    // Nobody has asked for them before.
    accepted.on('close', () => seen.push(addressesOf(accepted), accepted.address()));
    finish(client, accepted);
    await settled();
    expect(seen).toEqual([expected, { address: '127.0.0.1', family: 'IPv4', port: server.address().port }]);
    expect(accepted.server).toBe(server);
  });

  test('of a client in \'close\'', async () => {
    const resetting = nodeNet.createServer((stream) => stream.once('data', () => stream.resetAndDestroy()));
    const server = await listening(resetting);
    const client = net.connect(server.address().port, '127.0.0.1');
    const ports = [];
    client.on('connect', () => {
      ports.push(client.localPort);
      client.write('reset me');
    });
    client.on('close', () => ports.push(client.localPort, client.remotePort));
    await failure(client);
    expect(ports.at(-1)).toBe(server.address().port);
    expect(ports.at(-2)).toEqual(expect.any(Number));
    expect(ports[0]).toBe(ports.at(-2));
  });

  test('UNIX streams have none', async () => {
    const where = path.join(scratch(), 's');
    const server = await listening(net.createServer(), where);
    const client = destroyAtEnd(net.connect(where));
    const [accepted] = await once(server, 'connection');
    destroyAtEnd(accepted);
    if (client.connecting) await once(client, 'connect');
    for (const stream of [client, accepted]) {
      expect(addressesOf(stream)).toEqual(Object.fromEntries(NAMES.map((name) => [name, undefined])));
      expect(stream.address()).toEqual({});
    }
  });
});

describe('D28: type, fd, counters', () => {
  test('stream.type: \'tcp4\', \'tcp6\', \'unix\', null without a connection', async () => {
    const types = [];
    for (const where of [[0, '127.0.0.1'], [0, '::1'], [path.join(scratch(), 's')]]) {
      const server = await listening(net.createServer(), ...where);
      const address = server.address();
      const client = destroyAtEnd(
        typeof address === 'string' ? net.connect(address) : net.connect(address.port, address.address),
      );
      expect(client.type).toBe(null);
      const [accepted] = await once(server, 'connection');
      destroyAtEnd(accepted);
      if (client.connecting) await once(client, 'connect');
      types.push([client.type, accepted.type]);
    }
    expect(types).toEqual([
      ['tcp4', 'tcp4'],
      ['tcp6', 'tcp6'],
      ['unix', 'unix'],
    ]);
    expect(new net.Stream().type).toBe(null);
  });

  test('stream.fd: "a number while open, else null"', async () => {
    expect(new net.Stream().fd).toBe(null);
    const [client, accepted] = await pair();
    const [one, two] = [client.fd, accepted.fd];
    expect(fs.fstatSync(one).isSocket()).toBe(true);
    expect(fs.fstatSync(two).isSocket()).toBe(true);
    expect(one).not.toBe(two);
    client.destroy();
    expect(client.fd).toBe(null);
    await once(accepted, 'close');
    expect(accepted.fd).toBe(null);
  });

  test('stream.readable and stream.writable', async () => {
    const [client, accepted] = await pair({ serverOptions: { allowHalfOpen: true } });
    expect([accepted.readable, accepted.writable]).toEqual([true, true]);
    client.end();
    expect([client.readable, client.writable]).toEqual([true, false]);
    await once(accepted, 'end');
    expect([accepted.readable, accepted.writable]).toEqual([false, true]);
    accepted.end();
    await once(accepted, 'close');
    expect([accepted.readable, accepted.writable]).toEqual([false, false]);
  });

  test('bytesRead and bytesWritten, also after \'close\'', async () => {
    const [client, accepted] = await pair();
    client.write('12345');
    await once(accepted, 'data');
    accepted.end('123');
    await once(client, 'close');
    expect([client.bytesRead, client.bytesWritten]).toEqual([3, 5]);
    expect([accepted.bytesRead, accepted.bytesWritten]).toEqual([5, 3]);
    const fresh = new net.Stream();
    expect([fresh.bytesRead, fresh.bytesWritten]).toEqual([0, 0]);
  });
});
