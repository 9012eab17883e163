'use strict';

// Certificates and revocation lists from plain descriptions, well-formed or not. A library would refuse to write half
// of what the cases need, and `openssl` would take a process for each.

const { createHash, generateKeyPairSync, sign } = require('crypto');
const net = require('net');

const DAY = 24 * 60 * 60 * 1000;

// --- DER ---

function tlv(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const { length } = content;
  let header;
  if (length < 0x80) header = [tag, length];
  else if (length < 0x100) header = [tag, 0x81, length];
  else header = [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts) => tlv(0x30, ...parts);
const set = (...parts) => tlv(0x31, ...parts);
const octets = (content) => tlv(0x04, content);
const bits = (content, unused = 0) => tlv(0x03, Buffer.from([unused]), content);
const boolean = (value) => Buffer.from([1, 1, value ? 0xff : 0]);
const NULL = Buffer.from([5, 0]);

function integer(value) {
  let hex = BigInt(value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const content = Buffer.from(hex, 'hex');
  return tlv(0x02, content[0] & 0x80 ? Buffer.concat([Buffer.from([0]), content]) : content);
}

function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

/** `days` from now, in the form that the year asks for. */
function time(days) {
  const text = new Date(Math.floor((Date.now() + days * DAY) / 1000) * 1000).toISOString();
  const digits = text.replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050 ? tlv(0x17, digits.slice(2)) : tlv(0x18, digits);
}

// --- Names ---

const ATTRIBUTES = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6', emailAddress: '1.2.840.113549.1.9.1' };

const STRINGS = { utf8: 0x0c, printable: 0x13, ia5: 0x16, teletex: 0x14 };

/** `[[attribute, value, type?], ...]`; the type `bmp` takes two bytes for each character. */
function distinguishedName(attributes) {
  return sequence(...attributes.map(([attribute, value, type = 'utf8']) => {
    const text = type === 'bmp'
      ? tlv(0x1e, Buffer.from(value, 'utf16le').swap16())
      : tlv(STRINGS[type], Buffer.from(value, type === 'utf8' ? 'utf8' : 'latin1'));
    return set(sequence(oid(ATTRIBUTES[attribute]), text));
  }));
}

function addressBytes(address) {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head, tail = ''] = address.split('::');
  const groups = (text) => text.split(':').filter(Boolean).map((group) => parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** `[kind, value]`: dns, email, uri, ip, dir, id, other; `raw-dns` and `raw-ip` take bytes in hexadecimal. */
function generalName([kind, value]) {
  switch (kind) {
    case 'email': return tlv(0x81, value);
    case 'dns': return tlv(0x82, Buffer.from(value, 'utf8'));
    case 'raw-dns': return tlv(0x82, Buffer.from(value, 'hex'));
    case 'dir': return tlv(0xa4, distinguishedName(value));
    case 'uri': return tlv(0x86, value);
    case 'ip': return tlv(0x87, addressBytes(value));
    case 'ip-range': return tlv(0x87, ...value.map(addressBytes));
    case 'raw-ip': return tlv(0x87, Buffer.from(value, 'hex'));
    case 'id': return tlv(0x88, oid(value).subarray(2));
    case 'other': return tlv(0xa0, oid('1.3.6.1.4.1.311.20.2.3'), tlv(0xa0, tlv(0x0c, value)));
    default: throw new Error(`There is no name ${kind}.`);
  }
}

// --- Keys and signatures ---

const made = new Map();

const GENERATORS = {
  rsa2048: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  rsa1024: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  rsa512: () => generateKeyPairSync('rsa', { modulusLength: 512 }),
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  ed25519: () => generateKeyPairSync('ed25519'),
};

/** The key `p256/3` is the third of its kind, made once per process. */
function keyOf(name) {
  if (!made.has(name)) {
    const { privateKey, publicKey } = GENERATORS[name.split('/')[0]]();
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    made.set(name, { name, privateKey, spki, pem, id: createHash('sha1').update(spki).digest() });
  }
  return made.get(name);
}

const RSA = { md5: '1.2.840.113549.1.1.4', sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11', sha384: '1.2.840.113549.1.1.12', sha512: '1.2.840.113549.1.1.13' };
const ECDSA = { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' };

/** The algorithm of a signature by `key` and how to make it. */
function signer(key, hash) {
  if (key.name.startsWith('ed25519')) {
    return { algorithm: sequence(oid('1.3.101.112')), make: (data) => sign(null, data, key.privateKey) };
  }
  const isRsa = key.name.startsWith('rsa');
  const table = isRsa ? RSA : ECDSA;
  const name = hash in table ? hash : 'sha256';
  const algorithm = isRsa ? sequence(oid(table[name]), NULL) : sequence(oid(table[name]));
  return { algorithm, make: (data) => sign(name, data, key.privateKey) };
}

/** The hash that goes with a key, where a description says none. */
const defaultHash = (key) => ({ p384: 'sha384', p521: 'sha512' })[key.name.split('/')[0]] ?? 'sha256';

/** A signed structure around `tbs(algorithm)`. `fault`: the signature is wrong, or the outer algorithm is another. */
function signed(tbs, key, { hash = defaultHash(key), fault }) {
  const { algorithm, make } = signer(key, hash);
  const body = tbs(algorithm);
  const signature = make(body);
  if (fault === 'signature') signature[signature.length >> 1] ^= 1;
  const outer = fault === 'algorithm' ? signer(key, hash === 'sha384' ? 'sha256' : 'sha384').algorithm : algorithm;
  return sequence(body, outer, bits(signature));
}

// --- Certificates ---

const USAGES = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign'];

const PURPOSES = {
  server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2', email: '1.3.6.1.5.5.7.3.4', any: '2.5.29.37.0', ocsp: '1.3.6.1.5.5.7.3.9',
};

function extension(id, content, critical = false) {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(content));
}

function keyUsage(names) {
  let value = 0;
  for (const name of names) value |= 0x80 >> USAGES.indexOf(name);
  let unused = 0;
  while (unused < 7 && value !== 0 && !(value & (1 << unused))) unused += 1;
  return value === 0 ? bits(Buffer.alloc(0)) : bits(Buffer.from([value]), unused);
}

function subtrees(tag, names) {
  return names === undefined ? [] : [tlv(tag, ...names.map((name) => sequence(generalName(name))))];
}

/** The extensions of the description `of`, each of which may be given `raw`, as hexadecimal. */
function extensions(of, issuerKeyId, ownKeyId, issuer) {
  const all = [];
  const { constraints, usage, purposes, names, limits, raw = {} } = of;
  const add = (id, name, content, critical) => {
    if (raw[name] !== undefined) all.push(extension(id, Buffer.from(raw[name], 'hex'), critical));
    else if (content !== undefined) all.push(extension(id, content, critical));
  };
  const basic = constraints === undefined
    ? undefined
    : sequence(
        ...(constraints.ca ? [boolean(true)] : []),
        ...(constraints.length === undefined ? [] : [integer(constraints.length)]),
      );
  add('2.5.29.19', 'constraints', basic, constraints?.critical ?? true);
  add('2.5.29.15', 'usage', usage && keyUsage(usage), true);
  add('2.5.29.37', 'purposes', purposes && sequence(...purposes.map((name) => oid(PURPOSES[name]))));
  add('2.5.29.17', 'names', names && sequence(...names.map(generalName)), of.criticalNames);
  add('2.5.29.30', 'limits', limits && sequence(...subtrees(0xa0, limits.permitted), ...subtrees(0xa1, limits.excluded)), limits?.critical ?? true);
  if (of.subjectKeyId !== false) add('2.5.29.14', 'subjectKeyId', octets(of.subjectKeyId === 'wrong' ? Buffer.alloc(20, 7) : ownKeyId));
  if (of.authorityKeyId !== false) {
    add('2.5.29.35', 'authorityKeyId', authorityKeyId(of.authorityKeyId, issuerKeyId, issuer));
  }
  if (of.unknown !== undefined) all.push(extension('1.2.3.4.5', NULL, of.unknown === 'critical'));
  if (of.points !== undefined) add('2.5.29.31', 'points', sequence(...of.points.map(distributionPoint)));
  if (of.twice) all.push(...all.slice(all.length >> 1));
  return all;
}

/** `kind`: the key as it is or `wrong`, or name and serial number of the issuer's own certificate, right or wrong. */
function authorityKeyId(kind, issuerKeyId, issuer) {
  if (kind !== 'serial' && kind !== 'wrong serial') return sequence(tlv(0x80, kind === 'wrong' ? Buffer.alloc(20, 9) : issuerKeyId));
  const serial = integer(kind === 'serial' ? issuer.serial : issuer.serial + 1);
  serial[0] = 0x82;
  return sequence(tlv(0xa1, generalName(['dir', issuer.above ?? issuer.subject])), serial);
}

const distributionPoint = (uri) => sequence(tlv(0xa0, tlv(0xa0, tlv(0x86, uri))));

/**
 * `of`: `{ subject, key, serial, from, until, version, hash, fault }` and extensions. `issuer` is the description of
 * whoever signs.
 */
function certificate(of, issuer) {
  const [key, issuerKey] = [keyOf(of.key), keyOf(issuer.key)];
  const { version = 3, from = -10, until = 1000 } = of;
  return signed((algorithm) => sequence(
    ...(version === 1 ? [] : [tlv(0xa0, integer(version - 1))]),
    integer(of.serial),
    algorithm,
    distinguishedName(of.issuerName ?? issuer.subject),
    sequence(time(from), time(until)),
    distinguishedName(of.subject),
    key.spki,
    ...(version === 1 ? [] : [tlv(0xa3, sequence(...extensions(of, issuerKey.id, key.id, issuer)))]),
  ), issuerKey, of);
}

/** `of`: `{ from, until, revoked: [serial], hash, fault, key, scope }`; `key` is that of `issuer` unless given. */
function revocationList(of, issuer) {
  const { from = -5, until = 100, revoked = [], scope } = of;
  const key = keyOf(of.key ?? issuer.key);
  const entries = revoked.map((serial) => sequence(
    integer(serial),
    time(Math.min(from, -1)),
    ...(of.reason === undefined ? [] : [sequence(extension('2.5.29.21', Buffer.from([10, 1, of.reason])))]),
  ));
  const point = scope && sequence(
    ...(scope.uri === undefined ? [] : [tlv(0xa0, tlv(0xa0, tlv(0x86, scope.uri)))]),
    ...(scope.only === 'users' ? [Buffer.from([0x81, 1, 0xff])] : []),
    ...(scope.only === 'authorities' ? [Buffer.from([0x82, 1, 0xff])] : []),
  );
  const more = [
    ...(of.authorityKeyId === false ? [] : [extension('2.5.29.35', sequence(tlv(0x80, keyOf(issuer.key).id)))]),
    extension('2.5.29.20', integer(of.number ?? 1)),
    ...(point === undefined ? [] : [extension('2.5.29.28', point, true)]),
  ];
  return signed((algorithm) => sequence(
    integer(1),
    algorithm,
    distinguishedName(issuer.subject),
    time(from),
    time(until),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tlv(0xa0, sequence(...more)),
  ), key, of);
}

function pem(label, der) {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

module.exports = { addressBytes, certificate, keyOf, pem, revocationList };
