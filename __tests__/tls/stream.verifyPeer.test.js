'use strict';

// Section "stream.verifyPeer" of the `net` page and D21: the verdict on the peer's certificate, in Node's codes, and
// when it is a gate. node:tls judges the same certificates in the same roles.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const net = require('../..');
const { DEADLINE, GOOD, runProgram } = require('../lifecycle/child');
const { destroyAtEnd, failure, listening, namesUntilClose, pair, record, scratch, thrown } = require('../helpers');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  allSecure,
  greet,
  greeter,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tlsServer,
  visit,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { certificate, chain, crls, files, identity, parsed } = require('./pki');
const { CERTIFICATE_VERIFY, SERVER_KEY_EXCHANGE, messageEnd, tap } = require('./wire');

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

const codeOf = (error) => error?.code ?? error ?? null;

/** `[verifyPeer(), authorized, authorizationError]` */
const verdictOf = (stream) => [stream.verifyPeer(), stream.authorized, stream.authorizationError];

/** The verdict with `code`. */
const verdict = (code) => [code === null, code === null, code];

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

describe('D21: "No environment variable ever weakens a verdict."', () => {
  const FIXTURE = require.resolve('./fixtures/verdict.js');

  /** What a process with `env` says of a server with the certificate `name` of our root. */
  async function verdictIn(env, credentials = {}, name = 'direct') {
    const server = await tlsServer(identity(name));
    const args = [String(server.address().port), JSON.stringify(credentials)];
    const { stdout, ...outcome } = await runProgram([process.execPath, FIXTURE, ...args], { env });
    expect(outcome).toEqual(GOOD);
    return JSON.parse(stdout);
  }

  const UNKNOWN = [false, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'];

  test.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED=0', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['SSL_CERT_FILE', { SSL_CERT_FILE: 'root' }],
    ['SSL_CERT_FILE and --use-openssl-ca', { SSL_CERT_FILE: 'root', NODE_OPTIONS: '--use-openssl-ca' }],
    ['SSL_CERT_DIR', { SSL_CERT_DIR: 'folder' }],
  ])('%s', async (_, env) => {
    const folder = scratch();
    const { cert } = files('root', folder);
    const paths = { root: cert, folder };
    const set = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, paths[value] ?? value]));
    expect((await verdictIn(set)).verdict).toEqual(UNKNOWN);
    const gated = await verdictIn(set, { rejectUnauthorized: true });
    expect(gated).toEqual({ error: UNKNOWN[1], hadError: true });
  });

  test('"Without `ca`: the default list is Mozilla\'s roots plus `NODE_EXTRA_CA_CERTS`."', async () => {
    const { cert } = files('root', scratch());
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert }, {}, 'expired')).verdict).toEqual([false, 'CERT_HAS_EXPIRED']);
    // With `ca`, it is the only list.
    expect((await verdictIn({ NODE_EXTRA_CA_CERTS: cert }, { ca: otherRoot })).verdict).toEqual(UNKNOWN);
  });

  test('NODE_EXTRA_CA_CERTS counts as it was when the process started, as in Node', async () => {
    const folder = scratch();
    const { cert } = files('root', folder);
    const preload = (code) => {
      const file = path.join(folder, 'preload.js');
      fs.writeFileSync(file, code);
      return `--require ${file}`;
    };
    const set = preload(`process.env.NODE_EXTRA_CA_CERTS = ${JSON.stringify(cert)};`);
    expect((await verdictIn({ NODE_OPTIONS: set })).verdict).toEqual(UNKNOWN);
    const unset = preload('delete process.env.NODE_EXTRA_CA_CERTS;');
    expect((await verdictIn({ NODE_OPTIONS: unset, NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    const changed = preload("process.env.NODE_EXTRA_CA_CERTS = '/nowhere';");
    expect((await verdictIn({ NODE_OPTIONS: changed, NODE_EXTRA_CA_CERTS: cert })).verdict).toEqual([true, null]);
    // A verdict that comes late reads the file that was meant early.
    const moved = preload(`require(${JSON.stringify(path.join(__dirname, '../..'))}); process.chdir('/');`);
    const relative = path.relative(process.cwd(), cert);
    expect((await verdictIn({ NODE_OPTIONS: moved, NODE_EXTRA_CA_CERTS: relative })).verdict).toEqual([true, null]);
  });
}, DEADLINE);

describe('"Session resumption must not turn an unverified peer into a verified one, nor skip the verdict."', () => {
  test.each(VERSIONS)('on a client, %s', async (version) => {
    const server = await greeter({ ...identity('expired'), ...only(version) });
    const credentials = net.createCredentials(CLIENT);
    const seen = [];
    for (let i = 0; i < 3; i++) {
      const client = await visit(server, credentials, { servername: 'localhost' });
      seen.push([client.isSessionReused(), ...verdictOf(client), client.getPeerCertificate().subject]);
    }
    expect(seen.map(([isReused]) => isReused)).toEqual([false, true, true]);
    for (const [, ...rest] of seen) expect(rest).toEqual([...verdict('CERT_HAS_EXPIRED'), '/CN=expired']);
  });

  test.each(VERSIONS)('on a client that asks for another name the next time, %s', async (version) => {
    const server = await greeter({ ...identity('direct'), ...only(version) });
    const credentials = net.createCredentials(CLIENT);
    const codes = [];
    for (const servername of [undefined, 'localhost', 'elsewhere.test', 'localhost', undefined]) {
      codes.push((await visit(server, credentials, { servername })).authorizationError);
    }
    expect(codes).toEqual([null, null, 'ERR_TLS_CERT_ALTNAME_INVALID', null, null]);
  });

  test('on a client with other credentials, which have other authorities', async () => {
    const server = await greeter(identity('direct'));
    const [trusting, doubting] = [net.createCredentials({ ca: root }), net.createCredentials({ ca: otherRoot })];
    const verdicts = [];
    for (const credentials of [trusting, doubting, trusting, doubting]) {
      verdicts.push((await visit(server, credentials, { servername: 'localhost' })).verifyPeer());
    }
    expect(verdicts).toEqual([true, false, true, false]);
  });

  /** A client of node:tls that shows `name`, and resumes `session` if there is one: `[ours, session, isReused]`. */
  async function visitOf(server, name, session) {
    const accepted = nextSecure(server);
    const client = tlsClient(server, { ...(name === null ? {} : identity(name)), session, servername: 'localhost' });
    let next = session;
    client.on('session', (received) => (next = received));
    await once(client, 'secureConnect');
    const ours = await accepted;
    // Tickets come before what is written after the handshake.
    await once(client, 'data');
    client.end();
    await once(ours, 'close');
    return [ours, next, client.isSessionReused()];
  }

  test.each(VERSIONS)('on a server, %s', async (version) => {
    for (const [name, code] of [['direct', null], ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'], ['expired', 'CERT_HAS_EXPIRED']]) {
      const server = await greeter({ ...SERVER, ca: root, ...only(version) });
      const [first, session] = await visitOf(server, name);
      const [second, , isReused] = await visitOf(server, name, session);
      expect(isReused).toBe(true);
      expect(second.isSessionReused()).toBe(true);
      for (const stream of [first, second]) {
        expect(verdictOf(stream)).toEqual(verdict(code));
        expect(stream.getPeerCertificate().subject).toBe(`/CN=${name}`);
      }
    }
  });

  const ticketKeys = Buffer.alloc(48, 7);
  const OTHERS = [
    ['other authorities', 'direct', { ca: root }, { ca: otherRoot }],
    ['a list of revoked certificates', 'revoked', { ca: root }, { ca: root, crl: crls.root }],
    ['a verdict where there was no request', null, {}, { ca: root }],
  ];

  test.each(VERSIONS.flatMap((version) => OTHERS.map((one) => [version, ...one])))(
    '%s: on a server that shares its ticket keys with another and has %s', async (version, _, name, before, after) => {
      const base = { ...SERVER, ticketKeys, ...only(version) };
      const [first, second] = [await greeter({ ...base, ...before }), await greeter({ ...base, ...after })];
      const [, session] = await visitOf(first, name);
      const [stream] = await visitOf(second, name, session);
      expect([stream.verifyPeer(), stream.authorized]).toEqual([false, false]);
    });

  test.each(VERSIONS)('a gate is one for resumed sessions, too: %s', async (version) => {
    const base = { ...SERVER, ticketKeys, ...only(version) };
    const open = await greeter({ ...base, ca: root });
    const gated = await greeter({ ...base, ca: root, rejectUnauthorized: true });
    const [, session] = await visitOf(open, 'selfSigned');
    const connection = once(gated, 'connection');
    const client = tlsClient(gated, { ...identity('selfSigned'), session, servername: 'localhost' });
    client.on('error', () => {});
    const [accepted] = await connection;
    expect((await failure(accepted)).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});

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
