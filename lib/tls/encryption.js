'use strict';

// What passphrases protect in PKCS#12 archives: decryption and authentication, by PKCS#5 (RFC 8018) or by PKCS#12's own
// schemes (RFC 7292, appendix B). All cryptography is Node's, but for RC2, which Node no longer has.
//
// A `secret` is `{ text, wide }`: the passphrase, and the bytes that PKCS#12's own schemes derive keys from.

const { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } = require('crypto');
const { OCTET_STRING, SEQUENCE, Unreadable, algorithm, content, integer, sequence } = require('./der');
const { decryptRc2 } = require('./rc2');

const WRONG_PASSPHRASE = 'mac verify failure';

/** More would take seconds. Tools use up to 600,000. */
const MAX_ITERATIONS = 2_000_000;

const PKCS = '1.2.840.113549.1';
const NIST = '2.16.840.1.101.3.4';
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

/** Purposes of the bytes that PKCS#12's own scheme derives. */
const [FOR_KEY, FOR_IV, FOR_MAC] = [1, 2, 3];

/** Returns the secret for `passphrase`. */
function secretOf(passphrase) {
  return { text: passphrase, wide: Buffer.from(`${passphrase}\0`, 'utf16le').swap16() };
}

/** Decrypts `data` with the algorithm of `found`, an AlgorithmIdentifier. */
function decrypt(found, data, secret) {
  const { id, parameters } = algorithm(found);
  if (id === PBES2) {
    const [derivation, encryption] = sequence(parameters);
    const { id: cipher, parameters: iv } = algorithm(encryption);
    const [name, length] = lookUp(CIPHERS, cipher);
    return decipher(name, pbkdf2(derivation, secret.text, length), content(iv, OCTET_STRING), data);
  }
  const [name, length] = lookUp(OLD_CIPHERS, id);
  const [salt, iterations] = sequence(parameters);
  const make = (purpose, size) =>
    derive('sha1', secret.wide, content(salt, OCTET_STRING), iterationCount(iterations), purpose, size);
  const [key, iv] = [make(FOR_KEY, length), make(FOR_IV, 8)];
  if (name === 'rc2') {
    const clear = decryptRc2(data, key, iv);
    if (clear === null) throw new Unreadable(WRONG_PASSPHRASE);
    return clear;
  }
  return decipher(name, length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key, iv, data);
}

function decipher(name, key, iv, data) {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  } catch {
    throw new Unreadable(WRONG_PASSPHRASE);
  }
}

/** Whether a MacData (its three elements) authenticates `data` under `secret`. */
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
    return isFound(lookUp(HMACS, algorithm(mac).id), pbkdf2(derivation, secret.text, expected.length));
  }
  const hash = lookUp(HASHES, id);
  const rounds = iterations === undefined ? 1 : iterationCount(iterations);
  return isFound(hash, derive(hash, secret.wide, content(salt, OCTET_STRING), rounds, FOR_MAC, expected.length));
}

function lookUp(table, id) {
  const found = table[id];
  if (found === undefined) throw new Unreadable(`unsupported algorithm ${id}`);
  return found;
}

/** Derives `length` bytes for `purpose` from a passphrase in UTF-16, by RFC 7292, appendix B. */
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

/** Repeats `bytes` up to a whole number of blocks of `size`. */
function repeated(bytes, size) {
  return Buffer.alloc(Math.ceil(bytes.length / size) * size, bytes);
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

/** Derives a key from `passphrase` by `found`, a key derivation function of PKCS#5. */
function pbkdf2(found, passphrase, length) {
  const { id, parameters } = algorithm(found);
  if (id !== PBKDF2) throw new Unreadable(`unsupported algorithm ${id}`);
  const [salt, iterations, ...others] = sequence(parameters);
  const prf = others.find(({ tag }) => tag === SEQUENCE);
  const hash = prf === undefined ? 'sha1' : lookUp(HMACS, algorithm(prf).id);
  return pbkdf2Sync(passphrase, content(salt, OCTET_STRING), iterationCount(iterations), length, hash);
}

function iterationCount(found) {
  const iterations = integer(found);
  if (iterations < 1 || iterations > MAX_ITERATIONS) throw new Unreadable('iteration count is out of range');
  return iterations;
}

module.exports = { WRONG_PASSPHRASE, decrypt, isAuthentic, secretOf };
