'use strict';

// A visit of the soak: a client that connects, asks, compares every byte of the answers, and ends. `KINDS` has what
// there are: fast and slow ones, with large bodies, with long pauses, and such that break off in the middle.
//
// A visit is `served`, if all that it has asked was answered; `left`, if it broke off by itself; `cut`, if the server
// did; `wrong`, if anything else happened.

const nodeNet = require('net');
const nodeTls = require('tls');
const ourNet = require('../../node');
const ourTls = require('../../tls');
const { LINE, binary } = require('../proxy-protocol/headers');
const { certificate } = require('../tls/pki');
const { ANSWER, BYE, Frames, HELLO, LATER, REQUEST, answered, frame, requested } = require('./frames');

const STACKS = { node: { net: nodeNet, tls: nodeTls }, ours: { net: ourNet, tls: ourTls } };

/** What the headers of the PROXY protocol say: `LINE` is of version 1. */
const SOURCE = ['192.0.2.1', 5000];
const HEADERS = {
  1: LINE,
  2: binary({ source: SOURCE, destination: ['198.51.100.2', 443], checksum: true }),
};

/** The server may be silent for so long, in milliseconds: longer than a thread takes to start. */
const PATIENCE = 30_000;

const CA = certificate('root');

/** Session tickets by service and stack, for those that come again. */
const sessions = new Map();

let requests = 0;

class Visit {
  /** What the supervisor compares with what it has done. */
  record;
  #endpoint;
  #random;
  #socket = null;
  #frames;
  /** Requests without an answer, oldest first. */
  #owed = [];
  #hasBye = false;
  #isHurried = false;
  #hasEnded = false;
  #onAnswer = () => {};
  #timer = null;
  #resolve;
  #isDone = false;

  constructor({ kind, service, endpoint, proxy, stack, random }) {
    this.#endpoint = endpoint;
    this.#random = random;
    const isSecure = endpoint.secure;
    this.record = { kind, service, isSecure, proxy, stack, answers: 0, bytes: 0, from: Date.now(), worker: null };
    this.#frames = new Frames((head) => this.#readHead(head), (...body) => this.#readBody(...body));
  }

