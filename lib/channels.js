'use strict';

// The diagnostics channels on which we publish: those of `node:net`, as it does, and our own. Each event asks once
// whether there is a subscriber; without one, nothing is made and nothing is kept.

const { channel, tracingChannel } = require('diagnostics_channel');

module.exports = {
  /** `{ socket }`: a stream begins to connect. */
  clientSocket: channel('net.client.socket'),
  /** `{ socket }`: a server has accepted a stream. */
  serverSocket: channel('net.server.socket'),
  /** `{ server, options }`, then `{ server }` or `{ server, error }`: `listen()`, and what came of it. */
  serverListen: tracingChannel('net.server.listen'),

  /** `{ socket, host, port }` or `{ socket, path }`: from the first attempt to connect until there is a connection. */
  connect: tracingChannel('rust-net.socket.connect'),
  /** `{ socket, isServer, servername }`: a TLS handshake. */
  secure: tracingChannel('rust-net.socket.secure'),
  /** `{ socket, truncated }`: the peer has ended its side. */
  end: channel('rust-net.socket.end'),
  /** `{ socket, error, bytesRead, bytesWritten }`: a connection is closed, or there never was one. */
  close: channel('rust-net.socket.close'),
  /** `{ socket }`: `detach()` has taken the connection out of the stream. */
  detach: channel('rust-net.socket.detach'),
  /** `{ socket }`: a stream has a connection that was detached. */
  attach: channel('rust-net.socket.attach'),
  /** `{ socket, proxy }`: a connection has begun with a header of the PROXY protocol. */
  proxy: channel('rust-net.socket.proxy'),

  /** `{ server, socket }`: a server has accepted a stream, which nothing else knows of yet. */
  accept: channel('rust-net.server.accept'),
  /** `{ server, reason, count, remoteAddress, ... }`: a server has refused a connection, or several for one reason. */
  drop: channel('rust-net.server.drop'),
  /** `{ server }`: the graceful end of a server. */
  shutdown: tracingChannel('rust-net.server.shutdown'),
  /** `{ server }`: a server is closed. */
  serverClose: channel('rust-net.server.close'),

  /** `{ credentials }`: they are others for all handshakes from now on. */
  replace: channel('rust-net.credentials.replace'),
  /** `{ credentials, error }`: the files of credentials have changed, and can't be used. */
  credentialsError: channel('rust-net.credentials.error'),
};
