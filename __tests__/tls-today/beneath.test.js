'use strict';

// A socket of ours below Node's own TLS: what it still tells and does, while a copy of its descriptor has the bytes.

const { once } = require('events');
const nodeTls = require('tls');
const net = require('../../node');
const tls = require('../../tls');
const { atEnd, child, destroyAtEnd, listening, scratch } = require('../helpers');
const { connected, ended, pki, serve, target } = require('../parity/tls/compared');

/** What makes a context need OpenSSL from the start. */
const OPENSSL = { ciphers: 'DEFAULT@SECLEVEL=3' };

/** Both ends of a connection that OpenSSL serves, and the socket below on the server. */
async function pair(options) {
  const server = await serve(tls, { ...OPENSSL, ...options }, (socket) => socket.pipe(socket));
  const accepted = Promise.all([once(server, 'connection'), once(server, 'secureConnection')]);
  const client = await connected(nodeTls, target(server));
  const [[plain], [secure]] = await accepted;
  expect(secure.tlsEngine).toBe('openssl');
  return { server, client, plain, secure };
}

/** Waits until `size` bytes have come. */
function received(stream, size) {
  return new Promise((resolve) => {
    stream.on('data', function count(data) {
      size -= data.length;
      if (size > 0) return;
      stream.removeListener('data', count);
      resolve();
    });
  });
}

test('the bytes stay in the native part of Node\'s core', async () => {
  const { client, plain, secure } = await pair();
  const heard = [];
  plain.on('data', (data) => heard.push(data)).on('end', () => heard.push('end'));
  client.write(Buffer.alloc(1 << 20, 'x'));
  await received(client, 1 << 20);
  expect(secure._parent._handle.constructor.name).toBe('TCP');
  await ended(client);
  expect(heard).toEqual([]);
});

test('both have the addresses', async () => {
  const { client, plain, secure } = await pair();
  for (const name of ['remoteAddress', 'remotePort', 'localAddress', 'localPort']) expect(secure[name]).toBe(plain[name]);
  expect(plain.remotePort).toBe(client.localPort);
});

test.each(['plain', 'secure'])('destroying %s closes the other, and the server counts it no more', async (which) => {
  const ends = await pair();
  const areClosed = Promise.all(['plain', 'secure', 'client'].map((name) => once(ends[name], 'close')));
  ends.client.on('error', () => {});
  ends[which].destroy();
  await areClosed;
  expect(await new Promise((resolve) => ends.server.getConnections((error, count) => resolve(count)))).toBe(0);
});

test('a time limit can be set below', async () => {
  const { client, plain } = await pair();
  const isOver = once(plain, 'timeout');
  expect(plain.setTimeout(50)).toBe(plain);
  await isOver;
  expect(plain.timeout).toBe(50);
  expect(() => plain.setTimeout(1, 'x')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  expect(() => plain.setTimeout('x')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  plain.setTimeout(0);
  await ended(client);
});

test('a time limit that was set before stays', async () => {
  const server = await listening(net.createServer());
  const client = nodeTls.connect(target(server));
  atEnd(() => client.destroy());
  client.on('error', () => {});
  const [plain] = await once(server, 'connection');
  plain.setTimeout(50);
  const isOver = once(plain, 'timeout');
  const secure = new tls.TLSSocket(plain, { isServer: true, ...pki.identity('p256'), ...OPENSSL });
  atEnd(() => secure.destroy());
  await once(secure, 'secure');
  await isOver;
});

test('what waits to be sent in the clear goes first', async () => {
  const server = await listening(net.createServer());
  const plainClient = net.connect(server.address().port, '127.0.0.1');
  const [plain] = await once(server, 'connection');
  const size = 1 << 23;
  plain.write(Buffer.alloc(size, 'x'));
  const secure = new tls.TLSSocket(plain, { isServer: true, ...pki.identity('p256'), ...OPENSSL });
  atEnd(() => secure.destroy());
  await received(plainClient, size);
  const { ca, servername } = target(server);
  const client = await connected(tls, { socket: plainClient, ca, servername });
  secure.write('secret');
  expect(String((await once(client, 'data'))[0])).toBe('secret');
});

test('without a reference, it does not keep the process alive', async () => {
  const script = `
    const [pki, tls] = ['./__tests__/tls/pki', './tls'].map((name) => require(require('path').join(process.argv[1], name)));
    const options = { ...pki.identity('p256'), ciphers: 'DEFAULT@SECLEVEL=3' };
    const server = tls.createServer(options, (socket) => socket.on('error', () => {}));
    let plain;
    server.on('connection', (socket) => (plain = socket));
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const client = tls.connect({ port, rejectUnauthorized: false }, () => {
        plain.unref();
        server.close();
        client.unref();
      });
    });`;
  expect(await child(script).exit).toBe(0);
});

test('what the kernel had no room for in the clear goes out before the handshake', async () => {
  const CHUNK = Buffer.alloc(4096, 'A');
  const path = `${scratch()}/socket`;
  const peers = [];
  const server = net.createServer((peer) => peers.push(peer.pause().on('error', () => {})));
  atEnd(() => server.close());
  await once(server.listen(path), 'listening');
  const dial = async () => {
    const client = destroyAtEnd(net.connect(path)).on('error', () => {});
    await once(client, 'connect');
    return client;
  };
  /** Writes chunks, each in a turn of its own, until one has to wait; returns how many have been written. */
  const fill = async (client, most) => {
    let count = 0;
    while (count < most && client.stats.bytesWaiting === 0) {
      client.write(CHUNK);
      count++;
      await new Promise(setImmediate);
    }
    return count;
  };
  const fits = (await fill(await dial(), 10_000)) - 1;
  const client = await dial();
  expect(await fill(client, fits)).toBe(fits);
  client.write(CHUNK);
  destroyAtEnd(tls.connect({ socket: client, ...OPENSSL, maxVersion: 'TLSv1.2' })).on('error', () => {});
  await new Promise(setImmediate);
  let inTheClear = 0;
  await new Promise((resolve) => {
    peers[1].on('data', (data) => {
      const end = data.findIndex((byte) => byte !== CHUNK[0]);
      inTheClear += end === -1 ? data.length : end;
      if (end !== -1) resolve();
    }).resume();
  });
  expect(inTheClear).toBe((fits + 1) * CHUNK.length);
});
