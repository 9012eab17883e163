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
const { kSecurity } = require('./symbols');

/** The mark. No user can get hold of it. */
const MARK = Buffer.alloc(0);

/** How long a handshake may take by default, in milliseconds, as in Node. */
const HANDSHAKE_TIMEOUT = 120_000;

/** A stream's way to TLS, and what came of it. */
class Security {
  /** What the handshake needs: `{ credentials, options, received }`; null once it has begun. */
  #request;
  /** What chooses the credentials while the handshake is under way. */
  #credentials = null;
  /** Of the mark, while the handshake is under way. */
  #callback = null;
  /** What the engine says of the session: `{ agreement, peer, own }`, from when it is first asked for. */
  #known = null;
  /** The handshake is done. */
  isDone = false;
  /** The peer has ended its side without a close_notify. */
  truncated = false;

  /** `received` is what was received and not delivered when `setSecure()` was called: it belongs to the handshake. */
  constructor(credentials, options, received) {
    this.#request = { credentials, options, received };
  }

  /** Begins the handshake of stream `id`, which has connected to `host`. `callback` is the mark's. */
  begin(engine, id, host, callback) {
    const { credentials, options, received } = this.#request;
    this.#request = null;
    this.#credentials = credentials;
    this.#callback = callback;
    const { isServer, servername } = options;
    const request = {
      isServer,
      checksName: servername !== undefined,
      asks: credentials.asks,
      deadline: credentials.handshakeTimeout || HANDSHAKE_TIMEOUT,
    };
    const serverName = servername ?? host;
    if (!isServer && serverName) request.serverName = serverName;
    if (received.length > 0) request.received = received;
    if (!engine.secure(id, credentials.native, request)) callback(errors.invalidHandleType());
  }

  /** The handshake is done: `then` says so, and what was written after the mark goes out. */
  complete(then) {
    this.isDone = true;
    this.#credentials = null;
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

  /** What was agreed on and with whom, asked for while stream `id` is open and kept then. Null before there is any. */
  known(engine, id) {
    if (this.#known === null && this.isDone) {
      const agreement = engine.agreement(id);
      this.#known = { agreement, peer: engine.peerCertificate(id), own: engine.ownCertificate(id) };
    }
    return this.#known;
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
  // As in Node, an empty name is none.
  const servername = options.servername || ready.servername || undefined;
  return { credentials: ready, options: { isServer, servername } };
}

/** Whether TLS has been asked for on `stream`, and the handshake is not done. */
function isSecuring(stream) {
  return stream[kSecurity] !== null && !stream[kSecurity].isDone;
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

module.exports = { MARK, Security, describe, describeAsToday, isSecuring, secureArguments };
