'use strict';

// The module for one contract: its classes, and the functions that make instances of them.

const { isIP, isIPv4, isIPv6 } = require('./address');
const { connectTarget, normalize, validateBoolean, validateInteger } = require('./arguments');
const { BoundSocket } = require('./bound');
const { createCredentials } = require('./tls/credentials');
const { BlockList, SocketAddress } = require('./nodes-net');
const { LEAST_ATTEMPT_DELAY, defaults } = require('./race');
const { serverFor } = require('./server');
const { streamFor } = require('./stream');
const { kNormalized } = require('./symbols');

function createNet(contract) {
  const Stream = streamFor(contract);
  const Server = serverFor(contract, Stream);

  /** Creates a new TCP or UNIX server. Contract: net.createServer. */
  function createServer(options, connectionListener) {
    return new Server(options, connectionListener);
  }

  /** Makes a stream and opens it; the arguments are those of `stream.connect`. Contract: net.createConnection. */
  function createConnection(...args) {
    const { options } = normalize(args);
    const stream = new Stream(options);
    if (options.timeout) stream.setTimeout(options.timeout);
    if (!stream.destroyed) return stream.connect(...args);
    // Its signal was aborted before: there is nothing to open, but wrong arguments throw all the same.
    connectTarget(args);
    return stream;
  }

  return { Server, Stream, createConnection, createServer };
}

/** `[options, callback]` of the arguments of `connect` and `listen`, which both take in their place. */
function _normalizeArgs(args) {
  const { options, callback } = normalize(args);
  return Object.assign([options, callback], { [kNormalized]: true });
}

function getDefaultAutoSelectFamily() {
  return defaults.autoSelectFamily;
}

function setDefaultAutoSelectFamily(value) {
  validateBoolean(value, 'value');
  defaults.autoSelectFamily = value;
}

function getDefaultAutoSelectFamilyAttemptTimeout() {
  return defaults.attemptDelay;
}

function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  validateInteger(value, 'value', 1);
  defaults.attemptDelay = Math.max(value, LEAST_ATTEMPT_DELAY);
}

module.exports = {
  BlockList,
  BoundSocket,
  SocketAddress,
  _normalizeArgs,
  createCredentials,
  createNet,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
};
