'use strict';

// Limits: `maxHandshakes`, `maxWaitingHandshakes` and `handshakeRate`.

const { once } = require('events');
const nodeTls = require('tls');
const net = require('../..');
const tls = require('../../tls');
const { atEnd, destroyAtEnd, listening } = require('../helpers');
const { certificate, identity } = require('../tls/pki');
const { countDrops, dial, dropped, enter, until } = require('./ends');

const SERVER = identity('p256');
const CA = certificate('root');

/** A server of rust-net whose streams change over to TLS, or one of rust-net/tls. */
const MAKERS = [
  ['rust-net', (options) => {
    const credentials = net.createCredentials(SERVER);
    return net.createServer(options, (stream) => {
      stream.on('error', () => {}).setSecure(credentials).pipe(stream);
    });
  }],
  ['rust-net/tls', (options) => {
    const server = tls.createServer({ ...SERVER, ...options }, (socket) => socket.on('error', () => {}).pipe(socket));
    return server.on('tlsClientError', () => {});
  }],
];

/** A client of node:tls, which has an echo of what it has written. */
async function served(server, localAddress = '127.0.0.1') {
  const { port } = server.address();
  const socket = nodeTls.connect({ port, host: '127.0.0.1', localAddress, servername: 'localhost', ca: CA });
  destroyAtEnd(socket).write('served');
  const [answer] = await once(socket, 'data');
  expect(answer.toString()).toBe('served');
  return socket;
}

describe.each(MAKERS)('handshakes, %s', (_name, make) => {
  test('those that never finish keep others waiting, in order, until they are gone', async () => {
    const server = await listening(make({ maxHandshakes: 2 }));
    const stuck = [await enter(server), await enter(server)];
    const order = [];
    const clients = [];
    for (const number of [1, 2, 3]) {
      const accepted = once(server, 'connection');
      clients.push(served(server).then(() => order.push(number)));
      await accepted;
    }
    await until(() => server.stats.handshakes.waiting === 3);
    expect(server.stats.handshakes.underWay).toBe(2);
    stuck[0].destroy();
    await Promise.all(clients);
    expect(order).toEqual([1, 2, 3]);
    expect(server.stats.connections.dropped).toEqual({});
  });

  test('as many wait as may, and others are reset', async () => {
    const server = await listening(make({ maxHandshakes: 1, maxWaitingHandshakes: 1 }));
    const stuck = await enter(server);
    const waits = await enter(server);
    for (let count = 1; count <= 3; count++) {
      const drop = dropped(server);
      const client = dial(server, '127.0.0.3');
      expect(await client.isOver).toBe('ECONNRESET');
      const { reason, remoteAddress } = await drop;
      expect([reason, remoteAddress]).toEqual(['max-handshakes', '127.0.0.3']);
    }
    expect(server.stats.connections.dropped).toEqual({ 'max-handshakes': 3 });
    // The place of one that is gone is free again, whether it has begun or waits.
    waits.destroy();
    await until(() => server.stats.connections.open === 1);
    const client = served(server);
    await until(() => server.stats.handshakes.waiting === 1);
    stuck.destroy();
    await client;
    expect(server.stats.handshakes).toMatchObject({ underWay: 0, waiting: 0 });
  });

  test('with maxWaitingHandshakes: 0, none waits', async () => {
    const server = await listening(make({ maxHandshakes: 1, maxWaitingHandshakes: 0 }));
    await enter(server);
    const { reached } = countDrops(server);
    expect(await dial(server).isOver).toBe('ECONNRESET');
    await reached('max-handshakes', 1);
  });

  test('one that fails makes room', async () => {
    const server = await listening(make({ maxHandshakes: 1 }));
    const wrong = await enter(server);
    const client = served(server);
    wrong.write('this is no ClientHello, whatever it may be\r\n\r\n');
    await client;
  });

  test('handshakeRate lets so many begin in a second, and the others later', async () => {
    const server = await listening(make({ handshakeRate: 20, maxWaitingHandshakes: 15 }));
    const { counts, reached } = countDrops(server);
    const clients = Array.from({ length: 35 }, () => served(server));
    await Promise.all(clients);
    expect(counts).toEqual({});
    server.setLimits({ maxWaitingHandshakes: 0, handshakeRate: 1 });
    const all = Array.from({ length: 10 }, () => dial(server));
    await reached('handshake-rate', 8);
    all.forEach((each) => each.destroy());
  });

  test('limits that are lifted let all begin that wait', async () => {
    const server = await listening(make({ maxHandshakes: 1 }));
    await enter(server);
    const accepted = once(server, 'connection');
    const client = served(server);
    await accepted;
    server.setLimits({ maxHandshakes: 0 });
    await client;
  });

  test('a handshake counts as idle until it is done, and one that waits does not', async () => {
    const server = await listening(make({ maxHandshakes: 1, idleTimeout: 300 }));
    const stuck = await enter(server);
    const client = served(server);
    expect(['end', 'ECONNRESET']).toContain(await stuck.isOver);
    await client;
    expect(server.stats.connections.dropped).toEqual({ 'idle-timeout': 1 });
  });
});

test('STARTTLS: what was written before goes out while the handshake waits', async () => {
  const credentials = net.createCredentials(SERVER);
  const server = await listening(net.createServer({ maxHandshakes: 1 }, (stream) => {
    stream.on('error', () => {});
    stream.write('go ahead\r\n');
    stream.setSecure(credentials);
    stream.end('secret');
  }));
  const stuck = await enter(server);
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  const [greeting] = await once(client, 'data');
  expect(greeting.toString()).toBe('go ahead\r\n');
  client.setSecure({ ca: CA }, { servername: 'localhost' });
  stuck.destroy();
  const [secret] = await once(client, 'data');
  expect([client.encrypted, secret.toString()]).toEqual([true, 'secret']);
  atEnd(() => server.close());
});
