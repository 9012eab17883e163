'use strict';

// The classes and functions of today's contract, which both `rust-net/node` and `rust-net/tls` are made of.

const contract = require('./contract');
const { createNet } = require('./net');

module.exports = createNet(contract.today);
