'use strict';

// Parity with node:tls of what a function notes, for scenarios that are no single connection: it runs with node:tls at
// both ends, and with ours at both ends and at either.

const { once } = require('events');
const nodeTls = require('tls');
const tls = require('../../../tls');
const { atEnd } = require('../../helpers');
const pki = require('../../tls/pki');

const REFERENCE = { name: 'node:tls at both ends', client: nodeTls, server: nodeTls };

const PAIRINGS = [
  { name: 'ours at both ends', client: tls, server: tls },
  { name: 'our client, server of node:tls', client: tls, server: nodeTls },
  { name: 'client of node:tls, our server', client: nodeTls, server: tls },
];

/** What `scenario(pairing, note)` notes; what it throws is noted, too. */
async function notes(scenario, pairing) {
  const found = [];
  const note = (...details) => found.push(details.map(show).join(' '));
  try {
    await scenario(pairing, note);
  } catch (error) {
    note('throws', error);
  }
  return found;
}

function show(value) {
  if (value && typeof value.message === 'string') return `${value.name} ${value.code}: ${value.message}`;
  if (typeof value === 'function') return `function ${value.name}`;
  return typeof value === 'string' ? value : String(JSON.stringify(value));
}

/** Defines the tests of one scenario. Their order is not compared: between the two ends it is up to the kernel. */
function compared(title, scenario) {
  const sorted = async (pairing) => (await notes(scenario, pairing)).sort();
  test.each(PAIRINGS)(`${title} ($name)`, async (pairing) => {
    const expected = await sorted(REFERENCE);
    expect(await sorted(pairing)).toEqual(expected);
  });
}

/** A server of `module` that listens; the certificate is `p256` unless `options` have another. */
async function serve(module, options = {}, listener = (socket) => socket.resume().on('error', () => {})) {
  const server = module.createServer({ ...pki.identity('p256'), ...options }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => server.close());
  return server;
}

/** Options for a client of `server`. */
function target(server, options = {}) {
  const { port } = server.address();
  return { port, host: '127.0.0.1', servername: 'localhost', ca: pki.certificate('root'), ...options };
}

/** Connects, and returns the socket when it is secure. */
async function connected(module, options) {
  const socket = module.connect(options);
  atEnd(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Ends a connection from both sides. */
async function ended(socket) {
  if (socket.destroyed) return;
  const isOver = once(socket, 'close');
  socket.resume().end();
  await isOver;
}

module.exports = { compared, connected, ended, notes, pki, serve, target };
