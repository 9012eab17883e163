'use strict';

// Runs one scenario on node:tls and on rust-net/tls and compares what could be observed, as `../trace.js` does for net:
// node:tls at both ends is the reference; ours at both ends, and ours at either end, must give the same.
//
// Where OpenSSL's errors say in which function and line they were made, this is left out.

const { once } = require('events');
const nodeTls = require('tls');
const tls = require('../../../tls');
const { atEnd, scratch } = require('../../helpers');
const pki = require('../../tls/pki');
const { Trace } = require('../recorder');
const path = require('path');

const REFERENCE = { name: 'node:tls at both ends', client: nodeTls, server: nodeTls };

const PAIRINGS = [
  { name: 'ours at both ends', client: tls, server: tls },
  { name: 'our client, server of node:tls', client: tls, server: nodeTls },
  { name: 'client of node:tls, our server', client: nodeTls, server: tls },
];

const HANGS = 4000;

const OPENING = ['lookup', 'connect', 'ready', 'secure', 'secureConnect'];
const STREAM_EVENTS = [...OPENING, 'end', 'finish', 'timeout', 'error', 'close'];
const SERVER_EVENTS = ['listening', 'close', 'error', 'drop'];

const STATE = [
  'authorized',
  'authorizationError',
  'encrypted',
  'alpnProtocol',
  'servername',
  'secureConnecting',
  'destroyed',
  'connecting',
  'readable',
  'writable',
  'readableEnded',
  'writableEnded',
  'writableFinished',
];

/** An error of OpenSSL: its number, library, function, reason, file and line, and the alert if that is what it is. */
const OPENSSL =
  /^(write EPROTO )?(?:[0-9A-F]+:)?error:([0-9A-F]{8}):(SSL routines):[^:]*:([^:]*)[^]*?(:SSL alert number \d+)?\s*$/;

/** A trace of a TLS socket. */
class SecureTrace extends Trace {
  show(value) {
    if (!value || typeof value.message !== 'string') return super.show(value);
    const { code, name, syscall, library, reason, host, port, localAddress, message } = value;
    const words = message.replace(OPENSSL, '$1error:$2:$3::$4$5');
    const details = { name, words, syscall, library, reason, host, port, localAddress };
    return this.anonymous(`${code} ${JSON.stringify(details)}`);
  }

  /** Writes down what `socket` tells of its session. */
  session(socket) {
    for (const name of STATE.slice(0, 6)) this.note(`${name}:`, socket[name]);
    const certificate = socket.getPeerCertificate();
    this.note('protocol:', socket.getProtocol());
    this.note('cipher:', socket.getCipher());
    this.note('subject:', certificate && certificate.subject);
    this.note('reused:', socket.isSessionReused());
  }
}

/**
 * One run. All of a scenario is optional:
 * `server`, `client`: options, or functions of the run that return them;
 * `serve(server, trace, run)`: runs before listen();
 * `begin(client, trace, run)`: right after connect(); `secure(client, trace, run)`: in 'secureConnect';
 * `accept(socket, trace, run)`: in 'secureConnection'; without it, the server ends its side;
 * `refused`: the server never has a secure connection; `except`: events, state and sides that are not compared.
 */
async function play(scenario, pairing, traces) {
  const { except = [], refused = false } = scenario;
  const names = new Map();
  for (const side of ['client', 'accepted', 'server']) traces[side] = new SecureTrace(names);
  const run = { traces, pki, pairing, path: scenario.path ? path.join(scratch(), 's') : undefined };
  const optionsOf = (options) => (typeof options === 'function' ? options(run) : options);
  const { key, cert } = pki.identity('p256');
  const server = pairing.server.createServer({ key, cert, ...optionsOf(scenario.server) });
  run.server = server;
  traces.server.watch(server, SERVER_EVENTS);
  const over = new Promise((resolve) => {
    server.on('tlsClientError', (error, socket) => {
      traces.server.note('tlsClientError', error);
      traces.server.note('its socket', socket.constructor.name, socket.destroyed, socket.authorized);
      if (refused) resolve();
    });
    server.on('secureConnection', (socket) => {
      run.accepted = socket;
      watch(traces.accepted, socket, except);
      traces.accepted.session(socket);
      if (scenario.accept) scenario.accept(socket, traces.accepted, run);
      else socket.end();
      resolve(traces.accepted.over);
    });
  });
  scenario.serve?.(server, traces.server, run);
  server.listen(run.path ?? { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const target = run.path ? { path: run.path } : { port: server.address().port, host: '127.0.0.1' };
  names.set(String(target.port ?? target.path), 'PLACE');
  run.target = target;
  const trusting = { ca: pki.certificate('root'), servername: 'localhost' };
  const clientOptions = { ...target, ...trusting, ...optionsOf(scenario.client) };
  const client = (scenario.connect ?? connect)(pairing.client, clientOptions, run);
  run.client = client;
  watch(traces.client, client, except);
  atEnd(() => {
    client.destroy();
    run.accepted?.destroy();
    if (server.listening) server.close();
  });
  client.on('secureConnect', () => {
    traces.client.session(client);
    scenario.secure?.(client, traces.client, run);
  });
  scenario.begin?.(client, traces.client, run);
  await traces.client.over;
  if (!except.includes('server')) await over;
  if (server.listening) {
    server.close();
    await once(server, 'close');
  }
  // Node's own sockets emit 'close' after the first of these, where libuv does not wake the engine.
  for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve));
  for (const trace of Object.values(traces)) end(trace, except);
}

function connect(module, options) {
  return module.connect(options);
}

function watch(trace, socket, except) {
  trace.watchStream(socket, { except, reads: true, events: STREAM_EVENTS });
}

function end(trace, except) {
  trace.endData();
  trace.lines.push(...trace.asides);
  for (const name of trace.stream ? STATE : []) {
    if (!except.includes(name)) trace.lines.push(`afterwards ${name}: ${trace.show(trace.stream[name])}`);
  }
}

function lines(traces, except = []) {
  const compared = Object.entries(traces).filter(([side]) => !except.includes(side));
  return Object.fromEntries(compared.map(([side, trace]) => [side, trace.lines]));
}

async function observe(scenario, pairing) {
  const traces = {};
  let timer;
  const hangs = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`A run with ${pairing.name} never ends. So far: ${JSON.stringify(lines(traces), null, 2)}`));
    }, HANGS);
  });
  try {
    await Promise.race([play(scenario, pairing, traces), hangs]);
  } finally {
    clearTimeout(timer);
  }
  return lines(traces, scenario.except);
}

/** Defines the tests of one scenario: each pairing must give the traces that node:tls gives. */
function parity(title, scenario) {
  test.each(PAIRINGS)(`${title} ($name)`, async (pairing) => {
    const expected = await observe(scenario, REFERENCE);
    expect(await observe(scenario, pairing)).toEqual(expected);
  });
}

module.exports = { parity, pki };
