'use strict';

// The private names that the classes share with each other and with the engine's events.

module.exports = {
  /** The column of lib/contract.js that a class serves. On its prototype. */
  kContract: Symbol('contract'),
  /** The engine's id of an open stream or server, `NONE` without one. */
  kId: Symbol('id'),
  NONE: -1,
  /** The engine of a stream that has or had an id. */
  kEngine: Symbol('engine'),

  /** TLS on a stream, once it has been asked for; null before. */
  kSecurity: Symbol('security'),

  // What the engine calls on the owner of an id.
  kOnConnect: Symbol('onconnect'),
  kOnData: Symbol('ondata'),
  kOnBulk: Symbol('onbulk'),
  kOnEnd: Symbol('onend'),
  kOnRoom: Symbol('onroom'),
  kOnFinish: Symbol('onfinish'),
  kOnFail: Symbol('onfail'),
  kOnConnection: Symbol('onconnection'),
  kOnStall: Symbol('onstall'),
  kOnSecure: Symbol('onsecure'),
  kOnTlsFail: Symbol('ontlsfail'),
  kOnAsks: Symbol('onasks'),

  /** What gives a BoundSocket away: `{ id, path }`, or throws. */
  kAdopt: Symbol('adopt'),

  /** Marks arguments that have been through `normalize` already. */
  kNormalized: Symbol('normalized'),

  // Between streams, servers and the race to connect.
  kAccept: Symbol('accept'),
  kAttach: Symbol('attach'),
  kReleased: Symbol('released'),
  kReferenced: Symbol('referenced'),
};
