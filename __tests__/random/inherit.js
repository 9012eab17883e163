'use strict';

// Random sequences on descriptors that a process has inherited: connected pairs, and listening sockets. The parent
// makes them with node:net and closes its own; the child adopts each one.
//
// In the child: node inherit.js ENTRY SEED [DESCRIPTORS, one JSON value]

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { setTimeout } = require('timers/promises');
const { play } = require('./machine');
const { plan } = require('./plan');

const FIRST = 3;

/** Sequences of a child. */
const BATCH = 24;

/** How long a child may take, in milliseconds: only one that hangs does. */
const DEADLINE = 120_000;

/** How often descriptors are looked at before one of them counts as left. */
const TURNS = 1000;

/** A listening socket for one sequence: what is to be closed once the child has it, and where it is reached. */
async function listener({ unix }, name) {
  const server = net.createServer();
  server.listen(unix ? { path: name } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  if (!unix) return { owners: [server], address: { port: server.address().port, host: '127.0.0.1' } };
  // Node removes the file that it has made, under the name that it has given.
  fs.renameSync(name, `${name}.kept`);
  return { owners: [server], address: { path: `${name}.kept` } };
}

/** Both ends of a connection, of which nothing is read here. */
async function pair(how, name) {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(how.unix ? { path: name } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = net.connect({ ...(how.unix ? { path: name } : server.address()), readable: false }).pause();
  const [[peer]] = await Promise.all([accepted, once(client, 'connect')]);
  server.close();
  return { owners: [client, peer] };
}

/** What the sequence of `seed` is played on: like its plan, but for what can't be had with a descriptor. */
function inheritingPlan(seed, wraps) {
  const list = plan(seed);
  return { ...list, wraps: list.wraps && wraps, isRelayInWorker: false, again: null };
}

/** Whether the sequence of `seed` is played on a pair of its own. */
const hasPair = (list) => list.topology !== 'relay' && list.allowHalfOpen;

/** Plays a batch in a child; resolves to what it says. */
async function playBatch(entry, seed, wraps) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inherit-'));
  const made = [];
  try {
    for (let i = 0; i < BATCH; i++) {
      const list = inheritingPlan(seed + i, wraps);
      made.push(await (hasPair(list) ? pair : listener)(list, path.join(folder, String(i))));
    }
    const fds = made.flatMap(({ owners }) => owners.map(({ _handle }) => _handle.fd));
    const addresses = made.map(({ address }) => address ?? null);
    const child = spawn(process.execPath, [__filename, entry, String(seed), JSON.stringify({ addresses, wraps })], {
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
      timeout: DEADLINE,
      killSignal: 'SIGKILL',
    });
    for (const { owners } of made) for (const owner of owners) owner.destroy?.() ?? owner.close();
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [code, signal] = await once(child, 'close');
    return code === 0 ? undefined : { seed, broken: [`code ${code}, signal ${signal}`], output };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** As `run` of machine.js. */
async function runInherited(entry, { seed, seconds = Infinity, count = Infinity, wraps = false }) {
  const until = Date.now() + seconds * 1000;
  let played = 0;
  for (; played < count && Date.now() < until; played += BATCH) {
    const failure = await playBatch(entry, seed + played, wraps);
    if (failure !== undefined) return { played: played + BATCH, failure };
  }
  return { played, failure: undefined };
}

async function main([entry, seed, given]) {
  const implementation = require(entry);
  const { addresses, wraps } = JSON.parse(given);
  let fd = FIRST;
  for (const [i, address] of addresses.entries()) {
    const list = inheritingPlan(Number(seed) + i, wraps);
    const inherited = address === null ? { pair: [fd, fd + 1] } : { listener: fd, address };
    fd += address === null ? 2 : 1;
    const broken = await play(implementation, list, { inherited });
    if (broken.length > 0) console.log(JSON.stringify({ seed: Number(seed) + i, broken, list }));
    if (broken.length > 0) process.exitCode = 1;
  }
  // All that was inherited has been adopted, and so closed; by a handshake that was cancelled, on its own thread.
  const isLeft = () => Array.from({ length: fd - FIRST }, (_, i) => i + FIRST).filter(isSocket);
  for (let turns = 0; turns < TURNS && isLeft().length > 0; turns++) await setTimeout(2);
  if (isLeft().length === 0) return;
  console.log(`descriptors ${isLeft()} are left`);
  process.exitCode = 1;
}

function isSocket(fd) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket');
  } catch {
    return false;
  }
}

module.exports = { runInherited };

if (require.main === module) main(process.argv.slice(2));
