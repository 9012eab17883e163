'use strict';

// "`mqtt` with Mosquitto", plain and with TLS, over rust-net/register.

const { mosquittoServer } = require('../../peers/mosquitto');
const { SHARED, describeWith } = require('../../peers/program');
const { overBoth } = require('./run');
const { DISTRUSTED, TRUSTED, UNTRUSTED } = require('./trust');

const OUTCOME = {
  text: [true, true, true],
  binary: true,
  manyAtOnce: true,
  refused: 'ECONNREFUSED',
  reconnected: true,
};

describeWith(['mosquitto'], 'Mosquitto', () => {
  let server;

  beforeAll(async () => {
    server = await mosquittoServer(SHARED);
  });

  describe('mqtt', () => {
    const knows = () => ({ port: server.tlsPort, trusted: TRUSTED, untrusted: UNTRUSTED });

    describe('plain', () => overBoth('mqtt', OUTCOME, () => ({ server })));
    describe('with TLS', () => {
      overBoth('mqtt', { ...OUTCOME, distrusted: DISTRUSTED }, () => ({ server, knows: knows() }));
    });
  });
});
