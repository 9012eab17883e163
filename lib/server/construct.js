'use strict';

// What the constructor of net.Server does with its arguments.

const { EventEmitter } = require('events');
const { getDefaultHighWaterMark } = require('stream');
const { markAsUncloneable } = require('worker_threads');
const { keepAliveSeconds, socketOptions, validateBlockList, validateFunction, validateInteger } = require('../arguments');
const errors = require('../errors');
const { proxyPolicy } = require('../proxy-protocol');
const { kContract } = require('../symbols');
const { kLimits, kOwnBacklog, kOwnLimits, kOwnProxyPolicy, setFields } = require('./fields');
const { limitsOf } = require('./limits');

/** Makes `server` of the arguments of the program. */
function construct(server, options, connectionListener) {
  if (typeof options === 'function') {
    connectionListener = options;
    options = {};
  } else if (options != null && typeof options !== 'object') {
    throw errors.invalidArgumentType('options', 'object', options);
  }
  connectionListener = checkListener(server, connectionListener, 'connectionListener');
  const checked = socketOptions(options);
  EventEmitter.call(server, { captureRejections: checked.captureRejections });
  // What another thread would get is no server. Node 20 has no way to say so.
  markAsUncloneable?.(server);
  if (connectionListener) server.on('connection', connectionListener);
  server.allowHalfOpen = Boolean(checked.allowHalfOpen);
  server.pauseOnConnect = Boolean(checked.pauseOnConnect);
  server.noDelay = Boolean(checked.noDelay);
  server.keepAlive = Boolean(checked.keepAlive);
  server.keepAliveInitialDelay = keepAliveSeconds(checked.keepAliveInitialDelay);
  server.keepAliveInterval = checked.keepAliveInterval;
  server.keepAliveCount = checked.keepAliveCount;
  server.highWaterMark = checked.highWaterMark >= 0 ? checked.highWaterMark : getDefaultHighWaterMark(false);
  server.maxConnections = undefined;
  if (checked.blockList) {
    validateBlockList(checked.blockList, 'options.blockList');
    server.blockList = checked.blockList;
  }
  const limits = limitsOf(checked);
  const backlog = backlogOf(checked.backlog);
  const policy = proxyPolicy(checked.proxyProtocol);
  setFields(server);
  server[kOwnProxyPolicy] = policy;
  server[kOwnLimits] = limits;
  server[kLimits] = limits;
  server[kOwnBacklog] = backlog;
}

/** How many connections may wait, for calls of `listen()` that say nothing of it; undefined without. */
function backlogOf(backlog) {
  if (backlog == null) return undefined;
  validateInteger(backlog, 'options.backlog', 1);
  return backlog;
}

/** A listener that may be left out; null if it is. */
function checkListener(server, listener, name) {
  if (listener == null || (typeof listener !== 'function' && !server[kContract].refusesWrongListeners)) return null;
  validateFunction(listener, name);
  return listener;
}

module.exports = { checkListener, construct };
