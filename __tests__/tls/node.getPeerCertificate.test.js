'use strict';

// D8: in rust-net/node, getPeerCertificate() returns what that of node:tls does; in rust-net, the page's dictionary.

const { once } = require('events');
const tls = require('tls');
const today = require('../../node');
const { destroyAtEnd } = require('../helpers');
const { CLIENT, secureClient, secureServer } = require('./ends');

/** The name in the certificate that servers show. */
const SERVER_NAME = 'p256';

test('D8: getPeerCertificate() of rust-net/node is that of node:tls, of rust-net the page\'s dictionary', async () => {
  const server = await secureServer();
  const { port } = server.address();
  const theirs = destroyAtEnd(tls.connect({ ...CLIENT, port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false }));
  const ours = destroyAtEnd(today.connect(port, '127.0.0.1')).setSecure(CLIENT);
  const page = secureClient(server);
  await Promise.all([once(theirs, 'secureConnect'), once(ours, 'secure'), once(page, 'secure')]);

  expect(ours.getPeerCertificate()).toEqual(theirs.getPeerCertificate());
  expect(ours.getPeerCertificate().subject.CN).toBe(SERVER_NAME);
  expect(page.getPeerCertificate().subject).toBe(`/CN=${SERVER_NAME}`);
});
