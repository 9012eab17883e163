'use strict';

// Bun and Deno, which npm carries, in these versions.

const { execFile, spawn } = require('child_process');
const { once } = require('events');
const path = require('path');
const readline = require('readline');
const { atEnd } = require('../helpers');
const { ensureInstalled, folderOf } = require('../installed');

const ROOT = path.join(__dirname, '..', '..');

/** A safety net, for what hangs. */
const DEADLINE = 60_000;

const VERSIONS = { bun: '1.4.5', deno: '2.9.6' };
const MANIFEST = { private: true, dependencies: VERSIONS };
const FOLDER = folderOf('runtimes', MANIFEST);

/** Without these, Deno asks the terminal for what is not allowed, and looks for newer versions. */
const ENVIRONMENT = { ...process.env, DENO_NO_PROMPT: '1', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };

/** Installs what is missing. */
function ensureRuntimes() {
  ensureInstalled('runtimes', MANIFEST);
}

/** The command line of a program in the runtime `name`: `node`, `bun` or `deno`, there with these permissions. */
function commandLine(name, args, permissions = ['--allow-all']) {
  if (name === 'node') return [process.execPath, ...args];
  const program = path.join(FOLDER, 'node_modules', '.bin', name);
  return name === 'bun' ? [program, ...args] : [program, 'run', '--quiet', ...permissions, ...args];
}

/** Runs a program to its end: `{ code, signal, stdout, stderr }`. `how`: `cwd`, `env`, `permissions`. */
function run(name, args, { permissions, deadline = DEADLINE, cwd, env } = {}) {
  const [program, ...rest] = commandLine(name, args.map(String), permissions);
  const options = { cwd, env: { ...ENVIRONMENT, ...env }, timeout: deadline, killSignal: 'SIGKILL', maxBuffer: 64 << 20 };
  return new Promise((resolve) => {
    const child = execFile(program, rest, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
    child.stdin.end();
  });
}

/** Starts a program: `line()` is what it prints next, `write(line)` what it reads, and `end()` ends its input. */
function start(name, args, { env } = {}) {
  const [program, ...rest] = commandLine(name, args.map(String));
  const options = { env: { ...ENVIRONMENT, ...env }, timeout: DEADLINE, killSignal: 'SIGKILL' };
  const child = spawn(program, rest, options);
  atEnd(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const outcome = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return {
    end: () => child.stdin.end(),
    write: (line) => child.stdin.write(`${line}\n`),
    outcome,
    async line() {
      const { done, value } = await lines.next();
      if (done) throw new Error(`There are no more lines: ${JSON.stringify(await outcome)}`);
      return value;
    },
  };
}

module.exports = { DEADLINE, ROOT, VERSIONS, ensureRuntimes, run, start };
