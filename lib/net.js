'use strict';

// The module for one contract: its classes, and the functions that make instances of them.

const { debuglog } = require('util');
const { connectTarget, normalizedArguments } = require('./arguments');
const { lazy } = require('./lazy');
const { variable } = require('./loading');
const nodesNet = require('./nodes-net');
const { isForDistribution } = require('./nodes-own');
const { readOption } = require('./options');
const { install } = require('./passing');
const { serverFor } = require('./server');
const { streamFor } = require('./stream');
const { kInPlace } = require('./symbols');

const debugLines = lazy(() => require('./debug-lines'));
const published = lazy(() => require('./published'));

// Bun does not say whether it is.
const isDebugged = debuglog('rust-net').enabled ?? /\brust-net\b/i.test(variable('NODE_DEBUG'));

if (isDebugged) debugLines().start();
if (variable('RUST_NET_TOP') === '1') published().publishForTop();

function createNet(contract) {
  install();
  const Stream = streamFor(contract);
  const Server = serverFor(contract, Stream);

  /** Creates a new TCP or UNIX server. Contract: net.createServer. */
  function createServer(options, connectionListener) {
    if (Server.prototype[kInPlace] && isForDistribution()) return nodesNet.createServer(options, connectionListener);
    return new Server(options, connectionListener);
  }

  /** Makes a stream and opens it; the arguments are those of `stream.connect`. Contract: net.createConnection. */
  function createConnection(...args) {
    // Passed on like this, as in Node, to what a program may have put in the place of `connect`.
    const normalized = normalizedArguments(args);
    const [options] = normalized;
    const stream = new Stream(options);
    const timeout = readOption(options, 'timeout');
    if (timeout) stream.setTimeout(timeout);
    if (!stream.destroyed) return stream.connect(normalized);
    // Its signal was aborted before: there is nothing to open, but wrong arguments throw all the same.
    connectTarget(args);
    return stream;
  }

  return { Server, Socket: Stream, Stream, connect: createConnection, createConnection, createServer };
}

module.exports = { createNet };
