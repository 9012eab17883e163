'use strict';

// Programs of which both sides are a package's, over HTTP, HTTP/2 and WebSockets, under the one flag.

const { TEXT } = require('../packages/common');
const { underBoth } = require('./run');

const DISTRUSTED = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';

/** An outcome over TLS, which has what `plain` has and `more`. */
function bothWays(plain, more) {
  return { plain, secure: { ...plain, ...more } };
}

const SOCKET_IO = (secure) => {
  const answers = { welcome: { address: '127.0.0.1', secure }, text: true, binary: true, gone: 'io server disconnect' };
  return {
    byWebSocket: { ...answers, transport: 'websocket' },
    byPolling: { ...answers, transport: 'polling', gone: 'io client disconnect' },
    upgraded: { ...answers, transport: 'websocket' },
    manyAtOnce: true,
    killed: 'transport close',
    refused: 'ECONNREFUSED',
    reconnected: true,
  };
};

const WS = {
  address: '127.0.0.1',
  text: true,
  binary: true,
  pong: TEXT,
  manyAtOnce: true,
  gone: 1006,
  killed: 1006,
  refused: 'ECONNREFUSED',
  reconnected: true,
};

/** Codes of gRPC. */
const [DEADLINE_EXCEEDED, UNAVAILABLE] = [4, 14];

const GRPC = {
  text: true,
  binary: true,
  peer: '127.0.0.1',
  streamed: true,
  repeated: true,
  conversed: true,
  manyAtOnce: true,
  late: DEADLINE_EXCEEDED,
  distrusted: false,
  dismissed: false,
  killed: UNAVAILABLE,
  refused: UNAVAILABLE,
  reconnected: true,
};

const OUTCOMES = {
  'socket.io': { plain: SOCKET_IO(false), secure: { ...SOCKET_IO(true), distrusted: DISTRUSTED } },
  'ws': bothWays(WS, { distrusted: DISTRUSTED }),
  'grpc': {
    ...bothWays(GRPC, { distrusted: UNAVAILABLE }),
    mutual: { ...GRPC, subject: 'p256Client', distrusted: UNAVAILABLE, dismissed: UNAVAILABLE },
    // Its sessions of HTTP/2 in the clear, by design.
    left: ['TCP'],
  },
  'graphql-yoga': bothWays({
    hello: `Hello ${TEXT}`,
    address: '127.0.0.1',
    posted: true,
    manyAtOnce: true,
    counted: 50,
  }),
  'trpc': bothWays({
    hello: TEXT,
    address: '127.0.0.1',
    posted: true,
    batched: true,
    streamed: true,
    forbidden: 'FORBIDDEN',
  }),
};

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => underBoth(name, expected));
