'use strict';

// Connections for the TLS tests: ours at both ends, or ours against node:tls at either.

const { once } = require('events');
const tls = require('tls');
const net = require('../..');
const { destroyAtEnd, listening, pair } = require('../helpers');
const { certificate, identity } = require('./pki');

/** What a server shows and a client trusts, unless a test is about that. */
const SERVER = identity('p256');
const CLIENT = { ca: certificate('root') };

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];

/** The options for one version and no other. */
const only = (version) => ({ minVersion: version, maxVersion: version });

/** Resolves when all `streams` are secure, and bytes pass; rejects with the first error. */
async function allSecure(...streams) {
  await Promise.all(streams.map((stream) => once(stream, 'secure')));
  // What was written meanwhile goes out in an immediate, which was set before this one.
  await new Promise(setImmediate);
}

/** Ours at both ends, secure: `[client, accepted, server]`. `options` are `pair`'s, and `how` is the client's. */
async function securePair(server = SERVER, client = CLIENT, { how, ...options } = {}) {
  const [connected, accepted, listener] = await pair(options);
  accepted.setSecure(server);
  connected.setSecure(client, how);
  await allSecure(connected, accepted);
  return [connected, accepted, listener];
}

/** A server of ours whose streams are made secure in 'connection', with the same credentials for all. */
function secureServer(credentials = SERVER, how = undefined, options = {}) {
  const shared = 'getTicketKeys' in credentials ? credentials : net.createCredentials(credentials);
  return listening(net.createServer(options, (stream) => destroyAtEnd(stream).setSecure(shared, how)));
}

/** The same, whose streams may fail. */
async function tolerantServer(credentials) {
  const server = await secureServer(credentials);
  server.on('connection', (stream) => stream.on('error', () => {}));
  return server;
}

/** A stream of ours to `server`, made secure before it is connected. */
function secureClient(server, credentials = CLIENT, how = undefined) {
  return destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).setSecure(credentials, how);
}

/** The next stream that a server of ours accepts, once it is secure. */
async function nextSecure(server) {
  const [stream] = await once(server, 'connection');
  await once(stream, 'secure');
  return stream;
}

/**
 * A client of ours at `server`, or at `between`, which leads there, and the stream that the server accepts: `[client,
 * accepted]`, both secure.
 */
async function meet(server, between = server, credentials = CLIENT) {
  const accepted = nextSecure(server);
  const client = secureClient(between, credentials);
  const [stream] = await Promise.all([accepted, allSecure(client)]);
  return [client, stream];
}

/** A server of ours that says hello on each stream that is secure. */
async function greeter(credentials) {
  const server = await secureServer(credentials);
  server.on('connection', (stream) => stream.on('secure', () => stream.write('hello')));
  return server;
}

/** Our client at a greeter, open until a session to resume can have come: the stream, closed. */
async function visit(server, credentials, how) {
  const client = secureClient(server, credentials, how);
  await once(client, 'secure');
  // Tickets of TLS 1.3 come before what is written after the handshake.
  await once(client, 'data');
  client.end();
  await once(client, 'close');
  return client;
}

/** A server of node:tls. */
async function tlsServer(options = SERVER) {
  const server = tls.createServer(options);
  server.on('connection', destroyAtEnd);
  server.on('secureConnection', destroyAtEnd);
  server.on('tlsClientError', () => {});
  return listening(server);
}

/** A client of node:tls that trusts our root and rejects no server. */
function tlsClient(server, options = {}) {
  const { port } = server.address();
  return destroyAtEnd(tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...CLIENT, ...options }));
}

/** Our client and a server of node:tls: `[ours, theirs]`, once both are secure. */
async function withTlsServer(options, credentials, how) {
  const server = await tlsServer(options);
  const accepted = once(server, 'secureConnection');
  const client = secureClient(server, credentials, how);
  const [[theirs]] = await Promise.all([accepted, once(client, 'secure')]);
  return [client, theirs];
}

/** Our server and a client of node:tls: `[ours, theirs]`, once both are secure. */
async function withTlsClient(credentials, options, how) {
  const server = await secureServer(credentials, how);
  const accepted = nextSecure(server);
  const client = tlsClient(server, options);
  const [ours] = await Promise.all([accepted, once(client, 'secureConnect')]);
  return [ours, client];
}

/** Sends `text` from one to the other and back. */
async function greet(one, other) {
  for (const [from, to] of [[one, other], [other, one]]) {
    from.write('grüezi', 'utf8');
    const [data] = await once(to, 'data');
    expect(data.toString()).toBe('grüezi');
  }
}

module.exports = {
  CLIENT,
  SERVER,
  VERSIONS,
  allSecure,
  greet,
  greeter,
  meet,
  nextSecure,
  only,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tlsServer,
  tolerantServer,
  visit,
  withTlsClient,
  withTlsServer,
};
