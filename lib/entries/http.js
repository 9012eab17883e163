'use strict';

// rust-net/http: Node's http on rust-net/node, for this module alone. With rust-net/register, `http` itself is on it.

const http = require('http');
const net = require('./node');
const { completed } = require('../builtin');
const server = require('../http-server');

const KIND = { event: 'connection', passedOn: [] };

class Server extends server.Server {
  constructor(options, listener) {
    if (typeof options === 'function') [options, listener] = [{}, options];
    super(options ?? {}, listener, net.createServer, KIND);
  }
}

class Agent extends http.Agent {
  createConnection(...args) {
    return net.createConnection(...args);
  }
}

/** Creates a server of http that listens by rust-net/node. */
function createServer(options, listener) {
  return new Server(options, listener);
}

const { ClientRequest, IncomingMessage, METHODS, OutgoingMessage, STATUS_CODES, ServerResponse } = http;
const { maxHeaderSize, setMaxIdleHTTPParsers, validateHeaderName, validateHeaderValue } = http;
const { get, globalAgent, request } = server.clientsWith(Agent);

// Named one by one: `import { request } from 'rust-net/http'` finds only those.
module.exports = {
  Agent,
  ClientRequest,
  IncomingMessage,
  METHODS,
  OutgoingMessage,
  STATUS_CODES,
  Server,
  ServerResponse,
  createServer,
  get,
  globalAgent,
  isAccelerated: true,
  maxHeaderSize,
  request,
  setMaxIdleHTTPParsers,
  validateHeaderName,
  validateHeaderValue,
};
completed(module.exports, http);
