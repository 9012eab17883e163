'use strict';

// Whether a process exits by itself or is kept alive by its stream, found without a clock: a program is played in a
// process of its own, its peers are here, and the channel between both keeps nothing alive once all is settled. A loop
// that nothing keeps alive ends before it can answer many more messages; one that answers them stays.
//
//     node __tests__/lifecycle/lifetimes.js --seconds 60 --seed 1

const { fork } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');
const { parseArgs } = require('util');

const ENTRIES = {
  'node:net': 'net',
  'rust-net/node': path.join(__dirname, '../../node.js'),
  'rust-net': path.join(__dirname, '../../index.js'),
};

const FIXTURE = path.join(__dirname, 'fixtures', 'lives.js');

/** How many messages a process answers that stays. One that exits has turned its loop fewer times. */
const PINGS = 20;

/** The peers of one process, which acts on them by messages. */
class Peers {
  /** Sockets by the order in which they came; the first is the stream's peer. */
  #sockets = [];
  #arrival = null;
  #awaited = 0;
  #servers = [];
  #raw = null;
  #secrets;

  constructor(secrets) {
    this.#secrets = secrets;
  }

  async listen(file) {
    for (const where of [[0, '127.0.0.1'], [file]]) {
      const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#add(socket));
      this.#servers.push(server.listen(...where));
      await once(server, 'listening');
    }
    return { port: this.#servers[0].address().port, path: file };
  }

  #add(socket) {
    this.#sockets.push(socket.on('error', () => {}));
    this.#arrival?.();
  }

  close() {
    this.#raw?.destroy();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
  }

  // What the process asks for.

  turn() {}

  /** Waits for the next socket that the process opens. */
  async accepted() {
    this.#awaited += 1;
    while (this.#sockets.length < this.#awaited) await new Promise((resolve) => (this.#arrival = resolve));
  }

  async connect(address) {
    const where = typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
    const socket = net.connect({ ...where, allowHalfOpen: true }).on('error', () => {}).pause();
    this.#sockets.push(socket);
    this.#awaited += 1;
    await once(socket, 'connect');
  }

  async secure(byProcess) {
    const [raw] = this.#sockets;
    this.#raw = raw;
    const options = byProcess ? { rejectUnauthorized: false } : { ...this.#secrets, isServer: true };
    const secured = byProcess ? tls.connect({ ...options, socket: raw }) : new tls.TLSSocket(raw, options);
    this.#sockets[0] = secured.on('error', () => {});
    await once(secured, byProcess ? 'secureConnect' : 'secure');
  }

  write(text) {
    if (this.#sockets[0].writable) this.#sockets[0].write(text);
  }

  end() {
    this.#sockets[0].end();
  }

  reset() {
    // The socket below the TLS, if there is one. Only TCP knows resets.
    const socket = this.#raw ?? this.#sockets[0];
    if (socket.remoteAddress === undefined) socket.destroy();
    else socket.resetAndDestroy();
  }

  read() {
    this.#sockets[0].resume();
  }
}

/** 'stays' or 'exits', or what went wrong, of `program` over `entry`. */
async function verdict(entry, program, secrets) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lifetime-'));
  const peers = new Peers(secrets);
  try {
    const address = await peers.listen(path.join(directory, 's'));
    const args = [ENTRIES[entry], program, address, secrets ?? null].map((value) => JSON.stringify(value));
    return await watch(fork(FIXTURE, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }), peers);
  } finally {
    peers.close();
    fs.rmSync(directory, { recursive: true });
  }
}

function watch(child, peers) {
  return new Promise((resolve, reject) => {
    let [output, pings, isSettled, stays] = ['', 0, false, false];
    // The process may have gone.
    const send = (message) => child.send(message, () => {});
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('message', async (message) => {
      if (message !== 'pong') {
        const [what, value] = message;
        if (what !== 'settled') return send((await peers[what](value)) ?? null);
        isSettled = true;
      }
      pings += 1;
      if (pings <= PINGS) return send('ping');
      stays = true;
      child.kill('SIGKILL');
    });
    child.on('close', (code) => {
      if (stays && output === '') resolve('stays');
      else if (isSettled && code === 0 && output === '') resolve('exits');
      else resolve(`${isSettled ? 'settled' : 'not settled'}, code ${code}: ${output}`);
    });
  });
}

/** Random numbers from a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EARLY = ['pause', 'pause', 'resume', 'unref', 'ref', 'write', 'end', 'readable', 'data', 'idle', 'pipe'];

const STEPS = [
  'pause', 'pause', 'resume', 'read', 'readable', 'readAll', 'data', 'pipe', 'pipeUnread', 'pipeBack', 'pipeOut',
  'unpipe', 'write', 'write', 'writeMuch', 'end', 'destroy', 'unref', 'ref', 'idle', 'timer', 'peerWrites',
  'peerWritesMuch', 'peerEnds', 'peerEnds', 'peerResets', 'peerReads',
];

/** A program from a seed: what the stream is, what is done at once, and what is done later. */
function programFrom(seed) {
  const next = random(seed);
  const chance = (share) => next() < share;
  const below = (count) => Math.floor(next() * count);
  const some = (names, most) => Array.from({ length: below(most + 1) }, () => names[below(names.length)]);
  const role = chance(0.5) ? 'accepted' : 'client';
  const options = { allowHalfOpen: chance(0.5) };
  if (role === 'accepted' && chance(0.2)) options.pauseOnConnect = true;
  const steps = some(STEPS, 6);
  if (role === 'accepted' && chance(0.9)) {
    steps.splice(below(steps.length + 1), 0, chance(0.5) ? 'closeServer' : 'unrefServer');
  }
  return { role, path: chance(0.4), options, early: some(EARLY, 2), steps };
}

/**
 * The verdicts on the program of `seed`: over node:net, over ours, and over ours through TLS, which adds nothing to
 * what keeps a process alive. What is done early comes after the handshake there.
 */
async function compare(seed, secrets) {
  const program = programFrom(seed);
  const late = { ...program, early: [], steps: [...program.early, ...program.steps] };
  const [theirs, ours, clear, secure] = await Promise.all([
    verdict('node:net', program),
    verdict('rust-net/node', program),
    secrets ? verdict('node:net', late) : null,
    secrets ? verdict('rust-net/node', { ...late, secure: true }, secrets) : null,
  ]);
  return { seed, program, theirs, ours, clear, secure };
}

/** Whether the verdicts agree; what went wrong in both is a fault of the program's, and does not count as agreement. */
function agrees({ theirs, ours, clear, secure }) {
  const isVerdict = [theirs, clear].every((found) => found === null || found === 'exits' || found === 'stays');
  return isVerdict && theirs === ours && clear === secure;
}

module.exports = { ENTRIES, agrees, compare, programFrom, verdict };

async function main() {
  const { identity } = require('../tls/pki');
  const options = { seconds: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } };
  const { values } = parseArgs({ options });
  const until = Date.now() + Number(values.seconds) * 1000;
  const counts = {};
  let seed = Number(values.seed);
  for (; Date.now() < until; seed += 1) {
    const found = await compare(seed, seed % 4 === 0 ? identity('p256') : undefined);
    counts[found.theirs] = (counts[found.theirs] ?? 0) + 1;
    if (agrees(found)) continue;
    process.exitCode = 1;
    console.log(JSON.stringify(found));
  }
  console.log(`${seed - Number(values.seed)} programs from seed ${values.seed} on: ${JSON.stringify(counts)}`);
}

if (require.main === module) main();
