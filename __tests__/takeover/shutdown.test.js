'use strict';

// `shutdown()` of the servers of http, https and http2 under rust-net/register: what has been asked is answered.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');

const PROGRAM = path.join(__dirname, 'programs', 'shutdown.js');
const REGISTER = path.join(__dirname, '..', '..', 'register.js');

async function outcome(kind) {
  const { key, cert } = files('p256', scratch());
  const env = { ...process.env, KEY: key, CERT: cert };
  const { stdout } = await promisify(execFile)(process.execPath, ['--require', REGISTER, PROGRAM, kind], { env });
  return JSON.parse(stdout);
}

// The head of the third answer has been sent before.
const LAST = ['at once keep-alive', 'answer close', 'begun answer keep-alive'];

test.each([
  ['http', LAST],
  ['https', LAST],
  ['http2', ['at once', 'answer', 'begun answer']],
  ['http2s', ['at once', 'answer', 'begun answer']],
])('%s', async (kind, answers) => {
  expect(await outcome(kind)).toEqual({ answers, ended: 3, destroyed: 0, streams: 0 });
});
