'use strict';

// The counters of handshakes, by what has come of each, on either side.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const nodeTls = require('tls');
const net = require('../..');
const tls = require('../../tls');
const { destroyAtEnd, failure, listening, pair, record } = require('../helpers');
const { CLIENT, SERVER, greeter, only, secureClient, securePair, secureServer, visit } = require('../tls/ends');
const { crls, identity } = require('../tls/pki');
const { closed, during } = require('./counting');

/** What `work` adds to the handshakes of this thread. */
const handshakes = (work) => during(() => net.stats().handshakes, work);

/** Without how long they took. */
function outcomes({ handshakes: { time, ...rest } }) {
  expect(time.count).toBe(rest.completed);
  return rest;
}

const NONE = { underWay: 0, waiting: 0, completed: 0, resumed: 0, failed: {}, cancelled: 0, declined: 0 };

test('those that succeed, of a server and of the thread, and how long they take', async () => {
  const thread = await handshakes(async () => {
    const [, , server] = await securePair();
    expect(outcomes(server.stats)).toEqual({ ...NONE, completed: 1 });
    const { time } = server.stats.handshakes;
    expect(time.sum).toBeGreaterThan(0.01);
    expect(time.sum).toBeLessThan(60_000);
  });
  expect(thread).toMatchObject({ completed: 2, time: { count: 2 } });
});

test.each(['TLSv1.2', 'TLSv1.3'])('those that resume a session (%s)', async (version) => {
  const server = await greeter({ ...SERVER, ...only(version) });
  const credentials = net.createCredentials({ ...CLIENT, ...only(version) });
  await visit(server, credentials);
  expect(outcomes(server.stats)).toEqual({ ...NONE, completed: 1 });
  const second = await visit(server, credentials);
  expect(second.isSessionReused()).toBe(true);
  expect(outcomes(server.stats)).toEqual({ ...NONE, completed: 2, resumed: 1 });
});

/** What becomes of the handshake of `stream`: the code that it fails with, or undefined. */
async function codeOf(stream) {
  const events = record(stream, 'secure', 'error');
  await closed(stream);
  const [name, error] = events[0];
  return name === 'error' ? error.code : undefined;
}

const STRICT = { ...CLIENT, rejectUnauthorized: true };

describe('those that fail, by the code of the error', () => {
  test.each([
    ['no version in common', { ...SERVER, ...only('TLSv1.3') }, { ...CLIENT, ...only('TLSv1.2') }],
    ['no suite in common', { ...SERVER, ciphers: 'TLS_AES_128_GCM_SHA256' }, { ...CLIENT, ciphers: 'TLS_AES_256_GCM_SHA384' }],
    ['no protocol in common', { ...SERVER, ALPNProtocols: ['one'] }, { ...CLIENT, ALPNProtocols: ['two'] }],
    ['a server that is not trusted', identity('unknownIssuer'), STRICT],
    ['a certificate that has expired', identity('expired'), STRICT],
    ['one that is not valid yet', identity('notYetValid'), STRICT],
    ['one that was revoked', identity('revoked'), { ...STRICT, crl: crls.root }],
    ['another name', SERVER, STRICT, { servername: 'elsewhere.test' }],
    ['no certificate of the client', { ...SERVER, ...CLIENT, requestCert: true, rejectUnauthorized: true }, CLIENT],
    ['no certificate of the client, in TLS 1.2',
      { ...SERVER, ...CLIENT, ...only('TLSv1.2'), requestCert: true, rejectUnauthorized: true }, CLIENT],
  ])('%s', async (_name, ours, theirs, how = { servername: 'localhost' }) => {
    const listener = await secureServer(ours);
    const accepted = once(listener, 'connection').then(([stream]) => codeOf(stream));
    let codes;
    const thread = await handshakes(async () => {
      const client = secureClient(listener, theirs, how);
      client.on('secure', () => client.end());
      codes = await Promise.all([accepted, codeOf(client)]);
    });
    const [code] = codes;
    const failed = codes.filter((one) => one !== undefined);
    expect(failed.length).toBeGreaterThan(0);
    const counted = Object.entries(thread.failed).flatMap(([one, count]) => Array(count).fill(one));
    expect(counted.sort()).toEqual(failed.sort());
    expect(thread.completed ?? 0).toBe(2 - failed.length);
    const outcome = code === undefined ? { completed: 1 } : { failed: { [code]: 1 } };
    expect(outcomes(listener.stats)).toEqual({ ...NONE, ...outcome });
  });

  test('a client that does not speak TLS, and one that goes away', async () => {
    const server = await secureServer();
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '']) {
      const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      client.on('error', () => {});
      const accepted = once(server, 'connection').then(([stream]) => failure(stream));
      client.end(bytes);
      await accepted;
    }
    expect(outcomes(server.stats)).toEqual({ ...NONE, failed: { ERR_SSL_HTTP_REQUEST: 1, ECONNRESET: 1 } });
  });

  test('one that takes too long', async () => {
    const server = await secureServer({ ...SERVER, handshakeTimeout: 20 });
    const accepted = once(server, 'connection');
    destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const { code } = await failure((await accepted)[0]);
    expect(code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
    expect(outcomes(server.stats)).toEqual({ ...NONE, failed: { ERR_TLS_HANDSHAKE_TIMEOUT: 1 } });
  });

  test('of a server of rust-net/tls, one that takes too long and is closed for it', async () => {
    const server = await listening(tls.createServer({ ...SERVER, handshakeTimeout: 20 }));
    destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [error, socket] = await once(server, 'tlsClientError');
    expect(error.code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
    socket.destroy();
    expect(outcomes(server.stats)).toEqual({ ...NONE, failed: { ERR_TLS_HANDSHAKE_TIMEOUT: 1 } });
  });
});

test('one whose stream is destroyed is cancelled', async () => {
  const [, accepted, server] = await pair();
  accepted.setSecure(SERVER);
  expect(outcomes(server.stats)).toEqual({ ...NONE, waiting: 1 });
  while (server.stats.handshakes.underWay === 0) await new Promise(setImmediate);
  expect(outcomes(server.stats)).toEqual({ ...NONE, underWay: 1 });
  accepted.destroy();
  expect(outcomes(server.stats)).toEqual({ ...NONE, cancelled: 1 });
});

test('a failure after the handshake is none of it', async () => {
  const [client, accepted, server] = await securePair();
  const errors = record(accepted, 'error');
  // Not a record.
  fs.writeSync(client.fd, Buffer.alloc(100, 'x'));
  await closed(accepted, client);
  expect(errors).toHaveLength(1);
  expect(outcomes(server.stats)).toEqual({ ...NONE, completed: 1 });
});

test('one that rustls leaves to Node\'s own TLS is declined', async () => {
  const server = await listening(tls.createServer({ ...SERVER, minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  server.on('secureConnection', destroyAtEnd);
  const options = { port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false };
  const theirs = nodeTls.connect({ ...options, ...only('TLSv1.1'), ciphers: 'DEFAULT@SECLEVEL=0' });
  destroyAtEnd(theirs);
  await once(theirs, 'secureConnect');
  expect(outcomes(server.stats)).toEqual({ ...NONE, declined: 1 });
});
