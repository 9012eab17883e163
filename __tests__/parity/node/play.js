'use strict';

// Plays the scenarios of this folder on node:net and on rust-net/node, in one process without jest, and prints what
// could be observed as JSON: `{ [scenario]: { [pairing]: traces } }`. With arguments, only the scenarios whose titles
// contain one of them. `node.test.js` runs it on every Node that is supported, and compares.
//
// A scenario is played once for each pairing of modules: node:net at both ends is the reference; ours at both ends and
// ours at either end must give the same traces. Where a scenario has one end only, there are two pairings.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const ourNet = require('../../../node');
const { STREAM_EVENTS, Trace } = require('../recorder');
const { scenarios } = require('./scenarios');

const PAIRINGS = {
  'node:net': [nodeNet, nodeNet],
  'ours': [ourNet, ourNet],
  'our client': [ourNet, nodeNet],
  'our server': [nodeNet, ourNet],
};

/** A run that has not ended after so long, in milliseconds, hangs. */
const HANGS = 5000;

const MORE_STREAM_EVENTS = [
  ...['prefinish', 'pause', 'resume', 'pipe', 'unpipe'],
  ...['connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'],
];

const SERVER_EVENTS = ['listening', 'close', 'error', 'drop'];

/** What is looked at in every event of a stream, as letters: a capital where it is true. */
const FLAGS = {
  c: 'connecting',
  p: 'pending',
  d: 'destroyed',
  r: 'readable',
  w: 'writable',
  e: 'readableEnded',
  n: 'writableEnded',
  f: 'writableFinished',
  a: 'readableAborted',
};

/** A trace with all that can be seen of a stream at each event. */
class FullTrace extends Trace {
  state() {
    const { stream } = this;
    if (!stream) return '';
    let flags = '';
    for (const [letter, name] of Object.entries(FLAGS)) flags += stream[name] ? letter.toUpperCase() : letter;
    return ` [${stream.readyState} ${flags}${stream.errored ? ` ${stream.errored.code ?? stream.errored.name}` : ''}]`;
  }

  note(event, ...details) {
    super.note(event, ...details);
    // node:net has the only attempt no longer connecting here.
    if (event === 'connectionAttemptFailed') this.lines.push(this.lines.pop().replace(/ \[[^\]]*\]$/, ''));
  }

  /** Where it connects from, which node:net adds to some messages, is the kernel's choice. */
  anonymous(text) {
    return super.anonymous(text.replace(/ - Local \([^)]*\)/, ''));
  }

  show(value) {
    if (value instanceof AggregateError) return `${super.show(value)} of ${this.show(value.errors)}`;
    if (Array.isArray(value)) return `[${value.map((item) => this.show(item)).join(', ')}]`;
    if (Buffer.isBuffer(value)) return `<${value.toString('latin1')}>`;
    if (typeof value === 'function') return `function ${value.name}`;
    if (value && (value instanceof nodeNet.Server || value instanceof ourNet.Server)) return 'a server';
    if (typeof value?.pipe === 'function') return 'a stream';
    return this.anonymous(super.show(value));
  }
}

/** One play of one scenario: what it is given. */
class Stage {
  traces = {};
  /** Those of its paths. */
  folders = [];
  #names = new Map();
  #cleanups = [];

  constructor([client, server], transport) {
    this.client = client;
    this.net = server;
    this.transport = transport;
  }

