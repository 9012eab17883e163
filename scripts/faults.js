'use strict';

// `node scripts/faults.js [--seconds N] [--seed S] [--case ENTRY:CALL:ERRNO:SKIP] [--race]`
//
// Each system call of the engine fails once, with each errno that it may have, while a program does all that can be
// done (scenario.js in __tests__/faults): first every pair of call and errno, then at random places until the time is
// over. A seed gives the same places again. With `--race`, many processes want one socket file at once instead (race.js
// there), with delays before their system calls.
//
// Needs a binding with the cargo feature `fault-injection`, which is built first, in debug mode, so that a descriptor
// that is closed twice ends the process. Whatever is wrong is printed with its case, and the exit code is 1.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const ROOT = path.join(__dirname, '..');
const LIBRARY = process.platform === 'darwin' ? 'librust_net.dylib' : 'librust_net.so';

/** The two entries of the package, by the name of their contract. */
const ENTRIES = ['page', 'today'];

/** At so many first places a call fails before places are chosen among all. */
const FIRST_PLACES = 4;

/**
 * What each call may fail with. EAGAIN is no failure: the kernel returns it only where there is nothing to do; nor is
 * ENOTCONN of `shutdown`, which it returns only where there is no connection to end.
 */
const FAILURES = {
  __proto__: null,
  'accept': 'EMFILE ENFILE ENOBUFS ENOMEM EPERM ECONNABORTED EINTR EPROTO ENETDOWN EHOSTUNREACH EOPNOTSUPP ETIMEDOUT',
  'bind': 'EADDRINUSE EACCES EADDRNOTAVAIL EINVAL ENOMEM ENOTDIR ENOENT EROFS ELOOP EPERM',
  'connect': 'ECONNREFUSED ETIMEDOUT ENETUNREACH EHOSTUNREACH EADDRINUSE EADDRNOTAVAIL EAGAIN EACCES EPERM ENOENT',
  'dup': 'EMFILE',
  'epoll_ctl': 'ENOMEM ENOSPC EPERM',
  'flock': 'EWOULDBLOCK EINTR ENOLCK',
  'fstat': 'ENOMEM EIO',
  'getpeername': 'ENOBUFS',
  'getsockopt': 'ENOBUFS ENOMEM',
  'ioctl': 'EINVAL ENOTTY',
  'listen': 'EADDRINUSE EINVAL EOPNOTSUPP',
  'open': 'EMFILE EACCES EROFS',
  'probe': 'EMFILE',
  'recv': 'ECONNRESET ETIMEDOUT EINTR ENOMEM EIO EHOSTUNREACH ECONNREFUSED',
  'recvmsg': 'ECONNRESET EINTR ENOMEM',
  'send': 'EPIPE ECONNRESET ENOBUFS ENOMEM EINTR ETIMEDOUT EACCES EHOSTUNREACH',
  'sendmsg': 'EPIPE ECONNRESET ENOBUFS ENOMEM EINTR',
  'setsockopt': 'ENOMEM EINVAL ENOPROTOOPT',
  'shutdown': 'ENOBUFS ECONNRESET',
  'socket': 'EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT',
  'unlink': 'EACCES EROFS EBUSY',
  'writev': 'EPIPE ECONNRESET ENOBUFS ENOMEM EINTR',
};

