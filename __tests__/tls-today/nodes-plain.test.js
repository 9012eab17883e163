'use strict';

// TLS over sockets of Node's own `net`: on the engine, by a copy of the descriptor, where nothing can be lost by that.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const tls = require('../../tls');
const { atEnd } = require('../helpers');
const { connected, ended, pki, serve, target } = require('../parity/tls/compared');

/** An echo server, and options of its clients without the target. */
async function echo(options) {
  const server = await serve(tls, options, (socket) => socket.pipe(socket));
  const { port, host, ca, servername } = target(server);
  return { server, port, host, options: { ca, servername } };
}

const trusting = () => ({ ca: pki.certificate('root'), servername: 'localhost' });

/** A connected socket of Node's. */
async function plainTo({ port, host }, use) {
  const plain = nodeNet.connect(port, host);
  atEnd(() => plain.destroy());
  await once(plain, 'connect');
  use?.(plain);
  return plain;
}

async function says(socket, text) {
  socket.write(text);
  const [data] = await once(socket, 'data');
  return String(data);
}

const WAYS = {
  'connected': async (peer) => plainTo(peer),
  'connecting': async ({ port, host }) => nodeNet.connect(port, host),
  'connecting to a name': async ({ port }) => nodeNet.connect(port, 'localhost'),
  'that connects later': async ({ port, host }) => {
    const plain = new nodeNet.Socket();
    setImmediate(() => plain.connect(port, host));
    return plain;
  },
  'with a listener of data': async (peer) => plainTo(peer, (plain) => plain.on('data', () => plain.destroy())),
  'that is paused': async (peer) => plainTo(peer, (plain) => plain.pause()),
};

test.each(Object.entries(WAYS))('a socket %s', async (what, make) => {
  const peer = await echo();
  const plain = await make(peer);
  const socket = await connected(tls, { socket: plain, ...peer.options });
  // Node does not read below, whatever is asked of the socket.
  plain.resume();
  plain.read(0);
  expect(await says(socket, 'there and back')).toBe('there and back');
  const { remoteAddress, remotePort, localPort } = plain;
  expect([socket.tlsEngine, socket.authorized]).toEqual(['rustls', true]);
  expect([socket.remoteAddress, socket.remotePort, socket.localPort]).toEqual([remoteAddress, remotePort, localPort]);
  expect(await says(socket, 'x'.repeat(1 << 20))).toMatch(/^x+$/);
  const isClosed = once(plain, 'close');
  await ended(socket);
  await isClosed;
});

test('over UNIX', async () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-')), 's');
  const server = tls.createServer(pki.identity('p256'), (socket) => socket.pipe(socket)).listen(file);
  atEnd(() => server.close(() => fs.rmSync(path.dirname(file), { recursive: true })));
  await once(server, 'listening');
  const socket = await connected(tls, { socket: nodeNet.connect(file), ...trusting() });
  expect([await says(socket, 'x'), socket.tlsEngine]).toEqual(['x', 'rustls']);
  await ended(socket);
});

const UNSAFE = {
  'an encoding': (plain) => plain.setEncoding('latin1'),
  'a time limit': (plain) => plain.setTimeout(60_000),
  'a method of the program': (plain) => {
    const { write } = plain;
    plain.write = (...args) => write.apply(plain, args);
  },
};

test.each(Object.entries(UNSAFE))('a socket with %s stays with OpenSSL', async (what, use) => {
  const peer = await echo();
  const plain = await plainTo(peer, use);
  const socket = await connected(tls, { socket: plain, ...peer.options });
  expect(socket.tlsEngine).toBe('openssl');
  await ended(socket);
});

/** A server of node:net, and both ends of a connection to it. */
async function pair() {
  const server = nodeNet.createServer().listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await once(server, 'listening');
  const plainClient = nodeNet.connect(server.address().port, '127.0.0.1');
  const [[plainServer]] = await Promise.all([once(server, 'connection'), once(plainClient, 'connect')]);
  atEnd(() => [plainClient, plainServer].forEach((plain) => plain.destroy()));
  return { server, plainClient, plainServer };
}

test('what was written before goes first, and what had been received is not lost', async () => {
  const { plainClient, plainServer } = await pair();
  const size = 1 << 22;
  plainServer.write(Buffer.alloc(size, 'x'));
  const server = new tls.TLSSocket(plainServer, { isServer: true, ...pki.identity('p256') });
  atEnd(() => server.destroy());
  let left = size;
  await new Promise((resolve) => {
    plainClient.on('data', (data) => {
      left -= data.length;
      if (left === 0) resolve();
    });
  });
  const client = await connected(tls, { socket: plainClient, ...trusting() });
  server.write('secret');
  expect(String((await once(client, 'data'))[0])).toBe('secret');
  expect([client.tlsEngine, server.tlsEngine]).toEqual(['rustls', 'rustls']);
});

test('a ClientHello that has been read is replayed', async () => {
  const { plainClient, plainServer } = await pair();
  const client = tls.connect({ socket: plainClient, ...trusting() });
  atEnd(() => client.destroy());
  client.on('error', () => {});
  await once(plainServer, 'readable');
  const server = new tls.TLSSocket(plainServer, { isServer: true, ...pki.identity('p256') });
  atEnd(() => server.destroy());
  await Promise.all([once(server, 'secure'), once(client, 'secureConnect')]);
  expect(server.tlsEngine).toBe('rustls');
});

test('one is destroyed with the other', async () => {
  for (const [destroyed, other] of [['plainServer', 'secure'], ['secure', 'plainServer']]) {
    const ends = await pair();
    const client = tls.connect({ socket: ends.plainClient, ...trusting() });
    client.on('error', () => {});
    ends.secure = new tls.TLSSocket(ends.plainServer, { isServer: true, ...pki.identity('p256') });
    await once(ends.secure, 'secure');
    const areClosed = Promise.all([once(ends[other], 'close'), once(client, 'close')]);
    ends[destroyed].destroy();
    await areClosed;
    const count = await new Promise((resolve) => ends.server.getConnections((error, number) => resolve(number)));
    expect(count).toBe(0);
  }
});

test('a client that rustls can\'t serve is handed to OpenSSL, over the socket itself', async () => {
  const { plainClient, plainServer } = await pair();
  const secure = new tls.TLSSocket(plainServer, { isServer: true, ...pki.identity('p256') });
  atEnd(() => secure.destroy());
  const old = { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' };
  const client = await connected(tls, { socket: plainClient, ...trusting(), ...old });
  secure.write('hello');
  expect(String((await once(client, 'data'))[0])).toBe('hello');
  expect([secure.tlsEngine, secure.remotePort]).toEqual(['openssl', plainServer.remotePort]);
  await ended(client);
});
