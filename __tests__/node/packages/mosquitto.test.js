'use strict';

// "`mqtt` with Mosquitto", over rust-net/register.

const { mosquittoServer } = require('../../peers/mosquitto');
const { SHARED, describeWith } = require('../../peers/program');
const { overBoth } = require('./run');

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

  describe('mqtt', () => overBoth('mqtt', OUTCOME, () => ({ server })));
});
