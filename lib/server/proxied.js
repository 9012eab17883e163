'use strict';

// A server whose connections begin with a header of the PROXY protocol. The engine reads it, and nothing is seen of a
// connection until it is whole; here are the timer for those that are late, and what is emitted of the refused.

const { clearTimeout, setTimeout } = require('timers');
const { normalize } = require('../arguments');
const channels = require('../channels');
const { readOption } = require('../options');
const { proxyPolicy, rulesOf } = require('../proxy-protocol');
const { kHeaderTimer, kListener, kOwnProxyPolicy, kProxyPolicy } = require('./fields');

/** What `listen(...args)` asks for comes before what the server was made with. */
function choosePolicy(server, args) {
  const policy = readOption(normalize(args).options, 'proxyProtocol');
  return policy === undefined ? server[kOwnProxyPolicy] : proxyPolicy(policy);
}

/** Has the connections of `server`, which has just begun to listen, begin with a header, if it is to be so. */
function expectHeaders(server) {
  const policy = server[kProxyPolicy];
  if (policy === null) return;
  const from = policy.from === null ? undefined : rulesOf(policy.from);
  server[kListener].expectHeaders({ __proto__: null, ...policy, from });
}

/** A connection waits for its header, and no timer runs for such. */
function awaitHeaders(server) {
  startTimer(server, server[kProxyPolicy].timeout);
}

function startTimer(server, msecs) {
  clearTimeout(server[kHeaderTimer]);
  server[kHeaderTimer] = setTimeout(endWaiting, Math.ceil(msecs), server);
  server[kHeaderTimer].unref();
}

/** Has the engine refuse what has waited too long. */
function endWaiting(server) {
  server[kHeaderTimer] = null;
  if (!server.listening) return;
  const left = server[kListener].timeOutArrivals();
  if (left >= 0) startTimer(server, left);
}

function stopTimer(server) {
  clearTimeout(server[kHeaderTimer]);
  server[kHeaderTimer] = null;
}

/** The engine has refused a connection between these ends, where they have addresses. Emits 'drop'. */
function emitRefusal(server, reason, peer, local) {
  const data = { __proto__: null };
  if (local !== null) Object.assign(data, named('local', local));
  if (peer !== null) Object.assign(data, named('remote', peer));
  if (channels.drop.hasSubscribers) channels.drop.publish({ server, reason, ...data });
  server.emit('drop', Object.assign(data, { reason }));
}

function named(end, { address, port, family }) {
  return { [`${end}Address`]: address, [`${end}Port`]: port, [`${end}Family`]: family };
}

module.exports = { awaitHeaders, choosePolicy, emitRefusal, expectHeaders, stopTimer };
