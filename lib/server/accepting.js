'use strict';

// What a server does with the connections that its listener accepts, and while it can't accept any.

const channels = require('../channels');
const errors = require('../errors');
const { DuplexOptions } = require('../stream');
const { kAccept, kContract } = require('../symbols');
const { clearTimeout, setTimeout } = require('../timers');
const { Transport } = require('../transport');
const {
  kClosing,
  kConnections,
  kInherited,
  kListener,
  kRetryTimer,
  kShutdown,
  kStalled,
  kStream,
  kStreamOptions,
  keepAliveSpans,
} = require('./fields');
const { emitCloseIfDone } = require('./listening');

/** After running out of descriptors, accepting is tried again this often, in milliseconds. */
const RETRY_DELAY = 100;

/** Why a connection is refused here: it comes from an address of the `blockList`, or is one too many. */
const BLOCKED = 'blocked';
const FULL = 'max-connections';

/** Makes a stream of connection `id`, unless it is one too many or blocked. `peer` is its address, null without one. */
function accept(server, id, peer) {
  if (isFull(server)) {
    drop(server, id, peer);
    return;
  }
  if (peer !== null && server.blockList?.check(peer.address, peer.family.toLowerCase())) {
    refuse(server, id, peer, BLOCKED);
    return;
  }
  const stream = new server[kStream](streamOptions(server));
  const inherited = server[kInherited];
  if (server.noDelay !== inherited.noDelay) stream.setNoDelay(server.noDelay);
  if (server.keepAlive !== inherited.keepAlive) stream.setKeepAlive(server.keepAlive, ...keepAliveSpans(server));
  server[kConnections]++;
  stream[kAccept](id, server, server.pauseOnConnect);
}

/** The options of the streams that are accepted: made again only when the server's have been changed. */
function streamOptions(server) {
  const { allowHalfOpen, highWaterMark } = server;
  let options = server[kStreamOptions];
  if (options?.allowHalfOpen !== allowHalfOpen || options.readableHighWaterMark !== highWaterMark) {
    const marks = { readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark };
    options = new DuplexOptions(server[kContract], { allowHalfOpen, ...marks });
    server[kStreamOptions] = options;
  }
  return options;
}

function isFull(server) {
  const { maxConnections } = server;
  if (maxConnections == null || (maxConnections === 0 && !server[kContract].zeroConnectionsIsALimit)) return false;
  return server[kConnections] >= maxConnections;
}

/** Closes connection `id`, which is one too many, and emits 'drop'. */
function drop(server, id, peer) {
  const ends = refuse(server, id, peer, FULL);
  if (Object.keys(ends).length > 0) server.emit('drop', ends);
  else server.emit('drop');
}

/** Closes connection `id`, which is no stream yet, because of `reason`. Returns its ends as 'drop' has them. */
function refuse(server, id, peer, reason) {
  const arrival = new Transport();
  arrival.hold(id);
  const { local } = arrival;
  arrival.refuse(reason);
  const ends = { __proto__: null };
  if (local) Object.assign(ends, { localAddress: local.address, localPort: local.port, localFamily: local.family });
  if (peer) Object.assign(ends, { remoteAddress: peer.address, remotePort: peer.port, remoteFamily: peer.family });
  if (channels.drop.hasSubscribers) channels.drop.publish({ server, reason, count: 1, ...ends });
  return ends;
}

/** Accepting has failed. 'acceptError' is emitted once until it works again. */
function noteStall(server, errno) {
  clearTimeout(server[kRetryTimer]);
  server[kRetryTimer] = setTimeout(retry, RETRY_DELAY, server);
  server[kRetryTimer].unref();
  if (server[kStalled]) return;
  server[kStalled] = true;
  server.emit('acceptError', errors.systemError(errno, 'accept'));
}

function noteRecovery(server) {
  server[kStalled] = false;
}

/** Tries to accept again after a stall. */
function retry(server) {
  clearTimeout(server[kRetryTimer]);
  server[kRetryTimer] = null;
  server[kListener].retry();
}

/** A stream of `server` is gone. */
function noteRelease(server) {
  server[kConnections]--;
  if (server[kRetryTimer] !== null) retry(server);
  if (server[kClosing]) emitCloseIfDone(server);
  server[kShutdown]?.released();
}

module.exports = { accept, noteRecovery, noteRelease, noteStall };
