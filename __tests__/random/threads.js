'use strict';

// Random sequences in several threads at once, each with an environment of its own.

const { once } = require('events');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { run } = require('./machine');
const { descriptors } = require('./weight');

/** Threads at a time, each with seeds of its own that are so far apart. */
const THREADS = 3;
const APART = 10_000_000;

/** Sequences of a thread before it ends, and another one starts. */
const BATCH = 40;

async function playBatch(entry, seed, wraps) {
  const worker = new Worker(__filename, { workerData: { playsOf: entry, seed, wraps } });
  const exited = once(worker, 'exit');
  const [{ failure }] = await once(worker, 'message');
  await exited;
  return failure;
}

/** As `run` of machine.js; `seconds` counts for all threads together. */
async function runInThreads(entry, { seed, seconds = Infinity, count = Infinity, wraps = false }) {
  const until = Date.now() + seconds * 1000;
  // What is made once is made by the first threads.
  let failure = await playBatch(entry, seed, wraps);
  const before = descriptors().length;
  let played = BATCH;
  const playOn = async (first) => {
    for (let at = first; failure === undefined && played < count && Date.now() < until; at += BATCH) {
      played += BATCH;
      failure ??= await playBatch(entry, at, wraps);
    }
  };
  await Promise.all(Array.from({ length: THREADS }, (_, i) => playOn(seed + BATCH + i * APART)));
  const left = descriptors().length - before;
  if (failure === undefined && left > 0) failure = { seed, broken: [`${left} descriptors are left`] };
  return { played, failure };
}

async function main({ playsOf, seed, wraps }) {
  parentPort.postMessage(await run(require(playsOf), { seed, count: BATCH, wraps, isAlone: false }));
}

if (!isMainThread && workerData?.playsOf !== undefined) main(workerData);

module.exports = { runInThreads };
