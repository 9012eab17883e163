'use strict';

// One connection of a random sequence: how it is opened, the steps on it, and what has to be true when it has closed.

const { once } = require('events');
const nodeNet = require('net');
const pageNet = require('../..');
const { End } = require('./end');
const { RemoteHub, createHub, entryOf } = require('./hub');
const { mayUpgrade, secure } = require('./secure');
const { Visitors } = require('./visitors');

/**
 * A sequence is stalled when its loop has slept through this many ticks in a row and nothing has happened. A machine
 * that has no time for the process doesn't stall it: what is due is delivered before the second tick.
 */
const STALL = 40;
const TICK = 50;

/** Encodings under which everything received is delivered at once: the decoder keeps nothing. */
const PROMPT = [null, 'latin1', 'binary', 'hex'];

const HOST = '127.0.0.1';

const turn = () => new Promise(setImmediate);

/** Whether both sides send everything and end. */
function isGraceful(steps) {
  return !steps.some(({ name }) => ['destroy', 'destroySoon', 'resetAndDestroy'].includes(name));
}

class Session {
  #servers = [];
  #streams = [];
  #ends = [];
  #visitors = null;
  /** Callbacks that have to be called exactly once: `{ what, times }`. */
  #callbacks = [];
  /** The step before which the streams become secure, or -1. */
  #secureAt = -1;
  #pair = null;

  /**
   * `how`: the rules that are `broken`, the `progress` that keeps the session from counting as stalled, a stream to be
   * `used` again or null, the `name` of socket files, the `adopter` of another thread, and descriptors that are
   * `inherited`: `{ pair }`, two connected ones, or `{ listener, address }`.
   */
  constructor(net, list, steps, how) {
    Object.assign(this, how, { net, list, steps });
    const mayMix = net !== nodeNet && list.topology !== 'echo';
    this.modules = [0, 1].map((side) => (mayMix && list.foreign === side ? nodeNet : net));
    this.isGraceful = isGraceful(steps);
  }

  /** Plays the session; resolves to the client's stream, below the TLS of node:tls. */
  async play() {
    const { steps, broken } = this;
    try {
      const client = await this.#open();
      await this.#secureEarly();
      this.#createEnds();
      for (const [at, step] of steps.entries()) {
        if (this.#secureAt === at && await this.#secureLate() === 'stalled') break;
        await this.#step(step);
      }
      await this.#finish();
      if (this.isGraceful) this.#expectAll();
      return client;
    } finally {
      await this.#close();
      for (const { what, times } of this.#callbacks) {
        if (times !== 1) broken.push(`callback of ${what} called ${times} times`);
      }
    }
  }

  /** A callback that has to be called exactly once. */
  #once(what) {
    const entry = { what, times: 0 };
    this.#callbacks.push(entry);
    return () => {
      entry.times++;
      this.progress.count++;
    };
  }

