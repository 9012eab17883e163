'use strict';

// Transfers over a bad network: a client and a server send each other known bytes through a relay, in the clear or over
// TLS, and everything arrives, or both sides learn that it has not. A seed determines the transfer and the faults.

const { once } = require('events');
const nodeNet = require('net');
const pageNet = require('../..');
const { createHub } = require('../random/hub');
const { generator, sequence } = require('../random/plan');
const { certificate, identity } = require('../tls/pki');
const { Relay } = require('./relay');

const HOST = '127.0.0.1';

const TICK = 100;

/**
 * What a transfer waits for: a stream without traffic for `idle` milliseconds is given up, and so is a handshake after
 * `handshake`.
 * It has stalled when nothing has happened for `stall` ticks of its loop. No fault that ends takes as long.
 */
const PATIENCE = { idle: 1200, handshake: 1000, stall: 60 };
const LONGEST_STALL = 400;

/** The share of a timeout that has to have passed: the engine sees traffic before the listeners do. */
const PASSED = 0.5;

/** Why a stream may fail that is late, or whose connection is cut. */
const LATE_CODES = ['ERR_TLS_HANDSHAKE_TIMEOUT', 'IDLE'];
const CUT_CODES = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', ...LATE_CODES];

/** The faults of one direction. */
function faultsOf(next, length) {
  const faults = {};
  if (next(2)) faults.piece = [1, 7, 100, 1460, 16384][next(5)];
  if (next(3) === 0) Object.assign(faults, { delay: next(3), jitter: 1 + next(4) });
  if (next(4) === 0) faults.rate = 50 + next(2000);
  if (next(3) === 0) faults.stall = { at: 1 + next(Math.max(length, 1)), for: next(LONGEST_STALL) };
  return faults;
}

/** The transfer of a seed. */
function planOf(seed) {
  const next = generator(seed);
  const lengths = [next(4) ? next(20_000) : next(300_000), next(4) ? next(20_000) : next(300_000)];
  const directions = lengths.map((length) => faultsOf(next, length));
  // In 4096 turns, a direction that is slow byte by byte has passed it.
  lengths.forEach((length, i) => {
    const { piece = Infinity, delay } = directions[i];
    if (piece < 100) lengths[i] = Math.min(length, piece * (delay === undefined ? 1000 : 100));
    else if (delay !== undefined) lengths[i] = Math.min(length, 100 * piece);
  });
  const cut = ['fin', 'reset', 'silence', 'vanish'][next(12)];
  // Over TLS, the handshake is some 2,000 bytes each way: some cuts are in it.
  if (cut !== undefined) directions[next(2)].cut = { at: 1 + next(next(2) ? 3000 : 20_000), how: cut };
  return {
    seed, lengths, cut, up: directions[0], down: directions[1],
    tls: [null, 'TLSv1.2', 'TLSv1.3'][next(3)],
    /** Who receives: the other side, or the sender again from an echo; over a hub, whose pipes are the engine's. */
    topology: ['pair', 'pair', 'echo', 'hub'][next(4)],
    /** The side that node:net plays in the clear; none if 2 or more. */
    foreign: next(6),
    chunk: 1 + next(next(2) ? 3000 : 100_000),
    patience: PATIENCE,
  };
}

const credentials = new Map();

/** Credentials of both sides for a version of TLS. */
function credentialsOf({ tls, patience: { handshake } }) {
  const key = `${tls} ${handshake}`;
  if (!credentials.has(key)) {
    const how = { minVersion: tls, maxVersion: tls, handshakeTimeout: handshake };
    credentials.set(key, [{ ca: certificate('root') }, identity('p256')]
      .map((one) => pageNet.createCredentials({ ...one, ...how })));
  }
  return credentials.get(key);
}

const idleError = () => Object.assign(new Error('nothing comes'), { code: 'IDLE' });

