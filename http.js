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

/** As Node's own: it keeps connections. */
const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });

/** Creates a server of http that listens by rust-net/node. */
function createServer(options, listener) {
  return new Server(options, listener);
}

function request(...args) {
  return http.request(...server.requestArguments(args, globalAgent));
}

function get(...args) {
  return request(...args).end();
}

module.exports = { ...http, Agent, Server, createServer, get, globalAgent, request };
