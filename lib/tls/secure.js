'use strict';

// TLS for streams: what `setSecure()` begins, and what a secure stream knows of its peer.
//
// A stream changes over in the order of its writes: `setSecure()` puts a mark among them. What was written before the
// mark goes out in the clear; the mark is "written" once the handshake is done and its listeners have not objected to
// the peer, so that Duplex holds back what comes after it, as it does after any write that takes its time.
//
// How far the handshake has got is known in one place, `TlsState` of the engine (src/stream/tls_state.rs). What is kept
// here is what the engine has reported of the session, and whether the mark has been passed.

const { isIP } = require('../address');
const { validateBoolean, validateObject, validateString } = require('../arguments');
const binding = require('../binding');
const errors = require('../errors');
const { lazy } = require('../lazy');
const { bare, readOptions } = require('../options');
const { kSecurity } = require('../symbols');
const { clearTimeout, setImmediate, setTimeout } = require('../timers');
const { Known } = require('./known');

const credentialsModule = lazy(() => require('./credentials'));
const crypto = lazy(() => require('crypto'));

const { AGREED_HAS_PEER, AGREED_RESUMED, AGREED_TLS13 } = binding;

/** The mark. No program can get hold of it. */
const MARK = Buffer.alloc(0);

/** How long a handshake may take by default, in milliseconds, as in Node. */
const HANDSHAKE_TIMEOUT = 120_000;

/** What a path counts as where a certificate must be for a name, as in Node. */
const LOCAL = 'localhost';

/** The options of `createCredentials` that `setSecure` takes as well. */
const SHARED_OPTIONS = ['servername'];

const NO_OPTIONS = Object.freeze({ __proto__: null, isServer: undefined, servername: undefined });

/** The names of cipher suites that have been asked for, by their numbers. */
const namesOfSuites = new Map();

function namesOf(suite) {
  let names = namesOfSuites.get(suite);
  if (names === undefined) {
    names = binding.cipherNames(suite);
    namesOfSuites.set(suite, names);
  }
  return names;
}

/** What both ends have agreed on, as `onsecure` tells it. */
class Agreement {
  #suite;

  constructor(alpn, serverName, verdict, suite, flags) {
    this.#suite = suite;
    this.alpn = alpn;
    this.serverName = serverName;
    this.verdict = verdict;
    this.protocol = flags & AGREED_TLS13 ? 'TLSv1.3' : 'TLSv1.2';
    this.isResumed = (flags & AGREED_RESUMED) !== 0;
    this.hasPeer = (flags & AGREED_HAS_PEER) !== 0;
  }

