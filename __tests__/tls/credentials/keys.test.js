'use strict';

// D19: createCredentials: all kinds of keys, in all containers.

const { generateKeyPairSync } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const net = require('../../..');
const { scratch } = require('../../helpers');
const { DEADLINE, describeWith } = require('../../peers/program');
const { only, secureClient, tlsClient, tlsServer, withTlsClient } = require('../ends');
const { openssl } = require('../peers');
const { KEY_KINDS, certificate, files, identity, keyAs } = require('../pki');
const { about, complaint, expectToShow } = require('./outcomes');

jest.setTimeout(2 * DEADLINE);

const root = certificate('root');

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
