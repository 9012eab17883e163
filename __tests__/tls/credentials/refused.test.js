'use strict';

// D19: createCredentials: what is wrong with its options.

const { createPublicKey } = require('crypto');
const fs = require('fs');
const path = require('path');
const net = require('../../..');
const { scratch } = require('../../helpers');
const { CLIENT } = require('../ends');
const { certificate, crls, der, identity } = require('../pki');
const { about, complaint } = require('./outcomes');

const root = certificate('root');

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

  test.each([null, 1, 'x', true, [], () => {}])('what is not an options object: %p', (options) => {
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
