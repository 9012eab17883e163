'use strict';

// Random sequences of the API's methods on a connected pair of streams, and what has to hold for each of them.
// A seed determines the whole sequence. Run with node:net as the implementation, it checks the machine itself.

const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');

/** Longest time one sequence may take; only one that hangs reaches it. */
const LIMIT = 20000;
const LARGEST_WRITE = 200 * 1024;

/** A function that returns the next number in [0, below), the same ones for the same seed (xorshift32). */
function generator(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % below;
  };
}

/** `length` bytes of a direction's sequence, from `position` on. */
function sequence(direction, position, length) {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (Math.imul(position + i + direction, 0x9e3779b1) >>> 16) & 0xff;
  return bytes;
}

/** The steps of a seed: plain data, so that a failing list can be printed and shortened. */
function plan(seed) {
  const next = generator(seed);
  const steps = [];
  const count = 1 + next(30);
  const names = ['write', 'write', 'write', 'pause', 'resume', 'turn'];
  names.push('noDelay', 'keepAlive', 'timeout', 'ref', 'unref', 'end');
  for (let i = 0; i < count; i++) {
    const size = next(4) ? next(3000) : next(LARGEST_WRITE);
    steps.push({ side: next(2), name: names[next(names.length)], size, form: next(3) });
  }
  if (next(4) === 0) steps.push({ side: next(2), name: 'destroy' });
  return { unix: next(2) === 1, allowHalfOpen: next(2) === 1, latin1: [next(2) === 1, next(2) === 1], steps };
}

/** Follows one stream: records what arrives and every broken rule. */
class End {
  constructor(stream, side, latin1, broken) {
    Object.assign(this, { stream, side, sent: 0, received: 0, closed: 0 });
    Object.assign(this, { ended: false, finished: false, failed: false });
    const rule = (text) => broken.push(`side ${side}: ${text}`);
    if (latin1) stream.setEncoding('latin1');
    stream.on('data', (data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
      if (this.ended) rule("'data' after 'end'");
      if (this.closed || this.failed) rule("'data' after 'error' or 'close'");
      if (!bytes.equals(sequence(1 - side, this.received, bytes.length))) rule(`wrong bytes at ${this.received}`);
      this.received += bytes.length;
    });
    for (const name of ['end', 'drain', 'timeout']) {
      stream.on(name, () => { if (this.closed || this.failed) rule(`'${name}' after 'error' or 'close'`); });
    }
    stream.on('end', () => {
      if (this.ended) rule("'end' twice");
      this.ended = true;
    });
    stream.on('error', () => {
      if (this.failed || this.closed) rule("'error' twice, or after 'close'");
      this.failed = true;
    });
    this.close = new Promise((resolve) => {
      stream.on('close', () => {
        if (++this.closed > 1) rule("'close' twice");
        resolve();
      });
    });
  }

  step({ name, size, form }) {
    const { stream } = this;
    if (name === 'write' && !this.finished) {
      const bytes = sequence(this.side, this.sent, size);
      this.sent += size;
      if (form === 0) stream.write(bytes.toString('latin1'), 'latin1');
      else stream.write(form === 1 ? bytes : new Uint8Array(bytes));
    } else if (name === 'end') {
      this.finished = true;
      stream.end();
    } else if (name === 'destroy') stream.destroy();
    else if (name === 'pause' || name === 'resume') stream[name]();
    else if (name === 'ref' || name === 'unref') stream[name]?.();
    else if (name === 'noDelay') stream.setNoDelay(form === 0);
    else if (name === 'keepAlive') stream.setKeepAlive(form === 0, 1000);
    else if (name === 'timeout') stream.setTimeout(form * 60000);
  }
}

/** Plays `list` with `net`; resolves to the rules it broke (none: an empty list). */
async function play(net, list) {
  const broken = [];
  const graceful = !list.steps.some(({ name }) => name === 'destroy');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'random-'));
  const server = net.createServer({ allowHalfOpen: list.allowHalfOpen });
  let ends = [];
  let timer;
  try {
    const listening = once(server, 'listening');
    if (list.unix) server.listen(path.join(folder, 's'));
    else server.listen(0, '127.0.0.1');
    await listening;
    const accepted = once(server, 'connection');
    const where = list.unix ? [path.join(folder, 's')] : [server.address().port, '127.0.0.1'];
    const client = net.createConnection(...where);
    const first = new End(client, 0, list.latin1[0], broken);
    const [stream] = await Promise.all([accepted, once(client, 'connect')]).then(([[peer]]) => [peer]);
    ends = [first, new End(stream, 1, list.latin1[1], broken)];
    for (const step of list.steps) {
      // The other side's end may have ended this one (allowHalfOpen: false): nothing is written after that.
      if (ends[step.side].stream.destroyed || ends[step.side].closed) continue;
      if (ends[step.side].ended) ends[step.side].finished = true;
      if (step.name === 'turn') await new Promise(setImmediate);
      else ends[step.side].step(step);
    }
    for (const end of ends) {
      end.stream.resume();
      end.stream.ref?.();
      end.step({ name: 'end' });
    }
    const late = new Promise((resolve) => { timer = setTimeout(resolve, LIMIT, 'late'); });
    const closed = Promise.all(ends.map((end) => end.close));
    if (await Promise.race([closed, late]) === 'late') broken.push("no 'close'");
    await new Promise(setImmediate);
    if (graceful && !ends.some((end) => end.failed)) {
      for (const end of ends) {
        const { sent } = ends[1 - end.side];
        const { received } = end;
        if (received !== sent) broken.push(`side ${end.side}: ${received} bytes of ${sent} arrived`);
      }
    }
    for (const end of ends) {
      if (graceful && end.failed) broken.push(`side ${end.side}: 'error' without a cause`);
    }
  } finally {
    clearTimeout(timer);
    for (const end of ends) end.stream.destroy();
    await new Promise((resolve) => server.close(resolve));
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return broken;
}

/** Leaves out one step after the other while what is left still fails. */
async function shorten(net, list) {
  for (let i = list.steps.length - 1; i >= 0; i--) {
    const shorter = { ...list, steps: list.steps.filter((_, at) => at !== i) };
    if ((await play(net, shorter)).length > 0) list = shorter;
  }
  return list;
}

/** Plays seeds from `seed` on until `seconds` have passed or one fails; resolves to the number and the failure. */
async function run(net, { seed, seconds = Infinity, count = Infinity }) {
  const until = Date.now() + seconds * 1000;
  let played = 0;
  for (; played < count && Date.now() < until; played++) {
    const list = plan(seed + played);
    const broken = await play(net, list);
    if (broken.length > 0) {
      const failure = { seed: seed + played, broken, list: await shorten(net, list) };
      return { played: played + 1, failure };
    }
  }
  return { played };
}

module.exports = { plan, play, run };
