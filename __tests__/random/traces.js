'use strict';

// The events of random sequences, compared with those of node:net. A sequence is played step by step: the next step
// waits until nothing happens any more. So the order of a stream's events is determined, and is the same in both. The
// order between two streams is up to the kernel: each has a trace of its own.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const { Writable } = require('stream');
const { generator } = require('./plan');

// 'readable' is not among them: a listener for it would be a reader.
const EVENTS = ['connect', 'ready', 'end', 'finish', 'drain', 'timeout', 'error', 'close', 'pause', 'resume'];

const STATE = [
  'readyState', 'connecting', 'pending', 'destroyed', 'closed', 'readable', 'writable', 'readableFlowing', 'readableLength',
  'writableLength', 'writableEnded', 'writableFinished', 'readableEnded', 'readableAborted', 'writableNeedDrain',
  'bytesRead', 'bytesWritten', 'timeout',
];

/** So many turns of the loop without an event are quiet. Over loopback, what send() has taken has arrived. */
const QUIET = 6;

const STEPS = [
  'write', 'write', 'write', 'writeText', 'end', 'endWith', 'pause', 'resume', 'read', 'cork', 'uncork', 'destroy',
  'destroyWith', 'destroySoon', 'resetAndDestroy', 'encoding', 'listen', 'unlisten', 'readable', 'once', 'unref',
  'setTimeout', 'noDelay', 'unshift', 'pipeOut', 'unpipe', 'connections', 'writeEmpty', 'iterate',
];

/** The sequence of a seed. */
function planOf(seed) {
  const next = generator(seed);
  const count = 2 + next(12);
  return {
    unix: next(3) === 0,
    options: [0, 1].map(() => ({ allowHalfOpen: next(2) === 1 })),
    pauseOnConnect: next(6) === 0,
    listens: [next(3) > 0, next(3) > 0],
    steps: Array.from({ length: count }, () => {
      const [side, name] = [next(2), STEPS[next(STEPS.length)]];
      return { side, name, size: 1 + next(next(5) ? 2000 : 40000), form: next(1 << 20) };
    }),
  };
}

const turn = () => new Promise(setImmediate);

/** What happens to one stream. Received data is counted, step by step: the kernel decides how it is cut. */
class Recorder {
  constructor(stream, progress) {
    Object.assign(this, { stream, progress, lines: [], received: 0 });
    for (const name of EVENTS) stream.on(name, (...args) => this.note(name, ...args.map(shown)));
  }

  note(...words) {
    this.progress.count++;
    this.flush();
    this.lines.push(words.join(' '));
  }

  data(chunk) {
    this.progress.count++;
    this.received += chunk.length;
  }

  flush() {
    if (this.received > 0) this.lines.push(`data ${this.received}`);
    this.received = 0;
  }

  /** Calls a method: what it returns or throws. */
  call(name, ...args) {
    try {
      const result = this.stream[name](...args);
      this.note(name, '->', result === this.stream ? 'this' : shown(result));
    } catch (error) {
      this.note(name, 'throws', shown(error));
    }
  }

  callback(name) {
    return (...args) => this.note(`callback of ${name}`, ...args.map(shown));
  }
}

function shown(value) {
  if (value instanceof Error || value?.stack) return [value.code, value.errno, value.syscall, value.message].join('|');
  if (value !== null && typeof value === 'object') return Buffer.isBuffer(value) ? `${value.length} bytes` : typeof value;
  return typeof value === 'string' ? `${value.length} characters` : String(value);
}

/** Steps that may send something. */
const SENDS = ['write', 'writeText', 'writeEmpty', 'end', 'endWith', 'uncork'];

/** What docs/api/node.md says is different, or both have as the kernel has it, is not played. */
function isComparable({ stream, encoded }, { name }, other) {
  // A write to a peer that is gone fails at the end of the turn of the loop here, and in write() itself there.
  if (SENDS.includes(name)) return !other.stream.destroyed || stream.destroyed;
  // So does one that is corked.
  const isCorked = other.stream.writableLength > 0 || other.stream.writableCorked > 0;
  if (name.startsWith('destroy') || name === 'resetAndDestroy') return !isCorked;
  // What the first encoding has not shown is not lost here.
  if (name === 'encoding') return !encoded;
  // Known: on a destroyed socket it sets `timeout`.
  if (name === 'setTimeout') return !stream.destroyed;
  return true;
}

