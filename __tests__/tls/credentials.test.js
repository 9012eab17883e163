'use strict';

// D19: createCredentials, all its options, the forms of keys and certificates, and what is wrong with them; contexts
// by server name, session tickets, the log of keys.

const { createPublicKey, generateKeyPairSync } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const net = require('../..');
const { GOOD, runProgram } = require('../lifecycle/child');
const { child, destroyAtEnd, failure, listening, record, scratch, settled, thrown } = require('../helpers');
const { DEADLINE, describeWith, start } = require('../peers/program');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  greeter,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tlsServer,
  tolerantServer,
  visit,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { openssl } = require('./peers');
const { KEY_KINDS, certificate, chain, crls, der, files, identity, keyAs, parsed } = require('./pki');

jest.setTimeout(2 * DEADLINE);

const root = certificate('root');

/** Checks that a server with `credentials` shows the certificate of `name`, and can sign for it. */
async function expectToShow(name, credentials) {
  const [client] = await securePair(credentials);
  const { fingerprint } = client.getPeerCertificate();
  expect([fingerprint, client.verifyPeer()]).toEqual([parsed(name).fingerprint, true]);
}

/** What createCredentials says of `options`: `[code, message]`. */
function complaint(options) {
  const { code, message } = thrown(() => net.createCredentials(options));
  return [code, message];
}

/** A complaint that names the option `name`. */
const about = (name, code) => [code, expect.stringMatching(new RegExp(`\\boptions\\.${name}\\b`))];

