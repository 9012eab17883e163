'use strict';

// What a server allows its connections. The engine holds them to it, mostly before anything is seen of them here; here
// are the options, and what is emitted of the connections that were refused.

const { validateInteger, validateObject } = require('../arguments');
const channels = require('../channels');
const errors = require('../errors');
const { readOptions } = require('../options');
const { kTransport } = require('../symbols');
const { kLimits, kListener, kOwnLimits } = require('./fields');

/** The limits, each with its default. 0 is no limit, but for `maxWaitingHandshakes`. */
const DEFAULTS = {
  __proto__: null,
  maxConnectionsPerAddress: 0,
  maxHandshakes: 0,
  maxWaitingHandshakes: 1024,
  handshakeRate: 0,
  idleTimeout: 0,
  maxLifetime: 0,
  minRate: 0,
  minRateSpan: 5000,
};

const NAMES = Object.keys(DEFAULTS);

/** Those that limit nothing by themselves, each with its least value. */
const SETTINGS = { __proto__: null, maxWaitingHandshakes: 0, minRateSpan: 100 };

/** The limits that `options` has, over those of `present`. */
function limitsOf(options, present = DEFAULTS) {
  return { __proto__: null, ...present, ...givenLimits(options) };
}

/** The limits that `options` has, checked; `owner` is what a program knows the options by. */
function givenLimits(options, owner = 'options') {
  const given = readOptions(options, NAMES);
  const limits = { __proto__: null };
  for (const name of NAMES) {
    if (given[name] == null) continue;
    validateInteger(given[name], `${owner}.${name}`, SETTINGS[name] ?? 0);
    limits[name] = given[name];
  }
  return limits;
}

/** Holds the connections of `server`, which has just begun to listen, to its limits. */
function applyLimits(server) {
  const limits = server[kLimits];
  if (NAMES.some((name) => limits[name] > 0 && !(name in SETTINGS))) server[kListener].setLimits(limits, []);
}

/** Changes the limits of `server` to those that `options` has; `streams` are those that are open. */
function changeLimits(server, options, streams) {
  validateObject(options, 'options');
  // A name that is spelt wrong would leave the server without what it was to have.
  const unknown = Object.keys(options).find((name) => !(name in DEFAULTS));
  if (unknown !== undefined) {
    throw errors.invalidArgumentValue(`options.${unknown}`, options[unknown], 'is no limit');
  }
  const given = givenLimits(options);
  for (const limits of [kOwnLimits, kLimits]) server[limits] = { __proto__: null, ...server[limits], ...given };
  if (!server.listening) return;
  const ids = [];
  for (const stream of streams) {
    if (stream[kTransport].isOpen) ids.push(stream[kTransport].id);
  }
  server[kListener].setLimits(server[kLimits], ids);
}

/** The engine has refused a connection between these ends, where they have addresses, or ended it. Emits 'drop'. */
function emitRefusal(server, reason, count, peer, local) {
  const data = { __proto__: null };
  if (local !== null) Object.assign(data, named('local', local));
  if (peer !== null) Object.assign(data, named('remote', peer));
  if (channels.drop.hasSubscribers) channels.drop.publish({ server, reason, count, ...data });
  server.emit('drop', Object.assign(data, { reason, count }));
}

function named(end, { address, port, family }) {
  return { [`${end}Address`]: address, [`${end}Port`]: port, [`${end}Family`]: family };
}

module.exports = { applyLimits, changeLimits, emitRefusal, givenLimits, limitsOf };
