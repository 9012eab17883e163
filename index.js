'use strict';

// rust-net: the `net` page of Node v0.3.1, plus every name of today's `node:net` that does not contradict it.

const contract = require('./lib/contract');
const net = require('./lib/net');

const { Server, Stream, createConnection, createServer } = net.createNet(contract.page);

module.exports = {
  BlockList: net.BlockList,
  Server,
  Socket: Stream,
  SocketAddress: net.SocketAddress,
  Stream,
  connect: createConnection,
  createConnection,
  createServer,
  getDefaultAutoSelectFamily: net.getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout: net.getDefaultAutoSelectFamilyAttemptTimeout,
  isIP: net.isIP,
  isIPv4: net.isIPv4,
  isIPv6: net.isIPv6,
  setDefaultAutoSelectFamily: net.setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout: net.setDefaultAutoSelectFamilyAttemptTimeout,
};
