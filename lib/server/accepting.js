'use strict';

// What a server does with the connections that its listener accepts, and while it can't accept any.

const { clearTimeout, setTimeout } = require('timers');
const errors = require('../errors');
const { DuplexOptions } = require('../stream');
const { StreamTransport } = require('../stream/transport');
const { kAccept, kContract } = require('../symbols');
const {
  kClosing,
  kConnections,
  kInherited,
  kListener,
  kRetryTimer,
  kStalled,
  kStream,
  kStreamOptions,
  keepAliveSpans,
} = require('./fields');
const { emitCloseIfDone } = require('./listening');

/** After running out of descriptors, accepting is tried again this often, in milliseconds. */
const RETRY_DELAY = 100;

/** Makes a stream of connection `id`, unless it is one too many or blocked. */
function accept(server, id) {
  if (isFull(server)) {
    drop(server, id);
    return;
  }
  if (server.blockList && isBlocked(server.blockList, id)) return;
  const stream = new server[kStream](streamOptions(server));
  const inherited = server[kInherited];
  if (server.noDelay !== inherited.noDelay) stream.setNoDelay(server.noDelay);
  if (server.keepAlive !== inherited.keepAlive) stream.setKeepAlive(server.keepAlive, ...keepAliveSpans(server));
  server[kConnections]++;
  stream[kAccept](id, server, server.pauseOnConnect);
}

/** The options of the streams that are accepted: made anew only when the server's have been changed. */
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

/** Whether `blockList` has the peer of connection `id`, which is closed then. */
function isBlocked(blockList, id) {
  const arrival = arrivalOf(id);
  const { address, family } = arrival.peer ?? {};
  const isOnList = address !== undefined && blockList.check(address, family.toLowerCase());
  if (isOnList) arrival.release();
  return isOnList;
}

/** Closes connection `id`, which is one too many, and emits 'drop'. */
function drop(server, id) {
  const arrival = arrivalOf(id);
  const { local, peer } = arrival;
  arrival.release();
  const data = { __proto__: null };
  if (local) Object.assign(data, { localAddress: local.address, localPort: local.port, localFamily: local.family });
  if (peer) Object.assign(data, { remoteAddress: peer.address, remotePort: peer.port, remoteFamily: peer.family });
  if (local || peer) server.emit('drop', data);
  else server.emit('drop');
}

/** The transport of a connection that is no stream yet. */
function arrivalOf(id) {
  const arrival = new StreamTransport();
  arrival.hold(id);
  return arrival;
}

/** Accepting has failed, or has gone on (`errno` 0). 'acceptError' is emitted once in between. */
function noteStall(server, errno) {
  if (errno === 0) {
    server[kStalled] = false;
    return;
  }
  clearTimeout(server[kRetryTimer]);
  server[kRetryTimer] = setTimeout(retry, RETRY_DELAY, server);
  server[kRetryTimer].unref();
  if (server[kStalled]) return;
  server[kStalled] = true;
  server.emit('acceptError', errors.systemError(errno, 'accept'));
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
}

module.exports = { accept, noteRelease, noteStall };
