'use strict';

// net.serve(): one port, a server in each of several threads.
//
// Each thread has an engine and a listening socket of its own, among which the kernel distributes connections. This
// thread keeps all these sockets open: what waits on the socket of a thread that has died is accepted by the one that
// takes its place. A connection passes through no other thread than the one that serves it.

const { EventEmitter } = require('events');
const os = require('os');
const path = require('path');
const { fileURLToPath } = require('url');
const { validateAbortSignal, validateInteger, validateObject } = require('../arguments');
const errors = require('../errors');
const { readOptions } = require('../options');
const { MAX_TIMER, shutdownOptions } = require('../server/shutdown');
const { sumOf } = require('../statistics');
const { clearTimeout, nextTick, setTimeout } = require('../timers');
const { Life } = require('./life');
const { readListen } = require('./listen');
const { Place } = require('./place');

/** A thread that has died before it was up for so long, in milliseconds, is replaced after a pause. */
const STEADY_AFTER = 1000;
/** That pause, in milliseconds, which doubles each time. */
const MIN_PAUSE = 100;
const MAX_PAUSE = 10_000;

/** How long `stats()` waits for a thread by default, in milliseconds. */
const STATS_WITHIN = 5000;

/**
 * Starts servers in threads of their own, on one port. Resolves to the service once all of them listen; rejects, with
 * nothing left behind, if one can't.
 */
async function serve(given) {
  validateObject(given, 'options');
  const options = readOptions(given, ['handler', 'listen', 'signal', 'workerData', 'workers']);
  const { signal, workers = 'cores' } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  const { place, accepting } = readListen(options.listen);
  // A socket that has no thread would not be served.
  const least = place.fds?.length ?? 1;
  if (workers !== 'cores') validateInteger(workers, 'options.workers', least);
  const count = workers === 'cores' ? Math.max(os.availableParallelism(), least) : workers;
  const service = new Service({ handler: handlerFile(options.handler), data: options.workerData, accepting });
  if (signal?.aborted) throw errors.aborted(signal.reason);
  service.bind(place, count);
  try {
    await service.start(signal);
  } catch (error) {
    await service.stop();
    throw error;
  }
  service.endWith(signal);
  return service;
}

function handlerFile(handler) {
  if (handler instanceof URL) return fileURLToPath(handler);
  if (typeof handler === 'string') return path.resolve(handler);
  throw errors.invalidArgumentType('options.handler', ['string', 'URL'], handler);
}

/**
 * What `serve()` resolves to. Emits 'listening' (`index`) when a thread listens, also one that takes the place of
 * another, and 'exit' (`index`, `error`, `code`) when one has died.
 */
class Service extends EventEmitter {
  #workerData;
  #places;
  #threads = [];
  #ending = null;
  /** Removes what waits for the end of the time that `shutdown()` leaves; null after the end. */
  #undo = [];

  /** `workerData`: what all threads find, `{ handler, data, accepting }`. */
  constructor(workerData) {
    super();
    this.#workerData = workerData;
  }

