'use strict';

// `createCredentials()`: keys, certificates, authorities and protocol parameters, read once for any number of streams
// (D19).
//
// Types are checked here, keys and archives are read by `keys.js`, files by `files.js`; the engine reads the rest.
// Credentials can be replaced: handshakes take what is current when they begin.

const { EventEmitter } = require('events');
const {
  validateBoolean,
  validateFunction,
  validateInteger,
  validateObject,
  validateString,
} = require('../arguments');
const binding = require('../binding');
const channels = require('../channels');
const errors = require('../errors');
const { readOptions } = require('../options');
const { nextTick } = require('../timers');
const { FILES, WARNING, Watch, intervalOf, pathsOf, withContents } = require('./files');
const { archives, identities, validatePassphrase } = require('./keys');
const { wireProtocols } = require('./protocols');
const { keep, merge } = require('./replacing');
const { REFUSED, forbidsTickets, identityCheck, lists, refuse, sessionContext, versions } = require('./restrictions');
const { Stapling, readGiven } = require('./stapling');
const { blob, blobs } = require('./values');

/** A private constructor argument: credentials are made by `createCredentials`. */
const kMake = Symbol('make');
const kReload = Symbol('reload');
const kStapled = Symbol('stapled');
const kFail = Symbol('fail');
const kEmitter = Symbol('emitter');

/** All options. */
const OPTIONS = [
  ...Object.keys(REFUSED),
  ...FILES,
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
  'ocsp',
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
  'watch',
];

/** Keys, certificates and settings, ready for handshakes. Contract: stream.setSecure. */
class Credentials {
  /** What they were made of. The contents of files are not kept. */
  #options;
  /** Looks at the files; null if they are not watched. */
  #watch = null;
  /** Has the responses of OCSP that are stapled; null without the option `ocsp`. */
  #stapling = null;
  /** For 'replaced', 'stapled' and 'error', once there is a listener; null before. */
  #emitter = null;

  constructor(make, made, options, watch) {
    if (make !== kMake) throw errors.illegalConstructor();
    /** What the engine uses. */
    Object.defineProperty(this, 'native', { value: made.native });
    this.#options = options;
    this.#goOnWith(watch);
    this.#staple(made);
    Object.freeze(this);
  }

  /** Decides last on a server's certificate, as in node:tls. */
  get checkServerIdentity() {
    return this.#options.checkServerIdentity ?? undefined;
  }

  get servername() {
    return this.#options.servername;
  }

  get handshakeTimeout() {
    return this.#options.handshakeTimeout;
  }

  /** When the first of the certificates that are shown to peers expires, a Date; null without any. */
  get expires() {
    const { expires } = this.native;
    return expires === null || expires === undefined ? null : new Date(expires);
  }

  /**
   * Replaces the options that are given, for all handshakes that begin from now on. All others stay. What is wrong
   * throws, and nothing changes.
   */
  replace(given) {
    validateObject(given, 'options');
    given = keep(readOptions(given, OPTIONS));
    const options = merge(this.#options, given);
    const watch = watchOf(options);
    const made = nativeOf(options, { former: this.native, isStrict: mustFit(given, watch) });
    const isTheSame = options.ocsp === this.#options.ocsp;
    this.#options = Object.assign(options, { ticketKeys: undefined });
    this.#staple(made, isTheSame ? this.#stapling : null);
    this.native.replace(made.native);
    this.#goOnWith(watch);
    this.#publishReplaced();
    return this;
  }

  /** Does not look at the files any more. */
  unwatch() {
    this.#goOnWith(null);
    return this;
  }

  #goOnWith(watch) {
    this.#watch?.stop();
    this.#watch = watch;
    if (watch === null) return;
    // Looking at files does not keep credentials from being collected.
    const self = new WeakRef(this);
    watch.start((isOfOne) => self.deref()?.[kReload](isOfOne), () => self.deref() !== undefined);
  }

