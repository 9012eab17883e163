'use strict';

// D21: `rejectUnauthorized` turns the verdict into a gate.

const { once } = require('events');
const path = require('path');
const tls = require('tls');
const net = require('../../..');
const { destroyAtEnd, failure, listening, namesUntilClose, record, scratch } = require('../../helpers');
const { CLIENT, SERVER, greet, only, secureClient, securePair, secureServer, tlsClient } = require('../ends');
const { certificate, identity } = require('../pki');
const { codeOf } = require('./verdict');

const root = certificate('root');

describe('D21: "`rejectUnauthorized: true` in the credentials turns the verdict into a gate."', () => {
  const GATES = ['TLSv1.2', 'TLSv1.3'].flatMap((version) => [
    [version, 'expired', 'CERT_HAS_EXPIRED'],
    [version, 'selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [version, 'unknownIssuer', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [version, 'alpha', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ]);

  test.each(GATES)('on a client, %s: %s', async (version, name, code) => {
    const server = await secureServer({ ...identity(name), ...only(version) });
    const connection = once(server, 'connection');
    const client = secureClient(server, { ca: root, rejectUnauthorized: true }, { servername: 'localhost' });
    const secured = record(client, 'secure');
    const names = namesUntilClose(client);
    const [accepted] = await connection;
    const [error, other] = await Promise.all([failure(client), failure(accepted)]);
    expect(error.code).toBe(code);
    expect((await names).slice(-2)).toEqual(['error', 'close']);
    expect(secured).toEqual([]);
    // The server is told why.
    expect(other).toMatchObject({ code: expect.stringMatching(/ALERT/), alert: expect.any(String) });
  });

  test.each([
    ['of setSecure', {}, { servername: '' }],
    ['of the credentials', { servername: '' }, undefined],
  ])('an empty `servername` %s does not turn the check of the name off: it is that of the host, as in node:tls', async (_, more, how) => {
    const server = net.createServer((stream) => destroyAtEnd(stream).on('error', () => {}).setSecure(identity('alpha')));
    await listening(server, 0, 'localhost');
    const client = destroyAtEnd(net.connect(server.address().port, 'localhost'));
    client.setSecure({ ca: root, rejectUnauthorized: true, ...more }, how);
    expect((await failure(client)).code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test.each([
    ['alpha', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['ipSan', null],
  ])('without a name, the address is one, as in node:tls: %s at 127.0.0.1', async (name, code) => {
    const server = await secureServer(identity(name));
    server.on('connection', (stream) => stream.on('error', () => {}));
    const { port } = server.address();
    const gate = { ca: root, rejectUnauthorized: true };
    const theirs = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', ...gate }));
    const ours = secureClient(server, gate);
    if (code === null) return void (await Promise.all([once(ours, 'secure'), once(theirs, 'secureConnect')]));
    const errors = await Promise.all([failure(ours), failure(theirs)]);
    expect(errors.map(codeOf)).toEqual([code, code]);
  });

  test.each([
    ['alpha', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['p256', null],
  ])('over UNIX it is localhost, as in node:tls: %s', async (name, code) => {
    const server = net.createServer((stream) => destroyAtEnd(stream).on('error', () => {}).setSecure(identity(name)));
    await listening(server, path.join(scratch(), 's'));
    const gate = { ca: root, rejectUnauthorized: true };
    const client = destroyAtEnd(net.connect(server.address())).setSecure(gate);
    const theirs = destroyAtEnd(tls.connect({ path: server.address(), ...gate }));
    if (code === null) return void (await Promise.all([once(client, 'secure'), once(theirs, 'secureConnect')]));
    const errors = await Promise.all([failure(client), failure(theirs)]);
    expect(errors.map(codeOf)).toEqual([code, code]);
  });

  test.each([
    ['contexts', { contexts: { 'alpha.test': identity('alpha') } }],
    ['SNICallback', { SNICallback: (name, answer) => answer(null, identity('alpha')) }],
  ])('a server\'s gate holds for whatever name a client asks for: %s', async (_, byName) => {
    const server = await secureServer({ ...SERVER, ca: root, rejectUnauthorized: true, ...byName });
    for (const servername of ['localhost', 'alpha.test']) {
      const connection = once(server, 'connection');
      tlsClient(server, { servername }).on('error', () => {});
      const [accepted] = await connection;
      expect((await failure(accepted)).code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE');
    }
  });

  test('a gate asks for a certificate by itself', async () => {
    const server = await secureServer({ ...SERVER, rejectUnauthorized: true });
    const connection = once(server, 'connection');
    tlsClient(server, { ...identity('direct'), ca: [] }).on('error', () => {});
    const [accepted] = await connection;
    // One that the default list does not know.
    expect((await failure(accepted)).code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('who is refused after \'secure\' knows in \'error\' and \'close\' what it knew before', async () => {
    const server = await secureServer({ ...SERVER, ca: root, rejectUnauthorized: true });
    server.on('connection', (stream) => stream.on('error', () => {}));
    const client = secureClient(server, CLIENT);
    const facts = [];
    const note = () => {
      facts.push([client.verifyPeer(), client.getCipher().version, client.getPeerCertificate().subject]);
    };
    client.on('error', note).on('close', note).resume();
    const secure = once(client, 'secure');
    const failed = failure(client);
    await secure;
    expect((await failed).code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    expect(facts).toEqual([[true, 'TLSv1.3', '/CN=p256'], [true, 'TLSv1.3', '/CN=p256']]);
  });

  test.each(GATES.filter(([, name]) => name !== 'alpha'))('on a server, %s: %s', async (version, name, code) => {
    const server = await secureServer({ ...SERVER, ...only(version), ca: root, rejectUnauthorized: true });
    const connection = once(server, 'connection');
    const client = secureClient(server, { ...CLIENT, ...identity(name) });
    const [accepted] = await connection;
    const secured = record(accepted, 'secure');
    const [error, other] = await Promise.all([failure(accepted), failure(client)]);
    expect(error.code).toBe(code);
    expect(secured).toEqual([]);
    // The client is told why.
    expect(other).toMatchObject({ code: expect.stringMatching(/ALERT/), alert: expect.any(String) });
  });

  test.each(['TLSv1.2', 'TLSv1.3'])('on a server, without a certificate, %s', async (version) => {
    const server = await secureServer({ ...SERVER, ...only(version), ca: root, rejectUnauthorized: true });
    const connection = once(server, 'connection');
    const client = secureClient(server);
    const [accepted] = await connection;
    const secured = record(accepted, 'secure');
    const [error, other] = await Promise.all([failure(accepted), failure(client)]);
    expect(error.code).toEqual(expect.any(String));
    expect(secured).toEqual([]);
    expect(other.alert).toEqual(expect.any(String));
  });

  test('it lets those in who are good, on both sides', async () => {
    const gate = { ca: root, rejectUnauthorized: true };
    const how = { servername: 'localhost' };
    const [client, accepted] = await securePair({ ...SERVER, ...gate }, { ...identity('p256Client'), ...gate }, { how });
    expect([client.verifyPeer(), accepted.verifyPeer()]).toEqual([true, true]);
    await greet(client, accepted);
  });

  test('nothing that a peer behind the gate has sent is delivered', async () => {
    const server = await secureServer({ ...SERVER, ca: root, rejectUnauthorized: true });
    const connection = once(server, 'connection');
    const client = secureClient(server, { ...CLIENT, ...identity('selfSigned') });
    client.on('error', () => {}).end('let me in');
    const [accepted] = await connection;
    const events = record(accepted, 'data', 'end');
    await failure(accepted);
    expect([events, accepted.bytesRead]).toEqual([[], 0]);
  });
});
