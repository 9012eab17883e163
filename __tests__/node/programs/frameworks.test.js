'use strict';

// HTTP frameworks under the one flag.

const { HOST, TEXT } = require('../packages/common');
const { underBoth } = require('./run');

/** What `exercise` of `http.js` comes to. */
const PLAIN = {
  hello: { hello: TEXT, ip: '127.0.0.1', secure: false },
  posted: true,
  got: true,
  chunks: true,
  missing: 404,
  reused: true,
  manyAtOnce: true,
  gone: 'ECONNRESET',
  killed: 'ECONNRESET',
  refused: 'ECONNREFUSED',
  reconnected: 'again',
};

const SECURE = {
  ...PLAIN,
  hello: { ...PLAIN.hello, secure: true },
  resumed: true,
  protocol: 'TLSv1.3',
  distrusted: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
};

const BOTH = { plain: PLAIN, secure: SECURE };

/** What the TCP transport of NestJS comes to. */
const MESSAGES = { text: TEXT, posted: true, manyAtOnce: true, refused: 'ECONNREFUSED' };

const OUTCOMES = {
  express: BOTH,
  koa: BOTH,
  fastify: {
    ...BOTH,
    http2: {
      hello: SECURE.hello,
      posted: true,
      got: true,
      manyAtOnce: true,
      protocol: 'h2',
      remoteAddress: HOST,
      olderClient: 'you',
    },
  },
  nest: { ...BOTH, tcp: MESSAGES, tls: { ...MESSAGES, distrusted: SECURE.distrusted } },
};

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => underBoth(name, expected));
