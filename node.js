'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.

const { kNormalized, normalize } = require('./lib/arguments');
const contract = require('./lib/contract');
const { createNet } = require('./lib/net');

const { Server, Socket, Stream, connect, createConnection, createServer } = createNet(contract.today);

/** `[options, callback]` of the arguments of `connect` and `listen`, which both take in their place. */
function _normalizeArgs(args) {
  const { options, callback } = normalize(args);
  return Object.assign([options, callback], { [kNormalized]: true });
}

module.exports = {
  ...require('./lib/shared'),
  Server,
  Socket,
  Stream,
  _normalizeArgs,
  connect,
  createConnection,
  createServer,
};
