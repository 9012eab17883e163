'use strict';

// rust-net/https: Node's https on rust-net/tls, for this module alone. With rust-net/register, `https` itself is on it.

const http = require('http');
const https = require('https');
const tls = require('./tls');
const server = require('./lib/http-server');

const KIND = {
  event: 'secureConnection',
  passedOn: ['connection', 'tlsClientError', 'newSession', 'resumeSession', 'OCSPRequest', 'keylog'],
};

class Server extends server.Server {
  constructor(options, listener) {
    if (typeof options === 'function') [options, listener] = [{}, options];
    super(options ?? {}, listener, (given) => tls.createServer({ ALPNProtocols: ['http/1.1'], ...given }), KIND);
    // As Node's https has it: a handshake that fails is an error of a client.
    this.on('tlsClientError', (error, socket) => {
      if (!this.emit('clientError', error, socket)) socket.destroy(error);
    });
  }

  addContext(...args) {
    return this.inner.addContext(...args);
  }

  setSecureContext(...args) {
    return this.inner.setSecureContext(...args);
  }

  getTicketKeys() {
    return this.inner.getTicketKeys();
  }

  setTicketKeys(keys) {
    return this.inner.setTicketKeys(keys);
  }
}

class Agent extends https.Agent {
  createConnection(options) {
    const name = this.getName(options);
    const session = options.session ?? this._getSession(name);
    const socket = tls.connect({ ...options, ...(session && { session }) });
    socket.on('session', (given) => this._cacheSession(name, given));
    socket.once('close', (hadError) => {
      if (hadError) this._evictSession(name);
    });
    return socket;
  }
}

/** As Node's own: it keeps connections. */
const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });

/** Creates a server of https that listens by rust-net/tls. */
function createServer(options, listener) {
  return new Server(options, listener);
}

function request(...args) {
  // Not `https.request`, which has Node's own agent in the place of this one.
  return http.request(...server.requestArguments(args, globalAgent));
}

function get(...args) {
  return request(...args).end();
}

module.exports = { ...https, Agent, Server, createServer, get, globalAgent, request };
