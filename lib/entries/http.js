'use strict';

// rust-net/http: Node's http on rust-net/node, for this module alone. With rust-net/register, `http` itself is on it.

const http = require('http');
const net = require('./node');
const server = require('./lib/http-server');

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

module.exports = { ...http, ...server.clientsWith(Agent), Agent, Server, createServer };
