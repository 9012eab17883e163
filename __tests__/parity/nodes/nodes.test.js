'use strict';

// rust-net/node against node:net on every other Node that is supported.

const { MAJORS, OWN, nodes } = require('../../package/nodes');
const { compareOn } = require('../node/compare');

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
}, 600_000);

for (const major of MAJORS) {
  if (major !== OWN) compareOn(major, () => binaries.get(major));
}
