'use strict';

// Private keys and their certificates: the options `key`, `cert`, `pfx` and `passphrase`.
//
// Node's `crypto` reads private keys in all forms that it supports, and `pkcs12.js` reads archives. The engine receives
// PKCS#8.

const { X509Certificate, createPrivateKey } = require('crypto');
const { validateString } = require('../arguments');
const errors = require('../errors');
const { readOption } = require('../options');
const { Unreadable, openArchive } = require('./pkcs12');
const { blob, blobs, items } = require('./values');

/** The DER forms of a private key. */
const KEY_FORMS = ['pkcs8', 'pkcs1', 'sec1'];

const PEM_BEGIN = '-----BEGIN ';

/** The codes of `createPrivateKey` for an encrypted key without a passphrase. */
const NO_PASSPHRASE = ['ERR_MISSING_PASSPHRASE', 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED'];

/** Pairs each key with its certificate. Keys may come in any order. */
function identities({ cert, key, passphrase }) {
  const certificates = blobs('cert', cert);
  const keys = items(key).map((item) => privateKey(item, passphrase));
  if (certificates.length !== keys.length) {
    const [missing, present] = certificates.length < keys.length ? ['cert', 'key'] : ['key', 'cert'];
    throw errors.invalidArgumentValue(`options.${missing}`, { cert, key }[missing], `must come with every "options.${present}"`);
  }
  if (keys.length < 2) return keys.map((key) => ({ __proto__: null, key: exported(key), cert: certificates[0] }));
  return certificates.map((cert, index) => {
    const key = keys.find((key) => belongs(cert, key)) ?? keys[index];
    return { __proto__: null, key: exported(key), cert };
  });
}

function belongs(cert, key) {
  try {
    return new X509Certificate(cert).checkPrivateKey(key);
  } catch {
    // The engine reports what is wrong with it.
    return false;
  }
}

/** Reads a private key in any form that Node supports: PEM or DER, encrypted or not. */
function privateKey(item, passphrase) {
  const bag = bagOf(item, 'pem');
  if (bag !== null) {
    validatePassphrase(bag.passphrase);
    passphrase = bag.passphrase ?? passphrase;
    item = bag.pem;
  }
  passphrase ??= undefined;
  const data = blob('key', item);
  const attempts = data.includes(PEM_BEGIN)
    ? [{ __proto__: null, key: data, format: 'pem', passphrase }]
    : KEY_FORMS.map((type) => ({ __proto__: null, key: data, format: 'der', type, passphrase }));
  forgetFormerErrors();
  let failure;
  for (const attempt of attempts) {
    try {
      return createPrivateKey(attempt);
    } catch (error) {
      failure ??= error;
    }
  }
  const code = failure.code ?? 'ERR_INVALID_ARG_VALUE';
  if (passphrase === undefined && NO_PASSPHRASE.includes(code)) {
    throw errors.optionError({ field: 'key', code: NO_PASSPHRASE[0], reason: 'Passphrase required for encrypted key' });
  }
  throw errors.optionError({ field: 'key', code, reason: failure.message });
}

/**
 * OpenSSL has an error queue per thread, and `createPrivateKey` of Node 20 fails if other code has left an error there,
 * such as a bad signature on a connection of node:tls. Reading a certificate clears the queue, even if there is none.
 */
function forgetFormerErrors() {
  try {
    void new X509Certificate('');
  } catch {
    // '' holds no certificate.
  }
}

function exported(key) {
  return key.export({ __proto__: null, type: 'pkcs8', format: 'der' });
}

function archives({ pfx, passphrase }) {
  return items(pfx).map((item) => {
    const bag = bagOf(item, 'buf');
    if (bag !== null) validatePassphrase(bag.passphrase);
    const data = blob('pfx', bag === null ? item : bag.buf);
    return archive(data, bag?.passphrase ?? passphrase ?? undefined);
  });
}

/** Opens an archive and returns what Node takes from it: the first key, and all certificates. */
function archive(data, passphrase) {
  const refused = (reason) => errors.optionError({ field: 'pfx', code: 'ERR_CRYPTO_OPERATION_FAILED', reason });
  let contents;
  try {
    contents = openArchive(data, passphrase);
  } catch (error) {
    throw error instanceof Unreadable ? refused(error.message) : error;
  }
  const [key] = contents.keys;
  if (key === undefined) throw refused('Unable to load private key from PFX data');
  return { __proto__: null, key, certificates: contents.certificates };
}

/** Reads `{ [name], passphrase }`, the form of an item with its own passphrase; null if `item` has another form. */
function bagOf(item, name) {
  if (item === null || typeof item !== 'object' || ArrayBuffer.isView(item)) return null;
  const content = readOption(item, name);
  if (content === undefined) return null;
  return { __proto__: null, [name]: content, passphrase: readOption(item, 'passphrase') };
}

function validatePassphrase(passphrase) {
  if (passphrase !== undefined && passphrase !== null) validateString(passphrase, 'options.passphrase');
}

module.exports = { archives, identities, validatePassphrase };