  /** Connects, has `script(visit)` ask, and ends. Resolves to the record. */
  run(script) {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#rest();
      this.#connect();
      Promise.resolve(script(this)).then(() => this.#end(), (error) => this.#finish('wrong', error.stack));
    });
  }

  #connect() {
    const { proxy, stack, service } = this.record;
    const { net, tls } = STACKS[stack];
    const { secure, port, path } = this.#endpoint;
    const at = path === undefined ? { port, host: '127.0.0.1' } : { path };
    const header = HEADERS[proxy];
    // Ours sends the header itself; before Node's, it is written.
    const version = stack === 'ours' && header !== undefined ? proxy : undefined;
    const proxyProtocol = version && { version, source: address(SOURCE), destination: address(['198.51.100.2', 443]) };
    let socket;
    if (secure) {
      const session = this.#random() < 0.5 ? sessions.get(`${service}/${stack}`) : undefined;
      const options = { ca: CA, servername: 'localhost', session };
      if (header === undefined || version !== undefined) {
        socket = tls.connect({ ...at, ...options, proxyProtocol });
      } else {
        const plain = net.connect(at);
        plain.write(header);
        socket = tls.connect({ socket: plain, ...options });
        plain.on('error', () => {});
      }
      socket.on('session', (ticket) => sessions.set(`${service}/${stack}`, ticket));
      socket.on('secureConnect', () => this.#noteSecure(socket));
    } else {
      socket = net.connect({ ...at, proxyProtocol });
      if (header !== undefined && version === undefined) socket.write(header);
    }
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#lose('end'));
    socket.on('error', ({ code, message }) => this.#lose(code ?? message));
    socket.on('close', () => this.#lose('close'));
  }

  #noteSecure(socket) {
    this.record.secured = Date.now();
    this.record.isResumed = socket.isSessionReused();
    // A resumed session has the certificate of its first handshake.
    if (!this.record.isResumed) this.record.fingerprint = socket.getPeerCertificate().fingerprint256;
  }

  #receive(chunk) {
    this.record.bytes += chunk.length;
    this.#rest();
    try {
      this.#frames.push(chunk);
    } catch (error) {
      this.#finish('wrong', error.message);
    }
  }

  #readHead({ type, number, length }) {
    if (type === BYE) {
      this.#hasBye = true;
      if (this.#owed.length === 0) this.#onAnswer();
    } else if (type === ANSWER) {
      const owed = this.#owed[0];
      if (owed?.number !== number || owed.length !== length) {
        throw new Error(`answer ${number} of ${length} bytes, in the place of ${JSON.stringify(owed)}`);
      }
    } else if (type !== HELLO) {
      throw new Error(`a frame of type ${type}`);
    }
  }

  #readBody({ type, number, length }, bytes, offset) {
    if (type === HELLO) return this.#greet(JSON.parse(bytes));
    const expected = answered(number, length).subarray(offset, offset + bytes.length);
    if (expected.compare(bytes) !== 0) throw new Error(`answer ${number} is wrong in the ${bytes.length} bytes from ${offset} on`);
    if (offset + bytes.length < length) return undefined;
    this.#owed.shift();
    this.record.answers++;
    return this.#onAnswer();
  }

  #greet({ worker, generation, remoteAddress, remotePort, version }) {
    Object.assign(this.record, { worker, generation });
    const { proxy } = this.record;
    if (version !== proxy) throw new Error(`a header of version ${version}, in the place of ${proxy}`);
    if (this.#endpoint.path !== undefined && proxy === 0) return;
    const [host, port] = proxy === 0 ? ['127.0.0.1', this.#socket.localPort] : SOURCE;
    if (remoteAddress !== host || remotePort !== port) throw new Error(`the client is ${remoteAddress}:${remotePort}`);
  }

  /** The server is silent from now on; it has failed if it stays so while it owes something. */
  #rest() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish('wrong', 'nothing comes any more'), PATIENCE);
  }

  /** Whether no more requests are to be sent. */
  get isOver() {
    return this.#isDone || this.#hasBye || this.#isHurried;
  }

  /** Has the visit send no more requests. */
  hurry() {
    this.#isHurried = true;
    this.#onAnswer();
  }

  /** Sends a request of `length` bytes, in so many pieces with a pause between them. Resolves once it is sent. */
  async ask(length, { later = false, pieces = 1, pause = 0 } = {}) {
    if (this.isOver) return;
    const number = ++requests;
    this.#owed.push({ number, length });
    const bytes = frame(later ? LATER : REQUEST, number, requested(number, length));
    const size = Math.ceil(bytes.length / pieces);
    for (let at = 0; at < bytes.length && !this.#isDone; at += size) {
      if (at > 0) await this.wait(pause);
      this.#rest();
      if (!this.#isDone) this.#socket.write(bytes.subarray(at, at + size));
    }
  }

  /** Resolves once everything is answered, or the visit is over. */
  async answers() {
    while (this.#owed.length > 0 && !this.#isDone) {
      await new Promise((resolve) => (this.#onAnswer = resolve));
    }
  }

  /** Resolves after `ms` milliseconds, or at the end of the server. */
  wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const before = this.#onAnswer;
      this.#onAnswer = () => {
        before();
        if (!this.isOver) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Reads nothing for `ms` milliseconds. */
  async stall(ms) {
    this.#socket.pause();
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#socket.resume();
  }

  /** Breaks off, with a reset where that is possible, or without. */
  leave(resets) {
    this.#finish('left');
    // In Node, only a connection of TCP in the clear can be reset.
    if (resets && this.#endpoint.port !== undefined && !this.#endpoint.secure) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Sends `bytes` that are no request: the beginning of one. */
  write(bytes) {
    this.#socket.write(bytes);
  }

  /** Resolves when the server has said who it is, or the visit is over. */
  async greeting() {
    while (this.record.worker === null && !this.#isDone) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async #end() {
    await this.greeting();
    await this.answers();
    if (this.#isDone) return;
    this.#hasEnded = true;
    this.#socket.end();
  }

  /** The connection has ended, with `reason`. */
  #lose(reason) {
    if (this.#isDone) return;
    if (this.#hasEnded) {
      // All is answered; a thread may die before it has seen our end.
      if (reason === 'end') return;
      this.#finish('served');
    } else {
      this.#finish('cut', reason);
    }
  }

  #finish(outcome, detail) {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    Object.assign(this.record, { outcome, detail, until: Date.now(), owed: this.#owed.length });
    this.#onAnswer();
    if (outcome === 'cut' || outcome === 'wrong') this.#socket.destroy();
    this.#resolve(this.record);
  }
}

function address([host, port]) {
  return { address: host, port };
}

/** What a client of each kind does, and how many of a hundred are of it. */
const KINDS = {
  fast: [34, async (visit, random) => {
    for (let left = 1 + Math.floor(8 * random()); left > 0; left--) {
      await visit.ask(1 + Math.floor(4000 * random()));
      await visit.answers();
    }
  }],
  pipelined: [14, async (visit, random) => {
    for (let left = 12; left > 0; left--) visit.ask(1 + Math.floor(600 * random()));
    await visit.answers();
  }],
  later: [10, async (visit) => {
    for (let left = 3; left > 0; left--) {
      await visit.ask(500, { later: true });
      await visit.answers();
    }
  }],
  bulk: [5, async (visit, random) => {
    await visit.ask(200_000 + Math.floor(400_000 * random()));
    await visit.answers();
  }],
  slow: [10, async (visit, random) => {
    await visit.ask(2000, { pieces: 10, pause: 20 + 60 * random() });
    await visit.answers();
    await visit.ask(100_000);
    await visit.stall(300);
    await visit.answers();
  }],
  resting: [5, async (visit, random) => {
    for (let left = 6; left > 0 && !visit.isOver; left--) {
      await visit.ask(300);
      await visit.answers();
      await visit.wait(1000 + 2000 * random());
    }
  }],
  leaving: [16, async (visit, random) => {
    const when = random();
    if (when < 0.2) {
      visit.leave(true);
    } else if (when < 0.5) {
      visit.write(frame(LATER, 1, Buffer.alloc(1000)).subarray(0, 500));
      await new Promise((resolve) => setTimeout(resolve, 30 * random()));
      visit.leave(random() < 0.5);
    } else {
      await visit.ask(150_000);
      await visit.greeting();
      visit.leave(random() < 0.5);
    }
  }],
  kept: [6, async (visit, random) => {
    for (let left = 6; left > 0 && !visit.isOver; left--) {
      await visit.ask(1 + Math.floor(20_000 * random()), { later: random() < 0.3 });
      // Longer than a server that ends leaves a connection idle, or shorter.
      if (random() < 0.5) await visit.wait(random() < 0.3 ? 1500 : 100);
    }
  }],
};

/** Those that go to the services of HTTP, as `WebVisit`s. */
const WEB_KINDS = new Set(['kept']);

module.exports = { KINDS, Visit, WEB_KINDS };
