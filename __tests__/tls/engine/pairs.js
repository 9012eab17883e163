'use strict';

// Pairs of streams whose handshake has options of the engine that `setSecure()` does not have, and what the engine
// reports of them.

const { once } = require('events');
const binding = require('../../../lib/binding');
const events = require('../../../lib/events');
const { StreamTransport } = require('../../../lib/stream/transport');
const { kTransport } = require('../../../lib/stream/fields');
const net = require('../../../node');

/** What a transport's handshake gets besides the options of `setSecure()`. */
const added = new WeakMap();

const { secure } = StreamTransport.prototype;
StreamTransport.prototype.secure = function (credentials, request) {
  return secure.call(this, credentials, { ...request, ...added.get(this) });
};

/** Two connected streams: `{ client, server }`. */
async function connected() {
  const listener = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = net.connect({ port: listener.address().port, host: '127.0.0.1', allowHalfOpen: true });
  const [[server]] = await Promise.all([once(listener, 'connection'), once(client, 'connect')]);
  listener.close();
  return { client, server };
}

/**
 * Begins TLS on `stream` with `options` of the engine. `options.answer(question, transport)` answers about the
 * ClientHello. Returns what is reported, and `done`, which settles with the agreement or fails.
 */
function begin(stream, credentials, { answer, ...options }, servername) {
  const transport = stream[kTransport];
  added.set(transport, options);
  const seen = { order: [], questions: [], sessions: [], lines: [], kept: [] };
  const record = (event, take) => {
    const known = stream[events[event]];
    stream[events[event]] = function (...details) {
      seen.order.push(event);
      take(...details);
      return known?.apply(this, details);
    };
  };
  record('onsession', (session) => seen.sessions.push(session));
  record('onkeylog', (line) => seen.lines.push(String(line)));
  record('onsecure', () => {});
  record('onnewsession', (id, data) => seen.kept.push({ id, data }));
  stream[events.onservername] = (name, alpn, asksForStapling, sessionId) => {
    const question = { name, alpn, asksForStapling, sessionId };
    seen.questions.push(question);
    answer(question, transport);
  };
  const done = new Promise((resolve, reject) => {
    stream.once('secure', () => resolve(transport.agreement));
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('closed')));
  });
  done.catch(() => {});
  stream.setSecure(credentials, options.isServer ? { isServer: true } : { isServer: false, servername });
  return Object.assign(seen, { done, stream, transport });
}

/** A pair after its handshake: both sides as `begin` returns them, with `agreement`. A byte has come from each. */
async function secured({ client = {}, server = {}, clientCredentials, serverCredentials, servername = 'localhost' }) {
  const streams = await connected();
  const sides = {
    client: begin(streams.client, clientCredentials, { ...client, isServer: false }, servername),
    server: begin(streams.server, serverCredentials, { ...server, isServer: true }),
  };
  const outcomes = await Promise.all([sides.client.done, sides.server.done]);
  [sides.client.agreement, sides.server.agreement] = outcomes;
  const bytes = [once(streams.client, 'data'), once(streams.server, 'data')];
  streams.client.write('a');
  streams.server.write('b');
  await Promise.all(bytes);
  return sides;
}

/** Closes both sides. */
function close({ client, server }) {
  client.stream.destroy();
  server.stream.destroy();
}

/** Native credentials with options that `createCredentials()` does not have. */
function nativeCredentials(options) {
  return binding.createCredentials({
    identities: [],
    pfx: [],
    crl: [],
    alpn: [],
    requestCert: false,
    rejectUnauthorized: false,
    checksNames: true,
    prefersOwnOrder: true,
    ...options,
  });
}

module.exports = { begin, close, connected, nativeCredentials, secured };
