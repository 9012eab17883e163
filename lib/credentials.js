'use strict';

// `createCredentials()`: keys, certificates, whom to trust and how to talk, read once for any number of streams (D19).
//
// Private keys are read by Node's `crypto`, which knows all their forms, archives by `pkcs12.js`, the rest natively.

const { X509Certificate, createPrivateKey } = require('crypto');
const {
  bytesOf,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateObject,
  validateString,
} = require('./arguments');
const binding = require('./binding');
const errors = require('./errors');
const { readOption, readOptions } = require('./options');
const { Unreadable, openArchive } = require('./pkcs12');
const { REFUSED, forbidsTickets, identityCheck, lists, refuse, sessionContext, versions } = require('./restrictions');

/** A private constructor argument: credentials are made by `createCredentials`. */
const kMake = Symbol('make');

const TICKET_KEYS_LENGTH = 48;

/** The DER forms of a private key. */
const KEY_FORMS = ['pkcs8', 'pkcs1', 'sec1'];

/** All options. */
const OPTIONS = [
  ...Object.keys(REFUSED),
  'ALPNProtocols',
  'SNICallback',
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'contexts',
  'crl',
  'ecdhCurve',
  'handshakeTimeout',
  'honorCipherOrder',
  'key',
  'keylog',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'requestCert',
  'secureOptions',
  'secureProtocol',
  'servername',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys',
];

const PEM_BEGIN = '-----BEGIN ';

/** What `createPrivateKey` says where OpenSSL has asked for a passphrase and got none. */
const NO_PASSPHRASE = ['ERR_MISSING_PASSPHRASE', 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED'];

/** Credentials, ready for handshakes. Contract: stream.setSecure. */
class Credentials {
  #sniCallback;

  constructor(make, native, options) {
    if (make !== kMake) throw errors.illegalConstructor();
    /** The engine's. */
    Object.defineProperty(this, 'native', { value: native });
    this.#sniCallback = options.SNICallback;
    /** Has the last word on a server's certificate, as in node:tls. */
    Object.defineProperty(this, 'checkServerIdentity', { value: options.checkServerIdentity });
    this.servername = options.servername;
    this.handshakeTimeout = options.handshakeTimeout;
    Object.freeze(this);
  }

  /** Whether they have what a server needs. */
  get canServe() {
    return this.native.hasIdentity || this.#sniCallback !== undefined;
  }

  /** Whether the names that clients ask for choose the credentials. */
  get asks() {
    return this.#sniCallback !== undefined;
  }

  /** Asks the user for the credentials for `name`: `answer(error, credentials)`, once. */
  ask(name, answer) {
    let isAnswered = false;
    const once = (error, credentials) => {
      if (isAnswered) return;
      isAnswered = true;
      if (error) return answer(error);
      try {
        answer(null, credentials == null ? null : credentialsOf(credentials));
      } catch (wrong) {
        answer(wrong);
      }
    };
    let isDone = false;
    try {
      this.#sniCallback(name, once);
      isDone = true;
    } finally {
      // What it throws is an uncaught exception, as in Node; the handshake does not wait for an answer.
      if (!isDone) once(errors.noAnswer());
    }
  }

  /** The keys of session tickets: 48 bytes, to be shared with other processes that serve the same name. */
  getTicketKeys() {
    return this.native.ticketKeys();
  }

  /** Replaces the keys of session tickets. Tickets of the former keys can still be used. */
  setTicketKeys(keys) {
    const failure = this.native.setTicketKeys(ticketKeys('keys', keys));
    if (failure) throw errors.optionError(failure);
  }
}

/** Reads `options` once. See `CredentialOptions` in index.d.ts. Contract: stream.setSecure. */
function createCredentials(given = {}) {
  validateObject(given, 'options');
  const options = readOptions(given, OPTIONS);
  refuse(options);
  const checked = checkedOptions(options);
  options.checkServerIdentity = identityCheck(options.checkServerIdentity);
  const native = binding.createCredentials({
    __proto__: null,
    ...lists(options),
    ...versions(options),
    identities: identities(options),
    pfx: archives(options),
    ca: options.ca === undefined || options.ca === null ? undefined : blobs('ca', options.ca),
    crl: blobs('crl', options.crl),
    ciphers: checked.ciphers,
    alpn: protocols(options.ALPNProtocols),
    requestCert: Boolean(options.requestCert),
    rejectUnauthorized: Boolean(options.rejectUnauthorized),
    checksNames: options.checkServerIdentity === undefined,
    prefersOwnOrder: options.honorCipherOrder === undefined || Boolean(options.honorCipherOrder),
    sessionContext: sessionContext(options.sessionIdContext),
    sessionTimeout: forbidsTickets(options) ? 0 : checked.sessionTimeout,
    ticketKeys: options.ticketKeys === undefined ? undefined : ticketKeys('options.ticketKeys', options.ticketKeys),
    keyLog: options.keylog,
  });
  if (!(native instanceof binding.NativeCredentials)) throw errors.optionError(native);
  if (options.contexts !== undefined) setContexts(native, options.contexts);
  return new Credentials(kMake, native, options);
}

/** `credentials`, made now if they are only the options for it. */
function credentialsOf(credentials) {
  if (credentials instanceof Credentials) return credentials;
  if (credentials === undefined || credentials === null) return defaultCredentials();
  if (typeof credentials !== 'object') {
    throw errors.invalidArgumentType('credentials', ['object', 'Credentials'], credentials);
  }
  return createCredentials(credentials);
}

let defaults = null;

/** For clients that give none: the default list of roots, and no certificate of their own. */
function defaultCredentials() {
  defaults ??= createCredentials();
  return defaults;
}

/** The options whose type is all there is to check here. */
function checkedOptions(options) {
  const { SNICallback, ciphers, keylog, maxVersion, minVersion, passphrase, servername } = options;
  const { handshakeTimeout, rejectUnauthorized, requestCert, sessionTimeout } = options;
  for (const [name, value] of Object.entries({ ciphers, maxVersion, minVersion, servername })) {
    if (value !== undefined) validateString(value, `options.${name}`);
  }
  validatePassphrase(passphrase);
  for (const [name, value] of Object.entries({ requestCert, rejectUnauthorized })) {
    if (value !== undefined) validateBoolean(value, `options.${name}`);
  }
  for (const [name, value] of Object.entries({ handshakeTimeout, sessionTimeout })) {
    if (value !== undefined) validateInteger(value, `options.${name}`, 0);
  }
  if (SNICallback !== undefined) validateFunction(SNICallback, 'options.SNICallback');
  if (keylog !== undefined && typeof keylog !== 'string') validateFunction(keylog, 'options.keylog');
  return { __proto__: null, ciphers, sessionTimeout };
}

function validatePassphrase(passphrase) {
  if (passphrase !== undefined && passphrase !== null) validateString(passphrase, 'options.passphrase');
}

/** Each key with its certificate. Where there are several, those that belong together are found. */
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
    // What is wrong with it, the engine says.
    return false;
  }
}

