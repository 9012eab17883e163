'use strict';

// Packages that were written for node:net, over rust-net/register: "all packages pass over our net and, as a control,
// over Node's". Each script uses one in several ways, says what came of it, and has to end by itself. What talks to a
// server has a file of its own, by the server.

const { identity } = require('../../tls/pki');
const { TEXT } = require('./common');
const { OVER_HTTP, overBoth } = require('./run');

const DELIVERED = { accepted: ['b@example.org'], whole: true, count: true, text: true, secure: true };

/** What sends before, while and after the server is killed, and when it is there again, gives. */
const RECONNECTED = { before: DELIVERED.accepted, killed: 'ECONNECTION', refused: 'ESOCKET', after: DELIVERED.accepted };

const OUTCOMES = {
  'ws': {
    text: true,
    binary: true,
    manyAtOnce: true,
    closed: true,
    pong: 'still there?',
    killed: 1006,
    refused: 'ECONNREFUSED',
    reconnected: true,
  },
  'express': OVER_HTTP,
  'fastify': {
    hello: { hello: TEXT, ip: '127.0.0.1' },
    posted: true,
    got: true,
    manyAtOnce: true,
    webSocket: true,
    failed: 'ECONNREFUSED',
    killed: 'ECONNRESET',
    refused: 'ECONNREFUSED',
    reconnected: 'again',
  },
  'undici': {
    text: TEXT,
    binary: true,
    manyAtOnce: true,
    reset: 'ECONNRESET',
    recovered: true,
    aborted: 'AbortError',
    refused: 'ECONNREFUSED',
    killed: 'UND_ERR_SOCKET',
    nobody: 'ECONNREFUSED',
    reconnected: true,
  },
  'nodemailer': { clear: DELIVERED, secured: DELIVERED, reconnected: RECONNECTED },
  'ssh2': {
    refused: 'client-authentication',
    command: { output: TEXT, code: 3 },
    manyAtOnce: true,
    bytes: true,
    forwarded: true,
    nobody: 'ECONNREFUSED',
    reconnected: true,
  },
  'core': { overHttps: true, overHttp2: true, overTls: true, throughChild: true },
};

const CREDENTIALS = JSON.stringify(identity('selfSigned'));

describe.each(Object.entries(OUTCOMES))('%s', (name, expected) => overBoth(name, expected, () => ({ env: { CREDENTIALS } })));
