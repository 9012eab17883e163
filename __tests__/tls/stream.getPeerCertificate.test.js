'use strict';

// Section "stream.getPeerCertificate" of the `net` page, D20 and D24, and what else a secure stream knows: both
// certificates, cipher, protocol, application protocol, server name, keying material. openssl, Node's X509Certificate
// and node:tls have to say the same.

const { X509Certificate } = require('crypto');
const { once } = require('events');
const net = require('../..');
const { destroyAtEnd, failure, listening, pair, thrown } = require('../helpers');
const { describeWith } = require('../peers/program');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  allSecure,
  greeter,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  visit,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { openssl } = require('./peers');
const { KEY_KINDS, certificate, der, identity, parsed } = require('./pki');

const root = certificate('root');

/** What both ends of a connection show to each other, if the server shows `name`: `[of the client, of the server]`. */
async function shownBy(name) {
  const credentials = { ...identity(name), ca: root };
  return (await securePair(credentials, credentials)).slice(0, 2).map((stream) => stream.getPeerCertificate());
}

describe('stream.getPeerCertificate()', () => {
  test('"Returns a JSON structure detailing the peer\'s certificate, containing a dictionary with keys for the certificate \'subject\', \'issuer\', \'valid_from\' and \'valid_to\'", on both sides', async () => {
    for (const shown of await shownBy('expired')) {
      expect(shown).toEqual({
        subject: '/CN=expired',
        issuer: '/C=UK/O=rust-net/CN=root',
        valid_from: 'Nov 11 09:52:22 2009 GMT',
        valid_to: 'Nov  6 09:52:22 2010 GMT',
        fingerprint: parsed('expired').fingerprint,
      });
      expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
    }
  });

  test('D20: "`{subject, issuer, valid_from, valid_to, fingerprint}` in this order and nothing else enumerable"', async () => {
    for (const shown of await shownBy('direct')) {
      const names = [];
      for (const name in shown) names.push(name);
      expect(names).toEqual(['subject', 'issuer', 'valid_from', 'valid_to', 'fingerprint']);
      expect(Object.values(shown).map((value) => typeof value)).toEqual(Array(5).fill('string'));
    }
  });

  test('D20: "Without a certificate: `{}`": none was asked for, or none was given', async () => {
    for (const version of VERSIONS) {
      for (const asking of [{}, { ca: root }, { requestCert: true }]) {
        const [, accepted] = await securePair({ ...SERVER, ...asking, ...only(version) });
        expect(accepted.getPeerCertificate()).toEqual({});
        expect(accepted.getPeerX509Certificate()).toBeUndefined();
      }
    }
  });

  test('the one of the peer itself, with a chain of intermediates', async () => {
    const [client] = await securePair(identity('rsa2048'));
    const { subject, issuer } = client.getPeerCertificate();
    expect([subject, issuer]).toEqual(['/CN=rsa2048', '/CN=rsaIntermediate']);
  });

  test('each call gives a dictionary of its own', async () => {
    const [client] = await securePair();
    client.getPeerCertificate().subject = '/CN=somebody else';
    expect(client.getPeerCertificate().subject).toBe('/CN=p256');
  });
});

