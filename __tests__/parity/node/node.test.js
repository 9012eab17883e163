'use strict';

// rust-net/node against node:net on the Node that runs the tests. `../nodes` has the others.

const { OWN } = require('../../package/nodes');
const { compareOn } = require('./compare');
const { scenarios } = require('./scenarios');

test('there are many scenarios', () => {
  expect(scenarios.length).toBeGreaterThan(300);
});

compareOn(OWN, () => process.execPath);
