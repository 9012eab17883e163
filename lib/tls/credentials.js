'use strict';

// `createCredentials()`: keys, certificates, authorities and protocol parameters, read once for any number of streams
// (D19).
//
// Types are checked here, keys and archives are read by `keys.js`; the engine reads the rest.

const {
  validateBoolean,
  validateFunction,
  validateInteger,
  validateObject,
  validateString,
} = require('../arguments');
const binding = require('../binding');
const errors = require('../errors');
const { readOptions } = require('../options');
const { archives, identities, validatePassphrase } = require('./keys');
const { REFUSED, forbidsTickets, identityCheck, lists, refuse, sessionContext, versions } = require('./restrictions');
const { blob, blobs } = require('./values');

/** A private constructor argument: credentials are made by `createCredentials`. */
const kMake = Symbol('make');

const TICKET_KEYS_LENGTH = 48;

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

/** Keys, certificates and settings, ready for handshakes. Contract: stream.setSecure. */
class Credentials {
  #sniCallback;

  constructor(make, native, options) {
    if (make !== kMake) throw errors.illegalConstructor();
    /** What the engine uses. */
    Object.defineProperty(this, 'native', { value: native });
    this.#sniCallback = options.SNICallback;
    /** Decides last on a server's certificate, as in node:tls. */
    Object.defineProperty(this, 'checkServerIdentity', { value: options.checkServerIdentity });
    this.servername = options.servername;
    this.handshakeTimeout = options.handshakeTimeout;
    Object.freeze(this);
  }

  /** Whether a server can use them. */
  get canServe() {
    return this.native.hasIdentity || this.#sniCallback !== undefined;
  }

  /** Whether `SNICallback` chooses the credentials by the name that a client asks for. */
  get asks() {
    return this.#sniCallback !== undefined;
  }

  /** Calls `SNICallback` with `name`, and `answer(error, credentials)` once. */
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
      // An exception of the callback stays uncaught, as in Node; the handshake fails instead of waiting.
      if (!isDone) once(errors.noAnswer());
    }
  }

  /** Returns the keys of session tickets: 48 bytes, to be shared with other processes that serve the same name. */
  getTicketKeys() {
    return this.native.ticketKeys();
  }

  /** Replaces the keys of session tickets. Tickets under the previous keys remain valid. */
  setTicketKeys(keys) {
    const failure = this.native.setTicketKeys(ticketKeys('keys', keys));
    if (failure) throw errors.optionError(failure);
  }
}

/** Reads the options once. See `CredentialOptions` in index.d.ts. Contract: stream.setSecure. */
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

/** Returns `credentials`, made now if they are options only. */
function credentialsOf(credentials) {
  if (credentials instanceof Credentials) return credentials;
  if (credentials === undefined || credentials === null) return defaultCredentials();
  if (typeof credentials !== 'object') {
    throw errors.invalidArgumentType('credentials', ['object', 'Credentials'], credentials);
  }
  return createCredentials(credentials);
}

let defaults = null;

/** For clients without credentials: the default roots, and no certificate of their own. */
function defaultCredentials() {
  defaults ??= createCredentials();
  return defaults;
}

/** Checks the options of which only the type is checked here, and returns two of them. */
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

function protocols(list) {
  if (list === undefined || list === null) return [];
  if (ArrayBuffer.isView(list)) return wireProtocols(Buffer.from(list.buffer, list.byteOffset, list.byteLength));
  if (!Array.isArray(list)) throw errors.invalidArgumentType('options.ALPNProtocols', ['Array', 'Buffer'], list);
  return list.map((protocol) => blob('ALPNProtocols', protocol));
}

/** Protocol names in wire format: each is preceded by its length, a byte. */
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

module.exports = { Credentials, OPTIONS, createCredentials, credentialsOf };
