'use strict';

// PKCS#12: an archive that is whole gives back what was put into it, whatever encrypts it; one that is changed or cut
// does too, or says why it can't be read. It never fails otherwise, and never takes long.

const assert = require('assert');
const { createCipheriv, pbkdf2Sync } = require('crypto');
const { Unreadable, openArchive } = require('../../lib/tls/pkcs12');
const { Random } = require('../random');

const PKCS = '1.2.840.113549.1';
const AES = ['2.16.840.1.101.3.4.1.2', 'aes-128-cbc', 16];
const TRIPLE_DES = ['1.2.840.113549.3.7', 'des-ede3-cbc', 24];

/** Rounds of the key derivation: the fewer, the more archives. */
const ITERATIONS = 1;

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

const sequence = (...parts) => der(0x30, ...parts);
const octets = (bytes) => der(0x04, bytes);
const explicit = (...parts) => der(0xa0, ...parts);
const integer = (value) => der(0x02, Buffer.from([value]));

function id(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [40 * first + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** `[scheme, encrypted]`: `data` by PBES2 under `passphrase`. */
function encrypt(data, passphrase, [cipher, name, length]) {
  const [salt, iv] = [Buffer.alloc(8, 1), Buffer.alloc(name.startsWith('aes') ? 16 : 8, 2)];
  const encryption = createCipheriv(name, pbkdf2Sync(passphrase, salt, ITERATIONS, length, 'sha1'), iv);
  const derivation = sequence(id(`${PKCS}.5.12`), sequence(octets(salt), integer(ITERATIONS)));
  const scheme = sequence(id(`${PKCS}.5.13`), sequence(derivation, sequence(id(cipher), octets(iv))));
  return [scheme, Buffer.concat([encryption.update(data), encryption.final()])];
}

/** A random archive without a signature, what is in it, and its passphrase. */
function make(random) {
  const bytes = (length) => Buffer.from(Array.from({ length }, () => random.below(256)));
  const passphrase = random.of(['', 'secret', 'pässwörd']);
  const expected = { keys: [], certificates: [] };
  const bags = Array.from({ length: random.below(5) }, () => {
    const secret = bytes(1 + random.below(200));
    const kind = random.below(3);
    expected[kind === 2 ? 'certificates' : 'keys'].push(secret);
    if (kind === 0) return sequence(id(`${PKCS}.12.10.1.1`), explicit(secret));
    if (kind === 2) {
      const certificate = sequence(id(`${PKCS}.9.22.1`), explicit(octets(secret)));
      return sequence(id(`${PKCS}.12.10.1.3`), explicit(certificate));
    }
    const [scheme, data] = encrypt(secret, passphrase, random.of([AES, TRIPLE_DES]));
    return sequence(id(`${PKCS}.12.10.1.2`), explicit(sequence(scheme, octets(data))));
  });
  const content = sequence(...bags);
  const data = id(`${PKCS}.7.1`);
  let part = sequence(data, explicit(octets(content)));
  if (random.flag()) {
    const [scheme, encrypted] = encrypt(content, passphrase, random.of([AES, TRIPLE_DES]));
    const info = sequence(data, scheme, der(0x80, encrypted));
    part = sequence(id(`${PKCS}.7.6`), explicit(sequence(integer(0), info)));
  }
  const archive = sequence(integer(3), sequence(data, explicit(octets(sequence(part)))));
  return { archive, expected, passphrase };
}

function play(seed) {
  const random = new Random(seed);
  const { archive, expected, passphrase } = make(random);
  assert.deepStrictEqual(openArchive(archive, passphrase), expected);
  for (let i = 0; i < 20; i++) {
    const changed = Buffer.from(archive.subarray(0, random.flag() ? archive.length : random.below(archive.length + 1)));
    for (let edits = random.below(4); edits > 0 && changed.length > 0; edits--) {
      changed[random.below(changed.length)] = random.of([0, 0x30, 0x7f, 0x80, 0x82, 0xa0, 0xff, random.below(256)]);
    }
    try {
      openArchive(changed, passphrase);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }
}

module.exports = { play };