describe('D20: "`subject` and `issuer` as one-line names (`/C=UK/O=node.js/CN=localhost`), dates as `Nov 11 09:52:22 2009 GMT`, SHA-1 fingerprint with colons"', () => {
  /** What is rare in a name, written out. */
  const NAMES = [
    [
      'oddNames',
      '/C=DE/ST=Baden-W\\xC3\\xBCrttemberg/L=K\\xC3\\xB6ln\\/Bonn/O=A, B \\+ C "D" = E;<F>#\\/OU=one/OU=two/DC=example' +
        '/emailAddress=a@example.test/GN=G\\xC3\\xAEv\\xC3\\xABn/1.3.6.1.4.1.55555.2=unheard of/CN=localhost',
    ],
    ['multiValued', '/C=DE+O=rust-net/OU=one+OU=two+CN=localhost+1.3.6.1.4.1.55555.3=\\+\\/'],
    [
      'stringTypes',
      '/O=\\x00G\\x00r\\x00\\xF6\\x00\\xDF\\x00e/O=\\x00\\x00\\x00\\xE4\\x00\\x00 \\xAC/O=p q/OU=/OU=\\x00\\x09\\x7F' +
        `/OU=${'long '.repeat(200)}/CN=localhost`,
    ],
  ];

  test.each(NAMES)('the subject of %s', async (name, subject) => {
    for (const shown of await shownBy(name)) expect(shown.subject).toBe(subject);
  });

  test('dates until and after 2049, which certificates write in two ways', async () => {
    const [{ valid_to: late }] = await shownBy('longLived');
    expect(late).toBe('Jan  2 03:04:05 2061 GMT');
  });

  test.each([...KEY_KINDS, 'direct', 'expired', 'notYetValid', 'longLived', 'selfSigned', 'versionOne'])('as Node\'s X509Certificate has them: %s', async (name) => {
    const { fingerprint, issuer, subject, validFrom, validTo } = parsed(name);
    const line = (lines) => `/${lines.replaceAll('\n', '/')}`;
    for (const shown of await shownBy(name)) {
      expect(shown).toEqual({
        subject: line(subject),
        issuer: line(issuer),
        valid_from: validFrom,
        valid_to: validTo,
        fingerprint,
      });
    }
  });

  describeWith(['openssl'], 'openssl', () => {
    test.each(['p256', 'expired', 'longLived', 'versionOne', 'everyAttribute', ...NAMES.map(([name]) => name)])('as openssl prints them: %s', async (name) => {
      const args = ['-noout', '-subject', '-issuer', '-nameopt', 'compat', '-dates', '-fingerprint', '-sha1'];
      const printed = openssl(['x509', ...args], certificate(name)).toString();
      const lines = [...printed.matchAll(/^([^=\n]+)=(.*)$/gm)];
      const fields = Object.fromEntries(lines.map(([, field, value]) => [field, value]));
      const { subject, issuer, notBefore, notAfter, 'sha1 Fingerprint': fingerprint } = fields;
      for (const shown of await shownBy(name)) {
        expect(shown).toEqual({ subject, issuer, valid_from: notBefore, valid_to: notAfter, fingerprint });
      }
    });
  });
});

describe('D20: "For all else there is `getPeerX509Certificate()`, which gives Node\'s own `crypto.X509Certificate`."', () => {
  test.each(VERSIONS)('on both sides, %s', async (version) => {
    const [client, accepted] = await securePair(
      { ...SERVER, ca: root, ...only(version) },
      identity('p384Client', CLIENT),
    );
    for (const [stream, name] of [[client, 'p256'], [accepted, 'p384Client']]) {
      const peer = stream.getPeerX509Certificate();
      expect(peer).toBeInstanceOf(X509Certificate);
      expect(peer.raw.equals(der(certificate(name)))).toBe(true);
    }
  });
});

describe('getCertificate()', () => {
  test('our own, in the same words; `{}` without one', async () => {
    const credentials = { ...identity('direct'), ca: root };
    const [client, accepted] = await securePair(credentials, credentials);
    expect(client.getCertificate()).toEqual(accepted.getPeerCertificate());
    expect(accepted.getCertificate()).toEqual(client.getPeerCertificate());
    const [anonymous] = await securePair();
    expect(anonymous.getCertificate()).toEqual({});
  });

  test('of several, the one that the peer was shown', async () => {
    const [first, second] = [identity('p256'), identity('rsa2048')];
    const both = { key: [first.key, second.key], cert: [first.cert, second.cert] };
    for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
      const [ours, theirs] = await withTlsClient(both, { ciphers, ...only('TLSv1.2') });
      expect([theirs.getPeerCertificate().subject.CN, ours.getCertificate().subject]).toEqual([name, `/CN=${name}`]);
    }
  });

  test('the one of the context that the server name has chosen', async () => {
    const credentials = { ...SERVER, contexts: { 'beta.test': identity('beta') } };
    const [, accepted] = await securePair(credentials, CLIENT, { how: { servername: 'beta.test' } });
    expect(accepted.getCertificate().subject).toBe('/CN=beta');
  });
});

/** All that can be asked of a secure stream. */
const knownOf = (stream) => ({
  verdict: [stream.verifyPeer(), stream.authorized, stream.authorizationError],
  peer: stream.getPeerCertificate(),
  raw: stream.getPeerX509Certificate()?.raw,
  own: stream.getCertificate(),
  cipher: stream.getCipher(),
  protocol: stream.getProtocol(),
  alpn: stream.alpnProtocol,
  servername: stream.servername,
  isReused: stream.isSessionReused(),
  encrypted: stream.encrypted,
});