  /** The files have changed: reads them, and uses them if `isOfOne()` says that they belong together. */
  [kReload](isOfOne) {
    let made;
    let failure = null;
    try {
      made = nativeOf(this.#options, { former: this.native });
    } catch (error) {
      failure = error;
    }
    // What is wrong in the middle of a change is not worth an error.
    if (!isOfOne()) return;
    if (failure !== null) {
      this[kFail](failure);
    } else {
      this.#staple(made, this.#stapling);
      this.native.replace(made.native);
      this.#publishReplaced();
      this.#emitter?.emit('replaced');
    }
  }

  /** Has `native` staple what there is for its certificates: of `former`, if that goes on. */
  #staple({ native, given }, former = null) {
    const isOver = given === null && !hasAsker(this.#options);
    if (isOver || former !== this.#stapling) this.#stapling?.stop();
    this.#stapling = isOver ? null : former;
    if (isOver) return;
    // Asking does not keep credentials from being collected.
    const self = new WeakRef(this);
    this.#stapling ??= new Stapling(hasAsker(this.#options) ? this.#options.ocsp : null, {
      isWanted: () => self.deref() !== undefined,
      onResponse: (certificate) => self.deref()?.[kStapled](certificate),
      onError: (error) => self.deref()?.[kFail](error),
    });
    this.#stapling.serve(native.chains(), given?.responses);
    native.staple(this.#stapling.responses);
    // Not before the program can have a listener.
    for (const reason of given?.reasons ?? []) nextTick(() => this[kFail](errors.ocspFailed(reason)));
  }

  [kStapled](certificate) {
    this.native.staple(this.#stapling.responses);
    this.#emitter?.emit('stapled', certificate);
  }

  [kEmitter]() {
    return (this.#emitter ??= new EventEmitter());
  }

  #publishReplaced() {
    if (channels.replace.hasSubscribers) channels.replace.publish({ credentials: this });
  }

  [kFail](error) {
    if (channels.credentialsError.hasSubscribers) channels.credentialsError.publish({ credentials: this, error });
    if (this.#emitter?.listenerCount('error') > 0) this.#emitter.emit('error', error);
    else process.emitWarning(`Credentials can't be renewed: ${error.message}`, { code: WARNING });
  }

  /** Whether a server can use them. */
  get canServe() {
    return this.native.hasIdentity || this.asks;
  }

  /** Whether `SNICallback` chooses the credentials by the name that a client asks for. */
  get asks() {
    return this.#options.SNICallback !== undefined;
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
    const { SNICallback } = this.#options;
    // It was there when the handshake began.
    if (SNICallback === undefined) return once(null, null);
    let isDone = false;
    try {
      SNICallback(name, once);
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

// 'replaced', 'stapled' and 'error'. Credentials are frozen, so that nothing can be hidden in them: the emitter is
// beside them.
for (const name of ['addListener', 'listenerCount', 'listeners', 'off', 'on', 'once', 'removeListener']) {
  Object.defineProperty(Credentials.prototype, name, {
    value(...args) {
      const emitter = this[kEmitter]();
      const result = emitter[name](...args);
      return result === emitter ? this : result;
    },
    writable: true,
    configurable: true,
  });
}

/** Reads the options once. See `CredentialOptions` in index.d.ts. Contract: stream.setSecure. */
function createCredentials(given = {}) {
  validateObject(given, 'options');
  const options = keep(readOptions(given, OPTIONS));
  const watch = watchOf(options);
  const made = nativeOf(options, { isStrict: mustFit(options, watch) });
  options.ticketKeys = undefined;
  return new Credentials(kMake, made, options, watch);
}

/** Credentials for one stream or one name. They are never replaced, so nothing is copied or watched; no event comes. */
function makeOnce(given) {
  const options = Object.assign(readOptions(given, OPTIONS), { watch: undefined });
  if (hasAsker(options)) {
    const reason = 'can be a function for createCredentials() only';
    throw errors.invalidArgumentValue('credentials.ocsp', options.ocsp, reason);
  }
  const { native, given: stapled } = nativeOf(options, { isStrict: true });
  if (stapled !== null) native.staple(stapled.responses);
  return new Credentials(kMake, { native, given: null }, options, null);
}

/** What looks at the files of `options`, from their present state on; null if they are not watched. */
function watchOf(options) {
  const paths = pathsOf(options);
  const interval = intervalOf(options);
  return interval === null || paths.length === 0 ? null : new Watch(paths, interval);
}

/** Whether a function of the program is asked for what is stapled. */
function hasAsker({ ocsp }) {
  return typeof ocsp === 'function';
}

/**
 * Whether a response of OCSP that can't be stapled throws: one that is given now. A file that is watched may be late:
 * certificates do not wait for it.
 */
function mustFit({ ocsp, ocspFile }, watch) {
  return (ocsp ?? null) !== null || ((ocspFile ?? null) !== null && watch === null);
}

/**
 * What the engine makes of options, and what responses of OCSP the program has `given` for it (`readGiven`), or null: a
 * function has them. With `former`, it is to take the place of that.
 */
function nativeOf(options, { former, isStrict = false }) {
  const complete = withContents(options);
  const native = nativeWithout(complete, former);
  return { native, given: givenFor(native, complete, { isStrict, isFile: complete.ocsp !== options.ocsp }) };
}

function givenFor(native, options, { isStrict, isFile }) {
  const responses = hasAsker(options) ? [] : blobs('ocsp', options.ocsp);
  if (responses.length === 0) return null;
  const chains = native.chains();
  if (responses.length > chains.length) {
    throw errors.invalidArgumentValue('options.ocsp', options.ocsp, 'must not be more than the certificates');
  }
  const given = readGiven(responses, chains);
  const [reason] = given.reasons;
  if (!isStrict || reason === undefined) return given;
  throw errors.optionError({ field: isFile ? 'ocspFile' : 'ocsp', code: 'ERR_INVALID_ARG_VALUE', reason });
}

/** What the engine makes of options, without a response of OCSP. */
function nativeWithout(options, former) {
  refuse(options);
  const checked = checkedOptions(options);
  const checkServerIdentity = identityCheck(options.checkServerIdentity);
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
    checksNames: checkServerIdentity === undefined,
    prefersOwnOrder: options.honorCipherOrder === undefined || Boolean(options.honorCipherOrder),
    sessionContext: sessionContext(options.sessionIdContext),
    sessionTimeout: forbidsTickets(options) ? 0 : checked.sessionTimeout,
    ticketKeys: options.ticketKeys === undefined ? undefined : ticketKeys('options.ticketKeys', options.ticketKeys),
    keyLog: options.keylog,
  }, former);
  if (!(native instanceof binding.NativeCredentials)) throw errors.optionError(native);
  if (options.contexts !== undefined) setContexts(native, options.contexts);
  return native;
}

/** Returns `credentials`, made now if they are options only. */
function credentialsOf(credentials) {
  if (credentials instanceof Credentials) return credentials;
  if (credentials === undefined || credentials === null) return defaultCredentials();
  if (typeof credentials !== 'object') {
    throw errors.invalidArgumentType('credentials', ['object', 'Credentials'], credentials);
  }
  return makeOnce(credentials);
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
  if (ArrayBuffer.isView(list)) {
    const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
    const names = wireProtocols(bytes);
    if (names === null) throw errors.invalidArgumentValue('options.ALPNProtocols', bytes, 'ends within a name');
    return names;
  }
  if (!Array.isArray(list)) throw errors.invalidArgumentType('options.ALPNProtocols', ['Array', 'Buffer'], list);
  return list.map((protocol) => blob('ALPNProtocols', protocol));
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
  if (keys.byteLength !== binding.TICKET_KEYS_LENGTH) {
    throw errors.invalidArgumentValue(name, keys.byteLength, `must be ${binding.TICKET_KEYS_LENGTH} bytes long`);
  }
  return Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
}

module.exports = { Credentials, OPTIONS, createCredentials, credentialsOf };
