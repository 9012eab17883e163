'use strict';

// What rustls can't do is left to Node's own TLS: `tlsEngine` says which is at work, and both work.

const { spawnSync } = require('child_process');
const { constants } = require('crypto');
const { once } = require('events');
const nodeTls = require('tls');
const { Duplex } = require('stream');
const net = require('../../node');
const tls = require('../../tls');
const { atEnd } = require('../helpers');
const { connected, ended, pki, serve, target } = require('../parity/tls/compared');

/** Options of a client and of a server, and what does the encryption at each end. */
const CASES = {
  'nothing special': [{}, {}, 'rustls', 'rustls'],
  'a suite that rustls lacks, at the client': [
    { ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' },
    {},
    'openssl',
    'rustls',
  ],
  'suites that rustls lacks, at both': [
    { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' },
    { ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
    'openssl',
    'openssl',
  ],
  'suites of Diffie-Hellman beside others': [
    { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256' },
    {},
    'rustls',
    'rustls',
  ],
  'parameters for Diffie-Hellman': [{}, { dhparam: 'auto' }, 'rustls', 'rustls'],
  'a suite that rustls lacks behind others, at a server': [
    {},
    { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256' },
    'rustls',
    'rustls',
  ],
  'a suite that rustls lacks before others, at a server': [
    {},
    { ciphers: 'ECDHE-ECDSA-AES128-SHA256:HIGH' },
    'rustls',
    'openssl',
  ],
  'a low security level at a server': [{}, { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' }, 'rustls', 'rustls'],
  'a low security level at a server that asks for certificates': [
    {},
    { ciphers: 'DEFAULT@SECLEVEL=0', requestCert: true, rejectUnauthorized: false },
    'rustls',
    'openssl',
  ],
  'a high security level': [{ ciphers: 'DEFAULT@SECLEVEL=3' }, { ciphers: 'DEFAULT@SECLEVEL=3' }, 'openssl', 'openssl'],
  'TLS 1.1': [
    { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'openssl',
    'openssl',
  ],
  'chains that end at an intermediate': [{ allowPartialTrustChain: true }, {}, 'openssl', 'rustls'],
  'a curve that rustls lacks': [{ ecdhCurve: 'P-521' }, { ecdhCurve: 'P-521' }, 'openssl', 'openssl'],
  'a name that is none of DNS': [
    { servername: '-.test', checkServerIdentity() {} },
    {},
    'openssl',
    'openssl',
  ],
  'secureOptions that leave no version': [
    { secureOptions: constants.SSL_OP_NO_TLSv1_2, maxVersion: 'TLSv1.3' },
    {},
    'rustls',
    'rustls',
  ],
};

test.each(Object.entries(CASES))('%s', async (what, [client, server, clientEngine, serverEngine]) => {
  const accepted = [];
  const listening = await serve(tls, server, (socket) => {
    accepted.push([socket.tlsEngine, socket.encrypted, socket.remoteAddress, socket.server === listening]);
    socket.pipe(socket);
  });
  const socket = await connected(tls, target(listening, client));
  socket.write('there and back');
  const [data] = await once(socket, 'data');
  const seen = [String(data), socket.tlsEngine, socket instanceof tls.TLSSocket];
  expect(seen).toEqual(['there and back', clientEngine, true]);
  expect(accepted).toEqual([[serverEngine, true, '127.0.0.1', true]]);
  await ended(socket);
});

test('a context of which OpenSSL\'s part has been asked for is used by OpenSSL, with what was done to it', async () => {
  const listening = await serve(tls);
  const secureContext = tls.createSecureContext({ ca: pki.certificate('selfSigned') });
  secureContext.context.addCACert(pki.certificate('root'));
  const socket = await connected(tls, target(listening, { secureContext }));
  expect([socket.tlsEngine, socket.authorized]).toEqual(['openssl', true]);
  await ended(socket);
});

test('a context that Node has made', async () => {
  const listening = await serve(tls);
  const secureContext = nodeTls.createSecureContext({ ca: pki.certificate('root') });
  const socket = await connected(tls, target(listening, { secureContext }));
  expect([socket.tlsEngine, socket.authorized]).toEqual(['openssl', true]);
  await ended(socket);
});

test('an authority with a short key: rustls refuses what it has signed, OpenSSL does not at this level', async () => {
  const weak = { ciphers: 'DEFAULT@SECLEVEL=0' };
  const listening = await serve(tls, { ...pki.identity('underShortRoot'), ...weak });
  const ca = [pki.certificate('root'), pki.certificate('shortRoot')];
  const socket = await connected(tls, target(listening, { ca, ...weak }));
  expect([socket.tlsEngine, socket.authorized]).toEqual(['openssl', true]);
  await ended(socket);
});

/** A stream that is no socket, over `socket`. */
function wrapped(socket) {
  const duplex = new Duplex({
    read() {},
    write: (chunk, encoding, callback) => socket.write(chunk, callback),
    final: (callback) => socket.end(callback),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on('data', (data) => duplex.push(data)).on('end', () => duplex.push(null));
  return duplex;
}

test('over a stream that is no socket, at both ends', async () => {
  const seen = [];
  const listening = await serve(tls, {}, (socket) => {
    seen.push(socket.tlsEngine);
    socket.pipe(socket);
  });
  const plain = net.createServer((socket) => listening.emit('connection', wrapped(socket))).listen(0, '127.0.0.1');
  atEnd(() => plain.close());
  await once(plain, 'listening');
  const duplex = wrapped(net.connect(plain.address().port, '127.0.0.1'));
  const { ca, servername } = target(listening);
  const socket = await connected(tls, { socket: duplex, ca, servername });
  socket.write('there and back');
  expect(String(await once(socket, 'data'))).toBe('there and back');
  expect([socket.tlsEngine, ...seen]).toEqual(['openssl', 'openssl']);
  await ended(socket);
});

test('TLS within TLS', async () => {
  const parents = [];
  const inner = await serve(tls, {}, (socket) => {
    parents.push(socket._parent);
    socket.pipe(socket);
  });
  const outer = await serve(tls, {}, (socket) => {
    parents.push(socket);
    inner.emit('connection', socket);
  });
  const below = await connected(tls, target(outer));
  const { ca, servername } = target(inner);
  const socket = await connected(tls, { socket: below, ca, servername });
  socket.write('there and back');
  expect(String(await once(socket, 'data'))).toBe('there and back');
  expect([below.tlsEngine, socket.tlsEngine, socket.authorized]).toEqual(['rustls', 'openssl', true]);
  expect(parents[1]).toBe(parents[0]);
  await ended(socket);
});

test('a class that extends TLSSocket keeps its members', async () => {
  class Mine extends tls.TLSSocket {
    mine() {
      return this.tlsEngine;
    }
  }
  const socket = new Mine(new Duplex({ read() {}, write() {} }), { isServer: true, ...pki.identity('p256') });
  socket.on('error', () => {});
  expect([socket instanceof tls.TLSSocket, socket.mine()]).toEqual([true, 'openssl']);
  socket.destroy();
});

test('NODE_DEBUG=rust-net says why', () => {
  const script = `require(${JSON.stringify(require.resolve('../../tls'))}).createSecureContext({ maxVersion: 'TLSv1.1' })`;
  const env = { ...process.env, NODE_DEBUG: 'rust-net' };
  const { stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  expect(stderr).toMatch(/^RUST-NET \d+: a context uses OpenSSL: TLS 1\.1 is the newest version asked for$/m);
});