describe('when it can be asked', () => {
  const credentials = { ...identity('direct'), ca: root, ALPNProtocols: ['x'] };

  test('in \'secure\', after the end of either side, in \'close\' and after it: always the same', async () => {
    const [client, accepted] = await pair({ serverOptions: { allowHalfOpen: true } });
    const seen = [];
    for (const stream of [client, accepted]) {
      for (const name of ['secure', 'end', 'close']) stream.on(name, () => seen.push(knownOf(stream)));
    }
    const closed = Promise.all([client, accepted].map((stream) => once(stream, 'close')));
    accepted.setSecure(credentials);
    client.setSecure(credentials, { servername: 'localhost' }).end();
    accepted.resume().on('end', () => accepted.end());
    await closed;
    seen.push(knownOf(client), knownOf(accepted));
    expect(seen.length).toBe(8);
    for (const known of seen) expect(known).toEqual(seen[0]);
    const [{ verdict, protocol, alpn, servername }] = seen;
    expect([...verdict, protocol, alpn, servername]).toEqual([true, true, null, 'TLSv1.3', 'x', 'localhost']);
  });

  test('in and after \'close\', though nobody has asked before; and after a stream was destroyed', async () => {
    const [client, accepted] = await securePair(credentials, credentials);
    const subject = new Promise((resolve) => {
      client.on('close', () => resolve(client.getPeerCertificate().subject));
    });
    client.destroy();
    accepted.on('error', () => {});
    expect(await subject).toBe('/CN=direct');
    expect(client.getPeerX509Certificate().subject).toBe('CN=direct');
    expect(client.getProtocol()).toBe('TLSv1.3');
  });

  test.each(VERSIONS)('the peer\'s is there after a session was resumed, too: %s', async (version) => {
    const server = await greeter({ ...identity('oddNames'), ...only(version) });
    const shared = net.createCredentials(CLIENT);
    const [first, second] = [await visit(server, shared), await visit(server, shared)];
    expect([first.isSessionReused(), second.isSessionReused()]).toEqual([false, true]);
    expect(second.getPeerCertificate()).toEqual(first.getPeerCertificate());
    expect(second.getPeerX509Certificate().raw.equals(der(certificate('oddNames')))).toBe(true);
  });
});

describe('D24: "verifyPeer()/getPeerCertificate() before \'secure\' throw `Stream is not a secure stream.`"', () => {
  const ASKING = [
    ['verifyPeer', (stream) => stream.verifyPeer()],
    ['getPeerCertificate', (stream) => stream.getPeerCertificate()],
    ['getPeerX509Certificate', (stream) => stream.getPeerX509Certificate()],
    ['getCertificate', (stream) => stream.getCertificate()],
    ['exportKeyingMaterial', (stream) => stream.exportKeyingMaterial(32, 'EXPORTER-test')],
  ];

  /** Checks that `stream` is not secure, in all its words. */
  function expectClear(stream) {
    for (const [, ask] of ASKING) expect(thrown(() => ask(stream)).message).toBe('Stream is not a secure stream.');
    const { alpnProtocol, authorizationError, authorized, encrypted, servername } = stream;
    expect({ alpnProtocol, authorizationError, authorized, encrypted, servername }).toEqual({
      alpnProtocol: false,
      authorizationError: null,
      authorized: false,
      encrypted: false,
      servername: false,
    });
    expect([stream.getCipher(), stream.getProtocol(), stream.isSessionReused()]).toEqual([undefined, null, false]);
  }

  test('a stream that was never opened, one in the clear, and one whose handshake is under way', async () => {
    expectClear(new net.Stream());
    const [client, accepted] = await pair();
    for (const stream of [client, accepted]) expectClear(stream);
    client.setSecure(CLIENT);
    expectClear(client);
    accepted.setSecure(SERVER);
    expectClear(accepted);
    await allSecure(client, accepted);
    for (const [, ask] of ASKING) expect(() => ask(client)).not.toThrow();
  });

  test('in \'connect\' of a stream on which setSecure was called before', async () => {
    const server = await secureServer();
    const client = secureClient(server);
    await once(client, 'connect');
    expectClear(client);
    await once(client, 'secure');
    expect(client.getPeerCertificate().subject).toBe('/CN=p256');
  });

  test('after a handshake that has failed, be it because of the peer\'s certificate', async () => {
    const server = await secureServer(identity('expired'));
    server.on('connection', (stream) => stream.on('error', () => {}));
    const client = secureClient(server, { ...CLIENT, rejectUnauthorized: true });
    expect((await failure(client)).code).toBe('CERT_HAS_EXPIRED');
    expectClear(client);
  });

  test('after \'close\' and connect() (D16)', async () => {
    const server = await secureServer();
    server.on('connection', (stream) => stream.on('error', () => {}));
    const clear = await listening(net.createServer(destroyAtEnd));
    const client = secureClient(server);
    await once(client, 'secure');
    client.destroy();
    await once(client, 'close');
    client.connect(clear.address().port, '127.0.0.1');
    expectClear(client);
    await once(client, 'connect');
    expectClear(client);
  });
});