  /** Opens the sockets of `count` threads. Throws if that fails, with nothing open. */
  bind(place, count) {
    this.#places = Place.open(place, count);
    this.#threads = this.#places.map((own, index) => {
      const thread = new Thread(own, { ...this.#workerData, index });
      thread.on('listening', () => this.emit('listening', index));
      thread.on('exit', (error, code) => this.#noteExit(index, error, code));
      return thread;
    });
  }

  /** Resolves when all threads listen; rejects if one can't, and when `signal` aborts. */
  async start(signal) {
    let abort = null;
    const isAborted = new Promise((resolve, reject) => {
      abort = () => reject(errors.aborted(signal.reason));
      signal?.addEventListener('abort', abort);
    });
    try {
      await Promise.race([isAborted, Promise.all(this.#threads.map((thread) => thread.start()))]);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the service when `signal` aborts. One that ends already has the time that it was given. */
  endWith(signal) {
    if (signal === undefined) return;
    const end = () => this.#ending ?? this.shutdown();
    signal.addEventListener('abort', end);
    this.#undo.push(() => signal.removeEventListener('abort', end));
    if (signal.aborted) end();
  }

  #noteExit(index, error, code) {
    if (this.listenerCount('exit') > 0) this.emit('exit', index, error, code);
    else process.emitWarning(error ?? `A thread of net.serve() has exited with code ${code}.`);
  }

  /** Where the threads listen: `{ address, family, port }` or a path; null after the end. */
  address() {
    return this.#ending === null ? this.#places[0].address : null;
  }

  /**
   * The descriptors of the listening sockets, for another process; null after the end. Once they have been read, the
   * sockets may be that one's, too.
   */
  get fds() {
    return this.#ending === null ? [...new Set(this.#places)].map((place) => place.share()) : null;
  }

  /** The threads, as instances of `worker_threads.Worker`; null for one that is being replaced. */
  get workers() {
    return this.#threads.map(({ worker }) => worker);
  }

  /**
   * What each thread has counted, between two turns of its loop, null for one that does not listen or does not answer
   * within `timeout` milliseconds; and the sums.
   */
  async stats(options = {}) {
    validateObject(options, 'options');
    const { timeout = STATS_WITHIN } = readOptions(options, ['timeout']);
    if (timeout !== Infinity) validateInteger(timeout, 'options.timeout', 1);
    const threads = await Promise.all(this.#threads.map((thread) => thread.stats(timeout)));
    return { threads, total: sumOf(threads.filter((one) => one !== null)) };
  }

  /**
   * Ends the servers of all threads as `server.shutdown()` does, then the threads. Resolves to the sums of what came of
   * it, to how many threads were terminated because they did not answer, and to how long it took. A second call
   * shortens the time of the first.
   */
  shutdown(options = {}) {
    const { grace, signal } = shutdownOptions(options);
    this.#ending ??= this.#end();
    if (this.#undo !== null) this.#limit(grace, signal);
    return this.#ending;
  }

  /** The time of `shutdown()` is over in `grace` milliseconds, or with `signal`. */
  #limit(grace, signal) {
    const expire = () => this.#threads.forEach((thread) => thread.expire());
    if (grace <= MAX_TIMER) {
      const timer = setTimeout(expire, grace);
      this.#undo.push(() => clearTimeout(timer));
    }
    if (signal === undefined) return;
    if (signal.aborted) expire();
    signal.addEventListener('abort', expire, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', expire));
  }

  async #end() {
    const begun = performance.now();
    const outcomes = await Promise.all([...new Set(this.#places)].map((place) => this.#endAt(place)));
    const total = sumOfOutcomes(outcomes.flat());
    for (const undo of this.#undo) undo();
    this.#undo = null;
    return { ...total, ms: performance.now() - begun };
  }

  /** Ends the threads at `place`. It is closed once each of them has a worker that accepts what waits there. */
  async #endAt(place) {
    const threads = this.#threads.filter((thread) => thread.place === place);
    await Promise.all(threads.map((thread) => thread.settle()));
    place.close();
    return Promise.all(threads.map((thread) => thread.shutdown()));
  }

  /** Ends everything at once. */
  async stop() {
    this.#ending ??= Promise.resolve();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    for (const place of this.#places) place.close();
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    await (this.#ending ?? this.shutdown());
  }
}

/** One of the threads: a worker, and those that take its place. */
class Thread extends EventEmitter {
  place;
  #workerData;
  /** The worker; null while it is being replaced. */
  #life = null;
  /** The worker that still had something to do when the last one took its place. */
  #former = null;
  #pause = MIN_PAUSE;
  #timer = null;
  #isEnding = false;
  #isExpired = false;

  constructor(place, workerData) {
    super();
    this.place = place;
    this.#workerData = workerData;
  }

  get worker() {
    return this.#life?.worker ?? null;
  }

  /** Starts a worker. Rejects with what keeps it from listening. */
  async start() {
    const life = new Life({ ...this.#workerData, place: this.place.shared }, ({ error, code, age, hasDied }) => {
      if (this.#life === life) this.#life = null;
      if (hasDied) this.#replace(error, code, age);
    });
    this.#life = life;
    await life.up;
    this.#tell('listening');
  }

  /** The worker has died: another one takes its place, unless the service ends. */
  #replace(error, code, age) {
    if (!this.#isEnding) {
      const isSteady = age >= STEADY_AFTER;
      const restart = () => this.start().catch((reason) => this.#isEnding || this.#replace(reason, 1, 0));
      this.#timer = setTimeout(restart, isSteady ? 0 : this.#pause);
      this.#pause = isSteady ? MIN_PAUSE : Math.min(2 * this.#pause, MAX_PAUSE);
    }
    this.#tell('exit', error, code);
  }

  /** Emits an event. What a listener throws is an uncaught exception, and changes nothing here. */
  #tell(...event) {
    try {
      this.emit(...event);
    } catch (error) {
      nextTick(() => {
        throw error;
      });
    }
  }

  /** Nothing takes the worker's place any more. */
  #last() {
    this.#isEnding = true;
    clearTimeout(this.#timer);
  }

  /**
   * Resolves when there is a worker that accepts what waits. One that has died, or ends by itself, is replaced for that
   * a last time; if that one can't listen, there is none.
   */
  async settle() {
    this.#last();
    const life = this.#life;
    if ((life !== null && await life.accepts()) || this.#isExpired) return;
    this.#former = this.#life;
    await this.start().catch(() => {});
  }

  /** Ends the server, then the worker: `{ ended, destroyed, terminated }`. */
  async shutdown() {
    const lives = [this.#former, this.#life].filter((life) => life !== null);
    return sumOfOutcomes(await Promise.all(lives.map((life) => life.shutdown(this.place.isShared))));
  }

  /** What the worker has counted; null if it does not listen, exits meanwhile, or takes longer than `timeout`. */
  stats(timeout) {
    return this.#life?.stats(timeout) ?? null;
  }

  /** The time of `shutdown()` is over. */
  expire() {
    this.#isExpired = true;
    this.#former?.expire();
    this.#life?.expire();
  }

  /** Ends everything at once. */
  async stop() {
    this.#last();
    await this.#life?.stop();
  }
}

/** The sums of what has come of several servers. */
function sumOfOutcomes(outcomes) {
  const sum = { ended: 0, destroyed: 0, terminated: 0 };
  for (const { ended, destroyed, terminated } of outcomes) {
    sum.ended += ended;
    sum.destroyed += destroyed;
    sum.terminated += terminated;
  }
  return sum;
}

module.exports = { serve };
