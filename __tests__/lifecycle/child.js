'use strict';

// Running the fixtures as processes of their own. The deadline is a safety net: a process that reaches it is killed,
// which the outcome shows as its signal, and which no test expects.

const { execFile, spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');
const { atEnd } = require('../helpers');

/** Milliseconds that a child may take. */
const DEADLINE = 60_000;

/** What becomes of a child that does all it should and nothing else. */
const GOOD = { code: 0, signal: null, stderr: '' };

/** The command line for a fixture of this folder, or the one at a path; with `descriptors`, under that `ulimit -n`. */
function command(fixture, args, { node = [], descriptors }) {
  const line = [process.execPath, ...node, path.resolve(__dirname, 'fixtures', fixture), ...args.map(String)];
  return descriptors === undefined ? line : ['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(descriptors), ...line];
}

function options({ deadline = DEADLINE, cwd, env = {} }) {
  return { cwd, env: { ...process.env, ...env }, timeout: deadline, killSignal: 'SIGKILL', maxBuffer: 64 << 20 };
}

/**
 * Runs a program to its end: `{ code, signal, stdout, stderr }`. `how.input` is what it reads, `how.env` is set besides
 * what our own environment has.
 */
function runProgram([program, ...args], how = {}) {
  return new Promise((resolve) => {
    const child = execFile(program, args, options(how), (error, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
    child.stdin.end(how.input);
  });
}

/**
 * Runs a fixture to its end. `how`: `node` are options of node, `descriptors` is the limit of open files.
 */
function run(fixture, args = [], how = {}) {
  return runProgram(command(fixture, args, how), how);
}

/** Starts a fixture to talk to: `line()` gives what it prints, line by line, and `outcome` what became of it. */
function start(fixture, args = [], how = {}) {
  const [program, ...rest] = command(fixture, args, how);
  const child = spawn(program, rest, options(how));
  atEnd(() => child.kill('SIGKILL'));
  // Who is gone already reads nothing: the outcome tells.
  child.stdin.on('error', () => {});
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const outcome = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return {
    child,
    outcome,
    async line() {
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`the child has said its last: ${JSON.stringify(await outcome)}`);
      return value;
    },
    say(text) {
      child.stdin.write(`${text}\n`);
    },
  };
}

module.exports = { DEADLINE, GOOD, run, runProgram, start };
