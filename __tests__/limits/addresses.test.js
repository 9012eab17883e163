'use strict';

// Limits: `maxConnectionsPerAddress`.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const today = require('../../node');
const { atEnd, destroyAtEnd, listening } = require('../helpers');
const { countDrops, dial, dropped, enter } = require('./ends');

describe.each([
  ['rust-net', net],
  ['rust-net/node', today],
])('maxConnectionsPerAddress, %s', (_name, module) => {
  test('one address has so many, and another has its own', async () => {
    const server = await listening(module.createServer({ maxConnectionsPerAddress: 2 }));
    await enter(server, '127.0.0.1');
    await enter(server, '127.0.0.1');
    const drop = dropped(server);
    const refused = dial(server, '127.0.0.1');
    await expect(refused.isOver).resolves.toBe('ECONNRESET');
    const { port } = server.address();
    expect({ ...(await drop) }).toEqual({
      localAddress: '127.0.0.1',
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: expect.any(Number),
      remoteFamily: 'IPv4',
      reason: 'max-connections-per-address',
      count: 1,
    });
    await enter(server, '127.0.0.2');
    expect(server.stats.connections.dropped).toEqual({ 'max-connections-per-address': 1 });
    expect([...server.streams].length).toBe(3);
  });

  test('a connection that is closed, by either side, makes room', async () => {
    const server = await listening(module.createServer({ maxConnectionsPerAddress: 1 }));
    for (const end of [
      (client) => client.end(),
      (client) => client.resetAndDestroy(),
      (client) => client.accepted.destroy(),
    ]) {
      const client = await enter(server);
      client.accepted.on('error', () => {}).resume();
      const closed = new Promise((resolve) => client.accepted.on('close', resolve));
      end(client);
      await closed;
    }
    const { counts } = countDrops(server);
    await enter(server);
    expect(counts).toEqual({});
  });

  test('IPv6, and IPv4 as it comes to a socket of both', async () => {
    const server = await listening(module.createServer({ maxConnectionsPerAddress: 1 }), 0, '::');
    await enter(server, '127.0.0.1');
    await enter(server, '::1');
    for (const address of ['::1', '127.0.0.1']) {
      const drop = dropped(server);
      expect(await dial(server, address).isOver).toBe('ECONNRESET');
      expect((await drop).reason).toBe('max-connections-per-address');
    }
    await enter(server, '127.0.0.2');
  });

  test('it can be changed while the server listens, also from nothing', async () => {
    const server = await listening(module.createServer());
    const first = await enter(server);
    await enter(server);
    expect(server.setLimits({ maxConnectionsPerAddress: 2 })).toBe(server);
    const drop = dropped(server);
    dial(server);
    expect((await drop).reason).toBe('max-connections-per-address');
    first.accepted.destroy();
    await first.isOver;
    await enter(server);
    server.setLimits({ maxConnectionsPerAddress: 0 });
    await enter(server);
  });
});

test('UNIX sockets have no addresses, and no such limit', async () => {
  const { scratch } = require('../helpers');
  const path = `${scratch()}/s`;
  const server = await listening(net.createServer({ maxConnectionsPerAddress: 1 }), path);
  for (let count = 0; count < 3; count++) {
    const accepted = once(server, 'connection');
    destroyAtEnd(nodeNet.connect(path));
    destroyAtEnd((await accepted)[0]);
  }
});

test('behind a proxy, the address of its header counts', async () => {
  const options = { maxConnectionsPerAddress: 1, proxyProtocol: { from: '127.0.0.1' } };
  const server = await listening(net.createServer(options));
  const send = (client) => dial(server).write(`PROXY TCP4 ${client} 198.51.100.1 5000 443\r\n`);
  for (const client of ['192.0.2.1', '192.0.2.2']) {
    const accepted = once(server, 'connection');
    send(client);
    destroyAtEnd((await accepted)[0]);
  }
  const drop = dropped(server);
  send('192.0.2.1');
  const ends = { remoteAddress: '192.0.2.1', remotePort: 5000, localAddress: '198.51.100.1', localPort: 443 };
  expect(await drop).toMatchObject({ reason: 'max-connections-per-address', ...ends });
});

test('a flood from one address does not keep others out, and is reported by few events', async () => {
  const FLOOD = 3000;
  const server = await listening(net.createServer({ backlog: 4096, maxConnectionsPerAddress: 5 }, (stream) => {
    stream.on('error', () => {}).pipe(stream);
  }));
  let events = 0;
  server.on('drop', () => events++);
  const { counts, reached } = countDrops(server);
  const flood = Array.from({ length: FLOOD }, () => dial(server, '127.0.0.9'));
  for (let number = 1; number <= 50; number++) {
    const client = dial(server, `127.0.1.${number}`);
    client.write('served');
    const [answer] = await once(client, 'data');
    expect(answer.toString()).toBe('served');
    client.destroy();
  }
  // Those that had to wait in the kernel come late, or not at all.
  await reached('max-connections-per-address', FLOOD - 5);
  expect(counts).toEqual({ 'max-connections-per-address': FLOOD - 5 });
  expect(server.stats.connections.dropped).toEqual(counts);
  expect(events).toBeLessThan(FLOOD / 2);
  atEnd(() => flood.forEach((client) => client.destroy()));
}, 60_000);
