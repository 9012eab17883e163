'use strict';

// Programs of others as child processes: the clients and servers that the tests talk to. `scripts/peers.js` installs
// what is missing where it can; where it can't, the tests that want it are skipped and say so.

const { execFileSync, spawn } = require('child_process');
const { randomInt } = require('crypto');
const { once } = require('events');
const net = require('net');
const { find } = require('../../scripts/peers');
const { atEnd, atLast, ownAddress } = require('../helpers');

/** Milliseconds after which a program is killed: a safety net, which shows as a signal that no test expects. */
const DEADLINE = 30_000;

/** A lifetime, for `start`: that of the test file, whose tests share the program. */
const SHARED = { cleanUp: atLast, deadline: 20 * DEADLINE };

/** As `describe`, for tests that want all of `programs`. */
function describeWith(programs, name, tests) {
  const missing = programs.filter((program) => find(program) === null);
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} (skipped: there is no ${missing.join(', no ')}; as root, node scripts/peers.js installs it)`, tests);
}

/**
 * Starts a program. `said(pattern)` resolves to the match as soon as what it has printed, on either output, has one;
 * `say(text)` types, `hangUp()` ends its input, and `outcome` is `{ code, signal, output }`, when nobody
 * holds its outputs any more, children included. It gets `lastSignal` at `cleanUp`, and lives no longer
 * than `deadline`; the other `options` besides `input` are those of `spawn`.
 */
function start(program, args, { input, cleanUp = atEnd, lastSignal = 'SIGKILL', deadline = DEADLINE, ...options } = {}) {
  const running = spawn(find(program) ?? program, args.map(String), { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  const timer = setTimeout(() => running.kill('SIGKILL'), deadline);
  cleanUp(() => {
    running.kill(lastSignal);
    return outcome;
  });
  // Who is gone already reads nothing: the outcome tells.
  running.stdin.on('error', () => {});
  let output = '';
  const watchers = new Set();
  for (const stream of [running.stdout, running.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      for (const watch of watchers) watch();
    });
  }
  const outcome = new Promise((resolve) => {
    running.on('error', (error) => resolve({ code: error.code, signal: null, output }));
    running.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output });
    });
  });
  if (input !== undefined) running.stdin.end(input);
  return {
    process: running,
    outcome,
    output: () => output,
    say: (text) => running.stdin.write(text),
    hangUp: () => running.stdin.end(),
    said(pattern) {
      return new Promise((resolve, reject) => {
        const watch = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          watchers.delete(watch);
          resolve(match);
        };
        watchers.add(watch);
        watch();
        outcome.then(() => reject(new Error(`${program} has not said ${pattern}, but ${output}`)));
      });
    },
  };
}

/** A port of `ownAddress()`, for a program that can't be told to choose. */
async function ownPort() {
  const server = net.createServer().listen(0, ownAddress());
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Below this, the system chooses no ports by itself. */
const MIN_CHOSEN = 32_768;

/**
 * A port of 127.0.0.1, for a program that insists on that address: one that the system would not choose for another
 * program before this one has it.
 */
async function portOfLocalhost() {
  for (;;) {
    const server = net.createServer();
    const bound = once(server.listen(randomInt(10_240, MIN_CHOSEN), '127.0.0.1'), 'listening');
    const isFree = await bound.then(() => true, () => false);
    const port = server.address()?.port;
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** The user `name`, for a program that will not run as root, where we do: options for `start`. */
function account(name) {
  if (process.getuid() !== 0) return {};
  const id = (what) => Number(execFileSync('id', [what, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A server that can be killed, and comes again in the same place. */
class Server {
  #launch;
  #program = null;

  /** `launch()` starts the program, and gives it when it serves. What `place` has, the server has. */
  constructor(place, launch) {
    Object.assign(this, place);
    this.#launch = launch;
  }

  /** Starts it, unless it runs. */
  async start() {
    this.#program ??= await this.#launch();
    return this;
  }

  /** Resolves when the program is gone, with all its children. */
  async kill(signal = 'SIGKILL') {
    const program = this.#program;
    this.#program = null;
    program.process.kill(signal);
    await program.outcome;
  }
}

module.exports = { DEADLINE, SHARED, Server, account, describeWith, ownAddress, ownPort, portOfLocalhost, start };
