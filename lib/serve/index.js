'use strict';

// net.serve(): one port, a server in each of several threads.
//
// Each thread has an engine and a listening socket of its own, among which the kernel distributes connections. This
// thread keeps all these sockets open: what waits on the socket of a thread that has died is accepted by the one that
// takes its place. A connection passes through no other thread than the one that serves it.

const { EventEmitter } = require('events');
const os = require('os');
const path = require('path');
const { clearTimeout, setTimeout } = require('timers');
const { fileURLToPath } = require('url');
const { MessageChannel, Worker } = require('worker_threads');
const { validateAbortSignal, validateInteger, validateObject } = require('../arguments');
const errors = require('../errors');
const { readOptions } = require('../options');
const { TIMER_MOST, shutdownOptions } = require('../server/shutdown');
const { sumOf } = require('../statistics');
const { readListen } = require('./listen');
const { Place } = require('./place');

/** A thread that has died before it was up for so long, in milliseconds, is replaced after a pause. */
const STEADY_AFTER = 1000;
/** That pause, in milliseconds, which doubles each time. */
const PAUSE_LEAST = 100;
const PAUSE_MOST = 10_000;

/** What the threads run. The package has it beside the file that has this module. */
const THREAD = path.join(__dirname, 'thread.js');

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
  service.bind(place, count);
  try {
    await service.start();
  } catch (error) {
    await service.stop();
    throw error;
  }
  if (signal?.aborted) await service.shutdown();
  signal?.addEventListener('abort', () => service.shutdown(), { once: true });
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

  start() {
    return Promise.all(this.#threads.map((thread) => thread.start()));
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
   * What each thread has counted, null for one that does not listen, and the sums. Resolves when all have answered,
   * between two turns of their loops.
   */
  async stats() {
    const threads = await Promise.all(this.#threads.map((thread) => thread.stats()));
    return { threads, total: sumOf(threads.filter((one) => one !== null)) };
  }

  /**
   * Ends the servers of all threads as `server.shutdown()` does, then the threads. Resolves to the sums of what came of
   * it, and to how long it took. A second call returns the same promise.
   */
  shutdown(options = {}) {
    const checked = shutdownOptions(options);
    this.#ending ??= this.#end(checked);
    return this.#ending;
  }

  async #end({ grace, signal }) {
    const begun = performance.now();
    const expire = () => this.#threads.forEach((thread) => thread.expire());
    signal?.addEventListener('abort', expire, { once: true });
    const timer = grace <= TIMER_MOST ? setTimeout(expire, grace) : null;
    if (signal?.aborted) expire();
    await Promise.all(this.#threads.map((thread) => thread.settle()));
    for (const place of this.#places) place.close();
    const outcomes = Promise.all(this.#threads.map((thread) => thread.shutdown()));
    const total = { ended: 0, destroyed: 0 };
    for (const { ended, destroyed } of await outcomes) {
      total.ended += ended;
      total.destroyed += destroyed;
    }
    clearTimeout(timer);
    signal?.removeEventListener('abort', expire);
    return { ...total, ms: performance.now() - begun };
  }

  /** Ends everything at once. */
  async stop() {
    this.#ending ??= Promise.resolve();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    for (const place of this.#places) place.close();
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    await this.shutdown();
  }
}

/** One of the threads: a worker, and those that take its place. */
class Thread extends EventEmitter {
  worker = null;
  #place;
  #workerData;
  #port = null;
  #pause = PAUSE_LEAST;
  #timer = null;
  #isEnding = false;
  #isUp = false;
  /** Resolves when the worker listens or has exited. */
  #settled = null;
  #exited = null;
  #outcome = null;
  /** What resolves the promises of `stats()` that the worker has not answered yet, in order. */
  #looks = [];

  constructor(place, workerData) {
    super();
    this.#place = place;
    this.#workerData = workerData;
  }

  /** Starts a worker. Rejects with what keeps it from listening. */
  async start() {
    const { port1, port2 } = new MessageChannel();
    const begun = performance.now();
    const workerData = { ...this.#workerData, place: this.#place.shared, port: port2 };
    const worker = new Worker(THREAD, { workerData, transferList: [port2] });
    this.worker = worker;
    this.#port = port1;
    port1.unref();
    let failure = null;
    worker.on('error', (error) => (failure = error));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        const wasUp = this.#isUp;
        port1.close();
        this.worker = null;
        this.#isUp = false;
        resolve({ ended: 0, destroyed: 0 });
        for (const answer of this.#looks.splice(0)) answer(null);
        if (wasUp && !this.#isEnding) this.#replace(failure, code, performance.now() - begun);
      });
    });
    const up = new Promise((resolve, reject) => {
      this.#outcome = new Promise((done) => port1.on('message', ({ type, outcome, stats }) => {
        if (type === 'listening') {
          this.#isUp = true;
          resolve();
        } else if (type === 'stats') {
          this.#looks.shift()?.(stats);
        } else {
          done(outcome);
        }
      }));
      this.#exited.then(() => reject(failure ?? new Error('A thread of net.serve() has exited before it listened.')));
    });
    // Messages of the port do not keep this thread alive, and the worker does.
    this.#settled = up.catch(() => {});
    await up;
    this.#tell('listening');
  }

  /** The worker has died: another one takes its place. */
  #replace(error, code, age) {
    if (this.#isEnding) return;
    const isSteady = age >= STEADY_AFTER;
    this.#timer = setTimeout(() => {
      this.start().catch((reason) => this.#replace(reason, 1, 0));
    }, isSteady ? 0 : this.#pause);
    this.#pause = isSteady ? PAUSE_LEAST : Math.min(2 * this.#pause, PAUSE_MOST);
    this.#tell('exit', error, code);
  }

  /** Emits an event. What a listener throws is an uncaught exception, and changes nothing here. */
  #tell(...event) {
    try {
      this.emit(...event);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /** Nothing takes the worker's place any more. Resolves when it listens, or has gone. */
  settle() {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    return this.#settled;
  }

  async shutdown() {
    if (!this.#isUp) {
      await this.stop();
      return { ended: 0, destroyed: 0 };
    }
    this.#port.postMessage({ type: 'shutdown', isShared: this.#place.isShared });
    const outcome = await Promise.race([this.#outcome, this.#exited]);
    await this.stop();
    return outcome;
  }

  /** What the worker has counted; null if it does not listen, or exits meanwhile. */
  stats() {
    if (!this.#isUp) return null;
    this.#port.postMessage({ type: 'stats' });
    return new Promise((resolve) => this.#looks.push(resolve));
  }

  /** The time of `shutdown()` is over. A worker that does not listen yet is not waited for. */
  expire() {
    if (this.#isUp) this.#port.postMessage({ type: 'expire' });
    else this.worker?.terminate();
  }

  async stop() {
    this.settle();
    await this.worker?.terminate();
  }
}

module.exports = { serve };
