'use strict';

// `npx rust-net top PID|PATH|URL`: what a process does with its sockets, live in a terminal. By its PID, or the path of
// a socket, it is what the process publishes (`RUST_NET_TOP=1`, or `net.publishStats()`); by a URL, what it serves of
// `net.stats()` as JSON. Where the output is no terminal, one table follows the other.

const { setTimeout: wait } = require('timers/promises');
const { plain, view } = require('./top-view');

const CLEAR = '\x1b[H\x1b[J';
/** The terminal's other screen, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

const [ROWS, COLUMNS] = [24, 80];

/** How long an answer may take, in milliseconds. */
const PATIENCE = 10_000;

const CONTROL_C = '\x03';

/** Why there is nothing to show, in words for those who have asked: some may come from elsewhere. */
class TopError extends Error {
  constructor(words) {
    super(plain(words));
  }
}

const isUrl = (subject) => /^https?:\/\//.test(subject);

/** A function that takes a sample of `subject`, until `signal`: a promise of `{ subject, time, threads, silent }`. */
function sampler(subject, signal) {
  const threadsOf = isUrl(subject) ? fetchThreads : readThreads;
  return async () => {
    const sample = await threadsOf(subject, signal);
    if (!sample.threads.every((thread) => isObject(thread?.stats?.connections))) {
      throw new TopError(`${subject} serves no net.stats()`);
    }
    return { subject: /^\d+$/.test(subject) ? `process ${subject}` : subject, ...sample };
  };
}

const isObject = (value) => typeof value === 'object' && value !== null;

async function readThreads(subject, signal) {
  const { readStats } = require('..');
  try {
    const threads = await readStats(/^\d+$/.test(subject) ? Number(subject) : subject, { signal });
    return { threads, silent: threads.silent, time: performance.now() };
  } catch (error) {
    throw new TopError(reasonOf(error, subject));
  }
}

function reasonOf({ code, message }, subject) {
  if (code === 'ENOENT') {
    return `${subject} publishes nothing. Is it running, by the same user, with RUST_NET_TOP=1 or net.publishStats()?`;
  }
  if (code === 'ECONNREFUSED') return `${subject} publishes nothing: it is gone, and has left its socket behind.`;
  if (code === 'ETIMEDOUT' || code === 'EAGAIN') {
    return `${subject} does not answer: it is stopped, or something keeps its event loop from running.`;
  }
  return `${subject} can't be read: ${message}`;
}

async function fetchThreads(url, signal) {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const timer = setTimeout(() => controller.abort(new TopError(`${url} does not answer`)), PATIENCE);
  signal.addEventListener('abort', stop);
  try {
    const response = await fetch(url, { signal: controller.signal, headers: { accept: 'application/json' } });
    const time = performance.now();
    if (!response.ok) throw new TopError(`${url} answers ${response.status}`);
    return { threads: [{ thread: 0, stats: await response.json() }], silent: [], time };
  } catch (error) {
    if (error instanceof TopError) throw error;
    throw new TopError(`${url} can't be read: ${error.cause?.message ?? error.message}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Shows one table after the other on `output`. */
async function printTables(sample, { interval, once, signal, output }) {
  let earlier = await sample();
  do {
    await wait(interval, undefined, { signal });
    const later = await sample();
    // After the last one, nothing is ready for an output that fails.
    await new Promise((resolve) => output.write(`${view(earlier, later).join('\n')}\n${once ? '' : '\n'}`, resolve));
    earlier = later;
  } while (!once);
}

/** Shows the latest on a terminal, until a key ends it. */
async function draw(sample, { interval, signal, output }) {
  let earlier = await sample();
  let later = earlier;
  const show = () => {
    // Not every terminal knows its size.
    const lines = view(earlier, later, { rows: (output.rows || ROWS) - 1, width: output.columns || COLUMNS });
    output.write(`${CLEAR}${lines.join('\n')}\n`);
  };
  const leave = () => output.write(LEAVE);
  output.write(ENTER);
  output.on('resize', show);
  // However this process ends.
  process.on('exit', leave);
  try {
    show();
    for (;;) {
      await wait(interval, undefined, { signal });
      [earlier, later] = [later, await sample()];
      show();
    }
  } finally {
    output.removeListener('resize', show);
    process.removeListener('exit', leave);
    leave();
  }
}

/** Aborts `controller` with `q` and Ctrl-C, with signals, and when `output` is closed. Returns what undoes that. */
function endBy(controller, input, output) {
  const end = () => controller.abort();
  const onKey = (keys) => (keys.includes('q') || keys.includes(CONTROL_C)) && end();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of signals) process.on(name, end);
  output.on('error', end);
  if (input.isTTY) input.setRawMode(true).setEncoding('latin1').on('data', onKey);
  return () => {
    for (const name of signals) process.removeListener(name, end);
    output.removeListener('error', end);
    if (input.isTTY) input.setRawMode(false).removeListener('data', onKey).pause();
  };
}

/** Shows `subject` until it is ended, or once. Throws a `TopError` if there is nothing to show. */
async function top(subject, { seconds, once }) {
  const controller = new AbortController();
  const { stdin, stdout } = process;
  const isLive = stdout.isTTY && !once;
  const undo = endBy(controller, isLive ? stdin : {}, stdout);
  const options = { interval: seconds * 1000, once, signal: controller.signal, output: stdout };
  try {
    await (isLive ? draw : printTables)(sampler(subject, controller.signal), options);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    undo();
  }
}

module.exports = { TopError, top };