describe('D19: "PEM strings or Buffers, or arrays of them; DER"', () => {
  const encoder = new TextEncoder();
  /** Bytes in the middle of others. */
  const amid = (bytes) => new DataView(Uint8Array.from([1, 2, ...bytes, 3]).buffer, 2, bytes.length);
  const CARRIERS = [
    ['a string', (bytes) => bytes.toString(), ['pem']],
    ['a Buffer', (bytes) => Buffer.from(bytes), ['pem', 'der']],
    ['a Uint8Array', (bytes) => Uint8Array.from(bytes), ['pem', 'der']],
    ['what TextEncoder makes', (bytes) => encoder.encode(bytes.toString()), ['pem']],
    ['a DataView', amid, ['pem', 'der']],
    ['an ArrayBuffer', (bytes) => Uint8Array.from(bytes).buffer, ['pem', 'der']],
    ['an array of one string', (bytes) => [bytes.toString()], ['pem']],
    ['an array of one Buffer', (bytes) => [Buffer.from(bytes)], ['pem', 'der']],
  ];

  const CARRIED = CARRIERS.flatMap(([name, carry, formats]) => formats.map((format) => [format, name, carry]));

  test.each(CARRIED)('%s in %s, as key, cert, ca and crl', async (format, _, carry) => {
    const encode = (pem) => carry(format === 'pem' ? Buffer.from(pem) : der(pem));
    const { key } = identity('direct');
    const credentials = net.createCredentials({
      key: encode(key),
      cert: encode(certificate('direct')),
      ca: encode(root),
      crl: encode(crls.root),
    });
    const [client, accepted] = await securePair(credentials, credentials);
    expect([client.verifyPeer(), accepted.verifyPeer()]).toEqual([true, true]);
    expect(client.getPeerCertificate().fingerprint).toBe(parsed('direct').fingerprint);
  });

  test('`cert` is a chain: intermediates are sent, in PEM or as DER behind each other in PEM', async () => {
    const { key } = identity('rsa2048');
    await expectToShow('rsa2048', { key, cert: certificate('rsa2048') + chain('rsa2048') });
    const [alone] = await securePair({ key, cert: certificate('rsa2048') });
    expect(alone.authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('what is around the blocks of PEM does not count', async () => {
    const { key, cert } = identity('direct');
    const dress = (pem) => `subject=/CN=direct\n${pem.replaceAll('\n', '\r\n')}\nthe end`;
    await expectToShow('direct', { key: dress(key), cert: dress(cert) });
  });

  test('`ca` takes bundles, several of them, and both formats at once', async () => {
    const authorities = [certificate('otherRoot') + certificate('selfSigned'), der(root)];
    for (const name of ['unknownIssuer', 'selfSigned', 'direct']) {
      const [client] = await securePair(identity(name), { ca: authorities });
      expect([name, client.verifyPeer()]).toEqual([name, true]);
    }
  });

  test('`ca: []` trusts nobody', async () => {
    const [client] = await securePair(identity('direct'), { ca: [] });
    expect(client.verifyPeer()).toBe(false);
  });

  test('`crl` takes several lists, in one text or in an array', async () => {
    for (const crl of [crls.root + crls.rsaIntermediate, [crls.root, der(crls.rsaIntermediate)]]) {
      const [client] = await securePair(identity('rsa2048'), { ...CLIENT, crl });
      expect(client.authorizationError).toBe('CERT_REVOKED');
    }
  });

  test('several keys with their certificates, in any order: the peer gets the one that it can check', async () => {
    const [ec, rsa] = [identity('p256'), identity('rsa2048')];
    for (const cert of [[ec.cert, rsa.cert], [rsa.cert, ec.cert]]) {
      const both = { key: [ec.key, rsa.key], cert };
      for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
        const [, theirs] = await withTlsClient(both, { ciphers, ...only('TLSv1.2') });
        expect(theirs.getPeerCertificate().subject.CN).toBe(name);
      }
    }
  });

  test.each(VERSIONS)('the same for a client that has suites of TLS 1.3 and comes to use 1.2: at most %s', async (maxVersion) => {
    const [ec, rsa] = [identity('p256'), identity('rsa2048')];
    const both = { key: [ec.key, rsa.key], cert: [ec.cert, rsa.cert], ...only('TLSv1.2') };
    for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
      const [client] = await securePair(both, { ...CLIENT, ciphers, maxVersion });
      expect(client.getPeerCertificate().subject).toBe(`/CN=${name}`);
    }
  });
});

describe('D19: keys in "PKCS#1, PKCS#8, SEC1, encrypted PKCS#8 and PKCS#12"', () => {
  /** The forms that a key of each kind can have, besides PKCS#8. */
  const OWN = { rsa2048: ['pkcs1'], rsa4096: ['pkcs1'], p256: ['sec1'], p384: ['sec1'], ed25519: [] };
  const FORMATS = ['pem', 'der'];
  const FORMS = KEY_KINDS.flatMap((kind) =>
    ['pkcs8', ...OWN[kind]].flatMap((type) => FORMATS.map((format) => [kind, type, format])));
  const ENCRYPTED = ['aes-128-cbc', 'aes-256-cbc', 'des-ede3-cbc'].flatMap((cipher) =>
    FORMATS.map((format) => [cipher, format]));

  test.each(FORMS)('%s as %s, %s', async (kind, type, format) => {
    const { cert } = identity(kind);
    await expectToShow(kind, { key: keyAs(kind, { type, format }), cert });
  });

  test.each(ENCRYPTED)('encrypted PKCS#8: %s, %s', async (cipher, format) => {
    const { cert } = identity('rsa2048');
    const key = keyAs('rsa2048', { type: 'pkcs8', format, cipher, passphrase: 'sésame' });
    await expectToShow('rsa2048', { key, cert, passphrase: 'sésame' });
    await expectToShow('rsa2048', { key: [{ pem: key, passphrase: 'sésame' }], cert, passphrase: 'for others' });
    await expectToShow('rsa2048', { key: { pem: key }, cert, passphrase: 'sésame' });
  });

  test.each([['rsa2048', 'pkcs1'], ['p256', 'sec1']])('PEM of old that is encrypted itself: %s as %s', async (kind, type) => {
    const { cert } = identity(kind);
    const key = keyAs(kind, { type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' });
    expect(key).toMatch('Proc-Type: 4,ENCRYPTED');
    await expectToShow(kind, { key, cert, passphrase: 'sesame' });
    expect(complaint({ key, cert })).toEqual(about('key', 'ERR_MISSING_PASSPHRASE'));
  });

  test('a passphrase that is wrong, missing, or not needed', async () => {
    const { key: clear, cert } = identity('p256');
    for (const format of FORMATS) {
      const key = keyAs('p256', { type: 'pkcs8', format, cipher: 'aes-256-cbc', passphrase: 'sesame' });
      expect(complaint({ key, cert })).toEqual(about('key', 'ERR_MISSING_PASSPHRASE'));
      expect(complaint({ key, cert, passphrase: 'wrong' })).toEqual(about('key', expect.stringMatching(/^ERR_OSSL_/)));
      expect(complaint({ key: { pem: key, passphrase: 'wrong' }, cert, passphrase: 'sesame' }))
        .toEqual(about('key', expect.stringMatching(/^ERR_OSSL_/)));
    }
    await expectToShow('p256', { key: clear, cert, passphrase: 'not needed' });
  });

  test.each([
    ['RSA-PSS', 'rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 }],
    ['RSA of 1024 bits', 'rsa', { modulusLength: 1024 }],
    ['secp256k1', 'ec', { namedCurve: 'secp256k1' }],
    ['Ed448', 'ed448', {}],
    ['X25519', 'x25519', {}],
  ])('a kind of key that can\'t be used is named, and which option: %s', (_, type, options) => {
    const key = generateKeyPairSync(type, options).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const { cert } = identity('p256');
    expect(complaint({ key, cert })).toEqual(about('key', 'ERR_OSSL_UNSUPPORTED'));
  });

  describeWith(['openssl'], 'made by openssl', () => {
    const LEGACY = ['-provider', 'legacy', '-provider', 'default'];
    const pass = ['-passout', 'pass:sesame'];

    /** Checks that `options` show `name`, or, if they can't be read, that the complaint names the option. */
    async function expectEither(isRead, name, given, option) {
      const options = { ...given, passphrase: 'sesame' };
      if (isRead) await expectToShow(name, options);
      else expect(complaint(options)).toEqual(about(option, expect.stringMatching(/^ERR_(OSSL_|CRYPTO_)/)));
    }

    test.each([
      ['PBES2, AES-256', ['-v2', 'aes-256-cbc'], true],
      ['PBES2, AES-128, HMAC-SHA-512', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512'], true],
      ['PBES2, triple DES, HMAC-SHA-1', ['-v2', 'des3', '-v2prf', 'hmacWithSHA1'], true],
      ['PBES2, DES', ['-v2', 'des', ...LEGACY], false],
      ['scrypt', ['-scrypt'], true],
      ['PKCS#12, SHA-1, triple DES', ['-v1', 'PBE-SHA1-3DES'], true],
      ['PKCS#12, SHA-1, RC2', ['-v1', 'PBE-SHA1-RC2-40', ...LEGACY], false],
      ['PKCS#12, SHA-1, RC4', ['-v1', 'PBE-SHA1-RC4-128', ...LEGACY], false],
      ['PBES1, MD5, DES', ['-v1', 'PBE-MD5-DES', ...LEGACY], false],
    ])('encrypted PKCS#8: %s', async (_, args, isRead) => {
      for (const kind of ['rsa2048', 'p256', 'ed25519']) {
        const { key: clear, cert } = identity(kind);
        for (const format of ['PEM', 'DER']) {
          const key = openssl(['pkcs8', '-topk8', '-outform', format, ...args, ...pass], clear);
          await expectEither(isRead, kind, { key, cert }, 'key');
        }
      }
    });

    /** A PKCS#12 archive of `name` with its chain. */
    function archive(name, ...args) {
      const { key, leaf, chain: others } = files(name, scratch());
      const more = fs.readFileSync(others).length > 0 ? ['-certfile', others] : [];
      return openssl(['pkcs12', '-export', '-inkey', key, '-in', leaf, ...more, ...(args.length > 0 ? args : pass)]);
    }

    test.each([
      ['as openssl makes them today', [], true],
      ['with a MAC of SHA-512', ['-macalg', 'sha512'], true],
      ['triple DES for both', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES'], true],
      ['not encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE'], true],
      ['as openssl has made them before: `-legacy`, RC2', ['-legacy'], true],
      ['RC4', ['-legacy', '-keypbe', 'PBE-SHA1-RC4-128', '-certpbe', 'PBE-SHA1-RC4-128'], false],
    ])('PKCS#12: %s', async (_, args, isRead) => {
      for (const kind of KEY_KINDS) await expectEither(isRead, kind, { pfx: archive(kind, ...args, ...pass) }, 'pfx');
    });

    test('PKCS#12: several, each with its own passphrase; none at all', async () => {
      const [ec, rsa] = [archive('p256', '-passout', 'pass:one'), archive('rsa2048', '-passout', 'pass:two')];
      const pfx = [{ buf: ec, passphrase: 'one' }, { buf: rsa }];
      for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
        const [, theirs] = await withTlsClient({ pfx, passphrase: 'two' }, { ciphers, ...only('TLSv1.2') });
        expect(theirs.getPeerCertificate().subject.CN).toBe(name);
      }
      await expectToShow('p256', { pfx: archive('p256', '-passout', 'pass:') });
    });

    test('PKCS#12: the other certificates in it are trusted, as in node:tls', async () => {
      const { key, leaf } = files('direct', scratch());
      const { leaf: authority } = files('root', scratch());
      const pfx = openssl(['pkcs12', '-export', '-inkey', key, '-in', leaf, '-certfile', authority, '-passout', 'pass:']);
      const server = await tlsServer({ ...identity('direct'), ca: root, requestCert: true, rejectUnauthorized: false });
      const theirs = tlsClient(server, { ca: undefined, pfx, servername: 'localhost' });
      await once(theirs, 'secureConnect');
      expect(theirs.authorized).toBe(true);
      const ours = secureClient(server, { pfx }, { servername: 'localhost' });
      await once(ours, 'secure');
      expect([ours.verifyPeer(), ours.getCertificate().subject]).toEqual([true, '/CN=direct']);
    });

    test.each([[''], ['-legacy']])('PKCS#12: cut or changed anywhere, it is refused or read, and nothing else %s', (kind) => {
      const pfx = archive('p256', ...pass, ...(kind ? [kind] : []));
      const good = (data) => {
        try {
          net.createCredentials({ pfx: data, passphrase: 'sesame' });
          return true;
        } catch (error) {
          expect(error.code).toMatch(/^ERR_(CRYPTO_OPERATION_FAILED|INVALID_ARG_VALUE)$/);
          return false;
        }
      };
      expect(good(pfx)).toBe(true);
      for (let at = 0; at < pfx.length; at += 4) {
        if (at % 16 === 0) expect(good(pfx.subarray(0, at))).toBe(false);
        // A bit of a name, a version or the like may not matter.
        const changed = Buffer.from(pfx);
        changed[at] ^= 1;
        good(changed);
      }
    });

    test('PKCS#12: a wrong passphrase, none, a part, and one without a key', () => {
      const pfx = archive('p256');
      const { leaf } = files('p256', scratch());
      const empty = openssl(['pkcs12', '-export', '-nokeys', '-in', leaf, '-passout', 'pass:']);
      const part = { pfx: pfx.subarray(0, 100), passphrase: 'sesame' };
      for (const options of [{ pfx, passphrase: 'wrong' }, { pfx }, part, { pfx: empty }]) {
        expect(complaint(options)).toEqual(about('pfx', 'ERR_CRYPTO_OPERATION_FAILED'));
      }
    });
  });
});

describe('"Mismatched key and certificate, garbage, expired CRL, an unknown option value: a clear error from `createCredentials`, naming the field."', () => {
  const { key, cert } = identity('p256');
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  const GARBAGE = [
    ['text', 'garbage'],
    ['nothing', ''],
    ['bytes', Buffer.from([1, 2, 3])],
    ['a block that is none', '-----BEGIN GARBAGE-----\nAQID\n-----END GARBAGE-----\n'],
  ];
  /** What is no `[label, value]` for the option, besides. */
  const wrong = (name, ...values) => [...GARBAGE, ...values].map(([label, value]) => [name, label, value]);
  const cut = (pem) => pem.slice(0, pem.length / 2);

  test.each([
    ...wrong('key', ['half of one', cut(key)], ['a certificate', cert], ['a public key', publicKey]),
    ...wrong('cert', ['half of one', cut(certificate('p256'))], ['a key', key], ['half of one in DER', der(certificate('p256')).subarray(0, 100)], ['a good one and garbage', `${cert}-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n`]),
    ...wrong('ca', ['half of one', cut(root)], ['a key', key], ['a good one and garbage', [root, 'garbage']]),
    ...wrong('crl', ['half of one', cut(crls.root)], ['a certificate', root], ['a good one and garbage', [crls.root, 'garbage']]),
    ...wrong('pfx'),
  ])('%s: %s', (name, _, value) => {
    const [code, message] = complaint({ ...(name === 'pfx' ? {} : { key, cert }), [name]: value });
    expect([code, message]).toEqual(about(name, expect.stringMatching(/^ERR_/)));
  });

  test('a key and the certificate of another', () => {
    expect(complaint({ key, cert: identity('p384').cert })).toEqual(about('key', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'));
    expect(complaint({ key, cert: identity('direct').cert })).toEqual(about('key', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'));
    const two = { key: [key, identity('p384').key], cert: [cert, identity('direct').cert] };
    expect(complaint(two)).toEqual(about('key', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'));
  });

  test('a key without a certificate, and the other way round', () => {
    expect(complaint({ key })).toEqual(about('cert', 'ERR_INVALID_ARG_VALUE'));
    expect(complaint({ cert })).toEqual(about('key', 'ERR_INVALID_ARG_VALUE'));
    expect(complaint({ key: [key, key], cert })).toEqual(about('cert', 'ERR_INVALID_ARG_VALUE'));
  });

  test('a revocation list that has expired', () => {
    expect(complaint({ crl: crls.expired })).toEqual(about('crl', 'CRL_HAS_EXPIRED'));
    expect(complaint({ crl: [crls.root, der(crls.expired)] })).toEqual(about('crl', 'CRL_HAS_EXPIRED'));
  });

  const VERSION = 'ERR_TLS_INVALID_PROTOCOL_VERSION';
  test.each([
    ['minVersion', 'TLSv1.4', VERSION],
    ['minVersion', 'SSLv3', VERSION],
    ['minVersion', 'tlsv1.2', VERSION],
    ['minVersion', '', VERSION],
    ['maxVersion', 'TLSv1.4', VERSION],
    ['maxVersion', 'TLSv1.1', VERSION],
    ['maxVersion', '', VERSION],
    ['ciphers', 'garbage', 'ERR_SSL_NO_CIPHER_MATCH'],
    ['ciphers', 'TLS_GARBAGE', 'ERR_SSL_NO_CIPHER_MATCH'],
    ['ciphers', 'AES128-SHA:NULL:RC4', 'ERR_SSL_NO_CIPHER_MATCH'],
    ['ciphers', '', 'ERR_SSL_NO_CIPHER_MATCH'],
    ['ALPNProtocols', [''], 'ERR_OUT_OF_RANGE'],
    ['ALPNProtocols', ['h2', 'x'.repeat(256)], 'ERR_OUT_OF_RANGE'],
    ['ALPNProtocols', Buffer.from('\x02h2\x09http/1.'), 'ERR_INVALID_ARG_VALUE'],
    ['sessionTimeout', -1, 'ERR_OUT_OF_RANGE'],
    ['sessionTimeout', 1.5, 'ERR_OUT_OF_RANGE'],
    ['sessionTimeout', 2 ** 31, 'ERR_OUT_OF_RANGE'],
    ['sessionTimeout', NaN, 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', -1, 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', 0.5, 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', Infinity, 'ERR_OUT_OF_RANGE'],
    ['ticketKeys', Buffer.alloc(47), 'ERR_INVALID_ARG_VALUE'],
    ['ticketKeys', Buffer.alloc(0), 'ERR_INVALID_ARG_VALUE'],
    ['contexts', { 'a.test': {} }, 'ERR_INVALID_ARG_VALUE'],
    ['contexts', { 'a.test': null }, 'ERR_INVALID_ARG_VALUE'],
    ['contexts', { 'a.test': net.createCredentials(CLIENT) }, 'ERR_INVALID_ARG_VALUE'],
    ['keylog', '/no/such/folder/at/all', 'ERR_INVALID_ARG_VALUE'],
  ])('an unknown value: %s %j', (name, value, code) => {
    expect(complaint({ key, cert, [name]: value })).toEqual(about(name, code));
  });

  test('a minimum above the maximum; suites of no version that is left', () => {
    expect(complaint({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' })).toEqual(about('minVersion', VERSION));
    const ciphers = 'TLS_AES_128_GCM_SHA256';
    expect(complaint({ ciphers, maxVersion: 'TLSv1.2' })).toEqual(about('ciphers', 'ERR_SSL_NO_CIPHER_MATCH'));
  });

  test.each([
    ['key', 1], ['key', [1]], ['key', {}], ['key', { pem: 1 }], ['key', true],
    ['cert', 1], ['cert', [null]], ['cert', {}],
    ['ca', 1], ['ca', [{}]], ['ca', true],
    ['crl', 1], ['crl', [{}]],
    ['pfx', 1], ['pfx', [1]], ['pfx', { buf: 1 }],
    ['passphrase', 1], ['passphrase', Buffer.from('sesame')], ['passphrase', ['sesame']],
    ['minVersion', 1.2], ['minVersion', {}], ['maxVersion', 1.3], ['maxVersion', null],
    ['ciphers', ['TLS_AES_128_GCM_SHA256']], ['ciphers', 1],
    ['ALPNProtocols', 'h2'], ['ALPNProtocols', 1], ['ALPNProtocols', [1]],
    ['servername', 1], ['servername', null],
    ['requestCert', 1], ['requestCert', 'yes'], ['rejectUnauthorized', 0], ['rejectUnauthorized', 'no'],
    ['sessionTimeout', '300'], ['handshakeTimeout', '1000'],
    ['ticketKeys', 'x'.repeat(48)], ['ticketKeys', 48],
    ['SNICallback', {}], ['SNICallback', 'beta.test'],
    ['contexts', 'beta.test'], ['contexts', []], ['contexts', { 'a.test': 1 }],
    ['keylog', 1], ['keylog', true], ['keylog', {}],
  ])('a wrong type: %s %j', (name, value) => {
    expect(complaint({ [name]: value })).toEqual(about(name, 'ERR_INVALID_ARG_TYPE'));
  });

  test('a passphrase of a single key or archive, too', () => {
    const ofKey = { key: { pem: key, passphrase: 1 }, cert };
    expect(complaint(ofKey)).toEqual(about('passphrase', 'ERR_INVALID_ARG_TYPE'));
    const ofArchive = { pfx: { buf: Buffer.alloc(1), passphrase: 1 } };
    expect(complaint(ofArchive)).toEqual(about('passphrase', 'ERR_INVALID_ARG_TYPE'));
  });

  test.each([null, 1, 'x', true, [], () => {}])('options that are none: %p', (options) => {
    expect(complaint(options)).toEqual(['ERR_INVALID_ARG_TYPE', expect.stringContaining('"options"')]);
  });

  test('of a context, which one and what', () => {
    const options = { key, cert, contexts: { 'good.test': { key, cert }, 'bad.test': { key: 'garbage', cert } } };
    const [code, message] = complaint(options);
    expect(code).toMatch(/^ERR_/);
    expect(message).toMatch(/options\.contexts\.bad\.test.*options\.key/);
  });

  test('nothing of it is left behind: a file for keys is not made', () => {
    const keylog = path.join(scratch(), 'keys');
    expect(complaint({ key: 'garbage', cert, keylog })).toEqual(about('key', expect.any(String)));
    expect(fs.existsSync(keylog)).toBe(false);
  });
});

describe('D19: "It is parsed once, not once per stream."', () => {
  test('what was given can be overwritten afterwards', async () => {
    const options = {
      key: Buffer.from(identity('direct').key),
      cert: Buffer.from(certificate('direct')),
      ca: [Buffer.from(root)],
      ticketKeys: Buffer.alloc(48, 1),
      ALPNProtocols: [Buffer.from('one')],
    };
    const credentials = net.createCredentials(options);
    const { key, cert, ca, ALPNProtocols, ticketKeys } = options;
    for (const bytes of [key, cert, ca[0], ALPNProtocols[0], ticketKeys]) bytes.fill(0);
    ca.length = 0;
    const [client, accepted] = await securePair(credentials, credentials);
    expect([client.verifyPeer(), accepted.verifyPeer(), client.alpnProtocol]).toEqual([true, true, 'one']);
    expect(credentials.getTicketKeys().equals(Buffer.alloc(48, 1))).toBe(true);
  });

  test('one for 100 streams at once, of two servers and in both roles', async () => {
    const credentials = net.createCredentials(identity('direct', { ca: root }));
    const servers = [await secureServer(credentials), await secureServer(credentials)];
    for (const server of servers) {
      server.on('connection', (stream) => stream.on('secure', () => stream.write(stream.getPeerCertificate().subject)));
    }
    const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const client = secureClient(servers[i % 2], credentials);
      const [data] = await once(client, 'data');
      return [client.verifyPeer(), data.toString()];
    }));
    expect(answers).toEqual(Array(100).fill([true, '/CN=direct']));
  });

  test('they can\'t be made or changed in another way', () => {
    const credentials = net.createCredentials(SERVER);
    expect(thrown(() => new credentials.constructor()).code).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    expect(Object.isFrozen(credentials)).toBe(true);
    // Nothing secret is shown by looking at them.
    expect(JSON.stringify(credentials)).not.toMatch(/KEY|ticket/i);
  });
});

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

describe('"contexts by server name"', () => {
  const CONTEXTS = {
    'beta.test': identity('beta'),
    '*.beta.test': net.createCredentials(identity('beta')),
    'alpha.test': identity('alpha'),
    '*.example.test': identity('wildcard'),
  };

  test.each([
    ['beta.test', 'beta'],
    ['BETA.Test', 'beta'],
    ['x.beta.test', 'beta'],
    ['x.y.beta.test', 'p256'],
    ['alpha.test', 'alpha'],
    ['x.alpha.test', 'p256'],
    ['x.example.test', 'wildcard'],
    ['example.test', 'p256'],
    ['localhost', 'p256'],
    [undefined, 'p256'],
  ])('%s gets %s', async (servername, name) => {
    const server = await secureServer({ ...SERVER, contexts: CONTEXTS });
    const ours = secureClient(server, CLIENT, servername === undefined ? {} : { servername });
    await once(ours, 'secure');
    const theirs = tlsClient(server, { servername: servername ?? '' });
    await once(theirs, 'secureConnect');
    expect([ours.getPeerCertificate().subject, theirs.getPeerCertificate().subject.CN]).toEqual([`/CN=${name}`, name]);
  });

  test('one counts in all: whom it trusts, its application protocols, its versions', async () => {
    const context = { ...identity('beta'), ca: root, ALPNProtocols: ['of-beta'], ...only('TLSv1.2') };
    const server = await secureServer({ ...SERVER, ALPNProtocols: ['of-all'], contexts: { 'beta.test': context } });
    const seen = [];
    for (const servername of ['beta.test', 'localhost']) {
      const accepted = nextSecure(server);
      tlsClient(server, { ...identity('p256Client'), servername, ALPNProtocols: ['of-all', 'of-beta'] });
      const stream = await accepted;
      seen.push([stream.servername, stream.verifyPeer(), stream.alpnProtocol, stream.getProtocol()]);
    }
    expect(seen).toEqual([['beta.test', true, 'of-beta', 'TLSv1.2'], ['localhost', false, 'of-all', 'TLSv1.3']]);
  });

  test('a name that nobody may have: `__proto__`', async () => {
    const server = await secureServer({ ...SERVER, contexts: CONTEXTS });
    const client = secureClient(server, CLIENT, { servername: '__proto__' });
    await once(client, 'secure');
    expect(client.getPeerCertificate().subject).toBe('/CN=p256');
  });
});

describe('"SNICallback(servername, callback(error, credentials))"', () => {
  /** What a client that asks for `servername` is shown by a server with `SNICallback`. */
  async function shown(SNICallback, servername = 'beta.test', more = {}) {
    const server = await secureServer({ ...SERVER, ...more, SNICallback });
    const client = secureClient(server, CLIENT, servername === null ? {} : { servername });
    await once(client, 'secure');
    return client.getPeerCertificate().subject;
  }

  const beta = net.createCredentials(identity('beta'));
  const ANSWERS = [
    ['credentials', beta, '/CN=beta'],
    ['plain options', identity('beta'), '/CN=beta'],
    ['null: its own', null, '/CN=p256'],
    ['undefined: its own', undefined, '/CN=p256'],
  ];

  test.each(ANSWERS)('it answers at once, or later: %s', async (_, answer, subject) => {
    expect(await shown((name, callback) => callback(null, answer))).toBe(subject);
    expect(await shown((name, callback) => setImmediate(callback, null, answer))).toBe(subject);
  });

  test('it gets the name, in small letters as in node:tls, and not one that no client has asked for', async () => {
    const names = [];
    const SNICallback = (name, callback) => callback(null, void names.push(name));
    await shown(SNICallback, 'beta.test');
    await shown(SNICallback, 'xn--bta-5la.test');
    await shown(SNICallback, null);
    expect(names).toEqual(['beta.test', 'xn--bta-5la.test']);
  });

  test('not for names that `contexts` has', async () => {
    const SNICallback = jest.fn((name, callback) => callback(null, identity('alpha')));
    const contexts = { 'beta.test': beta };
    expect(await shown(SNICallback, 'beta.test', { contexts })).toBe('/CN=beta');
    expect(SNICallback).not.toHaveBeenCalled();
    expect(await shown(SNICallback, 'alpha.test', { contexts })).toBe('/CN=alpha');
  });

  test('on a server that has no certificate of its own', async () => {
    const SNICallback = (name, callback) => callback(null, name === 'beta.test' ? beta : null);
    const server = await listening(net.createServer((stream) => destroyAtEnd(stream).setSecure({ SNICallback })));
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    await once(client, 'secure');
    expect(client.verifyPeer()).toBe(true);
    for (const how of [{}, { servername: 'alpha.test' }]) {
      const connection = once(server, 'connection');
      const refused = failure(secureClient(server, CLIENT, how));
      const [accepted] = await connection;
      expect((await failure(accepted)).code).toMatch(/^ERR_SSL_/);
      expect((await refused).code).toMatch(/^(ERR_SSL_|ECONNRESET)/);
    }
  });

  const REASON = new Error('Nobody by that name.');
  test.each([
    ['an error', [REASON], REASON],
    ['an error and credentials', [REASON, beta], REASON],
    ['what are no credentials', [null, 5], expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })],
    ['options that are wrong', [null, { key: 'garbage', cert: root }], expect.objectContaining({ code: expect.stringMatching(/^ERR_/) })],
    ['credentials without a certificate', [null, { ca: root }], expect.objectContaining({ code: expect.stringMatching(/^ERR_/) })],
  ])('it answers %s: \'error\' with that, then \'close\' with true, and nothing for others', async (_, answer, expected) => {
    const SNICallback = (name, callback) => callback(...(name === 'beta.test' ? answer : [null, null]));
    const server = await secureServer({ ...SERVER, SNICallback });
    const connection = once(server, 'connection');
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    const refused = failure(client);
    const [accepted] = await connection;
    const events = record(accepted, 'secure', 'data', 'end');
    expect(await failure(accepted)).toEqual(expected);
    expect(events).toEqual([]);
    await refused;
    const other = secureClient(server, CLIENT, { servername: 'localhost' });
    await once(other, 'secure');
    expect(other.verifyPeer()).toBe(true);
  });

  test('only its first answer counts', async () => {
    const errors = [];
    const SNICallback = (name, callback) => {
      callback(null, beta);
      for (const again of [[null, null], [REASON]]) {
        try {
          callback(...again);
        } catch (error) {
          errors.push(error);
        }
      }
    };
    expect(await shown(SNICallback)).toBe('/CN=beta');
    expect(errors).toEqual([]);
  });

  test('an answer for a stream that is gone by then', async () => {
    let answer;
    const asked = new Promise((resolve) => {
      answer = (name, callback) => resolve(callback);
    });
    const server = await secureServer({ ...SERVER, SNICallback: answer });
    const connection = once(server, 'connection');
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    client.on('error', () => {});
    const [accepted] = await connection;
    const callback = await asked;
    const events = record(accepted, 'secure', 'error', 'close');
    accepted.destroy();
    await once(accepted, 'close');
    callback(null, beta);
    await settled();
    expect(events).toEqual([['close', false]]);
  });

  test('no answer: the deadline', async () => {
    const server = await secureServer({ ...SERVER, SNICallback: () => {}, handshakeTimeout: 30 });
    const connection = once(server, 'connection');
    secureClient(server, CLIENT, { servername: 'beta.test' }).on('error', () => {});
    const [accepted] = await connection;
    expect((await failure(accepted)).code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
  });

  test('many at once are answered in any order, each with its own', async () => {
    const waiting = [];
    let SNICallback;
    const allWait = new Promise((resolve) => {
      SNICallback = (name, callback) => {
        if (waiting.push([name, callback]) === 12) resolve();
      };
    });
    const server = await secureServer({ ...SERVER, SNICallback });
    const NAMES = ['alpha.test', 'beta.test', 'x.example.test'];
    const clients = Array.from({ length: 12 }, (_, i) => secureClient(server, CLIENT, { servername: NAMES[i % 3] }));
    const secured = Promise.all(clients.map((client) => once(client, 'secure')));
    await allWait;
    const identities = { 'alpha.test': 'alpha', 'beta.test': 'beta', 'x.example.test': 'wildcard' };
    for (const [name, callback] of waiting.reverse()) callback(null, identity(identities[name]));
    await secured;
    expect(clients.map((client) => client.verifyPeer())).toEqual(clients.map(() => true));
  });
});

describe('session tickets: "tickets on servers with rotating keys that can be shared between processes"', () => {
  const ticketKeys = Buffer.alloc(48, 7);

  test('getTicketKeys(): those that were given, or 48 random bytes of its own; nobody changes them by what it gives', () => {
    const [given, one, other] = [{ ...SERVER, ticketKeys }, SERVER, SERVER].map(net.createCredentials);
    expect(given.getTicketKeys().equals(ticketKeys)).toBe(true);
    expect([one.getTicketKeys().length, one.getTicketKeys().equals(other.getTicketKeys())]).toEqual([48, false]);
    one.getTicketKeys().fill(0);
    expect(one.getTicketKeys().equals(Buffer.alloc(48))).toBe(false);
  });

  test.each([
    ['a string', 'x'.repeat(48), 'ERR_INVALID_ARG_TYPE'],
    ['nothing', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['too few', Buffer.alloc(47), 'ERR_INVALID_ARG_VALUE'],
    ['too many', Buffer.alloc(49), 'ERR_INVALID_ARG_VALUE'],
  ])('setTicketKeys: %s: %s', (_, keys, code) => {
    const credentials = net.createCredentials({ ...SERVER, ticketKeys });
    const error = thrown(() => credentials.setTicketKeys(keys));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(/["']keys["']/)]);
    expect(credentials.getTicketKeys().equals(ticketKeys)).toBe(true);
  });

  /** Whether a visit to `server` resumes a session. */
  async function comesBack(server, credentials) {
    return (await visit(server, credentials, { servername: 'localhost' })).isSessionReused();
  }

  /** Visits all `servers`, one after the other, with the same credentials: whether each has resumed a session. */
  async function visits(servers, options = CLIENT) {
    const credentials = net.createCredentials(options);
    const seen = [];
    for (const server of servers) seen.push(await comesBack(server, credentials));
    return seen;
  }

  test.each(VERSIONS)('two servers that share them are one, and others are not: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const one = net.createCredentials({ ...options, ticketKeys });
    const servers = [
      await greeter(one),
      await greeter({ ...options, ticketKeys: one.getTicketKeys() }),
      await greeter(options),
    ];
    expect(await visits([servers[0], servers[1], servers[0]])).toEqual([false, true, true]);
    expect(await visits([servers[0], servers[2], servers[0]])).toEqual([false, false, false]);
  });

  test.each(VERSIONS)('setTicketKeys(): sessions of the former keys can still be resumed, of those before no more: %s', async (version) => {
    const credentials = net.createCredentials({ ...SERVER, ...only(version) });
    const server = await greeter(credentials);
    const [loyal, absent] = [net.createCredentials(CLIENT), net.createCredentials(CLIENT)];
    expect([await comesBack(server, loyal), await comesBack(server, absent)]).toEqual([false, false]);
    credentials.setTicketKeys(Buffer.alloc(48, 1));
    expect(credentials.getTicketKeys().equals(Buffer.alloc(48, 1))).toBe(true);
    expect(await comesBack(server, loyal)).toBe(true);
    credentials.setTicketKeys(Buffer.alloc(48, 2));
    // The one has got a ticket under the second keys meanwhile.
    expect([await comesBack(server, loyal), await comesBack(server, absent)]).toEqual([true, false]);
  });

  test.each(VERSIONS)('two processes that share them are one: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const script = `
      const [options, keys] = process.argv.slice(2);
      const credentials = net.createCredentials({ ...JSON.parse(options), ticketKeys: Buffer.from(keys, 'hex') });
      const server = net.createServer((stream) => {
        stream.setSecure(credentials).on('secure', () => stream.write('hello'));
        stream.on('close', () => console.log(stream.isSessionReused()));
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
    const { lines } = child(script, { args: [JSON.stringify(options), ticketKeys.toString('hex')] });
    const line = async () => (await lines.next()).value;
    const port = Number(await line());
    const theirs = { address: () => ({ port }) };
    const ours = await greeter({ ...options, ticketKeys });
    expect(await visits([theirs, ours, theirs])).toEqual([false, true, true]);
    expect([await line(), await line()]).toEqual(['false', 'true']);
  });

  test.each(VERSIONS)('"sessionTimeout": 0 is never, on either side: %s', async (version) => {
    const options = { ...SERVER, ...only(version) };
    const [open, closed] = [await greeter(options), await greeter({ ...options, sessionTimeout: 0 })];
    expect(await visits([closed, closed])).toEqual([false, false]);
    expect(await visits([open, open], { ...CLIENT, sessionTimeout: 0 })).toEqual([false, false]);
    expect(await visits([open, open])).toEqual([false, true]);
  });

  describeWith(['openssl'], 'openssl', () => {
    const LIFETIMES = VERSIONS.flatMap((version) => [[version, {}, '300'], [version, { sessionTimeout: 77 }, '77']]);

    test.each(LIFETIMES)('%s, %j: openssl is told that a ticket lives for %s seconds', async (version, options, seconds) => {
      const server = await secureServer({ ...SERVER, ...only(version), ...options });
      server.on('connection', (stream) => stream.on('secure', () => stream.end('hello')));
      const { output } = await start('openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`]).outcome;
      expect(output).toMatch(`ticket lifetime hint: ${seconds} (seconds)`);
    });
  });
});

describe('"`SSLKEYLOGFILE`-style key logging only when asked for in the credentials (`keylog` callback or file)"', () => {
  /** How many lines a handshake of a version makes. */
  const LINES = { 'TLSv1.2': 1, 'TLSv1.3': 5 };

  /** The next `count` calls of `push`: what it was called with. */
  function gather(count) {
    let push;
    const lines = [];
    const all = new Promise((resolve) => {
      push = (line) => {
        lines.push(line.toString());
        if (lines.length === count) resolve(lines);
      };
    });
    return [push, all, lines];
  }

  test.each(VERSIONS)('a callback, of a client and of a server: the same lines as of node:tls at the other end, %s', async (version) => {
    for (const [here, there] of [['server', 'client'], ['client', 'server']]) {
      const [keylog, ours, all] = gather(LINES[version]);
      const [push, theirs] = gather(LINES[version]);
      const side = { ...only(version) };
      if (here === 'server') {
        const server = await secureServer({ ...SERVER, ...side, keylog });
        const client = tlsClient(server).on('keylog', push);
        await once(client, 'secureConnect');
      } else {
        const server = await tlsServer({ ...SERVER, ...side });
        server.on('keylog', push);
        await once(secureClient(server, { ...CLIENT, keylog }), 'secure');
      }
      expect([there, (await ours).toSorted()]).toEqual([there, (await theirs).toSorted()]);
      for (const line of all) expect(line).toMatch(/^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}\n$/);
    }
  });

  test('the callback gets Buffers', async () => {
    const keylog = jest.fn();
    const called = new Promise((resolve) => keylog.mockImplementation(resolve));
    await securePair({ ...SERVER, keylog });
    expect(Buffer.isBuffer(await called)).toBe(true);
  });

  test('a file: lines are appended, by several credentials and streams', async () => {
    const keylog = path.join(scratch(), 'keys');
    fs.writeFileSync(keylog, '# ours\n');
    const [push, theirs] = gather(15);
    const server = await secureServer({ ...SERVER, ...only('TLSv1.3'), keylog });
    for (let i = 0; i < 3; i++) {
      const accepted = nextSecure(server);
      await once(tlsClient(server).on('keylog', push), 'secureConnect');
      await accepted;
    }
    const [first, ...lines] = fs.readFileSync(keylog, 'utf8').split(/(?<=\n)/);
    expect(first).toBe('# ours\n');
    expect(lines.toSorted()).toEqual((await theirs).toSorted());
    // Both ends in one file: each line twice.
    await securePair({ ...SERVER, ...only('TLSv1.3'), keylog }, { ...CLIENT, keylog });
    const both = fs.readFileSync(keylog, 'utf8').split(/(?<=\n)/).slice(16);
    expect([both.length, new Set(both).size]).toEqual([10, 5]);
  });

  test('no environment variable turns it on: SSLKEYLOGFILE', async () => {
    const file = path.join(scratch(), 'keys');
    const server = await tolerantServer(identity('direct'));
    const args = [require.resolve('./fixtures/verdict.js'), String(server.address().port), JSON.stringify(CLIENT)];
    const env = { SSLKEYLOGFILE: file, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const { stdout, stderr, ...outcome } = await runProgram([process.execPath, ...args], { env });
    expect({ ...outcome, stderr }).toEqual(GOOD);
    expect(JSON.parse(stdout).verdict).toEqual([true, null]);
    expect(fs.existsSync(file)).toBe(false);
  });

  test('a callback does not keep the process alive', async () => {
    const server = await tolerantServer();
    const script = `
      const keylog = (line) => console.log(String(line).split(' ')[0]);
      const credentials = net.createCredentials({ keylog, maxVersion: 'TLSv1.2' });
      const stream = net.connect(Number(process.argv[2]), '127.0.0.1').setSecure(credentials);
      stream.on('secure', () => stream.end());`;
    const { lines, exit } = child(script, { args: [String(server.address().port)] });
    expect((await lines.next()).value).toBe('CLIENT_RANDOM');
    expect(await exit).toBe(0);
  });
});