/** One side of the transfer, and the rules that can be checked from one side. */
class Side {
  constructor(stream, { side, from, length, expects, list, broken, progress }) {
    Object.assign(this, { stream, side, from, length, expects, list, broken, progress });
    Object.assign(this, { received: 0, sent: 0, ended: false, error: null, closes: 0, other: null });
    Object.assign(this, { begun: Date.now(), active: Date.now(), secured: list.tls === null });
    stream.on('data', (data) => this.#take(data));
    stream.on('end', () => this.#end());
    stream.on('secure', () => this.#note(() => { this.secured = true; }));
    stream.on('drain', () => this.#note(() => this.#send()));
    stream.on('error', (error) => this.#fail(error));
    stream.on('timeout', () => this.#giveUp());
    this.close = new Promise((resolve) => {
      stream.on('close', () => {
        if (++this.closes > 1) this.rule("'close' twice");
        progress.count++;
        resolve();
      });
    });
    stream.setTimeout(list.patience.idle);
    this.#send();
  }

  rule(text) {
    if (this.broken.length < 10) this.broken.push(`side ${this.side}: ${text}`);
  }

  #note(action) {
    this.progress.count++;
    this.active = Date.now();
    action();
  }

  /** Writes until something waits. */
  #send() {
    const { stream, length, list, side } = this;
    if (stream.destroyed || stream.writableEnded) return;
    while (this.sent < length) {
      const size = Math.min(list.chunk, length - this.sent);
      const bytes = sequence(side, false, this.sent, size);
      this.sent += size;
      if (!stream.write(bytes)) break;
    }
    this.active = Date.now();
    if (this.sent === length) stream.end();
  }

  #take(data) {
    this.#note(() => {
      if (this.ended || this.error !== null) this.rule('data after the end');
      const expected = sequence(this.from, false, this.received, data.length);
      if (!data.equals(expected)) this.rule(`wrong bytes at ${this.received}`);
      this.received += data.length;
    });
  }

  #end() {
    this.#note(() => {
      this.ended = true;
      if (this.received > this.expects) this.rule(`${this.received} bytes of ${this.expects}`);
    });
  }

  #fail(error) {
    this.#note(() => {
      if (this.error !== null) this.rule("'error' twice");
      this.error = error.code ?? error.message;
      const isInHandshake = this.error === 'ERR_TLS_HANDSHAKE_TIMEOUT';
      if (isInHandshake && Date.now() - this.begun < this.list.patience.handshake * PASSED) this.rule('the handshake was given up early');
      if (isInHandshake && this.secured) this.rule("a handshake timeout after 'secure'");
      if (!CUT_CODES.includes(this.error)) this.rule(`'error' ${this.error}`);
    });
  }

  #giveUp() {
    const idle = Date.now() - this.active;
    if (idle < this.list.patience.idle * PASSED) this.rule(`'timeout' after ${idle} ms`);
    this.stream.destroy(idleError());
  }

  /** Called when all is over. */
  check() {
    const { list, error, received, expects, stream } = this;
    // A busy machine may make a timeout of any delay.
    const isLate = [error, this.other?.error, this.echo?.errored?.code].some((code) => LATE_CODES.includes(code));
    const isCut = list.cut !== undefined || isLate;
    if (stream.truncated && !isCut) this.rule('truncated without a cut');
    if (error !== null && !isCut) this.rule(`'error' ${error} without a cut`);
    if (error !== null || received === expects) return;
    if (!isCut) this.rule(`${received} of ${expects} bytes, without a cut`);
    // In the clear, an end is an end: that there was more can't be known. An echo ends its side like any other.
    const isTold = list.tls === null || stream.truncated || this.echo?.truncated || this.echo?.errored;
    if (!isTold) this.rule(`${received} of ${expects} bytes, in silence`);
  }

  state() {
    const { side, received, expects, sent, length, ended, error, closes, secured } = this;
    return JSON.stringify({ side, received, expects, sent, length, ended, error, closes, secured });
  }
}

/** Resolves once `done` has, or to 'stalled' when nothing happens any more. */
async function unlessStalled(done, progress, { stall }) {
  let [idle, seen, timer] = [0, -1];
  const stalled = new Promise((resolve) => {
    timer = setInterval(() => {
      idle = progress.count === seen ? idle + 1 : 0;
      seen = progress.count;
      if (idle === stall) resolve('stalled');
    }, TICK);
  });
  try {
    return await Promise.race([done, stalled]);
  } finally {
    clearInterval(timer);
  }
}

async function listen(server) {
  server.listen(0, HOST);
  await once(server, 'listening');
  return server.address().port;
}

