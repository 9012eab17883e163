'use strict';

// Other implementations of TLS, as child processes: openssl, gnutls-cli and gnutls-serv, curl, sslscan.
// `scripts/peers.js` installs what is missing where it can; where it can't, the tests that want it are skipped and say
// so.

const { execFileSync, spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { find } = require('../../scripts/peers');
const { atEnd } = require('../helpers');

/** Milliseconds after which a program is killed: a safety net, which shows as a signal that no test expects. */
const DEADLINE = 30_000;

/** As `describe`, for tests that want all of `programs`. */
function describeWith(programs, name, tests) {
  const missing = programs.filter((program) => find(program) === null);
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} (skipped: there is no ${missing.join(', no ')}; as root, node scripts/peers.js installs it)`, tests);
}

/**
 * Starts a program. `said(pattern)` resolves to the match as soon as what it has printed, on either output, has one;
 * `say(text)` types, `hangUp()` ends its input, and `outcome` is `{ code, signal, output }`.
 */
function start(program, args, { input } = {}) {
  const running = spawn(find(program) ?? program, args.map(String), { stdio: ['pipe', 'pipe', 'pipe'] });
  const deadline = setTimeout(() => running.kill('SIGKILL'), DEADLINE);
  atEnd(() => running.kill('SIGKILL'));
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
      clearTimeout(deadline);
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

/** What openssl prints: a command that needs nothing but its arguments and `input`. */
function openssl(args, input = '') {
  return execFileSync(find('openssl'), args, { input, stdio: 'pipe', timeout: DEADLINE });
}

/** `openssl s_client` at `port`; further arguments are added. What it prints besides the data is kept short. */
function opensslClient(port, ...args) {
  return start('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-brief', ...args]);
}

/** `openssl s_server` on a port of its choice: the program, and `.port`. */
async function opensslServer(...args) {
  const program = start('openssl', ['s_server', '-accept', '127.0.0.1:0', ...args]);
  const [, port] = await program.said(/ACCEPT [\d.]+:(\d+)/);
  return Object.assign(program, { port: Number(port) });
}

/** `gnutls-cli` at `port`. */
function gnutlsClient(port, ...args) {
  return start('gnutls-cli', ['--port', port, ...args, '127.0.0.1']);
}

/** `gnutls-serv` on a port of its choice: the program, and `.port`. With `--echo`, it sends back what comes. */
async function gnutlsServer(...args) {
  const program = start('gnutls-serv', ['--port', 0, ...args]);
  await program.said(/listening on IPv4 .*done/);
  return Object.assign(program, { port: listeningPort(program.process.pid) });
}

/** The port of IPv4 that the process `pid` listens on, for a program that does not tell. */
function listeningPort(pid) {
  const folder = `/proc/${pid}/fd`;
  const links = fs.readdirSync(folder).map((fd) => fs.readlinkSync(path.join(folder, fd)));
  const LISTENS = '0A';
  for (const line of fs.readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENS && links.includes(`socket:[${inode}]`)) return Number.parseInt(local.split(':')[1], 16);
  }
  throw new Error(`The process ${pid} listens nowhere.`);
}

/** Runs curl to its end. */
function curl(url, ...args) {
  return start('curl', ['--silent', '--show-error', '--max-time', DEADLINE / 1000, ...args, url], { input: '' }).outcome;
}

module.exports = {
  DEADLINE,
  curl,
  describeWith,
  gnutlsClient,
  gnutlsServer,
  openssl,
  opensslClient,
  opensslServer,
  start,
};
