'use strict';

// rust-net: the `net` page of Node v0.3.1, plus every name of today's `node:net` that does not contradict it.

require('./lib/own-modules').keep(module);
const contract = require('./lib/contract');
const { createCredentials } = require('./lib/tls/credentials');
const { createNet } = require('./lib/net');
// So that `setSecure()` has nothing to load, which it could not do without a descriptor.
require('./lib/stream/tls');
const { lazy } = require('./lib/lazy');

const published = lazy(() => require('./lib/published'));
const service = lazy(() => require('./lib/serve'));

const { Server, Socket, Stream, connect, createConnection, createServer } = createNet(contract.page);

/** Publishes the statistics of this thread for other processes of the same user. */
function publishStats() {
  return published().publishStats();
}

/** Reads what the threads of process `subject` publish, or what is published at that path. */
function readStats(subject, options) {
  return published().readStats(subject, options);
}

/** One port, and a server in each of several threads. */
function serve(options) {
  return service().serve(options);
}

module.exports = {
  ...require('./lib/shared'),
  Server,
  Socket,
  Stream,
  connect,
  createConnection,
  createCredentials,
  createServer,
  isAccelerated: true,
  publishStats,
  readStats,
  serve,
};