  get cipher() {
    return namesOf(this.#suite)[0];
  }

  get standardCipher() {
    return namesOf(this.#suite)[1];
  }

  get cipherVersion() {
    return namesOf(this.#suite)[2];
  }
}

/** A stream's way to TLS, and what came of it. */
class Security {
  /** What the handshake needs: `{ credentials, options, received }`; null once it has begun. */
  #request;
  #credentials;
  /** With `#checkIdentity`: the name or address that the server's certificate must be for. */
  #identity = null;
  /** The program's own check of a server's certificate. */
  #checkIdentity = undefined;
  /** With `#checkIdentity`: whether an untrusted peer fails the handshake, as the credentials were when it began. */
  #rejects = false;
  /** The mark's callback, until bytes pass. */
  #callback = null;
  #deadline = null;
  /** What is known of the session (`Known`); null before the handshake is done. */
  known = null;
  /** The mark has been passed: the handshake is done, no listener has objected to the peer, and bytes pass. */
  isOpen = false;
  /** The peer has ended its side without a close_notify. */
  truncated = false;

  /** `received` is what was received and not delivered when `setSecure()` was called: it belongs to the handshake. */
  constructor(credentials, options, received) {
    this.#request = { credentials, options, received };
    this.#credentials = credentials;
  }

  /** Whether the handshake is done, be it that no bytes pass yet. */
  get isEstablished() {
    return this.known !== null;
  }

  /** What the handshake over a connection to `host` is to be, before it begins: `{ isServer, servername }`. */
  asked(host) {
    const { isServer, servername } = this.#request.options;
    const name = servername ?? (isIP(host) === 0 ? host : undefined);
    return { isServer, servername: isServer ? undefined : name };
  }

  /** What `resume()` needs in another thread, which the engine does not know. */
  describe() {
    return { verdict: this.known.agreement.verdict, truncated: this.truncated };
  }

  /** The handshake was done before `transport` came here, with what `describe()` says. */
  resume(transport, { verdict, truncated }) {
    this.#request = null;
    this.truncated = truncated;
    const agreement = Object.assign(bare(transport.agreement), { verdict });
    this.known = new Known(transport, agreement);
    this.isOpen = true;
  }

  /**
   * The time that the handshake may take begins, whatever it waits for: the peer, or that what was written before it
   * can be sent. `expire` is called when it is over.
   */
  startDeadline(expire) {
    const milliseconds = this.#credentials.handshakeTimeout || HANDSHAKE_TIMEOUT;
    // After a time in which the loop was busy, a handshake that was done in time is reported first.
    const isOver = () => setImmediate(() => this.#deadline !== null && expire());
    this.#deadline = setTimeout(isOver, milliseconds);
    this.#deadline.unref();
  }

  /** Begins the handshake over `transport`, which has connected to `host`. `callback` is the mark's. */
  begin(transport, host, callback) {
    const { isServer, servername: name } = this.asked(host);
    const { credentials, options: { servername }, received } = this.#request;
    this.#request = null;
    this.#callback = callback;
    const request = {
      isServer,
      serverName: name,
      checksName: servername !== undefined,
      asks: credentials.asks,
      asksAlways: false,
      emitsServerSessions: false,
      awaitsNewSession: false,
      declinesFrom: undefined,
      session: undefined,
      emitsSessions: false,
      resumes: true,
      logsKeys: false,
      received: received.length > 0 ? received : undefined,
    };
    if (!isServer && credentials.checkServerIdentity !== undefined) {
      this.#checkIdentity = credentials.checkServerIdentity;
      this.#identity = servername ?? host ?? transport.peer?.address ?? LOCAL;
      this.#rejects = credentials.native.rejectsUnauthorized;
    }
    if (!transport.secure(credentials.native, request)) this.takeCallback()(errors.invalidHandleType());
  }

  /**
   * The handshake is done, with an `Agreement`. Returns what is wrong with the peer if the stream must not go on. What
   * the program's own check throws is an uncaught exception, as in Node.
   */
  complete(transport, agreement) {
    this.#stopDeadline();
    this.known = new Known(transport, agreement);
    if (this.#checkIdentity === undefined || agreement.verdict !== undefined || !agreement.hasPeer) return null;
    // Not verified, should it throw.
    agreement.verdict = 'ERR_TLS_CERT_ALTNAME_INVALID';
    const wrong = this.#checkIdentity.call(undefined, this.#identity, describeChain(transport.peerChain));
    agreement.verdict = wrong ? String(wrong.code || wrong.message || wrong) : undefined;
    return wrong && this.#rejects ? wrong : null;
  }

  /** Bytes pass from now on: what was written after the mark goes out. */
  open() {
    this.isOpen = true;
    this.takeCallback()?.();
  }

  /** Nothing is waited for any more: the callback of the mark, once. */
  takeCallback() {
    this.#stopDeadline();
    const callback = this.#callback;
    this.#callback = null;
    return callback;
  }

  #stopDeadline() {
    clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  /** A client has asked for a name: `answer(error, credentials)` goes on. */
  ask(name, answer) {
    this.#credentials.ask(name, answer);
  }
}

/**
 * What `setSecure(credentials, options)` was given, checked: `{ credentials, options }`. `isServer` is the side that
 * the stream takes by itself.
 */
function secureArguments(credentials, given, isServer) {
  const options = given === undefined ? NO_OPTIONS : secureOptions(given);
  const ready = credentialsModule().credentialsOf(credentials);
  isServer = options.isServer ?? isServer;
  if (isServer && !ready.canServe) {
    throw errors.invalidArgumentValue('credentials', credentials, 'must have a key and a certificate on a server');
  }
  // As in Node, an empty name is none.
  const servername = options.servername || ready.servername || undefined;
  return { credentials: ready, options: { isServer, servername } };
}

/** The options of `setSecure()`, checked: `isServer` and `servername`. */
function secureOptions(given) {
  const { OPTIONS } = credentialsModule();
  validateObject(given, 'options');
  const options = readOptions(given, ['isServer', ...OPTIONS]);
  if (options.isServer !== undefined) validateBoolean(options.isServer, 'options.isServer');
  if (options.servername !== undefined) validateString(options.servername, 'options.servername');
  const misplaced = OPTIONS.find((name) => options[name] !== undefined && !SHARED_OPTIONS.includes(name));
  if (misplaced !== undefined) {
    throw errors.invalidArgumentValue(`options.${misplaced}`, options[misplaced], 'belongs to the credentials');
  }
  return options;
}

/** Whether TLS has been asked for on `stream`, and no bytes pass yet. */
function isSecuring(stream) {
  return stream[kSecurity] !== null && !stream[kSecurity].isOpen;
}

/** A certificate in the words of the contract; an empty object without one. */
function describe(der) {
  if (der === null) return {};
  const text = binding.describeCertificate(der);
  if (text === null) return {};
  const { subject, issuer, validFrom, validTo, fingerprint } = text;
  return { subject, issuer, valid_from: validFrom, valid_to: validTo, fingerprint };
}

/** A certificate as `tls.TLSSocket` shows it; an empty object without one. */
function describeAsToday(der) {
  return der === null ? {} : new (crypto().X509Certificate)(der).toLegacyObject();
}

/** A chain of certificates as node:tls shows it to `checkServerIdentity`: each links its issuer's, a root itself. */
function describeChain(chain) {
  const certificates = chain.map((der) => new (crypto().X509Certificate)(der));
  const shown = certificates.map((certificate) => certificate.toLegacyObject());
  certificates.forEach((certificate, index) => {
    const isIssuer = (other) => certificate.checkIssued(other);
    const issuer = isIssuer(certificate) ? index : certificates.findIndex(isIssuer);
    if (issuer !== -1) shown[index].issuerCertificate = shown[issuer];
  });
  return shown[0];
}

module.exports = {
  Agreement,
  HANDSHAKE_TIMEOUT,
  MARK,
  Security,
  describe,
  describeAsToday,
  isSecuring,
  secureArguments,
};
