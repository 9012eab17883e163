'use strict';

// Runs an example as a child process, and a client of node:net that talks to it.

const { spawn } = require('child_process');
const { once } = require('events');
const net = require('net');
const path = require('path');
const readline = require('readline');
const { atEnd, destroyAtEnd } = require('../helpers');

const FOLDER = path.join(__dirname, '..', '..', 'examples');

/** The exit code of `running`, or the signal that has ended it. */
function exitOf(running) {
  return new Promise((resolve) => running.on('close', (code, signal) => resolve(signal ?? code)));
}

/**
 * Starts `command` (node, with an example) and returns the process, the lines of its stdout, its complaints on stderr,
 * and its exit.
 */
function start(command, args, { cwd, descriptors = [], env = {} } = {}) {
  const running = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    env: { ...process.env, ...env },
  });
  atEnd(() => running.kill('SIGKILL'));
  let complaints = '';
  running.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  /** Resolves when it has complained, on stderr, of what `pattern` matches. */
  async function complained(pattern) {
    while (!pattern.test(complaints)) await once(running.stderr, 'data');
  }
  return {
    process: running,
    lines: readline.createInterface(running.stdout)[Symbol.asyncIterator](),
    complaints: () => complaints,
    complained,
    exit: exitOf(running),
  };
}

function example(name, ...args) {
  return start(process.execPath, [path.join(FOLDER, name), ...args]);
}

/** The next line of an example. */
async function nextLine({ lines, complaints }) {
  const { value, done } = await lines.next();
  if (done) throw new Error(`The example has said nothing more. It complains: ${complaints() || 'of nothing'}`);
  return value;
}

/** The port in the line with which an example begins. */
async function portOf(running) {
  return Number(/:(\d+)$/.exec(await nextLine(running))[1]);
}

/** A client of node:net: see `talkWith`. */
async function client(...where) {
  const stream = destroyAtEnd(net.connect(...where));
  await once(stream, 'connect');
  return talkWith(stream);
}

/** A stream of Node's, and a way to talk to the example in lines. */
function talkWith(stream) {
  // Nothing is read before the first line is asked for: who wants bytes reads the stream instead.
  let lines = null;
  return {
    stream,
    hear: async () => (await (lines ??= readline.createInterface(stream)[Symbol.asyncIterator]()).next()).value,
    say: (line) => stream.write(`${line}\n`),
  };
}

module.exports = { FOLDER, client, example, nextLine, portOf, start, talkWith };
