'use strict';

// Many processes that want the same socket file at once, over a free path, over a leftover file, while its server
// closes, and while it is bound and does not listen yet; with delays before each system call, if the binding can do
// that. Every round has the only outcomes that D7 allows: never two servers on one path, and whichever says that it
// listens is the one that clients reach.

const { spawn } = require('child_process');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const readline = require('readline');
const { leaveBehind } = require('./scenario');

const ENTRIES = [path.join(__dirname, '../../index.js'), path.join(__dirname, '../../node.js')];

class Racer {
  #child;
  #lines;

  constructor(entry, delay) {
    const env = { ...process.env, ...(delay && { RUST_NET_FAULT_DELAY: delay }) };
    const stdio = ['pipe', 'pipe', 'inherit'];
    this.#child = spawn(process.execPath, [path.join(__dirname, 'racer.js'), entry], { env, stdio });
    this.#lines = readline.createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  get pid() {
    return this.#child.pid;
  }

  async do(command, where) {
    this.#child.stdin.write(`${JSON.stringify({ command, path: where })}\n`);
    const { value = 'died' } = await this.#lines.next();
    return value;
  }

  stop() {
    this.#child.kill('SIGKILL');
  }
}

/** The process that a client of `where` reaches, or the code of the error. */
function reach(where) {
  return new Promise((resolve) => {
    const client = nodeNet.connect(where);
    client.on('data', (data) => resolve(Number(data)));
    client.on('error', ({ code }) => resolve(code));
  });
}

class Race {
  #racers;
  #where;
  rounds = 0;
  findings = [];

  constructor(folder, { processes, seed, delay }) {
    this.#where = path.join(folder, 's');
    const delayOf = (i) => delay > 0 && `${seed + i}:${delay}`;
    // Those of the second entry do not take over, but get what is free.
    this.#racers = Array.from({ length: processes }, (_, i) => new Racer(ENTRIES[i % 3 === 2 ? 1 : 0], delayOf(i)));
  }

  /** One round of each kind. */
  async round() {
    this.rounds++;
    await this.#compete('free');
    await this.#whileItCloses();
    await leaveBehind(this.#where);
    await this.#compete('leftover');
    await this.#closeAll();
    await this.#whileItIsBound();
    await this.#closeAll();
  }

  stop() {
    for (const racer of this.#racers) racer.stop();
  }

  #listen(racers) {
    return Promise.all(racers.map((racer) => racer.do('listen', this.#where)));
  }

  async #closeAll() {
    await Promise.all(this.#racers.map((racer) => racer.do('close')));
    this.#expect('closed', [fs.existsSync(this.#where)], [false]);
  }

  /** All listen at once: one gets the path. */
  async #compete(kind) {
    const outcomes = await this.#listen(this.#racers);
    this.#expect(kind, [...outcomes].sort(), ['EADDRINUSE', 'listening'].flatMap((outcome) =>
      Array(outcome === 'listening' ? 1 : this.#racers.length - 1).fill(outcome)));
    await this.#expectReached(kind, this.#racers, outcomes);
  }

  /** The server closes while all others listen: at most one of them gets the path. */
  async #whileItCloses() {
    const servers = [];
    for (const racer of this.#racers) {
      if ((await reach(this.#where)) === racer.pid) servers.push(racer);
    }
    const others = this.#racers.filter((racer) => !servers.includes(racer));
    const [outcomes] = await Promise.all([this.#listen(others), ...servers.map((racer) => racer.do('close'))]);
    const listening = outcomes.filter((outcome) => outcome === 'listening').length;
    this.#expect('closing', [listening <= 1, new Set(outcomes).has('died')], [true, false]);
    if (listening === 1) await this.#expectReached('closing', others, outcomes);
    await this.#closeAll();
  }

  /** One has bound the path and does not listen yet: no other gets it. */
  async #whileItIsBound() {
    const [holder, ...others] = this.#racers;
    const bound = await holder.do('bind', this.#where);
    const outcomes = await this.#listen(others);
    this.#expect('bound', [bound, ...new Set(outcomes)], ['bound', 'EADDRINUSE']);
    this.#expect('bound', [await holder.do('listenOnBound')], ['listening']);
    await this.#expectReached('bound', [holder], ['listening']);
  }

  async #expectReached(kind, racers, outcomes) {
    const winner = racers[outcomes.indexOf('listening')];
    this.#expect(`${kind}: reached`, [await reach(this.#where)], [winner?.pid]);
  }

  #expect(kind, found, expected) {
    if (JSON.stringify(found) !== JSON.stringify(expected)) this.findings.push({ kind, round: this.rounds, found });
  }
}

/** Runs rounds for so many milliseconds, one at least: `{ rounds, findings }`. */
async function race(folder, { milliseconds, ...options }) {
  const running = new Race(folder, options);
  const until = Date.now() + milliseconds;
  try {
    do await running.round();
    while (Date.now() < until && running.findings.length === 0);
  } finally {
    running.stop();
  }
  return { rounds: running.rounds, findings: running.findings };
}

module.exports = { race };
