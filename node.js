'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.

const { normalizedArguments } = require('./lib/arguments');
const contract = require('./lib/contract');
const { createNet } = require('./lib/net');

const { Server, Socket, Stream, connect, createConnection, createServer } = createNet(contract.today);

module.exports = {
  ...require('./lib/shared'),
  Server,
  Socket,
  Stream,
  _normalizeArgs: normalizedArguments,
  connect,
  createConnection,
  createServer,
};
