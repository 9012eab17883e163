'use strict';

// The transport of a connection that is not there: a program that mocks the network has taken the place of `connect` in
// `_handle`, and reports an outcome of its own. What it has put into that handle says what the connection is; what is
// written goes nowhere, and nothing is received but what the program pushes.

const { executionAsyncId } = require('async_hooks');
const { sizeOfAll } = require('../memory');
const { StreamTransport } = require('./transport');

/** What the engine would answer. */
const ANSWERS = {
  __proto__: null,
  bytesRead: 0,
  bytesWritten: 0,
  hasUnread: false,
  idle: Infinity,
  pipe: false,
  secureAsClient: true,
  secureAsServer: true,
  setMaxSendFragment: true,
  setTypeOfService: 0,
  shutdown: 0,
  typeOfService: null,
  waitingBytes: 0,
  peerCertificate: null,
  peerChain: [],
  ownCertificate: null,
  exportKeyingMaterial: null,
};

const ENGINE = new Proxy(ANSWERS, { get: (answers, name) => () => answers[name] });

/** An id that no source has. */
const OF_NOTHING = -2;

/** What the handle says about an address, by whose that is. */
const ADDRESSES = { local: 'getsockname', peer: 'getpeername' };

class MadeUpTransport extends StreamTransport {
  engine = ENGINE;
  id = OF_NOTHING;
  #handle;

  /** `handle` is one of Node's core, which has no connection. */
  constructor(handle) {
    super();
    this.#handle = handle;
  }

  look(name) {
    const known = this.known?.[name];
    if (known !== undefined) return known;
    if (name === 'kind') return this.local?.family === 'IPv6' ? 'tcp6' : 'tcp4';
    const place = {};
    if (this.#handle[ADDRESSES[name]]?.(place) !== 0) return undefined;
    this.remember(name, place);
    return place;
  }

  /** What both ends of TLS have agreed on. */
  get agreement() {
    const { name, standardName, version } = this.#ask('getCipher') ?? {};
    const alpn = this.#ask('getALPNNegotiatedProtocol');
    return {
      alpn: alpn ? Buffer.from(alpn) : undefined,
      cipher: name,
      standardCipher: standardName,
      cipherVersion: version,
      protocol: this.#ask('getProtocol') ?? version,
      ephemeralKey: this.#ask('getEphemeralKeyInfo'),
      isResumed: Boolean(this.#ask('isSessionReused')),
      session: this.#ask('getSession'),
      verdict: this.#ask('verifyError')?.code,
    };
  }

  #ask(name) {
    return this.#handle[name]?.();
  }

  get asyncId() {
    return executionAsyncId();
  }

  takeBack() {
    return Buffer.alloc(0);
  }

  write(chunks) {
    return sizeOfAll(chunks);
  }

  writeOne(chunk, size) {
    return size;
  }

  writeGathered(length) {
    return length;
  }

  writeString() {
    return 1;
  }

  passTo() {}

  renewContext() {}

  release() {
    if (!this.isOpen) return;
    this.look('local');
    this.look('peer');
    this.give();
    this.#handle.close();
  }
}

module.exports = { MadeUpTransport };
