'use strict';

// The diagnostics channels of `node:net`, on which we publish as it does.

const { channel, tracingChannel } = require('diagnostics_channel');

module.exports = {
  /** `{ socket }`: a stream begins to connect. */
  clientSocket: channel('net.client.socket'),
  /** `{ socket }`: a server has accepted a stream. */
  serverSocket: channel('net.server.socket'),
  /** `{ server, options }`, then `{ server }` or `{ server, error }`: `listen()`, and what came of it. */
  serverListen: tracingChannel('net.server.listen'),
};
