'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.

const { normalizedArguments } = require('../arguments');
const { Server, Socket, Stream, connect, createConnection, createServer } = require('../today');

module.exports = {
  ...require('../shared'),
  Server,
  Socket,
  Stream,
  _normalizeArgs: normalizedArguments,
  connect,
  createConnection,
  createServer,
  isAccelerated: true,
};
