'use strict';

// The counters of connections, against what the test has done: net.stats() of the thread, server.stats of a server.

const { spawn } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const today = require('../../node');
const { atEnd, child, collect, destroyAtEnd, listening, pair, refusingPort, scratch, settled } = require('../helpers');
const { added, closed, connections } = require('./counting');

const ROOT = path.join(__dirname, '..', '..');

/** Clients of node:net that come to `server` in turn: `[client, stream]` each, without a stream if it was dropped. */
async function visitors(server, count) {
  const pairs = [];
  for (let i = 0; i < count; i++) {
    const outcome = Promise.race([once(server, 'connection'), once(server, 'drop')]);
    const address = server.address();
    const client = typeof address === 'string' ? nodeNet.connect(address) : nodeNet.connect(address.port, '127.0.0.1');
    destroyAtEnd(client).on('error', () => {});
    const [stream] = await outcome;
    if (typeof stream?.destroy === 'function') destroyAtEnd(stream);
    pairs.push([client, stream]);
  }
  return pairs;
}

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test('what is accepted, is open, and is closed', async () => {
    const server = await listening(module.createServer((stream) => stream.resume()));
    const thread = await connections(async () => {
      const [[client, stream]] = await visitors(server, 3);
      expect(server.stats.connections).toEqual({ accepted: 3, open: 3, closed: 0, detached: 0, dropped: {} });
      client.end();
      await closed(stream);
    });
    expect(server.stats.connections).toEqual({ accepted: 3, open: 2, closed: 1, detached: 0, dropped: {} });
    expect(thread).toEqual({ accepted: 3, open: 2, closed: 1 });
  });

  test('a server counts on when it has closed, while its streams are open, and when it listens again', async () => {
    const server = await listening(module.createServer());
    const [[client, stream]] = await visitors(server, 1);
    server.close();
    expect(server.listening).toBe(false);
    client.write('hello');
    expect((await once(stream, 'data')).toString()).toBe('hello');
    expect(server.stats).toMatchObject({ connections: { accepted: 1, open: 1, closed: 0 }, bytesRead: 5 });
    client.end();
    await closed(stream);
    expect(server.stats).toMatchObject({ connections: { accepted: 1, open: 0, closed: 1 }, bytesRead: 5 });
    await listening(server);
    await visitors(server, 1);
    expect(server.stats.connections).toMatchObject({ accepted: 2, open: 1, closed: 1 });
  });

  test('one too many, and one that is blocked, are dropped and not accepted', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.1');
    const full = await listening(module.createServer());
    full.maxConnections = 1;
    const thread = await connections(async () => {
      await visitors(full, 3);
      const blocking = await listening(module.createServer({ blockList }));
      const client = destroyAtEnd(nodeNet.connect(blocking.address().port, '127.0.0.1'));
      await closed(client);
      expect(blocking.stats.connections).toMatchObject({ accepted: 0, closed: 0, dropped: { blocked: 1 } });
    });
    expect(full.stats.connections).toMatchObject({ accepted: 1, open: 1, closed: 0, dropped: { 'max-connections': 2 } });
    expect(thread).toEqual({ accepted: 1, open: 1, dropped: { 'max-connections': 2, blocked: 1 } });
  });

  test('over a UNIX socket', async () => {
    const server = await listening(module.createServer(), path.join(scratch(), 'socket'));
    const [[client, stream]] = await visitors(server, 1);
    expect(stream.stats.tcp).toBeNull();
    client.end('four');
    await closed(stream);
    expect(server.stats).toMatchObject({ connections: { accepted: 1, closed: 1, open: 0 }, bytesRead: 4 });
  });

  test('a name that a program takes for itself is the program\'s', () => {
    const server = module.createServer();
    const stream = new module.Stream();
    for (const object of [server, stream]) {
      expect(Object.keys(object)).not.toContain('stats');
      object.stats = 'mine';
      expect(object.stats).toBe('mine');
    }
    class Counting extends module.Stream {
      stats = { own: 1 };
    }
    expect(new Counting().stats).toEqual({ own: 1 });
  });
});

test('what this side connects, and what comes of the attempts', async () => {
  const server = await listening(nodeNet.createServer((socket) => destroyAtEnd(socket).resume()));
  const port = await refusingPort();
  const thread = await connections(async () => {
    const stream = net.connect(server.address().port, '127.0.0.1');
    await once(stream, 'connectionAttempt');
    expect(net.stats().connections).toMatchObject({ connecting: 1 });
    await once(stream, 'connect');
    expect(net.stats().connections).toMatchObject({ connecting: 0 });
    stream.end();
    await closed(stream);
    await closed(net.connect(port, '127.0.0.1'));
    await closed(net.connect(port, '127.0.0.1'));
    // This one fails in the call.
    await closed(net.connect(path.join(scratch(), 'nothing')));
    // This one is given up before it is done.
    const given = net.connect(server.address().port, '127.0.0.1');
    await once(given, 'connectionAttempt');
    await closed(given.destroy());
  });
  expect(thread).toEqual({ connected: 1, closed: 1, failed: { ECONNREFUSED: 2, ENOENT: 1 } });
});

