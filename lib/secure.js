'use strict';

// TLS for streams: what `setSecure()` begins, and what a secure stream knows of its peer.
//
// A stream changes over in the order of its writes: `setSecure()` puts a mark among them. What was written before the
// mark goes out in the clear; the mark is "written" once the handshake is done, so that Duplex holds back what comes
// after it, as it does behind any write that takes its time.

const { X509Certificate } = require('crypto');
const { validateBoolean, validateObject, validateString } = require('./arguments');
const binding = require('./binding');
const { credentialsOf } = require('./credentials');
const errors = require('./errors');

/** The mark. No user can get hold of it. */
const MARK = Buffer.alloc(0);

/** How long a handshake may take by default, in milliseconds, as in Node. */
const HANDSHAKE_TIMEOUT = 120_000;

/** A stream's way to TLS, and what came of it. */
class Security {
  #credentials;
  #options;
  /** What was received and not delivered when `setSecure()` was called. */
  #received;
  /** Of the mark, while the handshake is under way. */
  #callback = null;
  #agreement = null;
  #peerCertificate;
  /** The peer has ended its side without a close_notify. */
  truncated = false;

  constructor(credentials, options, received) {
    this.#credentials = credentials;
    this.#options = options;
    this.#received = received;
  }

  /** The handshake is done. */
  get isDone() {
    return this.#agreement !== null;
  }

  /** What was agreed with the peer; null before the handshake is done. */
  get agreement() {
    return this.#agreement;
  }

  /** Begins the handshake of stream `id`, which has connected to `host`. `callback` is the mark's. */
  begin(engine, id, host, callback) {
    this.#callback = callback;
    const { isServer, servername } = this.#options;
    const options = {
      isServer,
      checksName: servername !== undefined,
      asks: this.#credentials.asks,
      deadline: this.#credentials.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    };
    const serverName = servername ?? host;
    if (!isServer && serverName) options.serverName = serverName;
    if (this.#received.length > 0) options.received = this.#received;
    this.#received = null;
    if (!engine.secure(id, this.#credentials.native, options)) callback(errors.invalidHandleType());
  }

  /** The handshake is done: `then` says so, and what was written after the mark goes out. */
  complete(engine, id, then) {
    this.#agreement = engine.agreement(id);
    try {
      then();
    } finally {
      this.takeCallback()?.();
    }
  }

  /** The callback of the mark, once. */
  takeCallback() {
    const callback = this.#callback;
    this.#callback = null;
    return callback;
  }

  /** A client has asked for a name: `answer(error, credentials)` goes on. */
  ask(name, answer) {
    this.#credentials.ask(name, answer);
  }

  /** Keeps what is asked for after the stream has been closed. */
  keep(engine, id) {
    if (this.isDone) this.peerCertificate(engine, id);
  }

  /** The peer's certificate in DER, or null. */
  peerCertificate(engine, id) {
    if (this.#peerCertificate === undefined) this.#peerCertificate = engine.peerCertificate(id) ?? null;
    return this.#peerCertificate;
  }
}

/**
 * What `setSecure(credentials, options)` was given, checked: `{ credentials, options }`. `isServer` is the side that
 * the stream takes by itself.
 */
function secureArguments(credentials, options = {}, isServer) {
  validateObject(options, 'options');
  if (options.isServer !== undefined) validateBoolean(options.isServer, 'options.isServer');
  if (options.servername !== undefined) validateString(options.servername, 'options.servername');
  const ready = credentialsOf(credentials);
  isServer = options.isServer ?? isServer;
  if (isServer && !ready.canServe) {
    throw errors.invalidArgumentValue('credentials', credentials, 'must have a key and a certificate on a server');
  }
  return { credentials: ready, options: { isServer, servername: options.servername ?? ready.servername } };
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
  return der === null ? {} : new X509Certificate(der).toLegacyObject();
}

module.exports = { MARK, Security, describe, describeAsToday, secureArguments };
