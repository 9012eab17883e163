'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.

const contract = require('./lib/contract');
const {
  BlockList,
  BoundSocket,
  SocketAddress,
  _normalizeArgs,
  createNet,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} = require('./lib/net');

const { Server, Stream, createConnection, createServer } = createNet(contract.today);
const Socket = Stream;
const connect = createConnection;

// Plain names only: so that `import { createServer } from 'rust-net/node'` finds them.
module.exports = {
  BlockList,
  BoundSocket,
  Server,
  Socket,
  SocketAddress,
  Stream,
  _normalizeArgs,
  connect,
  createConnection,
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
};
