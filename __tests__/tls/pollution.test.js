'use strict';

// D30: "`rust-net` never does" weaken a verdict: nor does a property that every object seems to have, because somebody
// has added it to `Object.prototype`. One after the other is tried that any code here may ask an object for.

const path = require('path');
const { runProgram } = require('../lifecycle/child');
const { certificate, identity } = require('./pki');

const SCRIPT = path.join(__dirname, 'fixtures', 'polluted.js');

const root = certificate('root');
const trusting = { ca: root };

/** Both sides, and what must come of it: the client's view, and the server's. */
const SCENARIOS = [
  [{ client: trusting, server: { show: 'unknown' } }, ['secure', false]],
  [{ client: { ...trusting, rejectUnauthorized: true }, server: { show: 'unknown' } }, ['UNABLE']],
  [{ client: { ...trusting, rejectUnauthorized: true }, server: { show: 'server' } }, ['ERR_TLS_CERT_ALTNAME_INVALID']],
  [{ client: { ...trusting, servername: 'other.test' }, server: { show: 'server' } }, ['secure', false]],
  [{ client: trusting, how: { servername: 'other.test' }, server: { show: 'server' } }, ['secure', false]],
  [{ client: trusting, server: { show: 'server' } }, ['secure', true]],
  [
    { client: trusting, server: { show: 'server', ...trusting, rejectUnauthorized: true, requestCert: true } },
    null,
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
  ],
  [
    { client: { ...trusting, ...identity('unknownIssuer') }, server: { show: 'server', ...trusting, requestCert: true } },
    null,
    ['secure', false],
  ],
];

test('no property of Object.prototype changes a verdict', async () => {
  const input = JSON.stringify({
    evil: certificate('otherRoot'),
    root,
    scenarios: SCENARIOS.map(([scenario]) => scenario),
    server: identity('p256'),
    unknown: identity('unknownIssuer'),
  });
  const { code, stderr, stdout } = await runProgram([process.execPath, SCRIPT], { input });
  expect([code, stderr]).toEqual([0, '']);
  const [[, clean], ...polluted] = stdout.trim().split('\n').map((line) => JSON.parse(line));
  SCENARIOS.forEach(([, ofClient, ofServer], index) => {
    for (const [expected, found] of [[ofClient, clean[index][0]], [ofServer, clean[index][1]]]) {
      if (expected) expect(found.join()).toContain(expected.join());
    }
  });
  expect(polluted.length).toBeGreaterThan(30);
  for (const [name, verdicts] of polluted) expect([name, verdicts]).toEqual([name, clean]);
});
