'use strict';

// Another thread that tries to adopt descriptors of this one. The caller is blocked until it has tried: a descriptor
// that is closed meanwhile could be another's already.

const { Worker, isMainThread, workerData } = require('worker_threads');

/** What the thread writes when `new Stream({ fd })` has succeeded, has failed with EEXIST, or with something else. */
const [ADOPTED, REFUSED, FAILED] = [1, 2, 3];

/** How long an answer may take, in milliseconds: for ever would hide that the thread has died. */
const DEADLINE = 60_000;

class Adopter {
  /** The descriptor that is to be tried, and the answer. */
  #shared = new Int32Array(new SharedArrayBuffer(8));
  #worker;

  constructor(entry) {
    this.#worker = new Worker(__filename, { workerData: { adopterOf: entry, shared: this.#shared } });
    this.#worker.unref();
  }

  /** Whether the other thread is refused `fd`, which has an owner. */
  isRefused(fd) {
    const shared = this.#shared;
    shared[1] = 0;
    Atomics.store(shared, 0, fd);
    Atomics.notify(shared, 0);
    Atomics.wait(shared, 1, 0, DEADLINE);
    return shared[1] === REFUSED;
  }

  async close() {
    Atomics.store(this.#shared, 0, -1);
    Atomics.notify(this.#shared, 0);
    await this.#worker.terminate();
  }
}

function adoptOnRequest({ adopterOf, shared }) {
  const net = require(adopterOf);
  for (;;) {
    Atomics.wait(shared, 0, 0);
    const fd = Atomics.exchange(shared, 0, 0);
    // The notification of what has been seen without waiting.
    if (fd === 0) continue;
    if (fd < 0) return;
    let outcome = ADOPTED;
    try {
      new net.Socket({ fd }).destroy();
    } catch ({ code }) {
      outcome = code === 'EEXIST' ? REFUSED : FAILED;
    }
    Atomics.store(shared, 1, outcome);
    Atomics.notify(shared, 1);
  }
}

if (!isMainThread && workerData?.adopterOf !== undefined) adoptOnRequest(workerData);

module.exports = { Adopter };
