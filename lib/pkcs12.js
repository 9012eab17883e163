'use strict';

// PKCS#12 archives (RFC 7292), the option `pfx`: the keys and certificates in them. Node reads them, too, but does not
// give the keys away. All cryptography is Node's, but for RC2, which it no longer has.
//
// What can't be read throws an `Unreadable` with OpenSSL's reason. An archive comes from the user of this library, not
// from a peer; still, nothing here trusts a length.

const { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } = require('crypto');
const { decryptRc2 } = require('./rc2');

class Unreadable extends Error {}

const CUT = 'not enough data';
const WRONG_PASSPHRASE = 'mac verify failure';

/** More would take seconds. Archives are made with 600,000 at the most. */
const ITERATIONS_MOST = 2_000_000;

/** Bags within bags: more than anybody makes. */
const DEPTH_MOST = 4;

// DER.

const [INTEGER, OCTET_STRING, OBJECT_ID, SEQUENCE, CONTEXT_0, IMPLICIT_0] = [0x02, 0x04, 0x06, 0x30, 0xa0, 0x80];

/** The element that `bytes` begin with: `{ tag, content, rest }`. */
function element(bytes) {
  if (bytes.length < 2) throw new Unreadable(CUT);
  const [tag, short] = bytes;
  let [length, at] = [short, 2];
  if (short >= 0x80) {
    const size = short & 0x7f;
    if (size === 0 || size > 4 || bytes.length < 2 + size) throw new Unreadable(CUT);
    length = bytes.readUIntBE(2, size);
    at += size;
  }
  if (bytes.length - at < length) throw new Unreadable(CUT);
  return { tag, content: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) };
}

/** All elements of `bytes`. */
function elements(bytes) {
  const found = [];
  for (let left = bytes; left.length > 0; left = found.at(-1).rest) found.push(element(left));
  return found;
}

function content(found, tag) {
  if (found?.tag !== tag) throw new Unreadable(CUT);
  return found.content;
}

const sequence = (found) => elements(content(found, SEQUENCE));

function integer(found) {
  const bytes = content(found, INTEGER);
  if (bytes.length < 1 || bytes.length > 5) throw new Unreadable(CUT);
  return bytes.readIntBE(0, bytes.length);
}

function objectId(found) {
  const bytes = content(found, OBJECT_ID);
  if (bytes.length === 0) throw new Unreadable(CUT);
  const parts = [];
  let part = 0;
  for (const byte of bytes) {
    part = part * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    }
  }
  const first = Math.min(Math.floor(parts[0] / 40), 2);
  return [first, parts[0] - 40 * first, ...parts.slice(1)].join('.');
}

/** `{ id, parameters }` of an AlgorithmIdentifier. */
function algorithm(found) {
  const [id, parameters] = sequence(found);
  return { id: objectId(id), parameters };
}

// Algorithms by their ids.

const PKCS = '1.2.840.113549.1';
const NIST = '2.16.840.1.101.3.4';

const [DATA, ENCRYPTED_DATA] = [`${PKCS}.7.1`, `${PKCS}.7.6`];
const [KEY_BAG, SHROUDED_KEY_BAG, CERT_BAG, BAGS] = [1, 2, 3, 6].map((kind) => `${PKCS}.12.10.1.${kind}`);
const X509 = `${PKCS}.9.22.1`;
const [PBKDF2, PBES2, PBMAC1] = [`${PKCS}.5.12`, `${PKCS}.5.13`, `${PKCS}.5.14`];

const HASHES = {
  '__proto__': null,
  '1.3.14.3.2.26': 'sha1',
  [`${NIST}.2.1`]: 'sha256',
  [`${NIST}.2.2`]: 'sha384',
  [`${NIST}.2.3`]: 'sha512',
  [`${NIST}.2.4`]: 'sha224',
};

