'use strict';

// What createCredentials comes to: what its credentials show, and what it complains of.

const net = require('../../..');
const { thrown } = require('../../helpers');
const { securePair } = require('../ends');
const { parsed } = require('../pki');

/** Checks that a server with `credentials` shows the certificate of `name`, and can sign for it. */
async function expectToShow(name, credentials) {
  const [client] = await securePair(credentials);
  const { fingerprint } = client.getPeerCertificate();
  expect([fingerprint, client.verifyPeer()]).toEqual([parsed(name).fingerprint, true]);
}

/** What createCredentials says of `options`: `[code, message]`. */
function complaint(options) {
  const { code, message } = thrown(() => net.createCredentials(options));
  return [code, message];
}

/** A complaint that names the option `name`. */
const about = (name, code) => [code, expect.stringMatching(new RegExp(`\\boptions\\.${name}\\b`))];

module.exports = { about, complaint, expectToShow };
