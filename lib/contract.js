'use strict';

// The differences between the two contracts, each once, with both values. Nothing else in the package knows which
// contract it serves: a class carries its column as `kContract` and asks for the point it needs.
//
// `page` is the `net` page of Node v0.3.1, `today` is `node:net` as of Node 20 to 26.

/** What Node itself has changed since 20 is served as the Node that runs has it. */
const NODE = Number(process.versions.node.split('.')[0]);

const differences = {
  /** Whether a stream in the clear has what TLS adds (else: it appears with `setSecure()`). */
  showsTlsInTheClear: { page: true, today: false },
  /** What the class of streams is called. */
  streamName: { page: 'Stream', today: 'Socket' },
  /** What `write(string)` without an encoding uses. */
  defaultEncoding: { page: 'ascii', today: 'utf8' },
  /** Whether a connected stream reads on without a consumer, dropping what nobody takes. */
  readsWithoutConsumer: { page: true, today: false },
  /** Whether an accepted stream emits 'connect' after the 'connection' listeners. */
  connectOnAccept: { page: true, today: false },
  /** Whether the server's 'close' waits for its streams to end. */
  closeWaitsForStreams: { page: false, today: true },
  /** Whether `close()` on a server that is not running throws (else its callback gets the error). */
  closeThrowsWhenNotRunning: { page: true, today: false },
  /** Whether `maxConnections = 0` lets nobody in. */
  zeroConnectionsIsALimit: { page: false, today: NODE > 20 },
  /** The host of `listen(port)`: the first that can be bound. */
  anyHosts: { page: ['0.0.0.0'], today: ['::', '0.0.0.0'] },
  /** Whether `listen(path)` takes a leftover socket file over. */
  takesOverLeftovers: { page: true, today: false },
  /** Whether `listen({ fd })` says what is wrong with a descriptor: EBADF, ENOTSOCK (else: EINVAL). */
  tellsBadDescriptorsApart: { page: true, today: false },
  /** Whether the server shows its connection count as the property `connections`. */
  showsConnections: { page: true, today: false },
  /** Whether `remoteAddress` is there on a stream that connected out. */
  remoteAddressOfClients: { page: false, today: true },
  /** Whether `getPeerCertificate()` gives the page's dictionary (else: today's object). */
  describesCertificatesBriefly: { page: true, today: false },
  /** Whether `write()` is false only while something waits (else: as the high-water mark says). */
  writeTellsWhatWaits: { page: true, today: false },
  /** Whether 'timeout' comes again after another idle span without traffic in between. */
  timeoutRepeats: { page: true, today: false },
  /** Whether a stream that was never opened is 'closed' (else: 'open', as it can be written to). */
  unopenedIsClosed: { page: true, today: false },
  /** Whether 'finish' and 'close' come in the turn of the loop in which they are due (else: in the next one). */
  finishesAtOnce: { page: true, today: false },
  /** Whether 'close' says of a stream that was never opened, too, if there was an error. */
  unopenedTellsOfErrors: { page: true, today: false },
  /** Whether a write after the peer's end has ended ours gives EPIPE and destroys the stream. */
  writeAfterPeersEndBreaks: { page: false, today: true },
  /** Whether a listener that is no function throws (else: it counts as none). */
  refusesWrongListeners: { page: true, today: false },
  /** Whether `instanceof` is true of the streams and servers of `node:net` too, such as those of `http`. */
  countsNodesOwn: { page: false, today: true },
  /** Whether the encodings and `pause()` of a stream hold when it is opened again, too. */
  keepsModesWhenReopened: { page: false, today: true },
  /** Whether `listen()` in a worker of a cluster means a port that all workers share. */
  sharesPortsInClusters: { page: false, today: true },
};

function column(name) {
  return Object.freeze(Object.fromEntries(Object.entries(differences).map(([point, values]) => [point, values[name]])));
}

module.exports = { differences, page: column('page'), today: column('today') };
