'use strict';

// The private names that the classes share with each other. Those of the engine's events are in lib/events.js.

module.exports = {
  /** The column of lib/contract.js that a class serves. On its prototype. */
  kContract: Symbol('contract'),
  /** The transport of a stream (`stream/transport.js`). */
  kTransport: Symbol('transport'),

  /** TLS on a stream, once it has been asked for; null before. */
  kSecurity: Symbol('security'),

  /**
   * On the prototypes of classes that are in the place of Node's own (lib/takeover.js): `{ teach, bridge }`:
   * functions that have Node's http parser, and http2, read from our sockets.
   */
  kInPlace: Symbol('in place'),

  /** Of a server of `rust-net/http` or `rust-net/https`: the server that listens. */
  kInner: Symbol('inner'),

  /** The method that gives a BoundSocket away: returns `{ transport, path }`, or throws. */
  kAdopt: Symbol('adopt'),

  /** What kind of stream a class makes, for those that move between threads. On its prototype. */
  kKind: Symbol('kind'),
  /** A static method of classes that make a stream for a moved connection otherwise than by their constructor. */
  kForMoved: Symbol('for moved'),

  /** An option of BoundSocket: it is a copy of the socket of another thread. */
  kCopyOf: Symbol('copy of'),
  /** An option of BoundSocket: another process has passed it on. */
  kPassed: Symbol('passed'),

  // Between streams, servers and the race to connect.
  kAccept: Symbol('accept'),
  kAttach: Symbol('attach'),
  kReleased: Symbol('released'),
};
