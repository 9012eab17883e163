'use strict';

// One worker of net.serve(), from its start to its exit, as the first thread sees it. `thread.js` is the other end.

const path = require('path');
const { MessageChannel, Worker } = require('worker_threads');
const errors = require('../errors');
const { MAX_TIMER } = require('../server/shutdown');
const { clearTimeout, setTimeout } = require('../timers');

/** How long a worker may take to end once the time of `shutdown()` is over, in milliseconds; then it is terminated. */
const END_WITHIN = 2000;

/** What the worker runs. The package has it beside the file that has this module. */
const THREAD = path.join(__dirname, 'thread.js');

class Life {
  worker;
  /** Whether the worker listens, or has and lives. */
  isUp = false;
  /** Resolves when the worker listens; rejects with what keeps it from that. */
  up;
  #port;
  /** The server has been asked to end, and the time for that is over. */
  #isEnding = false;
  #isExpired = false;
  /** Until a worker that does not answer is terminated. */
  #patience = null;
  #isTerminated = false;
  #isStopped = false;
  /** What resolves the promises of `#ask()` that the worker has not answered yet, in order, by the question. */
  #asked = new Map();

  /**
   * Starts a worker, and calls `onExit({ error, code, age, hasDied })` when it has exited: `age` is in milliseconds.
   * One has died that has listened, and was not ended.
   */
  constructor(workerData, onExit) {
    const { port1, port2 } = new MessageChannel();
    const begun = performance.now();
    this.worker = new Worker(THREAD, { workerData: { ...workerData, port: port2 }, transferList: [port2] });
    this.#port = port1;
    // Messages of the port do not keep this thread alive, and the worker does.
    port1.unref();
    let error = null;
    this.worker.on('error', (reason) => {
      error = errors.asError(reason, (value) => new Error(`A thread of net.serve() has thrown ${value}`));
    });
    this.up = new Promise((resolve, reject) => {
      port1.on('message', ({ type, answer }) => {
        if (type !== 'listening') return this.#asked.get(type).shift()?.(answer);
        this.isUp = true;
        return resolve();
      });
      this.worker.on('exit', (code) => {
        const wasUp = this.isUp;
        port1.close();
        this.isUp = false;
        for (const answers of this.#asked.values()) for (const answer of answers.splice(0)) answer(null);
        reject(error ?? new Error('A thread of net.serve() has exited before it listened.'));
        onExit({ error, code, age: performance.now() - begun, hasDied: wasUp && !this.#isStopped });
      });
    });
  }

  /** What the worker answers; null if it does not listen yet, or exits meanwhile. */
  #ask(type, details = {}) {
    if (!this.isUp) return null;
    this.#port.postMessage({ type, ...details });
    if (!this.#asked.has(type)) this.#asked.set(type, []);
    return new Promise((resolve) => this.#asked.get(type).push(resolve));
  }

  /** What the worker has counted; null if it does not listen, exits meanwhile, or takes longer than `timeout`. */
  async stats(timeout) {
    let timer = null;
    const late = new Promise((resolve) => {
      if (timeout <= MAX_TIMER) timer = setTimeout(resolve, timeout, null);
    });
    // An answer that comes too late is still the one to this question.
    const answer = await Promise.race([this.#ask('stats'), late]);
    clearTimeout(timer);
    return answer;
  }

  /**
   * Whether the worker accepts what waits: not if it exits, or ends its server by itself. Waits until it listens and
   * has answered, or has no more time for that.
   */
  async accepts() {
    await this.up.catch(() => {});
    return this.#isExpired || ((await this.#ask('accepts')) ?? false);
  }

  /** Ends the server gracefully, then the worker. `isShared`: whether others may hold the socket. */
  async shutdown(isShared) {
    const answer = this.#ask('shutdown', { isShared });
    this.#isEnding = true;
    this.#limitPatience();
    const outcome = await answer;
    this.#isEnding = false;
    clearTimeout(this.#patience);
    await this.stop();
    return { ended: 0, destroyed: 0, ...outcome, terminated: Number(this.#isTerminated) };
  }

  /** The time of `shutdown()` is over. A worker that does not listen yet is not waited for. */
  expire() {
    if (this.#isExpired) return undefined;
    this.#isExpired = true;
    if (!this.isUp) return this.stop();
    for (const answer of this.#asked.get('accepts')?.splice(0) ?? []) answer(true);
    this.#port.postMessage({ type: 'expire' });
    return this.#limitPatience();
  }

  /** A worker that is in a loop reads no messages. Once it has had the time to answer, it is terminated. */
  #limitPatience() {
    if (!this.#isEnding || !this.#isExpired) return;
    this.#patience = setTimeout(() => {
      this.#isTerminated = true;
      this.stop();
    }, END_WITHIN);
  }

  /** Ends everything at once. */
  async stop() {
    this.#isStopped = true;
    await this.worker.terminate();
  }
}

module.exports = { Life };