/** Builds the binding with the faults: its path. */
function build() {
  const args = ['build', '--locked', '--features', 'fault-injection'];
  const { status, stderr } = spawnSync('cargo', args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const binding = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-faults-')), 'rust-net.node');
  fs.copyFileSync(path.join(ROOT, 'target', 'debug', LIBRARY), binding);
  return binding;
}

/** A generator of numbers below 1: mulberry32. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Descriptors of this process; the one that lists them is gone when the list is there. */
function descriptors() {
  return process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0;
}

class Faults {
  #net;
  #binding;
  #engine;
  #folder;
  #credentials;
  /** How many there are when nothing is left. */
  #descriptors = 0;
  #sources = 0;
  /** What has been thrown where nothing catches it. */
  #uncaught = [];
  cases = 0;
  /** Cases whose call has failed. */
  injected = 0;
  findings = [];

  constructor(folder) {
    this.#binding = require('../lib/binding');
    this.#engine = require('../lib/engine');
    this.#net = { page: require('..'), today: require('../node') };
    this.#folder = folder;
    this.#credentials = require('../__tests__/tls/pki').identity('selfSigned');
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.on(event, (error) => this.#uncaught.push(error));
    }
  }

  /** Runs the scenario without failures, which everything is measured by: how often each entry makes each call. */
  async prepare() {
    const counts = {};
    for (const entry of [...ENTRIES, ...ENTRIES]) {
      const wrong = await this.#play(entry, '', 0, 0);
      if (wrong) throw wrong;
      counts[entry] = Object.fromEntries(this.#binding.callsSincePlan());
    }
    this.#descriptors = descriptors();
    return counts;
  }

  /** Runs the scenario while `call` fails once with `code`, after having succeeded `skip` times. */
  async try(entry, call, code, skip) {
    this.cases++;
    let wrong = await this.#play(entry, call, os.constants.errno[code], skip);
    const counts = Object.fromEntries(this.#binding.callsSincePlan());
    if ((counts[call] ?? 0) > skip) this.injected++;
    // What has gone wrong may have left things open, which is not another finding.
    wrong ??= await this.#leaks();
    this.#uncaught.length = 0;
    if (!wrong) return;
    this.findings.push(`${entry}:${call}:${code}:${skip}`);
    console.error(`--case ${entry}:${call}:${code}:${skip}`, wrong);
    this.#descriptors = descriptors();
    this.#sources = this.#engine.start().size;
  }

  async #play(entry, call, errno, skip) {
    const { Scenario } = require('../__tests__/faults/scenario');
    this.#binding.planFault(call, errno, skip, call === '' ? 0 : 1);
    try {
      await new Scenario(this.#net[entry], this.#folder, this.#credentials).run();
    } catch (error) {
      return error;
    }
    return this.#uncaught[0] ?? null;
  }

  /** What is still open. A cancelled handshake closes its socket on a thread of its own. */
  async #leaks() {
    const sources = () => this.#engine.start().size - this.#sources;
    const isClean = () => descriptors() <= this.#descriptors && sources() === 0;
    for (let turns = 0; turns < 500 && !isClean(); turns++) await new Promise((resolve) => setTimeout(resolve, 2));
    if (isClean()) return null;
    return new Error(`${descriptors() - this.#descriptors} descriptors and ${sources()} sources are left`);
  }
}

/** All pairs of call and errno, at the call's first places; then at random ones, as long as there is time. */
async function runAll(faults, seed, until) {
  const counts = await faults.prepare();
  const random = generator(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const pairs = Object.entries(FAILURES).flatMap(([call, codes]) => codes.split(' ').map((code) => ({ call, code })));
  const attempt = ({ call, code }, most) => {
    const entry = pick(ENTRIES.filter((name) => counts[name][call] > 0));
    if (entry === undefined) throw new Error(`${call} is never called`);
    return faults.try(entry, call, code, Math.floor(random() * Math.min(counts[entry][call], most)));
  };
  let tried = 0;
  for (; tried < pairs.length && Date.now() < until; tried++) await attempt(pairs[tried], FIRST_PLACES);
  while (Date.now() < until) await attempt(pick(pairs), Infinity);
  return { pairs: pairs.length, tried };
}

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '40' },
      seed: { type: 'string' },
      case: { type: 'string' },
      race: { type: 'boolean' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 2 ** 32);
  process.env.RUST_NET_BINDING ??= build();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-faults-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  if (values.race) {
    const { race } = require('../__tests__/faults/race');
    const options = { processes: 6, seed, delay: 3000, milliseconds: Number(values.seconds) * 1000 };
    const outcome = await race(folder, options);
    console.log(JSON.stringify({ seed, ...outcome }));
    process.exit(outcome.findings.length === 0 ? 0 : 1);
  }
  execFileSync('mkfifo', [path.join(folder, 'fifo')]);
  const faults = new Faults(folder);
  let outcome = {};
  if (values.case) {
    const [entry, call, code, skip] = values.case.split(':');
    await faults.prepare();
    await faults.try(entry, call, code, Number(skip));
  } else {
    outcome = await runAll(faults, seed, Date.now() + Number(values.seconds) * 1000);
  }
  const { cases, injected, findings } = faults;
  console.log(JSON.stringify({ seed, ...outcome, cases, injected, findings }));
  process.exit(findings.length === 0 ? 0 : 1);
}

module.exports = { build };

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