/** One step on one side. */
function act(recorder, { name, size, form }, server) {
  const { stream } = recorder;
  const bytes = Buffer.alloc(size, form);
  const listener = (recorder.listener ??= (chunk) => recorder.data(chunk));
  const actions = {
    write: () => recorder.call('write', bytes, recorder.callback('write')),
    writeText: () => {
      const encoding = ['utf8', 'latin1', 'utf16le'][form % 3];
      recorder.call('write', 'ä'.repeat(size % 300), encoding, recorder.callback('write'));
    },
    writeEmpty: () => recorder.call('write', '', 'utf8', recorder.callback('write')),
    end: () => recorder.call('end', recorder.callback('end')),
    endWith: () => recorder.call('end', bytes.subarray(0, size % 1000)),
    read: () => recorder.call('read', form % 2 ? undefined : 1 + (form % 50)),
    destroy: () => recorder.call('destroy'),
    destroyWith: () => recorder.call('destroy', Object.assign(new Error('mine'), { code: 'MINE' })),
    encoding: () => {
      recorder.encoded = true;
      recorder.call('setEncoding', ['utf8', 'hex', 'latin1'][form % 3]);
    },
    listen: () => stream.on('data', listener),
    unlisten: () => stream.off('data', listener),
    readable: () => stream.on('readable', () => recorder.note('readable', shown(stream.read()))),
    once: () => stream.once('data', (chunk) => recorder.data(chunk)),
    setTimeout: () => recorder.call('setTimeout', form % 2 ? 60000 : 0),
    noDelay: () => recorder.call('setNoDelay', form % 2 === 0),
    unshift: () => recorder.call('unshift', bytes.subarray(0, 1 + (size % 20))),
    pipeOut: () => {
      const write = (chunk, encoding, callback) => {
        recorder.data(chunk);
        callback();
      };
      stream.pipe(new Writable({ write }));
    },
    unpipe: () => stream.unpipe(),
    iterate: () => {
      (async () => {
        for await (const chunk of stream) recorder.data(chunk);
      })().then(recorder.callback('iteration'), recorder.callback('iteration'));
    },
    connections: () => server.getConnections(recorder.callback('getConnections')),
  };
  (actions[name] ?? (() => recorder.call(name)))();
}

/** Waits until nothing happens any more. */
async function untilQuiet(progress) {
  for (let quiet = 0; quiet < QUIET;) {
    const seen = progress.count;
    await turn();
    quiet = progress.count === seen ? quiet + 1 : 0;
  }
}

/** Plays a sequence with `net`: what both streams have shown, step by step. */
async function record(net, list) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'traces-'));
  const progress = { count: 0 };
  const where = list.unix ? { path: path.join(folder, 's') } : { port: 0, host: '127.0.0.1' };
  const server = net.createServer({ ...list.options[1], pauseOnConnect: list.pauseOnConnect });
  let recorders = [];
  const uncaught = (error) => recorders[0]?.note('uncaught', shown(error));
  process.on('unhandledRejection', uncaught);
  try {
    server.listen(where);
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const client = net.connect({ ...where, ...(list.unix ? {} : { port: server.address().port }), ...list.options[0] });
    recorders = [new Recorder(client, progress)];
    recorders.push(new Recorder((await accepted)[0], progress));
    recorders.forEach((recorder, side) => list.listens[side] && act(recorder, { name: 'listen', size: 1 }));
    await untilQuiet(progress);
    const last = ['resume', 'end', 'destroy'].flatMap((name) => [0, 1].map((side) => ({ side, name, size: 1 })));
    for (const [at, step] of [...list.steps, ...last].entries()) {
      recorders.forEach((recorder, side) => {
        recorder.flush();
        recorder.lines.push(`#${at} ${side === step.side ? step.name : '-'}`);
      });
      const [recorder, other] = [recorders[step.side], recorders[1 - step.side]];
      if (isComparable(recorder, step, other)) act(recorder, step, server);
      await untilQuiet(progress);
      for (const recorder of recorders) {
        recorder.flush();
        recorder.lines.push(STATE.map((name) => `${name}=${recorder.stream[name]}`).join(' '));
      }
    }
    return recorders.map(({ lines }) => lines);
  } finally {
    process.off('unhandledRejection', uncaught);
    for (const { stream } of recorders) stream.destroy();
    await new Promise((resolve) => server.close(resolve));
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What has happened in the step that line `at` belongs to. */
function stepAt(lines, at) {
  const begin = lines.findLastIndex((line, i) => i <= at && line.startsWith('#'));
  const end = lines.findIndex((line, i) => i > at && line.startsWith('#'));
  return lines.slice(begin, end === -1 ? lines.length : end);
}

/** So many lines are shown before a difference, and after it. */
const CONTEXT = 6;

/** The first difference between two recordings, or undefined. */
function difference(theirs, ours) {
  for (const side of [0, 1]) {
    const at = theirs[side].findIndex((line, i) => line !== ours[side][i]);
    if (at === -1 && theirs[side].length === ours[side].length) continue;
    // With data that has not been read, both a reset and an end are right, and what follows is another sequence.
    if ([theirs, ours].some((lines) => stepAt(lines[side], at).some((line) => line.startsWith('error ECONNRESET')))) continue;
    const [before, behind] = [Math.max(0, at - CONTEXT), at + CONTEXT];
    return { side, theirs: theirs[side].slice(before, behind), ours: ours[side].slice(before, behind) };
  }
  return undefined;
}

async function compare(net, list) {
  return difference(await record(nodeNet, list), await record(net, list));
}

/** As `run` of machine.js. */
async function runTraces(net, { seed, seconds = Infinity, count = Infinity }) {
  const until = Date.now() + seconds * 1000;
  let played = 0;
  for (; played < count && Date.now() < until; played++) {
    const list = planOf(seed + played);
    const found = await compare(net, list);
    if (found === undefined) continue;
    return { played: played + 1, failure: { seed: seed + played, ...found, list: await shorten(net, list) } };
  }
  return { played, failure: undefined };
}

async function shorten(net, list) {
  for (let i = list.steps.length - 1; i >= 0; i--) {
    const shorter = { ...list, steps: list.steps.filter((_, at) => at !== i) };
    if (await compare(net, shorter) !== undefined) list = shorter;
  }
  return list;
}

module.exports = { compare, planOf, record, runTraces };
