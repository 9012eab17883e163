'use strict';

// How a server begins to listen, and how it ends.

const cluster = require('cluster');
const { isIP } = require('../address');
const { keepAliveSettings } = require('../arguments');
const channels = require('../channels');
const errors = require('../errors');
const { readSocketOptions } = require('../kernel-options');
const { isNodesHandle } = require('../nodes-handles');
const { hasSubscribers } = require('../spans');
const { createTally } = require('../statistics');
const { kAdopt, kContract } = require('../symbols');
const { clearTimeout, nextTick, setImmediate } = require('../timers');
const {
  NOTHING_INHERITED,
  kClosing,
  kConnections,
  kHandle,
  kInherited,
  kListener,
  kListening,
  kPath,
  kPauseTimer,
  kRetryTimer,
  kShutdown,
  kStalled,
  kTally,
  keepAliveSpans,
} = require('./fields');
const { applyLimits } = require('./limits');
const { Listener, open } = require('./listener');
const { expectHeaders } = require('./proxied');

/** In a worker of a cluster. Elsewhere there is nothing to share. */
const distributed = cluster.isWorker ? require('./distributed') : null;

/** Listens on what `target` names: at once, or as soon as the address of its host is known. */
function beginListening(server, target) {
  // What a former call waits for is not used any more.
  server[kListening] = null;
  if (target.bound) listenOnBound(server, target);
  else if (target.host && isIP(target.host) === 0) lookUpAndListen(server, target);
  else listenNow(server, target);
}

function lookUpAndListen(server, target) {
  const attempt = (server[kListening] = {});
  // Asked for now: programs put their own in its place.
  require('dns').lookup(target.host, { all: true }, (failure, answer) => {
    if (server[kListening] !== attempt) return;
    server[kListening] = null;
    const host = failure ? undefined : bindable(Array.isArray(answer) ? answer : [{ address: answer }]);
    const error = failure ?? (isIP(host) === 0 ? errors.invalidIpAddress(host) : null);
    if (error) server.emit('error', error);
    else listenNow(server, { __proto__: null, ...target, host });
  });
}

/** The first address that can be bound: one of a link can't, without the name of the link. If none can, the first. */
function bindable(found) {
  const isOfLink = ({ address }) => /^fe[89ab]/i.test(address);
  return (found.find((answer) => !isOfLink(answer)) ?? found[0])?.address;
}

/** Listens on what a BoundSocket has bound. */
function listenOnBound(server, { bound, backlog }) {
  const { transport, path } = bound[kAdopt]();
  listenNow(server, { __proto__: null, transport, path, backlog });
}

function listenNow(server, target) {
  if (isShared(target, server[kContract])) listenThroughPrimary(server, target);
  else if (isDistributed(target)) listenDistributed(server, target);
  else listenDirectly(server, target);
}

/** Whether listening on `target` means to share a port with the other workers of a cluster. */
function isShared({ transport, handle, exclusive, reusePort }, contract) {
  if (distributed === null || !contract.sharesPortsInClusters) return false;
  return transport === undefined && handle === undefined && !exclusive && !reusePort;
}

/** Whether the primary accepts the connections of `target`, and passes them on. */
function isDistributed({ handle }) {
  return handle !== undefined && !isNodesHandle(handle);
}

/** What the listening socket of `target` is to begin with. */
function settingsFor(server, target) {
  const settings = readSocketOptions(target.socketOptions, 'listener');
  if (settings !== undefined && isShared(target, server[kContract])) {
    const reason = 'is only for a port that is not shared: with exclusive or reusePort';
    throw errors.invalidArgumentValue('options.socketOptions', target.socketOptions, reason);
  }
  return settings;
}

/** Listens in a worker of a cluster. */
function listenThroughPrimary(server, target) {
  const attempt = (server[kListening] = {});
  distributed.askPrimary(server, target, (error, handle, key) => {
    if (server[kListening] !== attempt) {
      handle?.close();
      return;
    }
    server[kListening] = null;
    if (error) server.emit('error', error);
    else listenNow(server, { __proto__: null, ...target, handle, key });
  });
}

