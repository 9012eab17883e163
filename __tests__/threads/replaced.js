'use strict';

// Random sequences of visits and replacements: `server.js` of the guide "Zero downtime", on a port or a path, whose
// processes replace each other, fail to, and lose threads, while visitors come. Each visit has to be served.

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');
const readline = require('readline');
const { setImmediate } = require('timers/promises');
const { blocksOf, nameOf } = require('../examples/pages');
const { atEnd, scratch } = require('../helpers');
const { generator } = require('../random/plan');

const ROOT = path.join(__dirname, '..', '..');
const HANDLER = path.join(__dirname, 'fixtures', 'visited.js');

/** What a step does, and how often that is among all steps. */
const STEPS = [
  'visit', 'visit', 'visit', 'visit', 'stay', 'replace', 'replace', 'fail', 'exit', 'recycle', 'await', 'turn',
];
const MAX_STEPS = 12;
/** All of them together fit in the queue of a socket. */
const MAX_VISITS = 20;

/** The program of the guide, on what `WHERE` says, with the handler above. With a file `broken`, it does not start. */
function programOf() {
  const blocks = blocksOf(path.join('docs', 'guides', 'zero-downtime.md'));
  const [, , , text] = blocks.find(([, words]) => nameOf(words) === 'server.js');
  return text
    .replace("{ port: 8080, host: '127.0.0.1' }", 'JSON.parse(process.env.WHERE)')
    .replace('} listens`', '} listens on ${JSON.stringify(service.address())}`')
    .replace('if (isMainThread) main();', "if (isMainThread && !require('fs').existsSync('broken')) main();")
    .replace(/else module\.exports = [^]*$/, `else if (!isMainThread) module.exports = require('${HANDLER}');\n`);
}

/** The steps of a seed. */
function plan(seed) {
  const next = generator(seed);
  const step = () => [STEPS[next(STEPS.length)], 1 + next(MAX_VISITS)];
  const steps = Array.from({ length: 4 + next(MAX_STEPS - 3) }, step);
  // A thread may be dead at the end.
  if (next(2) === 0) steps.push(['exit'], ['visit', MAX_VISITS]);
  return { isPath: next(2) === 0, steps };
}

/** The processes of one sequence, of which the last one listens. */
class Chain {
  pid = null;
  place = null;
  complaints = '';
  #first;
  #lines;

  constructor(folder, where) {
    const env = { ...process.env, WHERE: JSON.stringify(where) };
    this.#first = spawn(process.execPath, ['server.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#lines = readline.createInterface(this.#first.stdout)[Symbol.asyncIterator]();
    this.#first.stderr.setEncoding('utf8').on('data', (text) => (this.complaints += text));
    this.over = Promise.all([once(this.#first, 'close'), once(this.#first, 'exit')]);
  }

  /** Resolves when the next process listens. */
  async next() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`No process listens any more. ${this.complaints}`);
    const [, pid, address] = /^(\d+) listens on (.*)$/.exec(value);
    this.pid = Number(pid);
    killAtEnd(this.pid);
    const at = JSON.parse(address);
    this.place = typeof at === 'string' ? { path: at } : { port: at.port, host: at.address };
  }

  signal(name) {
    process.kill(this.pid, name);
  }

  /** Resolves when there have been so many complaints of a process that does not start. */
  async complained(count) {
    while (this.complaints.split('so this one goes on').length <= count) await once(this.#first.stderr, 'data');
  }
}

/** Visits `place`. Resolves to what has come of it: 'served', or what has come in its place. */
function visit(place, order) {
  return new Promise((resolve) => {
    let text = '';
    const client = net.connect(place);
    client.write(order);
    client.on('data', (data) => (text += data));
    client.on('error', ({ code }) => resolve(`${order}: ${code} behind "${text}"`));
    client.on('close', () => resolve(/^\d+ served$/.test(text) ? 'served' : `${order}: an end behind "${text}"`));
  });
}

/** Has process `pid` not outlive the test. */
function killAtEnd(pid) {
  atEnd(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
}

/** Plays the steps of `seed`. Returns what has failed, and how many visits there were. */
async function play(seed) {
  const folder = scratch();
  const { isPath, steps } = plan(seed);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
  fs.writeFileSync(path.join(folder, 'server.js'), programOf());
  const broken = path.join(folder, 'broken');
  const where = isPath ? { path: path.join(folder, 'socket') } : { port: 0, host: '127.0.0.1' };
  const chain = new Chain(folder, where);
  const failures = [];
  const [visits, staying] = [[], []];
  let [count, refused] = [0, 0];
  const begin = (list, order, most) => {
    count += most;
    for (let i = 0; i < most; i++) list.push(visit(chain.place, order));
  };
  const settle = async (list) => {
    failures.push(...(await Promise.all(list.splice(0))).filter((outcome) => outcome !== 'served'));
  };
  const actions = {
    visit: (most) => begin(visits, '?', most),
    stay: (most) => begin(staying, 'stay', most % 4),
    async replace() {
      chain.signal('SIGHUP');
      await chain.next();
    },
    async fail() {
      fs.writeFileSync(broken, '');
      chain.signal('SIGHUP');
      await chain.complained(++refused);
      fs.rmSync(broken);
    },
    // With the thread, its connections are lost, so there are none then. What comes next waits for another one.
    async exit() {
      await settle(visits);
      if (staying.length === 0) await visit(chain.place, 'exit');
    },
    recycle: () => begin(visits, 'recycle', 1),
    await: () => settle(visits),
    turn: () => setImmediate(),
  };
  try {
    await chain.next();
    for (const [name, most] of steps) await actions[name](most);
    // Visitors are connected in a tick, and wait then: the last process serves them before it ends.
    await setImmediate();
    chain.signal('SIGTERM');
    await settle(visits);
    await settle(staying);
    const [, [code, signal]] = await chain.over;
    if (code !== 0) failures.push(`the first process has ended: ${signal ?? code}`);
  } catch (error) {
    failures.push(error.stack);
  }
  return { seed, count, failures: [...new Set(failures)], isPath, steps };
}

module.exports = { play };
