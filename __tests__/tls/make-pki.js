'use strict';

// Makes the keys, certificates and revocation lists of the TLS tests, prints them as JSON. `pki.js` runs it and says
// what there is; in a process of its own, since it is asynchronous and has to have the realm that Web Crypto has.

require('reflect-metadata');

const { KeyObject, sign, webcrypto } = require('crypto');
const x509 = require('@peculiar/x509');

x509.cryptoProvider.set(webcrypto);

const DAY = 24 * 60 * 60 * 1000;

const now = Date.now();

/** Spans `[from, until]`. Whole seconds: certificates know no less. */
const SPANS = {
  valid: [now - DAY, now + 3650 * DAY],
  expired: [Date.UTC(2009, 10, 11, 9, 52, 22), Date.UTC(2010, 10, 6, 9, 52, 22)],
  future: [now + 3000 * DAY, now + 3650 * DAY],
  // Beyond 2049, dates are written in another way.
  late: [now - DAY, Date.UTC(2061, 0, 2, 3, 4, 5)],
};

/** The kinds of keys that there are leaves of. */
const LEAVES = ['p256', 'p384', 'rsa2048', 'rsa4096', 'ed25519'];

const KEYS = {
  'p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'p384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'rsa1024': rsa(1024),
  'rsa2048': rsa(2048),
  'rsa4096': rsa(4096),
  'ed25519': { name: 'Ed25519' },
};

function rsa(modulusLength) {
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;

/** The attributes of X.520, of RFC 4519 and 4524, and others that occur in names. */
const ATTRIBUTES = [
  ...numbered('2.5.4', 3, 54), '2.5.4.65', '2.5.4.72', '2.5.4.97',
  ...numbered('0.9.2342.19200300.100.1', 1, 56),
  '1.2.840.113549.1.9.1', '1.2.840.113549.1.9.2', '1.2.840.113549.1.9.8',
  ...numbered('1.3.6.1.4.1.311.60.2.1', 1, 3), '1.3.6.1.4.1.55555.4',
];

function numbered(arc, first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => `${arc}.${first + i}`);
}

const PERMITS_ALLOWED_TEST = Buffer.concat([Buffer.from('3012a010300e820c', 'hex'), Buffer.from('allowed.test')]);

/** Name, key, certificate (`x509`) and issuer of all that has been made. */
const made = new Map();

let serial = 0x1000;

/**
 * Makes the certificate `name`, and its key. `ca`: whether it may issue others, `usage`: for what a leaf may be used;
 * `dns` and `ip`: for whom; `issuer`: who signs, itself unless given.
 */
async function make(name, options = {}) {
  const {
    key = 'p256', issuer, subject = [{ CN: [name] }], span = 'valid', ca = false, pathLength, keyUsage, usage,
    dns = ca ? [] : ['localhost'], ip = [], extensions = [],
  } = options;
  const keys = options.keys ?? (await webcrypto.subtle.generateKey(KEYS[key], true, ['sign', 'verify']));
  const signer = issuer === undefined ? { keys, algorithm: KEYS[key], subject } : made.get(issuer);
  const flags = keyUsage ?? (ca ? keyCertSign | cRLSign : digitalSignature);
  const all = [
    new x509.BasicConstraintsExtension(ca, pathLength, true),
    new x509.KeyUsagesExtension(flags, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(signer.keys.publicKey),
    ...extensions,
  ];
  if (usage !== undefined) all.push(new x509.ExtendedKeyUsageExtension(usage));
  const names = [...dns.map((value) => ({ type: 'dns', value })), ...ip.map((value) => ({ type: 'ip', value }))];
  if (names.length > 0) all.push(new x509.SubjectAlternativeNameExtension(names));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: (serial++).toString(16),
    subject,
    issuer: signer.subject,
    notBefore: new Date(SPANS[span][0]),
    notAfter: new Date(SPANS[span][1]),
    publicKey: keys.publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: signer.algorithm,
    extensions: all,
  });
  made.set(name, { keys, algorithm: KEYS[key], subject, issuer, certificate });
}

/** The DER elements in `bytes`, one after the other. */
function elements(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += found.at(-1).whole.length) {
    const length = bytes[at + 1];
    const more = length < 0x80 ? 0 : length & 0x7f;
    const begin = at + 2 + more;
    const end = begin + (more === 0 ? length : bytes.readUIntBE(at + 2, more));
    found.push({ tag: bytes[at], whole: bytes.subarray(at, end), contents: bytes.subarray(begin, end) });
  }
  return found;
}

