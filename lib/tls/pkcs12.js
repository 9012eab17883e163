'use strict';

// PKCS#12 archives (RFC 7292), the option `pfx`: the keys and certificates in them. Node reads archives too, but never
// returns the keys.
//
// An archive comes from the user of this library, not from a peer; still, no length in it is trusted.

const { CONTEXT_0, IMPLICIT_0, OCTET_STRING, Unreadable, content, element, objectId, sequence } = require('./der');
const { WRONG_PASSPHRASE, decrypt, isAuthentic, secretOf } = require('./encryption');

/** Bags within bags: more than any tool makes. */
const MAX_DEPTH = 4;

const PKCS = '1.2.840.113549.1';
const [DATA, ENCRYPTED_DATA] = [`${PKCS}.7.1`, `${PKCS}.7.6`];
const [KEY_BAG, SHROUDED_KEY_BAG, CERT_BAG, BAGS] = [1, 2, 3, 6].map((kind) => `${PKCS}.12.10.1.${kind}`);
const X509 = `${PKCS}.9.22.1`;

/**
 * Opens an archive. Returns `{ keys, certificates }` in their order, as PKCS#8 and X.509 in DER.
 *
 * @throws {Unreadable}
 */
function openArchive(bytes, passphrase = '') {
  const [, safe, mac] = sequence(element(bytes));
  const { id, value } = contentInfo(safe);
  if (id !== DATA) throw new Unreadable(`unsupported content ${id}`);
  const data = content(value, OCTET_STRING);
  const secrets = [secretOf(passphrase)];
  // An empty passphrase is encoded with or without its terminating zero.
  if (passphrase === '') secrets.push({ text: '', wide: Buffer.alloc(0) });
  const secret = mac === undefined ? secrets[0] : secrets.find((secret) => isAuthentic(sequence(mac), data, secret));
  if (secret === undefined) throw new Unreadable(WRONG_PASSPHRASE);
  const found = { keys: [], certificates: [] };
  for (const part of sequence(element(data))) readBags(clearPart(part, secret), secret, found);
  return found;
}

/** Reads a ContentInfo: `{ id, value }`. */
function contentInfo(found) {
  const [id, value] = sequence(found);
  return { id: objectId(id), value: value === undefined ? undefined : element(content(value, CONTEXT_0)) };
}

/** Returns the plaintext of one part of an archive. */
function clearPart(found, secret) {
  const { id, value } = contentInfo(found);
  if (id === DATA) return content(value, OCTET_STRING);
  if (id !== ENCRYPTED_DATA) throw new Unreadable(`unsupported content ${id}`);
  const [, info] = sequence(value);
  const [, scheme, data] = sequence(info);
  return decrypt(scheme, content(data, IMPLICIT_0), secret);
}

/** Adds the keys and certificates in `bytes` to `found`. */
function readBags(bytes, secret, found, depth = 0) {
  if (depth > MAX_DEPTH) throw new Unreadable('too many bags within bags');
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

module.exports = { Unreadable, openArchive };
