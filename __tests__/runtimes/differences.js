'use strict';

// Our own tests that are run in Bun and in Deno, and those of them that are not: by the beginning of their names, each
// with what is different there. Nothing in this list is a difference of rust-net's.

/** Files and folders of `__tests__`, by what they are about; what is in one list is run in one process. */
const FILES = {
  page: [
    'duplex/classes', 'duplex/patched-pipe', 'duplex/pipe', 'duplex/read', 'duplex/write', 'events', 'net.createConnection',
    'net.isIP', 'server.close', 'server.connection-event', 'server.connections', 'server.echo', 'server.listen/failures',
    'server.listen/path', 'server.listen/port', 'server.maxConnections', 'socket-files', 'stream.connect',
    'stream.connect-names', 'stream.data-event', 'stream.destroy', 'stream.drain', 'stream.end', 'stream.end-event',
    'stream.error-close', 'stream.pause-resume', 'stream.readyState', 'stream.remoteAddress', 'stream.setEncoding',
    'stream.setKeepAlive', 'stream.setNoDelay', 'stream.timeout', 'stream.write',
  ],
  TLS: [
    'takeover/entries', 'tls-today/reopened', 'tls/budget', 'tls/credentials/names', 'tls/credentials/options',
    'tls/credentials/refused', 'tls/engine/owners', 'tls/engine/sessions', 'tls/handshake/destroyed', 'tls/handshake/many',
    'tls/members', 'tls/order', 'tls/stream.setSecure/again', 'tls/stream.setSecure/live', 'tls/stream.setSecure/setSecure',
    'tls/stream.verifyPeer/gate', 'tls/transfer/end', 'tls/transfer/flow', 'tls/transfer/pipes',
  ],
  lifecycle: ['lifecycle/exit', 'lifecycle/stay', 'lifecycle/workers'],
  production: [
    'limits/addresses', 'limits/handshakes', 'limits/options', 'moving/moving', 'proxy-protocol/server', 'statistics/tcp',
    'statistics/threads', 'statistics/traffic', 'stream.setOption',
  ],
};

const DETACHED = 'the test uses syntax of V8\'s own, which Node alone can be asked for';
const EVAL = 'where a text is run with `-e`, process.argv[1] is not the first argument in Deno';

/** `[the beginning of the name, the reason]` of each test that is not run. */
const DIFFERENCES = {
  bun: [
    ['D13: errors have Node\'s shape the errors equal those of node:net', 'properties of Bun\'s own errors are in another order'],
    ['D29: memory that is taken away in ', DETACHED],
    ['a session of which the server has another secret', 'Bun\'s own tls keeps sessions itself'],
    [
      'server.listen: failures a second listen() while the first looks its host up takes its place in rust-net/node, as in Node',
      'Bun\'s own net throws there',
    ],
    ['rust-net setSecure() in a hook of async_hooks', 'Bun has no hooks of async_hooks'],
    ['rust-net/node setSecure() in a hook of async_hooks', 'Bun has no hooks of async_hooks'],
  ],
  deno: [
    ['D26: workers at any moment neither crash nor hang: a worker told to end', 'Deno\'s parentPort has no close()'],
    ['D26: workers at any moment neither crash nor hang: a worker that throws', 'Deno also prints what a worker throws'],
    ['D28: type, fd, counters stream.fd:', 'Deno\'s fs.fstatSync() knows only descriptors of its own'],
    ['D29: memory that is taken away in ', DETACHED],
    ['a session of which the server has another secret', 'Deno\'s own tls keeps sessions itself'],
    ['Event: \'close\' a stream that an \'error\' listener throws for', EVAL],
    ['Event: \'error\' an error without a listener is thrown', EVAL],
    ['the role an adopted descriptor (D18)', 'Deno\'s children have no further descriptors'],
    [
      'D22: setSecure on a live stream the same on the accepting side, and for more in the clear than the kernel takes',
      'Deno\'s own tls fails over a connection that its net has read from',
    ],
  ],
};

module.exports = { DIFFERENCES, FILES };
