'use strict';

// The differences between the two contracts, each once, with both values. docs/decisions.md has the reasons, under
// the same keys. Nothing else in the package knows which contract it serves: a class has its column as `kContract` and
// reads the value that it needs.
//
// `page` is the `net` page of Node v0.3.1, `today` is `node:net` as of Node 20 to 26.

/** Where Node itself has changed since version 20, `today` is what the running Node does. */
const NODE = Number(process.versions.node.split('.')[0]);

const differences = {
  /** Whether a stream in the clear has the members of TLS (else: they appear with `setSecure()`). */
  showsTlsInTheClear: { page: true, today: false },
  /** The name of the class of streams. */
  streamName: { page: 'Stream', today: 'Socket' },
  /** The encoding of `write(string)` without one. */
  defaultEncoding: { page: 'ascii', today: 'utf8' },
  /** Whether a connected stream reads without a consumer, and drops the data. */
  readsWithoutConsumer: { page: true, today: false },
  /** Whether an accepted stream emits 'connect' after the 'connection' listeners. */
  connectOnAccept: { page: true, today: false },
  /** Whether the server's 'close' waits for its streams to end. */
  closeWaitsForStreams: { page: false, today: true },
  /** Whether `Symbol.asyncDispose` and the `signal` of `listen()` mean `shutdown()` (else: `close()`). */
  endsGracefully: { page: true, today: false },
  /** Whether `listen()` takes the place of one before that still looks its host up (else: it throws). */
  listensAgain: { page: false, today: true },
  /** Whether `close()` on a server that is not running throws (else its callback gets the error). */
  closeThrowsWhenNotRunning: { page: true, today: false },
  /** Whether `maxConnections = 0` rejects all connections. */
  zeroConnectionsIsALimit: { page: false, today: NODE > 20 },
  /** The hosts of `listen(port)`: the first that can be bound is used. */
  anyHosts: { page: ['0.0.0.0'], today: ['::', '0.0.0.0'] },
  /** Whether `listen(path)` replaces a leftover socket file. */
  takesOverLeftovers: { page: true, today: false },
  /** Whether the error of `listen({ fd })` says what is wrong with a descriptor: EBADF, ENOTSOCK (else: EINVAL). */
  tellsBadDescriptorsApart: { page: true, today: false },
  /** Whether the server has the property `connections`. */
  showsConnections: { page: true, today: false },
  /** Whether a stream that has connected out has `remoteAddress`. */
  remoteAddressOfClients: { page: false, today: true },
  /** Whether `getPeerCertificate()` returns the page's dictionary (else: today's object). */
  describesCertificatesBriefly: { page: true, today: false },
  /** Whether `write()` returns false only if something waits (else: by the high-water mark). */
  writeTellsWhatWaits: { page: true, today: false },
  /** Whether 'timeout' comes again after another idle span without traffic in between. */
  timeoutRepeats: { page: true, today: false },
  /** Whether `readyState` of a stream that was never opened is 'closed' (else: 'open', as it is writable). */
  unopenedIsClosed: { page: true, today: false },
  /** Whether 'finish' and 'close' come as soon as they are due (else: in the phases of the loop as in Node). */
  finishesAtOnce: { page: true, today: false },
  /** Whether the 'close' of a stream that was never opened also has an argument, `hadError`. */
  unopenedTellsOfErrors: { page: true, today: false },
  /** Whether a write after the peer's end has ended our side fails with EPIPE and destroys the stream. */
  writeAfterPeersEndBreaks: { page: false, today: true },
  /** Whether a listener that is not a function throws (else: it is ignored). */
  refusesWrongListeners: { page: true, today: false },
  /** Whether `instanceof` is also true of the streams and servers of `node:net`, such as those of `http`. */
  countsNodesOwn: { page: false, today: true },
  /** Whether the encodings and `pause()` of a stream stay when it is opened again. */
  keepsModesWhenReopened: { page: false, today: true },
  /** Whether a descriptor that is bound and does not listen yet is made to (else: EINVAL). */
  listensOnBound: { page: false, today: true },
  /** Whether the workers of a cluster share the ports that they listen on (else: each listens for itself). */
  sharesPortsInClusters: { page: false, today: true },
};

function column(name) {
  return Object.freeze(Object.fromEntries(Object.entries(differences).map(([point, values]) => [point, values[name]])));
}

module.exports = { differences, page: column('page'), today: column('today') };
