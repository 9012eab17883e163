'use strict';

// Clients of HTTP, and proxies, under the one flag.

const { TEXT } = require('../packages/common');
const { underBoth } = require('./run');

/** The server's certificate is of an unknown authority. */
const UNKNOWN_ISSUER = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';

/** The authority that has been named is another one. */
const NOT_TRUSTED = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';

/** Outcomes in the clear, and over TLS, which differ by `more`. */
function bothWays(plain, more) {
  return { plain, secure: { ...plain, ...more } };
}

const FETCH = {
  text: TEXT,
  got: true,
  posted: true,
  remoteAddress: '127.0.0.1',
  encrypted: false,
  unzipped: true,
  moved: TEXT,
  manyAtOnce: true,
  half: 'UND_ERR_SOCKET',
  reset: 'ECONNRESET',
  aborted: 'AbortError',
  killed: 'UND_ERR_SOCKET',
  refused: 'ECONNREFUSED',
};

const UNDICI = { binary: true, manyAtOnce: true, reset: 'ECONNRESET', after: TEXT, resumed: false };

const AXIOS = {
  text: TEXT,
  got: true,
  posted: true,
  unzipped: true,
  moved: TEXT,
  remoteAddress: '127.0.0.1',
  missing: 404,
  manyAtOnce: true,
  half: 'ERR_BAD_RESPONSE',
  reset: 'ECONNRESET',
  killed: 'ECONNRESET',
  refused: 'ECONNREFUSED',
};

const GOT = {
  text: TEXT,
  binary: true,
  posted: true,
  streamed: true,
  moved: TEXT,
  remoteAddress: '127.0.0.1',
  missing: 404,
  manyAtOnce: true,
  half: 'ECONNRESET',
  reset: 'ECONNRESET',
  phases: true,
  killed: 'ECONNRESET',
  refused: 'ECONNREFUSED',
};

const PROXIED = {
  first: { path: '/first', forwarded: '127.0.0.1' },
  posted: true,
  got: true,
  manyAtOnce: true,
  webSocket: true,
};

const PROXY_FAILED = 'Error occurred while trying to proxy';

const PROXIES = {
  httpProxy: { ...PROXIED, gone: 'ECONNRESET', refused: 'ECONNREFUSED' },
  middleware: { ...PROXIED, gone: PROXY_FAILED, refused: PROXY_FAILED },
  agent: {
    path: '/first',
    posted: true,
    got: true,
    manyAtOnce: true,
    distrusted: NOT_TRUSTED,
    webSocket: true,
    refused: 'ECONNREFUSED',
  },
};

const OUTCOMES = {
  fetch: bothWays(FETCH, { encrypted: true, reset: 'UND_ERR_SOCKET', distrusted: UNKNOWN_ISSUER }),
  undici: bothWays(UNDICI, { reset: 'UND_ERR_SOCKET', resumed: true, distrusted: NOT_TRUSTED }),
  axios: bothWays(AXIOS, { distrusted: UNKNOWN_ISSUER }),
  got: {
    ...bothWays(GOT, { distrusted: UNKNOWN_ISSUER }),
    http2: { old: '1.1 ', recent: true },
    // Its HTTP/2 has a class of Node's out of a TLSSocket over a Duplex.
    left: ['TLSWrap'],
  },
  proxies: {
    ...bothWays(PROXIES),
    // TLS through TLS, with a proxy that is reached over TLS.
    left: ['TLSWrap'],
  },
};

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => underBoth(name, expected));
