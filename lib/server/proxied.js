'use strict';

// A server whose connections begin with a header of the PROXY protocol. The engine reads it, and nothing is seen of a
// connection until it is whole.

const { normalize } = require('../arguments');
const { readOption } = require('../options');
const { proxyPolicy, rulesOf } = require('../proxy-protocol');
const { kListener, kOwnProxyPolicy, kProxyPolicy } = require('./fields');

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

module.exports = { choosePolicy, expectHeaders };