/** A server for one transfer, behind a relay that has its faults. */
async function open(net, module, { topology, up, down, seed }, progress) {
  const server = module.createServer({ allowHalfOpen: true });
  const servers = [server];
  let port = await listen(server);
  if (topology === 'hub') {
    servers.push(createHub(net, { port, host: HOST }));
    port = await listen(servers[1]);
  }
  const relay = new Relay({ port, host: HOST }, { up, down, seed }, progress);
  const address = { port: await relay.listen(), host: HOST };
  const close = async () => {
    await relay.close();
    const running = servers.filter(({ listening }) => listening);
    await Promise.all(running.map((one) => new Promise((resolve) => one.close(resolve))));
  };
  return { server, reach: () => address, close };
}

/**
 * Plays a transfer with `net`; resolves to the rules that it broke. Without a relay, over the `link` to a server of its
 * own, whose `reach()` says what to connect to, and from which port.
 */
async function play(net, list, link) {
  const [broken, progress, opened] = [[], { count: 0 }, []];
  if (net === nodeNet) list = { ...list, tls: null };
  const { lengths, topology, tls, foreign } = list;
  const isEcho = topology === 'echo';
  const modules = [0, 1].map((side) => (tls === null && foreign === side ? nodeNet : net));
  const sides = [];
  let arrive;
  try {
    link ??= await open(net, modules[1], list, progress);
    const over = [];
    const address = link.reach();
    // The faults may come before the server has got anything.
    arrive = (stream) => {
      opened.push(stream);
      if (address.localPort !== undefined && stream.remotePort !== address.localPort) {
        // Of an earlier transfer, which the link has held back.
        stream.on('error', () => {}).destroy();
        return;
      }
      if (tls !== null) stream.setSecure(credentialsOf(list)[1]);
      if (isEcho) {
        sides[0].echo = stream;
        echo(stream, list);
        return;
      }
      const how = { side: 1, from: 0, length: lengths[1], expects: lengths[0], list, broken, progress };
      sides[1] = new Side(stream, how);
      over.push(sides[1].close);
    };
    link.server.on('connection', arrive);
    const client = modules[0].createConnection({ ...address, allowHalfOpen: true });
    opened.push(client);
    if (tls !== null) client.setSecure(credentialsOf(list)[0], { servername: 'localhost' });
    const from = isEcho ? 0 : 1;
    sides[0] = new Side(client, { side: 0, from, length: lengths[0], expects: lengths[from], list, broken, progress });
    const all = (async () => {
      await sides[0].close;
      await Promise.all(over);
    })();
    if (await unlessStalled(all, progress, list.patience) === 'stalled') {
      broken.push(`stalled: ${sides.map((side) => side.state()).join()}`);
    }
    if (sides[1] !== undefined) [sides[0].other, sides[1].other] = [sides[1], sides[0]];
    for (const side of sides) side.check();
  } catch (error) {
    broken.push(`threw ${error.stack}`);
  } finally {
    for (const stream of opened) stream.destroy();
    link?.server.off('connection', arrive);
    const closed = link?.close();
    if (await unlessStalled(closed, progress, list.patience) === 'stalled') broken.push('server.close() stalled');
  }
  return broken;
}

/** Sends everything back, by a pipe of the engine. */
function echo(stream, { patience: { idle } }) {
  stream.on('error', () => {});
  stream.setTimeout(idle, () => stream.destroy(idleError()));
  stream.pipe(stream);
}

/** Plays seeds from `seed` on until `seconds` have passed, or `count` have been played; resolves to the failures. */
async function run(net, { seed, seconds = Infinity, count = Infinity, width = 8 }) {
  const until = Date.now() + seconds * 1000;
  const failures = [];
  const cuts = {};
  let played = 0;
  const playOn = async () => {
    while (played < count && Date.now() < until && failures.length < 5) {
      const list = planOf(seed + played++);
      cuts[list.cut ?? 'none'] = (cuts[list.cut ?? 'none'] ?? 0) + 1;
      const broken = await play(net, list);
      if (broken.length > 0) failures.push({ broken, list });
    }
  };
  // Most of a transfer is waiting.
  await Promise.all(Array.from({ length: width }, playOn));
  return { played, cuts, failures };
}

module.exports = { PATIENCE, planOf, play, run };
