'use strict';

// A visit of the soak by HTTP: an agent that keeps its connection, and several requests on it, one after the other.
// Where the server has closed the connection between two of them, the agent makes a new one.
//
// The outcomes are those of `visits.js`. A request can cross the end of the connection, which the server has closed
// because it was idle: such a visit is `cut`, `isReused`, and not `isAnswered`.

const nodeHttp = require('http');
const nodeHttps = require('https');
const ourHttp = require('../../http');
const ourHttps = require('../../https');
const { certificate } = require('../tls/pki');
const { answered, requested } = require('./frames');

const STACKS = { node: [nodeHttp, nodeHttps], ours: [ourHttp, ourHttps] };

/** The server may be silent for so long, in milliseconds: longer than a thread takes to start. */
const PATIENCE = 30_000;

const CA = certificate('root');

let requests = 0;

class WebVisit {
  /** What the supervisor compares with what it has done. */
  record;
  #client;
  #agent;
  #place;
  #isHurried = false;
  #isDone = false;
  #onHurry = () => {};
  #resolve;

  constructor({ kind, service, endpoint: { port, secure }, stack }) {
    this.record = { kind, service, isSecure: secure, proxy: 0, stack, answers: 0, bytes: 0, reused: 0, worker: null };
    this.#client = STACKS[stack][Number(secure)];
    this.#agent = new this.#client.Agent({ keepAlive: true, maxSockets: 1 });
    this.#place = { port, host: '127.0.0.1', agent: this.#agent, ...(secure && { ca: CA, servername: 'localhost' }) };
  }

  /** Has `script(visit)` ask, and ends. Resolves to the record. */
  run(script) {
    this.record.from = Date.now();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      Promise.resolve(script(this)).then(() => this.#finish('served'), (error) => this.#finish('wrong', error.stack));
    });
  }

  /** Whether no more requests are to be sent. */
  get isOver() {
    return this.#isDone || this.#isHurried;
  }

  /** Has the visit send no more requests. */
  hurry() {
    this.#isHurried = true;
    this.#onHurry();
  }

  /** Sends `length` bytes, and compares the answer. Resolves when it is there, or the visit is over. */
  async ask(length, { later = false } = {}) {
    if (this.isOver) return;
    const number = ++requests;
    const request = this.#client.request({ ...this.#place, method: 'POST', path: later ? '/later' : '/' });
    const timer = setTimeout(() => this.#finish('wrong', 'nothing comes any more'), PATIENCE);
    try {
      request.on('socket', (socket) => this.#noteSocket(socket, request.reusedSocket));
      const response = await new Promise((resolve, reject) => {
        request.on('response', resolve).on('error', reject).end(requested(number, length));
      });
      const chunks = [];
      this.record.isAnswered = true;
      this.record.worker = response.headers['x-worker'];
      for await (const chunk of response) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      this.record.bytes += body.length;
      if (!answered(number, length).equals(body)) this.#finish('wrong', `answer ${number} is wrong`);
      this.record.answers++;
      // The agent has its connection back afterwards.
      await new Promise(setImmediate);
    } catch ({ code, message }) {
      this.#finish('cut', code ?? message);
    } finally {
      clearTimeout(timer);
    }
  }

  #noteSocket(socket, isReused) {
    const { record } = this;
    Object.assign(record, { isReused, isAnswered: false });
    record.reused += Number(isReused);
    if (isReused) return;
    Object.assign(record, { worker: null, from: Date.now(), fingerprint: undefined });
    if (record.isSecure) socket.once('secureConnect', () => this.#noteSecure(socket));
  }

  #noteSecure(socket) {
    this.record.secured = Date.now();
    this.record.isResumed = socket.isSessionReused();
    // A resumed session has the certificate of its first handshake.
    if (!this.record.isResumed) this.record.fingerprint = socket.getPeerCertificate().fingerprint256;
  }

  /** Resolves after `ms` milliseconds, or when the visit is to hurry. */
  wait(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onHurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #finish(outcome, detail) {
    if (this.#isDone) return;
    this.#isDone = true;
    Object.assign(this.record, { outcome, detail, until: Date.now() });
    this.#agent.destroy();
    this.#resolve(this.record);
  }
}

module.exports = { WebVisit };
