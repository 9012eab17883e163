'use strict';

// Clients of databases for which there is no server to install, under the one flag: each has a small server here, which
// knows as much of the protocol as the client asks.

const { underBoth } = require('./run');

const NOT_TRUSTED = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';

/** Outcomes in the clear, and over TLS, which has `distrusted`. */
function bothWays(plain) {
  return { plain, secure: { ...plain, distrusted: NOT_TRUSTED } };
}

const MONGODB = {
  binary: true,
  manyAtOnce: true,
  ok: 1,
  gone: 'MongoNetworkError',
  killed: 'MongoNetworkError',
  reconnected: 1,
};

const KAFKA = { before: ['first'], created: true, after: 11, refused: 'ECONNREFUSED' };

const TDS = {
  posted: true,
  manyAtOnce: true,
  gone: 'ECONNRESET',
  distrusted: NOT_TRUSTED,
  refused: 'ECONNREFUSED',
};

const OUTCOMES = {
  mongodb: bothWays(MONGODB),
  kafkajs: bothWays(KAFKA),
  // TLS over a Duplex is Node's own.
  tedious: { wrapped: TDS, strict: TDS, left: ['TLSWrap'] },
};

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => underBoth(name, expected));
