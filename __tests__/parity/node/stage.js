'use strict';

// What a scenario plays on: the net modules of both ends, streams and servers of these that are watched, and a trace
// of each of them.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const ourNet = require('../../../node');
const { STREAM_EVENTS, Trace } = require('../recorder');

const MORE_STREAM_EVENTS = [
  ...['prefinish', 'pause', 'resume', 'pipe', 'unpipe'],
  ...['connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout'],
];

const SERVER_EVENTS = ['listening', 'close', 'error', 'drop'];

/** What is looked at at every event of a stream: its line has the names of those that are true. */
const STATES = [
  'connecting',
  'pending',
  'destroyed',
  'readable',
  'writable',
  'readableEnded',
  'writableEnded',
  'writableFinished',
  'readableAborted',
];

/** A trace with all that can be seen of a stream at each event. */
class FullTrace extends Trace {
  state() {
    const { stream } = this;
    if (!stream) return '';
    const states = [stream.readyState, ...STATES.filter((name) => stream[name])];
    if (stream.errored) states.push(`errored: ${stream.errored.code ?? stream.errored.name}`);
    return ` [${states.join(', ')}]`;
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

/** What a scenario is given for one play of it: the modules, ways to make streams of them, and the traces. */
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
    // node:net emits it for a path inside connect(), before there can be a listener.
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
    // There is no listener where a client has connected from.
    this.call(client.localPort, 'PORT');
    return client.localPort;
  }

  async clean() {
    while (this.#cleanups.length > 0) await this.#cleanups.pop()();
  }
}

module.exports = { Stage };
