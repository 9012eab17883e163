'use strict';

// HTTP frameworks under the one flag.

const { HOST, TEXT } = require('../packages/common');
const { OVER_HTTP } = require('../packages/run');
const { underBoth } = require('./run');

const SECURE = {
  ...OVER_HTTP,
  hello: { ...OVER_HTTP.hello, secure: true },
  resumed: true,
  protocol: 'TLSv1.3',
  distrusted: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
};

const BOTH = { plain: OVER_HTTP, secure: SECURE };

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
