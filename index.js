'use strict';

// rust-net: the `net` page of Node v0.3.1, plus every name of today's `node:net` that does not contradict it.

const contract = require('./lib/contract');
const {
  BlockList,
  BoundSocket,
  SocketAddress,
  createCredentials,
  createNet,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} = require('./lib/net');

const { Server, Stream, createConnection, createServer } = createNet(contract.page);
const Socket = Stream;
const connect = createConnection;

// Plain names only: so that `import { createServer } from 'rust-net'` finds them.
module.exports = {
  BlockList,
  BoundSocket,
  Server,
  Socket,
  SocketAddress,
  Stream,
  connect,
  createConnection,
  createCredentials,
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
};
