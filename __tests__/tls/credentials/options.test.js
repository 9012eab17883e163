'use strict';

// D19: createCredentials: versions, cipher suites and application protocols.

const { once } = require('events');
const tls = require('tls');
const net = require('../../..');
const { destroyAtEnd, failure, listening, record } = require('../../helpers');
const {
  CLIENT,
  SERVER,
  only,
  secureClient,
  tlsClient,
  tolerantServer,
  withTlsClient,
  withTlsServer,
} = require('../ends');
const { identity } = require('../pki');

describe('minVersion, maxVersion, ciphers, ALPNProtocols', () => {
  test.each([
    [{ minVersion: 'TLSv1.3' }, 'TLSv1.3'],
    [{ maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    [{ minVersion: 'TLSv1.2' }, 'TLSv1.3'],
    [{ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    // What is older is not there; as a minimum it says nothing.
    [{ minVersion: 'TLSv1' }, 'TLSv1.3'],
    [{ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    [{}, 'TLSv1.3'],
  ])('%j: %s', async (versions, expected) => {
    const [ours] = await withTlsClient({ ...SERVER, ...versions });
    const [client] = await withTlsServer(SERVER, { ...CLIENT, ...versions });
    expect([ours.getProtocol(), client.getProtocol()]).toEqual([expected, expected]);
  });

  test.each([
    ['ECDHE-RSA-AES256-GCM-SHA384', 'TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['HIGH:!AESGCM', 'TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['garbage:ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['TLS_AES_256_GCM_SHA384', 'TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ])('ciphers %j, %s: %s', async (ciphers, version, expected) => {
    const [ours] = await withTlsClient({ ...identity('rsa2048'), ciphers }, only(version));
    const [client] = await withTlsServer({ ...identity('rsa2048'), ...only(version) }, { ...CLIENT, ciphers });
    expect([ours.getCipher().name, client.getCipher().name]).toEqual([expected, expected]);
  });

  test('"ALPNProtocols": strings, Buffers, or all behind their lengths', async () => {
    for (const ALPNProtocols of [['h2', 'x'], [Buffer.from('h2'), Buffer.from('x')], Buffer.from('\x02h2\x01x')]) {
      const [ours] = await withTlsClient({ ...SERVER, ALPNProtocols }, { ALPNProtocols: ['x', 'h2'] });
      expect(ours.alpnProtocol).toBe('h2');
    }
  });

  test('no application protocol in common: the codes of node:tls at both ends', async () => {
    const [onServer, onClient] = [{ ALPNProtocols: ['one'] }, { ALPNProtocols: ['two'] }];
    const reference = tls.createServer({ ...SERVER, ...onServer });
    reference.on('connection', destroyAtEnd);
    await listening(reference);
    const refused = once(reference, 'tlsClientError');
    const [expected] = await once(tlsClient(reference, onClient), 'error');
    const codes = [(await refused)[0].code, expected.code];

    const server = await tolerantServer({ ...SERVER, ...onServer });
    for (const connect of [() => secureClient(server, { ...CLIENT, ...onClient }), () => tlsClient(server, onClient)]) {
      const connection = once(server, 'connection');
      const [error] = await once(connect(), 'error');
      const [accepted] = await connection;
      const own = accepted.errored ?? (await failure(accepted));
      expect([own.code, error.code]).toEqual(codes);
    }
    const [ours] = await once(secureClient(reference, { ...CLIENT, ...onClient }), 'error');
    expect(ours).toMatchObject({ code: codes[1], alert: expect.any(String) });
  });

  test('"handshakeTimeout": of a client that waits for its server, counted from \'connect\'', async () => {
    const server = await listening(net.createServer(destroyAtEnd));
    const client = secureClient(server, { ...CLIENT, handshakeTimeout: 30 });
    const events = record(client, 'connect', 'secure', 'error', 'close');
    await failure(client);
    const late = expect.objectContaining({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    expect(events).toEqual([['connect'], ['error', late], ['close', true]]);
  });
});
