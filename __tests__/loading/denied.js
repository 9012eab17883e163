'use strict';

// Run in a child process: listens and connects in every way with the module in argv[2], and prints what came of it,
// `{ [scenario]: lines }`. argv[3] names the modules for TLS and http.

const [, , entry, tlsEntry, httpEntry] = process.argv;
const fs = require('fs');
const net = require(entry);
const tls = require(tlsEntry);
const http = require(httpEntry);
const os = require('os');
const path = require('path');

const EVENTS = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'listening', 'error', 'close'];

/** Where a socket file would be. It has to have the same name in all runs. */
const file = (name) => path.join(os.tmpdir(), `rust-net-denied-${process.ppid}-${name}`);

/** A lookup function that answers with two addresses. */
const two = (_name, options, callback) => process.nextTick(() => {
  const found = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }];
  if (options.all) callback(null, found);
  else callback(null, '127.0.0.1', 4);
});

function blockList() {
  const list = new net.BlockList();
  list.addAddress('127.0.0.1');
  return list;
}

const SCENARIOS = {
  'listen()': () => net.createServer().listen(),
  'listen(path)': () => net.createServer().listen(file('listens')),
  'listen(port, address)': () => net.createServer().listen(0, '127.0.0.1'),
  'listen(port, name)': () => net.createServer().listen(0, 'localhost'),
  'listen({ fd }) of no socket': () => net.createServer().listen({ fd: fs.openSync(__filename) }),
  'connect(port, address)': () => net.connect(1, '127.0.0.1'),
  'connect(port, name)': () => net.connect({ port: 1, host: 'localhost', family: 4 }),
  'connect({ lookup }) of two addresses': () => net.connect({ port: 1, host: 'name.test', lookup: two }),
  'connect({ lookup }) of one': () => net.connect({ port: 1, host: 'name.test', lookup: two, autoSelectFamily: false }),
  'connect({ localAddress })': () => net.connect({ port: 1, host: '127.0.0.1', localAddress: '127.0.0.1' }),
  'connect({ blockList })': () => net.connect({ port: 1, host: '127.0.0.1', blockList: blockList() }),
  'connect(path)': () => net.connect(file('is-not-there')),
  'new BoundSocket()': () => net.createServer().listen({ handle: new net.BoundSocket({ host: '127.0.0.1' }) }),
  'new BoundSocket({ path })': () => net.createServer().listen({ handle: new net.BoundSocket({ path: file('bound') }) }),
  'tls.connect()': () => tls.connect(1, '127.0.0.1'),
  'tls.connect() by name': () => tls.connect({ port: 1, host: 'localhost', family: 4 }),
  'tls.createServer()': () => tls.createServer().listen(),
  'http.get()': () => http.get('http://127.0.0.1:1'),
  'http.createServer()': () => http.createServer().listen(),
};

/** An error with its fields, in order. */
function shown(value) {
  if (!(value instanceof Error)) return value;
  const { name, message, errors } = value;
  const fields = Object.entries(value).filter(([key]) => key !== 'stack').map(([key, field]) => [key, shown(field)]);
  return { name, message, fields, ...(errors && { errors: errors.map(shown) }) };
}

/** Plays a scenario: the lines of its trace, when it is over. */
function play(name, run) {
  const lines = [];
  const add = (...line) => lines.push(JSON.stringify(line.map(shown)).replaceAll(String(process.pid), 'PID'));
  return new Promise((resolve) => {
    const end = () => setImmediate(() => {
      process.removeAllListeners('uncaughtException');
      resolve(lines);
    });
    process.on('uncaughtException', (error) => {
      add('uncaught', error);
      end();
    });
    try {
      const emitter = run();
      const isServer = typeof emitter.listen === 'function';
      add('returned', emitter.connecting ?? null);
      for (const event of EVENTS) emitter.on(event, (...details) => add(event, ...details));
      emitter.on(isServer ? 'error' : 'close', end).on('close', end);
      emitter.on('listening', () => emitter.close());
    } catch (error) {
      add('threw', error);
      end();
    }
  });
}

async function main() {
  const traces = {};
  for (const [name, run] of Object.entries(SCENARIOS)) traces[name] = await play(name, run);
  process.stdout.write(JSON.stringify(traces));
}

main();