/** Listens on what the primary of a cluster passes on. */
function listenDistributed(server, target) {
  const listener = renew(server, new distributed.Distributed());
  listener.distribute(target.handle, server);
  listener.countFor((server[kTally] ??= createTally()));
  begin(server, listener, target, target.key);
}

function listenDirectly(server, target) {
  // Its handle is this one's now.
  if (target.lender) target.lender[kListener].nodesHandle = null;
  const { id, key, error } = open(target, server[kContract]);
  if (error) {
    publishListening(server, error);
    // Listeners that are added after listen() are to be called, too.
    const attempt = (server[kListening] = {});
    nextTick(() => {
      if (server[kListening] === attempt) server[kListening] = null;
      server.emit('error', error);
    });
    return;
  }
  const listener = renew(server, new Listener());
  listener.open(id, server);
  listener.nodesHandle = target.handle ?? null;
  if (target.lender) listener.replace(target.lender[kListener]);
  listener.countFor((server[kTally] ??= createTally()));
  begin(server, listener, target, key);
}

/** Gives `server` a new listener, which may keep the process alive if the former one may. */
function renew(server, listener) {
  listener.referenced = server[kListener].referenced;
  server[kListener] = listener;
  server[kHandle] = null;
  return listener;
}

/** The server listens. */
function begin(server, listener, target, key) {
  expectHeaders(server);
  applyLimits(server);
  server[kClosing] = false;
  server[kInherited] = inherit(server);
  server[kPath] = target.path ?? null;
  if (server[kContract].countsNodesOwn) server._connectionKey = key;
  publishListening(server, null);
  nextTick(() => {
    if (server[kListener] === listener && listener.isOpen) server.emit('listening');
  });
}

/** Sets on the listening socket what its connections inherit. Returns what of it they do. */
function inherit(server) {
  const { keepAlive, noDelay } = server;
  if (!keepAlive && !noDelay) return NOTHING_INHERITED;
  const settings = keepAliveSettings(keepAlive, ...keepAliveSpans(server));
  return server[kListener].setInherited(noDelay, settings) ? { keepAlive, noDelay } : NOTHING_INHERITED;
}

function publishListening(server, error) {
  const { serverListen } = channels;
  if (!hasSubscribers(serverListen)) return;
  if (error) serverListen.error.publish({ server, error });
  else serverListen.asyncEnd.publish({ server });
}

/** Closes the listening socket. */
function stop(server) {
  server[kListening] = null;
  if (!server.listening) return;
  server[kListener].release();
  // Closing takes a turn of the loop in Node, for which the process stays: after 'beforeExit', it comes again.
  setImmediate(() => {});
  clearTimeout(server[kPauseTimer]);
  clearTimeout(server[kRetryTimer]);
  server[kPauseTimer] = null;
  server[kRetryTimer] = null;
  server[kStalled] = false;
  // Nothing waits to be accepted any more.
  server[kShutdown]?.drained();
}

/** Whether the server listens, or is about to. */
function isRunning(server) {
  return server[kListener].isOpen || server[kListening] !== null;
}

function emitCloseIfDone(server) {
  if (server[kListener].isOpen) return;
  if (server[kContract].closeWaitsForStreams && server[kConnections] > 0) return;
  server[kClosing] = false;
  nextTick(() => {
    if (channels.serverClose.hasSubscribers) channels.serverClose.publish({ server });
    server.emit('close');
  });
}

/** Ends or closes `server` when `signal` is aborted. */
function endOnAbort(server, signal) {
  if (signal.aborted) {
    nextTick(() => isRunning(server) && server.close());
    return;
  }
  const end = () => {
    if (!isRunning(server)) return;
    if (server[kContract].endsGracefully) server.shutdown();
    else server.close();
  };
  signal.addEventListener('abort', end, { once: true });
  server.once('close', () => signal.removeEventListener('abort', end));
}

module.exports = { beginListening, emitCloseIfDone, endOnAbort, isRunning, settingsFor, stop };