/** A DER element of at most 65,535 bytes around `parts`. */
function element(tag, ...parts) {
  const { length } = Buffer.concat(parts);
  const [high, low] = [length >> 8, length & 0xff];
  const head = length < 0x80 ? [tag, length] : [tag, ...(high === 0 ? [0x81] : [0x82, high]), low];
  return Buffer.concat([Buffer.from(head), ...parts]);
}

/** The certificate `name` as one of version 1: without the field that says which, and without extensions. */
function versionOne(name) {
  const { certificate, issuer } = made.get(name);
  const [VERSION, EXTENSIONS, SEQUENCE, BIT_STRING] = [0xa0, 0xa3, 0x30, 0x03];
  const [{ contents }] = elements(Buffer.from(certificate.rawData));
  const [signed, algorithm] = elements(contents);
  const kept = elements(signed.contents).filter(({ tag }) => tag !== VERSION && tag !== EXTENSIONS);
  const body = element(SEQUENCE, ...kept.map(({ whole }) => whole));
  const signature = sign('sha256', body, KeyObject.from(made.get(issuer).keys.privateKey));
  return element(SEQUENCE, body, algorithm.whole, element(BIT_STRING, Buffer.from([0]), signature));
}

/** A certificate with one bit changed: the last byte is of the signature. */
function changed(der) {
  return Buffer.concat([der.subarray(0, -1), Buffer.from([der.at(-1) ^ 1])]);
}

/** A revocation list of `issuer`. */
async function list(issuer, revoked, { span = 'valid' } = {}) {
  const { keys, algorithm, subject } = made.get(issuer);
  const crl = await x509.X509CrlGenerator.create({
    issuer: subject,
    thisUpdate: new Date(SPANS[span][0]),
    nextUpdate: new Date(SPANS[span][1]),
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    entries: revoked.map((name) => ({
      serialNumber: made.get(name).certificate.serialNumber,
      revocationDate: new Date(now - DAY / 2),
      reason: x509.X509CrlReason.keyCompromise,
    })),
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey)],
  });
  return `${x509.PemConverter.encode(crl.rawData, 'X509 CRL')}\n`;
}

/** The issuers of `name` that a peer is sent: without the root. */
function chainOf(name) {
  const chain = [];
  for (let next = made.get(name).issuer; next !== undefined; next = made.get(next).issuer) {
    if (made.get(next).issuer !== undefined) chain.push(`${made.get(next).certificate.toString('pem')}\n`);
  }
  return chain;
}

function pem(der) {
  return `${x509.PemConverter.encode(der, 'CERTIFICATE')}\n`;
}

