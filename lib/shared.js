'use strict';

// What both modules export alike, whichever contract they serve.
//
// Plain names, and no computed ones: `import { isIP } from 'rust-net'` finds only those.

const { isIP, isIPv4, isIPv6 } = require('./address');
const { validateBoolean, validateInteger } = require('./arguments');
const { BoundSocket } = require('./bound');
const { listenFDs } = require('./listen-fds');
const { BlockList, SocketAddress } = require('./nodes-net');
const { LEAST_ATTEMPT_DELAY, defaults } = require('./race');
const { stats } = require('./statistics');

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
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  listenFDs,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
  stats,
};