test('each address of a name is an attempt', async () => {
  const server = await listening(nodeNet.createServer((socket) => destroyAtEnd(socket).resume()));
  const { port } = server.address();
  const lookup = (_host, _options, callback) => callback(null, [
    { address: '127.0.0.2', family: 4 }, { address: '127.0.0.1', family: 4 },
  ]);
  const thread = await connections(async () => {
    const stream = net.connect({ host: 'two.test', port, lookup, autoSelectFamily: true });
    await once(stream, 'connect');
    stream.destroy();
    await closed(stream);
  });
  expect(thread).toEqual({ connected: 1, closed: 1, failed: { ECONNREFUSED: 1 } });
});

test('a descriptor is adopted', async () => {
  // The child's end of a pair of sockets is its standard output; this end is a handle of Node's.
  const program = spawn(process.execPath, ['-e', `
    const net = require(${JSON.stringify(ROOT)});
    const { connections } = net.stats();
    const stream = new net.Stream({ fd: 1 });
    const adopted = net.stats().connections;
    stream.end(JSON.stringify([connections, adopted].map(({ adopted, open }) => [adopted, open])));
  `], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => program.kill());
  expect(JSON.parse((await collect(program.stdout)).toString())).toEqual([[0, 0], [1, 1]]);
});

test('of the PROXY protocol, what is refused is dropped, by its reason, and what ends before is none', async () => {
  const server = await listening(net.createServer({ proxyProtocol: 'require' }));
  const thread = await connections(async () => {
    for (const [bytes, isDropped] of [['GET / HTTP/1.1\r\n', true], ['PROXY nonsense\r\n', true], ['', false]]) {
      const dropped = isDropped ? once(server, 'drop') : null;
      const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      client.end(bytes);
      await Promise.all([dropped, closed(client)]);
    }
    const accepted = once(server, 'connection');
    destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')).write('PROXY UNKNOWN\r\nrest');
    destroyAtEnd((await accepted)[0]);
  });
  const expected = { 'proxy-missing': 1, 'proxy-malformed': 1 };
  expect(server.stats.connections).toEqual({ accepted: 1, open: 1, closed: 0, detached: 0, dropped: expected });
  expect(thread).toEqual({ accepted: 1, open: 1, dropped: expected });
});

test('a stream that fails is closed like any other', async () => {
  const [client, accepted, server] = await pair();
  accepted.on('error', () => {});
  client.resetAndDestroy();
  await closed(accepted, client);
  expect(server.stats.connections).toMatchObject({ accepted: 1, open: 0, closed: 1 });
});

test('the counters of a stream stay when it is closed, and begin anew when it is opened again', async () => {
  const [client, accepted, server] = await pair();
  accepted.pipe(accepted);
  client.write('hello');
  await once(client, 'data');
  expect(client.stats).toMatchObject({ bytesRead: 5, bytesWritten: 5 });
  client.end();
  const seen = new Promise((resolve) => client.once('close', () => resolve(client.stats)));
  expect(await seen).toEqual({ bytesRead: 5, bytesWritten: 5, bytesWaiting: 0, tcp: null });
  await settled();
  expect(client.stats).toMatchObject({ bytesRead: 5, bytesWritten: 5 });
  const total = net.stats();
  client.connect(server.address().port, '127.0.0.1');
  await once(client, 'connect');
  expect(client.stats).toMatchObject({ bytesRead: 0, bytesWritten: 0 });
  expect(added(total, net.stats())).toMatchObject({ connections: { connected: 1 } });
  expect(net.stats().bytesRead).toBe(total.bytesRead);
});

test('without a connection, a stream has counted nothing', () => {
  const nothing = { bytesRead: 0, bytesWritten: 0, bytesWaiting: 0, tcp: null };
  expect(new net.Stream().stats).toEqual(nothing);
  expect(net.Stream.prototype.stats).toEqual(nothing);
  expect(net.Server.prototype.stats).toEqual(net.createServer().stats);
});

test('sockets that listen', async () => {
  const before = net.stats().listeners;
  const servers = [await listening(net.createServer()), await listening(net.createServer())];
  expect(net.stats().listeners).toBe(before + 2);
  servers[0].close();
  expect(net.stats().listeners).toBe(before + 1);
});

test('looking starts nothing, and keeps nothing alive', async () => {
  const { exit, lines } = child(`
        const open = () => fs.readdirSync('/dev/fd').length;
    const before = open();
    const stats = net.stats();
    const { connections } = net.createServer().stats;
    console.log(JSON.stringify([open() - before, stats.connections.accepted, stats.turns.time.count, connections.open]));
  `);
  expect(JSON.parse((await lines.next()).value)).toEqual([0, 0, 0, 0]);
  expect(await exit).toBe(0);
});
