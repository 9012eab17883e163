'use strict';

// Section "server.maxConnections" of the `net` page, D5, and today's event 'drop'.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const { closeAtEnd, destroyAtEnd, listening, record, scratch, settled } = require('./helpers');

/** Connects; resolves to the client when the server has let it in or turned it away. */
async function knock(server) {
  const outcome = Promise.race([once(server, 'connection'), once(server, 'drop')]);
  const address = server.address();
  const client = destroyAtEnd(
    typeof address === 'string' ? nodeNet.connect(address) : nodeNet.connect(address.port, '127.0.0.1'),
  );
  client.on('error', () => {});
  client.resume();
  client.isOver = new Promise((resolve) => client.on('close', resolve));
  const [stream] = await outcome;
  if (stream instanceof net.Stream) destroyAtEnd(stream);
  return client;
}

async function limited(maxConnections, ...where) {
  const server = await listening(net.createServer(), ...where);
  server.maxConnections = maxConnections;
  return server;
}

describe('server.maxConnections', () => {
  test('"Set this property to reject connections when the server\'s connection count gets high."', async () => {
    const server = await limited(2);
    const events = record(server, 'connection');
    const [first, second] = [await knock(server), await knock(server)];
    const third = await knock(server);
    await third.isOver;
    await settled();
    expect(events.length).toBe(2);
    expect(server.connections).toBe(2);
    expect([first.destroyed, second.destroyed]).toEqual([false, false]);
  });

  test('a connection is let in again once another has closed', async () => {
    const server = await limited(1);
    const first = await knock(server);
    await (await knock(server)).isOver;
    const accepted = new Promise((resolve) => {
      server.once('connection', resolve);
    });
    first.end();
    await first.isOver;
    await settled();
    expect(server.connections).toBe(0);
    await knock(server);
    expect(await accepted).toBeInstanceOf(net.Stream);
    expect(server.connections).toBe(1);
  });

  test('it may be set at any time, and closes no stream that is open', async () => {
    const server = await limited(undefined);
    const clients = [await knock(server), await knock(server), await knock(server)];
    server.maxConnections = 1;
    await (await knock(server)).isOver;
    expect(server.connections).toBe(3);
    expect(clients.map((client) => client.destroyed)).toEqual([false, false, false]);
    server.maxConnections = 4;
    await knock(server);
    expect(server.connections).toBe(4);
  });

  test('there is no limit at first', async () => {
    expect(net.createServer().maxConnections).toBe(undefined);
  });

  test('D5: 0 is no limit', async () => {
    const server = await limited(0);
    await knock(server);
    await knock(server);
    expect(server.connections).toBe(2);
  });

  test('\'drop\' tells of a connection that was turned away, and where it came from', async () => {
    const server = await limited(1);
    await knock(server);
    const drops = record(server, 'drop');
    const client = await knock(server);
    await client.isOver;
    expect(drops).toEqual([
      [
        'drop',
        {
          localAddress: '127.0.0.1',
          localPort: server.address().port,
          localFamily: 'IPv4',
          remoteAddress: '127.0.0.1',
          remotePort: expect.any(Number),
          remoteFamily: 'IPv4',
        },
      ],
    ]);
  });

  test('\'drop\' of a UNIX server has nothing to say but that', async () => {
    const server = closeAtEnd(await limited(1, path.join(scratch(), 's')));
    await knock(server);
    const drops = record(server, 'drop');
    await (await knock(server)).isOver;
    expect(drops).toEqual([['drop']]);
  });
});
