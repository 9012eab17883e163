'use strict';

// Tests of Node's own that pass without rust-net/register and fail with it, each with the reason. `nodes`: the major
// versions of Node for which that is so, if not for all. `scripts/nodes-tests.js` fails if a reason is not needed.

module.exports = [
  // net

  {
    tests: ['test-net-connect-keepalive', 'test-net-connect-nodelay', 'test-net-server-keepalive', 'test-net-server-nodelay'],
    reason: 'puts functions into `_handle` and counts their calls; sockets of ours ask the engine instead',
  },
  {
    tests: ['test-net-persistent-nodelay'],
    reason: "replaces methods of the core's class TCP, which sockets of ours are not made of",
  },
  {
    tests: ['test-net-persistent-ref-unref'],
    nodes: [22, 24, 26],
    reason: "replaces methods of the core's class TCP, which sockets of ours are not made of",
  },
  {
    tests: ['test-net-perf_hooks'],
    reason: "only Node's core can add entries of the type 'net'",
  },
  {
    tests: ['test-net-pipe-with-long-path'],
    reason: 'ENAMETOOLONG in the place of EINVAL says what is wrong (docs/api/node.md)',
  },
  {
    tests: ['test-net-connect-options-fd'],
    reason: 'connect() of a descriptor that is bound and not connected is missing; a BoundSocket can do that',
  },
  {
    tests: ['test-net-socket-constructor'],
    reason: 'a second socket over the `_handle` of a first is missing, which Node does not document',
  },
  {
    tests: ['test-net-socket-write-after-close'],
    reason: 'closes `_handle` below the socket; here, that destroys the socket',
  },

  // http

  {
    tests: ['test-http-client-immediate-error'],
    reason: 'assigns a made-up `_handle`; a socket of ours connects without it',
  },
  {
    tests: ['test-http-client-timeout-on-connect'],
    reason: "looks for Node's own timer in the socket, under a symbol of internal/timers",
  },
  {
    tests: ['test-http-parser-timeout-reset', 'test-http-regr-gh-2928'],
    reason: 'has a parser consume `_handle` that no socket of `http` has prepared',
  },
  {
    tests: ['test-http-pause-no-dump'],
    reason: 'the end of a body that has come whole is seen before the ticks of its data, as in Node over any stream but a socket',
  },

  // http2

  {
    tests: ['test-http2-misbehaving-flow-control', 'test-http2-misbehaving-multiplex'],
    nodes: [20],
    reason: 'writes frames one by one, which a client of ours sends together: the last one ends the session before the first is seen',
  },
  {
    tests: ['test-http2-session-graceful-close'],
    reason: 'a session that is destroyed in the tick of another write sends no more, as in Node over any stream but a socket',
  },

  {
    tests: ['test-http2-socket-proxy'],
    reason: 'calls a method of `_handle`, which for http2 is of the class that Node has for foreign streams',
  },

  // tls, https

  {
    tests: [
      'test-tls-client-getephemeralkeyinfo',
      'test-tls-client-mindhsize',
      'test-tls-getprotocol',
      'test-tls-honorcipherorder',
      'test-tls-set-ciphers',
    ],
    reason: 'a client whose options ask for nothing that rustls lacks reaches no server that has only such (docs/node-tls.md)',
  },
  {
    tests: ['test-tls-cli-min-version-1.3'],
    reason: 'expects ERR_SSL_NO_PROTOCOLS_AVAILABLE of a server, which for an old client is ERR_SSL_UNSUPPORTED_PROTOCOL here',
  },
  {
    tests: ['test-https-agent-session-eviction'],
    nodes: [20],
    reason: 'the same: a server of TLS 1.0',
  },
  {
    tests: ['test-tls-sni-option'],
    nodes: [20],
    reason: 'rustls verifies no signature of an RSA key of 1024 bits, as the authority has that SNICallback comes with',
  },
  {
    tests: ['test-tls-client-auth', 'test-tls-client-renegotiation-13', 'test-tls-multi-key'],
    nodes: [26],
    reason: 'a certificate of version 1 below an intermediate is not trusted (docs/reliability.md)',
  },
  {
    tests: ['test-tls-client-auth'],
    nodes: [20],
    reason: 'by TLS 1.2, rustls misses a certificate of the client with the alert of TLS 1.3',
  },
  {
    tests: ['test-tls-disable-renegotiation', 'test-https-client-renegotiation-limit'],
    reason: 'rustls does not renegotiate (docs/node-tls.md)',
  },
  {
    tests: ['test-tls-finished'],
    reason: 'rustls does not tell the messages that end a handshake (docs/node-tls.md)',
  },
  {
    tests: ['test-https-agent-session-reuse', 'test-tls-ticket', 'test-tls-ticket-cluster'],
    reason: 'a connection that resumes a session of TLS 1.3 gets new tickets, too (docs/node-tls.md)',
  },
  {
    tests: ['test-tls-ocsp-callback'],
    nodes: [26],
    reason: "a client of ours always asks for an OCSP response, so that a server emits 'OCSPRequest' (docs/node-tls.md)",
  },
  {
    tests: ['test-tls-max-send-fragment'],
    reason: "expects each record as a chunk of its own; here, one 'data' has what has come",
  },
  {
    tests: ['test-tls-empty-sni-context'],
    reason: "expects OpenSSL's words for a context without a certificate",
  },
  {
    tests: ['test-tls-socket-close'],
    reason: "counts on a callback of setImmediate() between destroy() and 'close'",
  },
  {
    tests: ['test-tls-close-notify'],
    reason: 'calls `shutdown` of `_handle` with a request of the core',
  },
  {
    tests: ['test-tls-connect-keepalive-nodelay'],
    nodes: [26],
    reason: 'looks for Node\'s own settings in the socket, under symbols of internal/net',
  },
  {
    tests: ['test-tls-clientcertengine-unsupported', 'test-tls-keyengine-unsupported'],
    nodes: [20],
    reason: "replaces methods of the core's SecureContext, which contexts of ours are not made of",
  },
  {
    tests: ['test-tls-reinitialize-listeners', 'test-tls-wrap-timeout', 'test-tls-writewrap-leak'],
    reason: "looks for what only the core's sockets have: their owner, timer or requests, under symbols of the core",
  },

  // async_hooks

  {
    tests: [
      'test-graph.http',
      'test-graph.pipeconnect',
      'test-graph.shutdown',
      'test-graph.tcp',
      'test-graph.tls-write',
      'test-graph.tls-write-12',
      'test-pipeconnectwrap',
      'test-shutdownwrap',
      'test-tcpwrap',
      'test-tlswrap',
      'test-writewrap',
    ],
    reason: "counts the core's resources (TCPWRAP, SHUTDOWNWRAP, ...); a connection of ours is one resource",
  },
  {
    tests: ['test-http-agent-handle-reuse-parallel', 'test-http-agent-handle-reuse-serial'],
    reason: 'reads the number of the resource under a symbol of internal/async_hooks',
  },
];