/** Both ways to have ours at one end and node:tls at the other. `[ours, theirs]` for `server` and `client` options. */
const MIXED = [
  ['our client, and a server of node:tls', (server, client, servername) =>
    withTlsServer(server, { ...CLIENT, ...client }, { servername })],
  ['our server, and a client of node:tls', (server, client, servername) => withTlsClient(server, { ...client, servername })],
];

describe.each(MIXED)('what was agreed on is the same at both ends: %s', (_, connected) => {
  const SUITES = [
    ['TLS_AES_128_GCM_SHA256', 'p256'],
    ['TLS_AES_256_GCM_SHA384', 'p256'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'p256'],
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'p256'],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 'p256'],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', 'p256'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa2048'],
    ['ECDHE-RSA-AES256-GCM-SHA384', 'rsa2048'],
    ['ECDHE-RSA-CHACHA20-POLY1305', 'rsa2048'],
  ];

  test.each(SUITES)('getCipher() and getProtocol(): %s', async (ciphers, kind) => {
    const version = ciphers.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2';
    const [ours, theirs] = await connected({ ...identity(kind), ciphers, ...only(version) }, { ciphers });
    expect(ours.getCipher()).toEqual(theirs.getCipher());
    expect(ours.getCipher().name).toBe(ciphers);
    expect([ours.getProtocol(), theirs.getProtocol()]).toEqual([version, version]);
  });

  test.each([
    ['the server\'s first', ['one', 'two', 'three'], ['three', 'two'], 'two'],
    ['only the client has some', undefined, ['one'], false],
    ['only the server has some', ['one'], undefined, false],
    ['nobody has any', undefined, undefined, false],
    ['of 255 bytes', ['x'.repeat(255)], ['x'.repeat(255)], 'x'.repeat(255)],
  ])('alpnProtocol: %s', async (__, onServer, onClient, expected) => {
    const protocols = (ALPNProtocols) => (ALPNProtocols === undefined ? {} : { ALPNProtocols });
    const [ours, theirs] = await connected({ ...SERVER, ...protocols(onServer) }, protocols(onClient));
    expect([ours.alpnProtocol, theirs.alpnProtocol]).toEqual([expected, expected]);
  });

  test.each([['localhost'], ['a.example.test'], [undefined]])('servername: %s', async (servername) => {
    const [ours, theirs] = await connected(SERVER, {}, servername);
    expect([ours.servername, theirs.servername]).toEqual([servername ?? false, servername ?? false]);
  });

  const context = Buffer.from('a context');
  test.each(VERSIONS.flatMap((version) => [
    [version, 1, 'EXPORTER-test', undefined],
    [version, 32, 'EXPORTER-test', undefined],
    [version, 1000, 'EXPORTER-test', undefined],
    [version, 32, 'EXPORTER-another', undefined],
    [version, 32, 'EXPORTER-test', context],
    [version, 32, 'EXPORTER-test', Buffer.alloc(0)],
  ]))('exportKeyingMaterial: %s, %d bytes, %s, context %s', async (version, ...args) => {
    const [ours, theirs] = await connected({ ...SERVER, ...only(version) }, {});
    const material = ours.exportKeyingMaterial(...args);
    expect(material.equals(theirs.exportKeyingMaterial(...args))).toBe(true);
    expect(material.length).toBe(args[0]);
  });
});