  /** The trace of that name. */
  trace(name) {
    return (this.traces[name] ??= new FullTrace(this.#names));
  }

  /** In all traces, `value` becomes `name`. */
  call(value, name) {
    this.#names.set(String(value), name);
  }

  atEnd(cleanup) {
    this.#cleanups.push(cleanup);
  }

  /** Watches every event of `stream`, and has it read unless told not to. */
  watch(stream, name, { reads = true, except = ['drain'] } = {}) {
    const trace = this.trace(name);
    // node:net emits it for a path inside connect(), when nobody listens yet.
    if (this.transport === 'unix') except = [...except, 'connectionAttempt'];
    trace.watchStream(stream, { reads, except, events: [...STREAM_EVENTS, ...MORE_STREAM_EVENTS] });
    this.atEnd(() => stream.destroy());
    return stream;
  }

  watchServer(server, name = 'server') {
    this.trace(name).watch(server, SERVER_EVENTS);
    this.atEnd(() => {
      if (server.listening) server.close();
    });
    return server;
  }

  folder() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-'));
    this.atEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
    this.folders.push(folder);
    return folder;
  }

  /** A fresh path for a UNIX socket. */
  path() {
    const file = path.join(this.folder(), 's');
    this.call(file, 'PATH');
    return file;
  }

  place() {
    return this.transport === 'unix' ? { path: this.path() } : { port: 0, host: '127.0.0.1' };
  }

  /**
   * A server that listens. `accept(stream, trace)` is called with each stream that it accepts, which is watched as
   * `accepted`, `accepted 2`, ...
   */
  async listen({ options = {}, accept = () => {}, watch = {}, place = this.place() } = {}) {
    const server = this.watchServer(this.net.createServer(options));
    let count = 0;
    this.accepted = new Promise((resolve) => {
      server.on('connection', (stream) => {
        count += 1;
        const name = count === 1 ? 'accepted' : `accepted ${count}`;
        this.watch(stream, name, watch);
        accept(stream, this.trace(name));
        resolve(stream);
      });
    });
    server.listen(place);
    await once(server, 'listening');
    this.server = server;
    const address = server.address();
    this.target = typeof address === 'string' ? { path: address } : { port: address.port, host: '127.0.0.1' };
    if (address.port) this.call(address.port, 'PORT');
    return server;
  }

  /** A stream that connects to the server. */
  connect(options = {}, watch = {}, name = 'client') {
    return this.watch(this.client.connect({ ...this.target, ...options }), name, watch);
  }

  /** Both ends, connected: `[client, accepted]`. */
  async pair({ options, clientOptions, accept, watch, clientWatch } = {}) {
    await this.listen({ options, accept, watch });
    const client = this.connect(clientOptions, clientWatch);
    if (client.connecting) await once(client, 'connect');
    const accepted = await this.accepted;
    return [client, accepted];
  }

  /** Waits for the 'close' of the streams of these traces. */
  async closed(...names) {
    for (const name of names) await this.traces[name].over;
  }

  /** A port of 127.0.0.1 that refuses connections. */
  async refusing() {
    const server = nodeNet.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = nodeNet.connect(server.address().port, '127.0.0.1');
    const [accepted] = await once(server, 'connection');
    if (client.connecting) await once(client, 'connect');
    this.atEnd(() => {
      client.destroy();
      accepted.destroy();
      server.close();
    });
    // Nobody listens where a client has connected from.
    this.call(client.localPort, 'PORT');
    return client.localPort;
  }

  async clean() {
    while (this.#cleanups.length > 0) await this.#cleanups.pop()();
  }
}

async function play({ act, except = [] }, pairing, transport) {
  const stage = new Stage(pairing, transport);
  let timer;
  let hangs = false;
  const deadline = new Promise((resolve) => {
    timer = setTimeout(() => {
      hangs = true;
      resolve();
    }, HANGS);
  });
  const onUncaught = (error) => stage.trace('process').note('uncaught', error);
  process.on('uncaughtException', onUncaught);
  try {
    await Promise.race([act(stage), deadline]);
    if (!hangs && stage.server?.listening) {
      stage.server.close();
      await Promise.race([once(stage.server, 'close'), deadline]);
    }
  } catch (error) {
    stage.trace('play').lines.push(`has failed: ${error.stack}`);
  } finally {
    clearTimeout(timer);
  }
  if (hangs) stage.trace('play').lines.push('never ends');
  // What comes after the end is a defect, and is recorded as any other event.
  await new Promise((resolve) => setImmediate(resolve));
  for (const trace of Object.values(stage.traces)) trace.finish(except);
  process.off('uncaughtException', onUncaught);
  const traces = Object.fromEntries(Object.entries(stage.traces).map(([name, { lines }]) => [name, [...lines]]));
  await stage.clean();
  return traces;
}

const NODE = Number(process.versions.node.split('.')[0]);

async function main() {
  const wanted = process.argv.slice(2);
  const played = {};
  for (const scenario of scenarios) {
    const { title, over, ends, since } = scenario;
    if (NODE < since) continue;
    for (const transport of over) {
      const name = over.length > 1 ? `${title} (${transport})` : title;
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
      played[name] = {};
      for (const [pairing, modules] of Object.entries(PAIRINGS)) {
        if (ends === 2 || pairing === 'node:net' || pairing === 'ours') {
          played[name][pairing] = await play(scenario, modules, transport);
        }
      }
    }
  }
  return JSON.stringify(played);
}

// A reset that fails on node:net leaves it spinning.
main().then((text) => process.stdout.write(text, () => process.exit()));
