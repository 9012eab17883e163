'use strict';

// What a TLSSocket has as `kSecurity` (lib/tls/secure.js has its counterpart for `setSecure()`): whether bytes may
// pass, and the callback of the mark that holds writes back until then. The TLSSocket says when the handshake begins.

const { Duplex } = require('stream');
const { bare } = require('../options');
const { kTransport } = require('../symbols');
const { MARK } = require('../tls/secure');
const { kVerified } = require('./symbols');

/** For a TLSSocket. */
class Securing {
  /** The mark's callback is kept here, and starts nothing. */
  holdsMark = true;
  isOpen = false;
  truncated = false;
  /** The handshake has begun. */
  hasBegun = false;
  /** What was received in the clear, and belongs to the handshake. */
  received = [];
  /** The context that the handshake has begun with. */
  context = null;
  /** The name that a client asks for. */
  servername = undefined;
  /** The session that a client resumes. */
  session = undefined;
  /** From which version on a server's handshake is left to OpenSSL if rustls can't answer; undefined if never. */
  declinesFrom = undefined;
  /** The context that the program has chosen for the connection, where it needs OpenSSL. */
  chosen = undefined;
  /** The protocol that both ends have agreed on, once they have. */
  alpn = undefined;
  /** The name that the client has asked for, as the engine has found it. */
  serverName = undefined;
  /** The newest session that the server has given. */
  newest = undefined;
  #socket;
  #callback = null;
  #agreed = null;
  /** The engine has reported the end of the handshake, with this verdict on the peer. */
  #isNoted = false;
  #verdict = undefined;

  constructor(socket) {
    this.#socket = socket;
  }

  /** Whether the handshake is done, be it that no bytes pass yet. */
  get isEstablished() {
    return this.#socket._secureEstablished;
  }

  /** What `resume()` needs in another thread. */
  describe() {
    const { _tlsOptions, alpnProtocol, authorizationError, authorized, servername } = this.#socket;
    const isServer = Boolean(_tlsOptions.isServer);
    return { isServer, alpnProtocol, authorizationError, authorized, servername, truncated: this.truncated };
  }

  /** The handshake was done before the connection came here, with what `describe()` says. */
  resume(_transport, { isServer: _, truncated, ...members }) {
    this.truncated = truncated;
    this.hasBegun = true;
    Object.assign(this.#socket, members, { _secureEstablished: true, secureConnecting: false, [kVerified]: true });
    this.#socket._releaseControl();
    this.open();
  }

  /** What is written from now on waits. */
  holdWrites() {
    Duplex.prototype.write.call(this.#socket, MARK);
  }

  /** The socket is being opened again: it will be as secure as before. */
  renew() {
    const next = new Securing(this.#socket);
    next.session = this.session;
    next.servername = this.servername;
    Object.assign(this.#socket, { _secureEstablished: false, secureConnecting: true, alpnProtocol: null });
    return next;
  }

  hold(callback) {
    this.#callback = callback;
  }

  /** Bytes pass from now on. */
  open() {
    this.isOpen = true;
    this.takeCallback()?.();
  }

  takeCallback() {
    const callback = this.#callback;
    this.#callback = null;
    return callback;
  }

  /** What both ends have agreed on, as it was when the handshake was done. */
  get agreed() {
    this.#agreed ??= bare(this.#socket[kTransport].agreement);
    return this.#agreed;
  }

  /** The handshake is done, as the engine has reported it. */
  note(alpn, serverName, verdict) {
    this.alpn = alpn;
    this.serverName = serverName;
    this.#isNoted = true;
    this.#verdict = verdict ?? undefined;
  }

  /** Node's code for what is wrong with the peer's certificate; undefined if nothing is. */
  get verdict() {
    return this.#isNoted ? this.#verdict : this.agreed.verdict;
  }

  /** The timeout of a TLSSocket is another: `handshakeTimeout` in socket.js. */
  startDeadline() {}

  get known() {
    return null;
  }
}

/** For the socket whose connection a TLSSocket has taken: nothing is delivered to it any more. */
class Lent extends Securing {
  isLent = true;

  renew() {
    return null;
  }
}

module.exports = { Lent, Securing };