describe('exportKeyingMaterial(length, label[, context])', () => {
  test.each(VERSIONS)('the same at both ends, another for another label, context or connection: %s', async (version) => {
    const server = { ...SERVER, ...only(version) };
    const [[client, accepted], [other]] = [await securePair(server), await securePair(server)];
    const material = (stream, ...args) => stream.exportKeyingMaterial(32, ...args).toString('hex');
    const expected = material(client, 'EXPORTER-test', Buffer.from('one'));
    expect(material(accepted, 'EXPORTER-test', Buffer.from('one'))).toBe(expected);
    const others = [
      material(client, 'EXPORTER-other', Buffer.from('one')),
      material(client, 'EXPORTER-test', Buffer.from('two')),
      material(client, 'EXPORTER-test'),
      material(other, 'EXPORTER-test', Buffer.from('one')),
    ];
    expect(new Set([expected, ...others]).size).toBe(5);
  });

  test.each([
    ['a length that is no number', ['32', 'EXPORTER-test'], 'ERR_INVALID_ARG_TYPE', 'length'],
    ['a length of 0', [0, 'EXPORTER-test'], 'ERR_OUT_OF_RANGE', 'length'],
    ['a length that is not whole', [1.5, 'EXPORTER-test'], 'ERR_OUT_OF_RANGE', 'length'],
    ['a label that is no string', [32, Buffer.from('EXPORTER-test')], 'ERR_INVALID_ARG_TYPE', 'label'],
    ['a context that is no bytes', [32, 'EXPORTER-test', 5], 'ERR_INVALID_ARG_TYPE', 'context'],
  ])('wrong arguments: %s', async (_, args, code, name) => {
    const [client] = await securePair();
    const error = thrown(() => client.exportKeyingMaterial(...args));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(`"${name}"`)]);
  });

  test('more than can be derived is out of range, on a stream that is open', async () => {
    const [client] = await securePair(SERVER, { ...CLIENT, ciphers: 'TLS_AES_128_GCM_SHA256' });
    // HKDF gives 255 times the length of its hash at the most.
    const most = 255 * 32;
    expect(client.exportKeyingMaterial(most, 'EXPORTER-test').length).toBe(most);
    expect(thrown(() => client.exportKeyingMaterial(most + 1, 'EXPORTER-test')).code).toBe('ERR_OUT_OF_RANGE');
  });

  test.each([
    ['TLSv1.2', 'key expansion'],
    ['TLSv1.2', 'client finished, or what begins like it'],
    ['TLSv1.3', 'x'.repeat(250)],
  ])('a label that is reserved, or too long: %s, %s', async (version, label) => {
    const [client] = await securePair({ ...SERVER, ...only(version) });
    const error = thrown(() => client.exportKeyingMaterial(32, label));
    expect([error.code, error.message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining('\'label\'')]);
  });

  test('after \'close\' it is gone: ERR_SOCKET_CLOSED', async () => {
    const [client, accepted] = await securePair();
    accepted.on('error', () => {});
    client.destroy();
    await once(client, 'close');
    expect(thrown(() => client.exportKeyingMaterial(32, 'EXPORTER-test')).code).toBe('ERR_SOCKET_CLOSED');
  });
});

describe('servername of a client: "SNI sent by a client: `servername` if given, else the host name that was connected to (never an IP)"', () => {
  test('the host name', async () => {
    const server = await secureServer();
    const accepted = nextSecure(server);
    const lookup = (host, options, callback) => setImmediate(callback, null, [{ address: '127.0.0.1', family: 4 }]);
    const where = { port: server.address().port, host: 'some.where.test', lookup };
    const client = destroyAtEnd(net.connect(where)).setSecure(CLIENT);
    await once(client, 'secure');
    expect([client.servername, (await accepted).servername]).toEqual(['some.where.test', 'some.where.test']);
    // It was not given: it is not what the certificate is checked for.
    expect(client.verifyPeer()).toBe(true);
  });

  test.each(['127.0.0.1', '::1'])('an address that was given as the name is not sent: %s', async (servername) => {
    const [client, accepted] = await securePair(identity('ipSan'), CLIENT, { how: { servername } });
    expect(client.verifyPeer()).toBe(true);
    expect(accepted.servername).toBe(false);
  });
});