const HMACS = {
  '__proto__': null,
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Ciphers of PBES2: `[name, length of the key]`. */
const CIPHERS = {
  '__proto__': null,
  [`${NIST}.1.2`]: ['aes-128-cbc', 16],
  [`${NIST}.1.22`]: ['aes-192-cbc', 24],
  [`${NIST}.1.42`]: ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};

/** Ciphers of PKCS#12 itself, with SHA-1. */
const OLD_CIPHERS = {
  '__proto__': null,
  [`${PKCS}.12.1.3`]: ['des-ede3-cbc', 24],
  [`${PKCS}.12.1.4`]: ['des-ede3-cbc', 16],
  [`${PKCS}.12.1.5`]: ['rc2', 16],
  [`${PKCS}.12.1.6`]: ['rc2', 5],
};

function known(table, id) {
  const found = table[id];
  if (found === undefined) throw new Unreadable(`unsupported algorithm ${id}`);
  return found;
}

// Keys from passphrases.

const [FOR_KEY, FOR_IV, FOR_MAC] = [1, 2, 3];

/** `bytes`, again and again, up to a whole number of blocks of `size`. */
function repeated(bytes, size) {
  return Buffer.alloc(Math.ceil(bytes.length / size) * size, bytes);
}

/** RFC 7292, appendix B: `length` bytes for `purpose`, of a passphrase in UTF-16. */
function derive(hash, passphrase, salt, iterations, purpose, length) {
  const size = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const diversifier = Buffer.alloc(size, purpose);
  const input = Buffer.concat([repeated(salt, size), repeated(passphrase, size)]);
  const found = [];
  for (let left = length; left > 0; left -= found.at(-1).length) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < iterations; i += 1) digest = createHash(hash).update(digest).digest();
    found.push(digest);
    const block = Buffer.alloc(size, digest);
    for (let at = 0; at < input.length; at += size) add(input.subarray(at, at + size), block);
  }
  return Buffer.concat(found).subarray(0, length);
}

/** `number += other + 1`, both of the same length. */
function add(number, other) {
  let carry = 1;
  for (let i = number.length - 1; i >= 0; i -= 1) {
    carry += number[i] + other[i];
    number[i] = carry & 0xff;
    carry >>= 8;
  }
}

function utf16(passphrase) {
  return Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
}

/** The key that `found`, a key derivation function of PKCS#5, makes of `passphrase`. */
function pbkdf2(found, passphrase, length) {
  const { id, parameters } = algorithm(found);
  if (id !== PBKDF2) throw new Unreadable(`unsupported algorithm ${id}`);
  const [salt, iterations, ...others] = sequence(parameters);
  const prf = others.find(({ tag }) => tag === SEQUENCE);
  const hash = prf === undefined ? 'sha1' : known(HMACS, algorithm(prf).id);
  return pbkdf2Sync(passphrase, content(salt, OCTET_STRING), count(iterations), length, hash);
}

function count(found) {
  const iterations = integer(found);
  if (iterations < 1 || iterations > ITERATIONS_MOST) throw new Unreadable('iteration count is out of range');
  return iterations;
}

// Decryption and authentication. `secret` is `{ text, wide }`: the passphrase, and what is derived from in PKCS#12.

function decipher(name, key, iv, data) {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  } catch {
    throw new Unreadable(WRONG_PASSPHRASE);
  }
}

function decrypt(found, data, secret) {
  const { id, parameters } = algorithm(found);
  if (id === PBES2) {
    const [derivation, encryption] = sequence(parameters);
    const { id: cipher, parameters: iv } = algorithm(encryption);
    const [name, length] = known(CIPHERS, cipher);
    return decipher(name, pbkdf2(derivation, secret.text, length), content(iv, OCTET_STRING), data);
  }
  const [name, length] = known(OLD_CIPHERS, id);
  const [salt, iterations] = sequence(parameters);
  const make = (purpose, size) =>
    derive('sha1', secret.wide, content(salt, OCTET_STRING), count(iterations), purpose, size);
  const [key, iv] = [make(FOR_KEY, length), make(FOR_IV, 8)];
  if (name === 'rc2') {
    const clear = decryptRc2(data, key, iv);
    if (clear === null) throw new Unreadable(WRONG_PASSPHRASE);
    return clear;
  }
  return decipher(name, length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key, iv, data);
}

