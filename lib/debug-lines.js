'use strict';

// The life of each socket and server as lines on stderr, with `NODE_DEBUG=rust-net`: subscribers of the diagnostics
// channels. Names, addresses, counts and codes; nothing of what is sent, and no secrets.

const { debuglog } = require('util');
const { showEnd } = require('./address');
const channels = require('./channels');
const { kLeft } = require('./stream/fields');
const { kContract, kTransport } = require('./symbols');

const debug = debuglog('rust-net');

/** The numbers of sockets, in the order in which they are first seen. */
const numbers = new WeakMap();
let lastNumber = 0;

/** Where servers listen, or have listened. */
const places = new WeakMap();

/** The number of a socket. A TLSSocket has that of the socket whose connection it has taken. */
function numberOf(socket) {
  const { _parent: below } = socket;
  const owner = socket[kLeft]?.stream ?? (typeof below === 'object' && below !== null ? below : socket);
  if (!numbers.has(owner)) numbers.set(owner, ++lastNumber);
  return numbers.get(owner);
}

function placeOf(server) {
  return places.get(server) ?? 'a server';
}

const codeOf = ({ code, name }) => code ?? name;
const spanOf = ({ ms }) => ms.toFixed(1);

/** Node's own servers publish on the same channel. */
const isOurs = ({ server }) => server[kContract] !== undefined;

/** What is printed of each message, by channel. */
const LINES = [
  [channels.serverListen.asyncEnd, (message) => {
    if (!isOurs(message)) return;
    places.set(message.server, showEnd(message.server.address()));
    debug('%s: listens', placeOf(message.server));
  }],
  [channels.serverListen.error, (message) => {
    if (isOurs(message)) debug('a server: cannot listen: %s', codeOf(message.error));
  }],
  [channels.accept, ({ server, socket }) => {
    const { peer } = socket[kTransport];
    debug('#%d: accepted by %s, from %s', numberOf(socket), placeOf(server), showEnd(peer));
  }],
  [channels.proxy, ({ socket, proxy }) => {
    debug('#%d: header of the PROXY protocol, version %d', numberOf(socket), proxy.version);
  }],
  [channels.drop, ({ server, reason, count, remoteAddress, remotePort }) => {
    const peer = remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort };
    debug('%s: dropped %d, the last from %s: %s', placeOf(server), count, showEnd(peer), reason);
  }],
  [channels.connect.asyncStart, ({ socket, host, port, path }) => {
    debug('#%d: connects to %s', numberOf(socket), showEnd(path ?? { address: host, port }));
  }],
  [channels.connect.asyncEnd, (message) => {
    const { local, peer } = message.socket[kTransport];
    const number = numberOf(message.socket);
    debug('#%d: connected to %s, from %s, in %s ms', number, showEnd(message.path ?? peer), showEnd(local), spanOf(message));
  }],
  [channels.connect.error, (message) => {
    debug('#%d: not connected: %s, after %s ms', numberOf(message.socket), codeOf(message.error), spanOf(message));
  }],
  [channels.secure.asyncStart, ({ socket, isServer, servername }) => {
    const side = isServer ? 'server' : 'client';
    debug('#%d: begins TLS as a %s%s', numberOf(socket), side, servername === undefined ? '' : ` for ${servername}`);
  }],
  [channels.secure.asyncEnd, (message) => {
    const { socket, protocol, cipher, resumed } = message;
    const how = `${protocol} ${cipher}${resumed ? ', resumed' : ''}`;
    debug('#%d: secure: %s, in %s ms', numberOf(socket), how, spanOf(message));
  }],
  [channels.secure.error, (message) => {
    debug('#%d: not secure: %s, after %s ms', numberOf(message.socket), codeOf(message.error), spanOf(message));
  }],
  [channels.end, ({ socket, truncated }) => {
    debug('#%d: ended by the peer%s', numberOf(socket), truncated ? ' without a close_notify' : '');
  }],
  [channels.detach, ({ socket }) => debug('#%d: detached for another thread', numberOf(socket))],
  [channels.attach, ({ socket }) => {
    debug('#%d: attached, with a peer at %s', numberOf(socket), showEnd(socket[kTransport].peer));
  }],
  [channels.close, ({ socket, error, bytesRead, bytesWritten }) => {
    const why = error ? `: ${codeOf(error)}` : '';
    debug('#%d: closed, %d bytes read, %d written%s', numberOf(socket), bytesRead, bytesWritten, why);
  }],
  [channels.shutdown.asyncStart, ({ server }) => debug('%s: begins its graceful end', placeOf(server))],
  [channels.shutdown.asyncEnd, (message) => {
    const { server, ended, destroyed } = message;
    debug('%s: has ended: %d ended, %d destroyed, in %s ms', placeOf(server), ended, destroyed, spanOf(message));
  }],
  [channels.serverClose, ({ server }) => debug('%s: closed', placeOf(server))],
  [channels.replace, () => debug('credentials: replaced')],
  [channels.credentialsError, ({ error }) => debug('credentials: their files cannot be used: %s', codeOf(error))],
];

function start() {
  for (const [channel, print] of LINES) channel.subscribe(print);
}

module.exports = { start };
