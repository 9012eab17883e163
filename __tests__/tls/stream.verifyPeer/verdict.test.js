'use strict';

// Section "stream.verifyPeer" of the `net` page: the verdict, and the name that it asks for (D21).

const { once } = require('events');
const tls = require('tls');
const net = require('../../..');
const { failure, pair, record, thrown } = require('../../helpers');
const {
  CLIENT,
  SERVER,
  allSecure,
  greet,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tlsServer,
  withTlsClient,
  withTlsServer,
} = require('../ends');
const { certificate, chain, crls, identity, parsed } = require('../pki');
const { CERTIFICATE_VERIFY, SERVER_KEY_EXCHANGE, messageEnd, tap } = require('../wire');
const { codeOf, verdict, verdictOf } = require('./verdict');

/** Where signatures go over the wire in the clear. */
const IN_SIGHT = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };

const root = certificate('root');

const otherRoot = certificate('otherRoot');

/** What the peer shows, and what we know of authorities: `ca`, `crl`; `sent` is shown in the place of the chain. */
const known = (name, { ca = root, crl, sent } = {}) => ({
  shown: { ...identity(name), ...(sent === undefined ? {} : { cert: sent }) },
  trust: { ca, ...(crl === undefined ? {} : { crl }) },
});

/** What is shown, the verdict on it as a server's certificate, and, if that is another, as a client's. */
const CASES = [
  ['of an authority that is known', known('direct'), null],
  ['below an intermediate, P-256', known('p256'), null, 'INVALID_PURPOSE'],
  ['below an intermediate, P-384', known('p384'), null, 'INVALID_PURPOSE'],
  ['below an intermediate, RSA-2048', known('rsa2048'), null, 'INVALID_PURPOSE'],
  ['below an intermediate, RSA-4096', known('rsa4096'), null, 'INVALID_PURPOSE'],
  ['below an intermediate, Ed25519', known('ed25519'), null, 'INVALID_PURPOSE'],
  ['a client\'s, P-256', known('p256Client'), 'INVALID_PURPOSE', null],
  ['a client\'s, P-384', known('p384Client'), 'INVALID_PURPOSE', null],
  ['a client\'s, RSA-2048', known('rsa2048Client'), 'INVALID_PURPOSE', null],
  ['a client\'s, RSA-4096', known('rsa4096Client'), 'INVALID_PURPOSE', null],
  ['a client\'s, Ed25519', known('ed25519Client'), 'INVALID_PURPOSE', null],
  ['an intermediate that is not sent', known('p256Client', { sent: certificate('p256Client') }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['an intermediate that is not sent, but listed', known('p256', { sent: certificate('p256'), ca: [chain('p256'), root] }), null, 'INVALID_PURPOSE'],
  ['a chain in the wrong order', known('rsa2048', { sent: certificate('rsa2048') + certificate('intermediate') + chain('rsa2048') }), null, 'INVALID_PURPOSE'],
  ['the root sent along', known('direct', { sent: certificate('direct') + root }), null],
  ['of nobody who is known', known('direct', { ca: otherRoot }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['of nobody who is known, with an intermediate', known('p256', { ca: otherRoot }), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'INVALID_PURPOSE'],
  ['of nobody who is known, with an intermediate, a client\'s', known('p256Client', { ca: otherRoot }), 'INVALID_PURPOSE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ['of nobody who is known, with the root', known('direct', { ca: otherRoot, sent: certificate('direct') + root }), 'SELF_SIGNED_CERT_IN_CHAIN'],
  ['self-signed', known('selfSigned'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['self-signed, an authority\'s', known('selfSignedCa'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['self-signed, and listed in ca', known('selfSigned', { ca: certificate('selfSigned') }), null],
  ['self-signed, an authority\'s, and listed in ca', known('selfSignedCa', { ca: certificate('selfSignedCa') }), null],
  ['self-signed, with the name of one that is listed', known('otherSelfSigned', { ca: certificate('selfSigned') }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['of version 1, without extensions', known('versionOne'), null],
  ['of version 1, of nobody who is known', known('versionOne', { ca: otherRoot }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['of version 1, with one bit of the signature changed', known('badVersionOne'), 'CERT_SIGNATURE_FAILURE'],
  ['of version 1, and not on the list', known('versionOne', { crl: crls.root }), null],
  ['expired', known('expired'), 'CERT_HAS_EXPIRED'],
  ['not yet valid', known('notYetValid'), 'CERT_NOT_YET_VALID'],
  ['valid until after 2049', known('longLived'), null],
  ['below an expired intermediate', known('underExpired'), 'CERT_HAS_EXPIRED'],
  ['for servers only', known('serverOnly'), null, 'INVALID_PURPOSE'],
  ['for clients only', known('clientOnly'), 'INVALID_PURPOSE', null],
  ['an authority\'s that may sign certificates only, as a leaf', known('caOnlyAsLeaf'), 'INVALID_PURPOSE'],
  ['with one bit of the signature changed', known('badSignature'), 'CERT_SIGNATURE_FAILURE'],
  ['deeper than permitted', known('tooDeep'), 'PATH_LENGTH_EXCEEDED'],
  ['revoked', known('revoked', { crl: crls.root }), 'CERT_REVOKED'],
  ['revoked, but no list is given', known('revoked'), null],
  ['not on the list', known('direct', { crl: crls.root }), null],
  ['on no list, below an intermediate', known('p256Client', { crl: [crls.root, crls.intermediate] }), 'INVALID_PURPOSE', null],
  ['below a revoked intermediate', known('p256', { crl: [crls.revokesIntermediate, crls.intermediate] }), 'CERT_REVOKED'],
  ['the list of another authority', known('direct', { crl: crls.otherRoot }), 'UNABLE_TO_GET_CRL'],
  ['no list of the intermediate', known('p256', { crl: crls.root }), 'UNABLE_TO_GET_CRL'],
];

/** What OpenSSL has no name for that Node knows: any code will do, as long as the verdict is no. */
const UNNAMED = [
  ['with a critical extension that nobody knows', known('unknownCritical')],
  ['for a name that its issuer may not sign', known('underStrict')],
  ['of an issuer that is a leaf', known('underLeaf')],
  ['of an issuer of version 1', known('underVersionOne', { sent: certificate('underVersionOne') + certificate('versionOne') })],
];

/** What node:tls makes of a certificate for `checkServerIdentity`. */
function certificateOf(name) {
  return parsed(name).toLegacyObject();
}

/** Stands between a client and `server` and changes the last byte of the message `type`, which is of a signature. */
function forger(server, direction, type) {
  return tap(server, {
    [direction](chunk, to) {
      const end = messageEnd(chunk, type);
      if (end !== null) chunk[end - 1] ^= 1;
      to.write(chunk);
    },
  });
}

describe('stream.verifyPeer(): "Returns true or false depending on the validity of the peers\'s certificate in the context of the defined or default list of trusted CA certificates."', () => {
  test.each(CASES)('D21, of a server: %s', async (_, { shown, trust }, code) => {
    const server = await tlsServer(shown);
    const theirs = tlsClient(server, { ...trust, servername: 'localhost' });
    await once(theirs, 'secureConnect');
    expect(codeOf(theirs.authorizationError)).toBe(code);
    const ours = secureClient(server, trust, { servername: 'localhost' });
    await once(ours, 'secure');
    expect(verdictOf(ours)).toEqual(verdict(code));
  });

  test.each(CASES)('D21, of a client: %s', async (_, { shown, trust }, codeOfServer, code = codeOfServer) => {
    const options = { ...identity('direct'), ...trust };
    // Of what it trusts itself, it would complete its chain.
    const client = { ...shown, ca: [] };
    const [ours] = await withTlsClient(options, client);
    expect(verdictOf(ours)).toEqual(verdict(code));
    const server = await tlsServer({ ...options, requestCert: true, rejectUnauthorized: false });
    const accepted = once(server, 'secureConnection');
    tlsClient(server, client);
    const [theirs] = await accepted;
    expect(codeOf(theirs.authorizationError)).toBe(code);
  });

  test('a bad signature that node:tls has seen does not spoil the next credentials', async () => {
    const server = await tlsServer({ ...SERVER, ca: root, requestCert: true, rejectUnauthorized: false });
    const accepted = once(server, 'secureConnection');
    tlsClient(server, identity('badSignature'));
    await accepted;
    expect(() => net.createCredentials(SERVER)).not.toThrow();
  });

  test.each(UNNAMED)('D21, never true: %s', async (_, { shown, trust }) => {
    const [ofServer, ofClient] = await securePair({ ...shown, ...trust }, { ...shown, ...trust }, { how: { servername: 'localhost' } });
    for (const stream of [ofServer, ofClient]) {
      expect(verdictOf(stream)).toEqual([false, false, expect.stringMatching(/^[A-Z_]+$/)]);
      expect(stream.getPeerCertificate().subject).toEqual(expect.any(String));
    }
  });

  test('D21: "A verdict, not a gate: an untrusted peer does not fail the handshake": data goes both ways', async () => {
    const [client, accepted] = await securePair(
      { ...identity('expired'), ca: root },
      { ...identity('selfSigned'), ca: root },
    );
    expect([client.verifyPeer(), accepted.verifyPeer()]).toEqual([false, false]);
    await greet(client, accepted);
  });

  test.each(['TLSv1.2', 'TLSv1.3'])('D21: "No certificate from the peer is false", %s', async (version) => {
    for (const more of [{ ca: root }, { requestCert: true }, {}]) {
      const [ours] = await withTlsClient({ ...SERVER, ...more, ...only(version) });
      expect(verdictOf(ours)).toEqual([false, false, expect.any(String)]);
      expect(ours.getProtocol()).toBe(version);
    }
  });

  test('D21: with `requestCert` and no `ca`, the default list is the one that counts', async () => {
    const [ours] = await withTlsClient({ ...SERVER, requestCert: true }, identity('direct'));
    expect(ours.getPeerCertificate().subject).toBe('/CN=direct');
    expect(ours.verifyPeer()).toBe(false);
  });

  test('"If the credentials hold one ore more CA certificates", a certificate is requested, whatever `requestCert` says', async () => {
    const [ours] = await withTlsClient({ ...SERVER, ca: root, requestCert: false }, identity('direct'));
    expect(verdictOf(ours)).toEqual(verdict(null));
  });

  test('an authority\'s certificate in the place of a leaf is not taken, though node:tls does', async () => {
    const credentials = identity('caAsLeaf', { ca: root });
    const [ofServer, ofClient] = await securePair(credentials, credentials);
    expect([verdictOf(ofServer), verdictOf(ofClient)]).toEqual([verdict('INVALID_PURPOSE'), verdict('INVALID_PURPOSE')]);
  });

  test('D21: "The handshake *signature* is always checked", of a server', async () => {
    const server = await tlsServer({ ...SERVER, ...IN_SIGHT });
    const client = secureClient(await forger(server, 'down', SERVER_KEY_EXCHANGE));
    const events = record(client, 'secure');
    expect((await failure(client)).code).toMatch(/^ERR_SSL_/);
    expect(events).toEqual([]);
  });

  test('D21: "The handshake *signature* is always checked", of a client', async () => {
    const server = await secureServer({ ...SERVER, ca: root, ...IN_SIGHT });
    const connection = once(server, 'connection');
    tlsClient(await forger(server, 'up', CERTIFICATE_VERIFY), identity('direct')).on('error', () => {});
    const [accepted] = await connection;
    const events = record(accepted, 'secure');
    expect((await failure(accepted)).code).toMatch(/^ERR_SSL_/);
    expect(events).toEqual([]);
  });

  test('it is the same before and after the end, and in \'close\'', async () => {
    const [client, accepted] = await securePair();
    let last;
    client.on('close', () => (last = [verdictOf(client), client.getPeerCertificate().subject]));
    accepted.end();
    await once(client.resume(), 'close');
    expect(last).toEqual([verdict(null), '/CN=p256']);
  });

  test('D24: before \'secure\' it throws "Stream is not a secure stream."', async () => {
    const [client, accepted] = await pair();
    const throws = () => {
      for (const stream of [client, accepted]) {
        expect(thrown(() => stream.verifyPeer()).message).toBe('Stream is not a secure stream.');
        expect([stream.authorized, stream.authorizationError]).toEqual([false, null]);
      }
    };
    throws();
    client.setSecure(CLIENT);
    throws();
    accepted.setSecure(SERVER);
    throws();
    await allSecure(client, accepted);
    expect(client.verifyPeer()).toBe(true);
  });
});

describe('D21: "With `servername` given, the name must match too."', () => {
  const NAMES = [
    ['direct', 'localhost', null],
    ['direct', 'LocalHost', null],
    ['direct', 'localhost.', null],
    ['direct', 'elsewhere.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['direct', 'localhost.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['wildcard', 'a.example.test', null],
    ['wildcard', 'A.Example.Test', null],
    ['wildcard', 'a.b.example.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['wildcard', 'example.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['beta', 'beta.test', null],
    ['beta', 'x.beta.test', null],
    ['cnBesideSan', 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['cnOnly', 'localhost', null],
    ['cnOnly', 'elsewhere.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['versionOne', 'localhost', null],
    ['versionOne', 'elsewhere.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['oddNames', 'localhost', null],
  ];

  test.each(NAMES)('%s as %s', async (name, servername, code) => {
    const server = await tlsServer(identity(name));
    const theirs = tlsClient(server, { servername });
    await once(theirs, 'secureConnect');
    expect(codeOf(theirs.authorizationError)).toBe(code);
    for (const [credentials, how] of [[{ ca: root, servername }, undefined], [{ ca: root }, { servername }]]) {
      const ours = secureClient(server, credentials, how);
      await once(ours, 'secure');
      expect(verdictOf(ours)).toEqual(verdict(code));
    }
  });

  test.each([
    ['ipSan', '127.0.0.1', null],
    ['ipSan', '::1', null],
    ['ipSan', '127.0.0.2', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['direct', '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['ipSan', 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('an IP address is a name too: %s as %s', async (name, servername, code) => {
    expect(codeOf(tls.checkServerIdentity(servername, certificateOf(name)))).toBe(code);
    const server = await tlsServer(identity(name));
    const ours = secureClient(server, CLIENT, { servername });
    await once(ours, 'secure');
    expect(verdictOf(ours)).toEqual(verdict(code));
  });

  test('without it, it need not', async () => {
    const [ours] = await withTlsServer(identity('alpha'));
    expect(verdictOf(ours)).toEqual(verdict(null));
  });

  test('that of setSecure goes before that of the credentials, for this stream only', async () => {
    const credentials = net.createCredentials({ ca: root, servername: 'elsewhere.test' });
    const server = await tlsServer(identity('direct'));
    const codes = [];
    for (const how of [{ servername: 'localhost' }, undefined, { servername: 'localhost' }]) {
      const ours = secureClient(server, credentials, how);
      await once(ours, 'secure');
      codes.push(ours.authorizationError);
    }
    expect(codes).toEqual([null, 'ERR_TLS_CERT_ALTNAME_INVALID', null]);
  });

  test('what is wrong with the chain goes before the name, as in node:tls', async () => {
    const [ours] = await withTlsServer(identity('expired'), CLIENT, { servername: 'elsewhere.test' });
    expect(ours.authorizationError).toBe('CERT_HAS_EXPIRED');
  });

  test('a client\'s certificate has no name to match', async () => {
    const [ours] = await withTlsClient({ ...SERVER, ca: root, servername: 'localhost' }, identity('p256Client'));
    expect(ours.verifyPeer()).toBe(true);
  });
});