  async #unlessStalled(done, what) {
    if (await unlessStalled(done, this.progress) !== 'stalled') return 'done';
    this.broken.push(`stalled: ${what}`);
    return 'stalled';
  }

  // Opening.

  #where(i) {
    return this.list.unix ? { path: `${this.name}.${i}` } : { port: 0, host: HOST };
  }

  #address(i) {
    if (i === 0 && this.inherited?.address) return this.inherited.address;
    return this.list.unix ? this.#where(i) : { port: this.#servers[i].address().port, host: HOST };
  }

  async #open() {
    if (this.inherited?.pair) return this.#adoptPair();
    const target = await this.#listen();
    const readers = this.#readers();
    if (readers[0] === 'onread') {
      target.onread = { buffer: Buffer.alloc(5000), callback: (...args) => this.#ends[0].onread(...args) };
    }
    const accepted = once(this.#servers[0], 'connection');
    const { allowHalfOpen, onread } = target;
    const client = this.used ?? new this.modules[0].Socket({ allowHalfOpen, onread });
    const connected = once(client, 'connect');
    client.connect(target, this.#once('connect'));
    this.#streams.push(client);
    const [[peer]] = await Promise.all([accepted, connected]);
    this.#streams.push(peer);
    this.#pair = [client, peer];
    return client;
  }

  /** Two descriptors that are connected to each other. */
  #adoptPair() {
    const { allowHalfOpen } = this.list;
    this.#pair = this.inherited.pair.map((fd, side) =>
      new this.modules[side].Socket({ fd, allowHalfOpen, readable: true, writable: true }));
    this.#streams.push(...this.#pair);
    return this.#pair[0];
  }

  /** Starts the servers; resolves to what the client connects to. */
  async #listen() {
    const { net, modules, list, inherited } = this;
    const { allowHalfOpen, gate, topology } = list;
    const server = modules[1].createServer({ allowHalfOpen, ...Visitors.optionsFor(gate) });
    this.#servers.push(server);
    const how = { gate, isNodes: modules[1] === nodeNet, isUnix: list.unix };
    this.#visitors = new Visitors(server, how, this.broken, this.progress);
    const listening = once(server, 'listening');
    if (inherited === null) server.listen(this.#where(0));
    else if (server.listenFD && inherited.listener % 2 === 0) server.listenFD(inherited.listener);
    else server.listen({ fd: inherited.listener });
    await listening;
    if (topology === 'relay') await this.#relay(entryOf(net));
    return { ...this.#address(this.#servers.length - 1), allowHalfOpen };
  }

  /** Puts a relay before the server. */
  async #relay(entry) {
    const target = this.#address(0);
    if (this.list.isRelayInWorker && entry !== undefined) {
      const hub = new RemoteHub(entry, target);
      this.#servers.push(hub);
      await hub.listen(this.#where(1));
      return;
    }
    const hub = createHub(this.net, target);
    this.#servers.push(hub);
    hub.listen(this.#where(1));
    await once(hub, 'listening');
  }

  #readers() {
    const { list, modules } = this;
    const readers = [...list.readers];
    const isWrapped = list.tls !== null && !mayUpgrade(modules[0], list);
    if (readers[0] === 'onread' && (this.used !== null || isWrapped || this.inherited?.pair)) readers[0] = 'data';
    return readers;
  }

  // TLS.

  #isWrapped() {
    const { list, modules } = this;
    return modules.map((one) => list.tls !== null && !mayUpgrade(one, list));
  }

  #secureAll() {
    const { list, modules } = this;
    this.#secureAt = -1;
    for (const side of list.clientSpeaksFirst ? [0, 1] : [1, 0]) {
      this.#pair[side] = secure(modules[side], this.#pair[side], side, list);
    }
  }

  /** Makes the streams secure before anything is sent, unless that may come later. */
  async #secureEarly() {
    const { list } = this;
    if (list.tls === null) return;
    const isMixed = this.#isWrapped().includes(true);
    const isPrompt = list.encodings.every((encoding) => PROMPT.includes(encoding));
    const mayWait = isPrompt && list.topology === 'pair' && !isMixed;
    if (mayWait && list.secureAt > 0) {
      this.#secureAt = list.secureAt;
      return;
    }
    this.#secureAll();
    const both = this.#pair.map((stream) => once(stream, 'secure'));
    // In some of the sequences, what follows is written during the handshake.
    const waits = isMixed || list.secureAt % 2 === 0;
    if (waits) await this.#unlessStalled(Promise.all(both), 'the handshake');
    else both.forEach((one) => one.catch(() => {}));
  }

  /** Makes the streams secure when nothing is on its way in the clear. */
  async #secureLate() {
    const ends = this.#ends;
    if (ends.some((end) => end.finished || end.ended || end.stream.destroyed)) return 'too late';
    const quiet = (async () => {
      while (!this.#receivedAll()) {
        for (const end of ends) end.wake();
        await turn();
      }
    })();
    if (await this.#unlessStalled(quiet, 'before the handshake') === 'stalled') return 'stalled';
    for (const end of ends) end.checkDrain();
    if (ends.every((end) => !end.ended && !end.stream.destroyed)) this.#secureAll();
    return 'secure';
  }

  // The steps.

  #createEnds() {
    const { list, modules, broken, progress } = this;
    const isEcho = list.topology === 'echo';
    const [readers, isWrapped] = [this.#readers(), this.#isWrapped()];
    this.#pair.forEach((stream, side) => {
      if (isEcho && side === 1) {
        stream.on('error', () => {});
        stream.pipe(stream);
        return;
      }
      const from = isEcho ? 0 : 1 - side;
      const how = {
        side, sends: side, receives: from, isText: [list.isText[side], list.isText[from]],
        encoding: list.encodings[side], reader: readers[side], adopter: this.adopter,
        isUsed: side === 0 && this.used !== null,
        isOurs: modules[side] !== nodeNet, isPage: modules[side] === pageNet,
        isWrapped: isWrapped[side], isNodes: modules[side] === nodeNet, mayReset: list.unix ? 'never' : 'tcp',
        isPaused: side === 1 && list.gate === 'pauseOnConnect' && !isWrapped[1] && !this.inherited?.pair,
      };
      // A unit that read(n) or unshift() splits can't be put together again.
      const isSplit = how.reader === 'readable' && !['latin1', 'binary'].includes(how.encoding);
      if (isSplit) how.encoding = null;
      if (isEcho && how.isText[0] !== list.isText[1 - side]) how.encoding = null;
      this.#ends.push(new End(stream, how, broken, progress));
    });
  }

  #sentTo(end) {
    return this.list.topology === 'echo' ? end.sent : this.#ends[1 - end.side].sent;
  }

  #receivedAll() {
    return this.#ends.every((end) => end.hasAll(this.#sentTo(end)));
  }

  async #step(step) {
    const [server] = this.#servers;
    const end = this.#ends[step.side] ?? this.#ends[0];
    if (server !== undefined) {
      if (step.name === 'connections') server.getConnections(this.#once('getConnections'));
      else if (step.name === 'closeServer' && server.listening) {
        this.#visitors.closed();
        server.close(this.#once('server.close'));
      } else if (step.name === 'holdServer' && server.listening) this.#visitors.hold(step.form);
      else if (step.name === 'visit' && server.listening) this.#visitors.visit(this.#address(0), step.form);
    }
    if (step.name === 'weigh') this.weigh?.(this.#streams, this.broken);
    if (end.stream.destroyed || end.closed) return;
    // The other side's end may have ended this one (allowHalfOpen: false): nothing is written after that.
    if (end.ended) end.finished = true;
    if (step.name === 'turn') await turn();
    else end.step(step);
  }

  // The end.

  /** Ends both sides, and waits until everything has closed. */
  async #finish() {
    const ends = this.#ends;
    for (const end of ends) {
      end.wake();
      if (!end.stream.destroyed) end.step({ name: 'end', form: 1 });
    }
    // A side of the relay or of the echo is not watched: it ends with the others.
    const closed = Promise.all(ends.map((end) => end.close));
    if (await unlessStalled(closed, this.progress) === 'stalled') {
      this.broken.push(`stalled before 'close': ${ends.map((end) => end.state()).join()}`);
    }
    await Promise.all(ends.map((end) => end.settle()));
    await turn();
    await turn();
    for (const end of ends) if (end.closed) end.checkCallbacks();
    if (this.#visitors === null) return;
    if (await this.#unlessStalled(this.#visitors.settle(), 'visitors') === 'done') this.#visitors.check();
  }

  /** Both sides have sent everything and ended: everything has arrived. */
  #expectAll() {
    const ends = this.#ends;
    for (const end of ends) {
      if (end.failed) this.broken.push(`side ${end.side}: 'error' without a cause: ${end.failed}`);
    }
    if (ends.some(({ failed }) => failed)) return;
    for (const end of ends) {
      if (!end.hasAll(this.#sentTo(end))) {
        this.broken.push(`side ${end.side}: ${end.received} bytes of ${this.#sentTo(end)} arrived`);
      }
    }
  }

  async #close() {
    for (const end of this.#ends) end.detach();
    for (const stream of this.#streams) {
      stream.on('error', ignore);
      stream.destroy();
    }
    const [server] = this.#servers;
    if (server !== undefined) await this.#unlessStalled(untilUnused(server), 'connections are left');
    const closing = this.#servers.filter(({ listening }) => listening)
      .map((one) => new Promise((resolve) => one.close(resolve)));
    await this.#unlessStalled(Promise.all(closing), 'server.close()');
    await turn();
  }
}

/** Resolves when `server` counts no connection any more. */
async function untilUnused(server) {
  for (;;) {
    const count = await new Promise((resolve, reject) => {
      server.getConnections((error, number) => (error ? reject(error) : resolve(number)));
    });
    if (count === 0) return;
    await turn();
  }
}

/** Resolves once `done` has, or to 'stalled' when nothing happens any more. */
async function unlessStalled(done, progress) {
  let [idle, seen] = [0, -1];
  let timer;
  const stalled = new Promise((resolve) => {
    timer = setInterval(() => {
      idle = progress.count === seen ? idle + 1 : 0;
      seen = progress.count;
      progress.idlest = Math.max(progress.idlest, idle);
      if (idle === STALL) resolve('stalled');
    }, TICK);
  });
  try {
    return await Promise.race([done, stalled]);
  } finally {
    clearInterval(timer);
  }
}

function ignore() {}

module.exports = { Session, TICK, isGraceful };