async function main() {
  await make('root', { ca: true, subject: [{ C: ['UK'] }, { O: ['rust-net'] }, { CN: ['root'] }] });
  await make('otherRoot', { ca: true });
  await make('intermediate', { ca: true, issuer: 'root', pathLength: 0 });
  await make('rsaIntermediate', { ca: true, issuer: 'root', key: 'rsa2048' });
  await make('expiredIntermediate', { ca: true, issuer: 'root', span: 'expired' });
  await make('strictIntermediate', {
    ca: true,
    issuer: 'root',
    extensions: [new x509.Extension('2.5.29.30', true, PERMITS_ALLOWED_TEST)],
  });
  await make('subIntermediate', { ca: true, issuer: 'intermediate' });

  // One leaf for each kind of key, with an intermediate in between.
  for (const key of LEAVES) {
    const issuer = key.startsWith('rsa') ? 'rsaIntermediate' : 'intermediate';
    await make(key, { key, issuer, usage: [SERVER_AUTH] });
    await make(`${key}Client`, { key, keys: made.get(key).keys, issuer, usage: [CLIENT_AUTH], dns: [] });
  }

  // What the root has signed itself, fit for both roles unless it is about that.
  const leaf = (name, options = {}) => make(name, { issuer: 'root', ...options });
  await leaf('direct');
  await leaf('expired', { span: 'expired' });
  await leaf('notYetValid', { span: 'future' });
  await leaf('longLived', { span: 'late' });
  await leaf('revoked');
  await leaf('serverOnly', { usage: [SERVER_AUTH] });
  await leaf('clientOnly', { usage: [CLIENT_AUTH] });
  await leaf('cnOnly', { dns: [], subject: [{ CN: ['localhost'] }] });
  await leaf('cnBesideSan', { dns: ['elsewhere.test'], subject: [{ CN: ['localhost'] }] });
  await leaf('ipSan', { dns: [], ip: ['127.0.0.1', '::1'] });
  await leaf('wildcard', { dns: ['*.example.test'] });
  await leaf('alpha', { dns: ['alpha.test'] });
  await leaf('beta', { dns: ['beta.test', '*.beta.test'] });
  await leaf('caAsLeaf', { ca: true, dns: ['localhost'], keyUsage: keyCertSign | digitalSignature });
  await leaf('caOnlyAsLeaf', { ca: true, dns: ['localhost'] });
  await leaf('unknownCritical', { extensions: [new x509.Extension('1.3.6.1.4.1.55555.1', true, Buffer.from('0500', 'hex'))] });
  await leaf('oddNames', {
    subject: [
      { C: ['DE'] }, { ST: ['Baden-Württemberg'] }, { L: ['Köln/Bonn'] }, { O: [{ utf8String: 'A, B + C "D" = E;<F>#\\' }] },
      { OU: ['one'] }, { OU: ['two'] }, { DC: ['example'] }, { '1.2.840.113549.1.9.1': [{ ia5String: 'a@example.test' }] },
      { '2.5.4.42': ['Gîvën'] }, { '1.3.6.1.4.1.55555.2': [{ utf8String: 'unheard of' }] }, { CN: ['localhost'] },
    ],
  });
  await leaf('multiValued', {
    subject: [{ C: ['DE'], O: ['rust-net'] }, { OU: ['one', 'two'], CN: ['localhost'], '1.3.6.1.4.1.55555.3': ['+/'] }],
  });
  await leaf('stringTypes', {
    subject: [
      { O: [{ bmpString: 'Größe' }] }, { O: [{ universalString: 'ä€' }] }, { O: [{ printableString: 'p q' }] },
      { OU: [''] }, { OU: ['\0\t\x7f'] }, { OU: ['long '.repeat(200)] }, { CN: ['localhost'] },
    ],
  });
  await leaf('everyAttribute', { subject: ATTRIBUTES.map((type) => ({ [type]: [{ utf8String: type }] })) });
  await leaf('versionOne', { subject: [{ CN: ['localhost'] }] });

  await make('selfSigned');
  await make('localhost', { subject: [{ CN: ['localhost'] }] });
  await make('otherSelfSigned', { subject: [{ CN: ['selfSigned'] }] });
  await make('selfSignedCa', { ca: true, dns: ['localhost'], keyUsage: keyCertSign | digitalSignature });
  await make('shortRoot', { ca: true, key: 'rsa1024' });
  await make('underShortRoot', { issuer: 'shortRoot' });
  await make('unknownIssuer', { issuer: 'otherRoot' });
  await make('underExpired', { issuer: 'expiredIntermediate' });
  await make('underStrict', { issuer: 'strictIntermediate' });
  await make('tooDeep', { issuer: 'subIntermediate' });
  await make('underLeaf', { issuer: 'direct' });
  await make('underVersionOne', { issuer: 'versionOne' });

  const identities = {};
  for (const [name, { keys, certificate, issuer }] of made) {
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
    identities[name] = { key: `${key}\n`, leaf: `${certificate.toString('pem')}\n`, chain: chainOf(name), issuer };
  }

  const raw = Buffer.from(made.get('direct').certificate.rawData);
  const old = versionOne('versionOne');
  identities.badSignature = { ...identities.direct, leaf: pem(changed(raw)) };
  identities.badVersionOne = { ...identities.versionOne, leaf: pem(changed(old)) };
  identities.versionOne.leaf = pem(old);

  const crls = {
    root: await list('root', ['revoked']),
    intermediate: await list('intermediate', []),
    rsaIntermediate: await list('rsaIntermediate', ['rsa2048']),
    expired: await list('root', ['revoked'], { span: 'expired' }),
    otherRoot: await list('otherRoot', []),
    revokesIntermediate: await list('root', ['intermediate']),
  };
  process.stdout.write(JSON.stringify({ identities, crls }));
}

main();