/** Whether `mac` is that of `data` under `secret`. */
function isAuthentic([info, salt, iterations], data, secret) {
  const [scheme, digest] = sequence(info);
  const { id, parameters } = algorithm(scheme);
  const expected = content(digest, OCTET_STRING);
  const isFound = (hash, key) => {
    const found = createHmac(hash, key).update(data).digest();
    return found.length === expected.length && timingSafeEqual(found, expected);
  };
  if (id === PBMAC1) {
    const [derivation, mac] = sequence(parameters);
    return isFound(known(HMACS, algorithm(mac).id), pbkdf2(derivation, secret.text, expected.length));
  }
  const hash = known(HASHES, id);
  const rounds = iterations === undefined ? 1 : count(iterations);
  return isFound(hash, derive(hash, secret.wide, content(salt, OCTET_STRING), rounds, FOR_MAC, expected.length));
}

// The archive.

/** What a ContentInfo has: `{ id, value }`. */
function contentInfo(found) {
  const [id, value] = sequence(found);
  return { id: objectId(id), value: value === undefined ? undefined : element(content(value, CONTEXT_0)) };
}

/** The clear bytes of one part of an archive. */
function clearPart(found, secret) {
  const { id, value } = contentInfo(found);
  if (id === DATA) return content(value, OCTET_STRING);
  if (id !== ENCRYPTED_DATA) throw new Unreadable(`unsupported content ${id}`);
  const [, info] = sequence(value);
  const [, scheme, data] = sequence(info);
  return decrypt(scheme, content(data, IMPLICIT_0), secret);
}

function readBags(bytes, secret, found, depth = 0) {
  if (depth > DEPTH_MOST) throw new Unreadable('too many bags within bags');
  for (const bag of sequence(element(bytes))) {
    const [id, wrapped] = sequence(bag);
    const kind = objectId(id);
    const value = content(wrapped, CONTEXT_0);
    if (kind === KEY_BAG) {
      found.keys.push(value);
    } else if (kind === SHROUDED_KEY_BAG) {
      const [scheme, data] = sequence(element(value));
      found.keys.push(decrypt(scheme, content(data, OCTET_STRING), secret));
    } else if (kind === CERT_BAG) {
      const [form, data] = sequence(element(value));
      if (objectId(form) === X509) found.certificates.push(content(element(content(data, CONTEXT_0)), OCTET_STRING));
    } else if (kind === BAGS) {
      readBags(value, secret, found, depth + 1);
    }
  }
}

/**
 * Opens an archive: `{ keys, certificates }` in their order, as PKCS#8 and X.509 in DER.
 *
 * @throws {Unreadable}
 */
function openArchive(bytes, passphrase = '') {
  const [, safe, mac] = sequence(element(bytes));
  const { id, value } = contentInfo(safe);
  if (id !== DATA) throw new Unreadable(`unsupported content ${id}`);
  const data = content(value, OCTET_STRING);
  const secrets = [{ text: passphrase, wide: utf16(passphrase) }];
  // No passphrase is one of no characters, with or without the zero that ends it.
  if (passphrase === '') secrets.push({ text: '', wide: Buffer.alloc(0) });
  const secret = mac === undefined ? secrets[0] : secrets.find((secret) => isAuthentic(sequence(mac), data, secret));
  if (secret === undefined) throw new Unreadable(WRONG_PASSPHRASE);
  const found = { keys: [], certificates: [] };
  for (const part of sequence(element(data))) readBags(clearPart(part, secret), secret, found);
  return found;
}

module.exports = { Unreadable, openArchive };