function exported(key) {
  return key.export({ __proto__: null, type: 'pkcs8', format: 'der' });
}

/** A private key in any form that Node knows: PEM or DER, encrypted or not. */
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
 * OpenSSL queues its errors by thread, and `createPrivateKey` of Node 20 fails if one is left there by somebody else: a
 * signature of a peer of node:tls that was wrong, say. Reading a certificate, even none, clears the queue.
 */
function forgetFormerErrors() {
  try {
    void new X509Certificate('');
  } catch {
    // There is none in ''.
  }
}

function archives({ pfx, passphrase }) {
  return items(pfx).map((item) => {
    const bag = bagOf(item, 'buf');
    if (bag !== null) validatePassphrase(bag.passphrase);
    const data = blob('pfx', bag === null ? item : bag.buf);
    return archive(data, bag?.passphrase ?? passphrase ?? undefined);
  });
}

/** What Node takes from an archive: its first key, and all certificates. */
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

function protocols(list) {
  if (list === undefined || list === null) return [];
  if (ArrayBuffer.isView(list)) return wireProtocols(Buffer.from(list.buffer, list.byteOffset, list.byteLength));
  if (!Array.isArray(list)) throw errors.invalidArgumentType('options.ALPNProtocols', ['Array', 'Buffer'], list);
  return list.map((protocol) => blob('ALPNProtocols', protocol));
}

/** Names as they are sent: each behind a byte that is its length. */
function wireProtocols(bytes) {
  const found = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 1 + bytes[at];
    found.push(bytes.subarray(at + 1, end));
    at = end;
  }
  if (at > bytes.length) throw errors.invalidArgumentValue('options.ALPNProtocols', bytes, 'ends within a name');
  return found;
}

function setContexts(native, contexts) {
  validateObject(contexts, 'options.contexts');
  const names = Object.keys(contexts);
  native.setContexts(names, names.map((name) => context(name, contexts[name])));
}

function context(name, value) {
  let credentials;
  try {
    credentials = credentialsOf(value);
  } catch ({ code, message }) {
    throw errors.optionError({ field: `contexts.${name}`, code, reason: message });
  }
  if (credentials.native.hasIdentity) return credentials.native;
  throw errors.invalidArgumentValue(`options.contexts.${name}`, value, 'must have a key and a certificate');
}

function ticketKeys(name, keys) {
  if (!ArrayBuffer.isView(keys)) throw errors.invalidArgumentType(name, ['Buffer', 'TypedArray', 'DataView'], keys);
  if (keys.byteLength !== TICKET_KEYS_LENGTH) {
    throw errors.invalidArgumentValue(name, keys.byteLength, `must be ${TICKET_KEYS_LENGTH} bytes long`);
  }
  return Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
}

/** The object that `item` is in, with a passphrase of its own, read once; null if it is in none. */
function bagOf(item, name) {
  if (item === null || typeof item !== 'object' || ArrayBuffer.isView(item)) return null;
  const content = readOption(item, name);
  if (content === undefined) return null;
  return { __proto__: null, [name]: content, passphrase: readOption(item, 'passphrase') };
}

/** One, several or none. */
function items(value) {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function blobs(name, value) {
  return items(value).map((item) => blob(name, item));
}

function blob(name, value) {
  return bytesOf(value, `options.${name}`);
}

module.exports = { Credentials, OPTIONS, createCredentials, credentialsOf };
