'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.

const { normalizedArguments } = require('./lib/arguments');
const { Server, Socket, Stream, connect, createConnection, createServer } = require('./lib/today');

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
