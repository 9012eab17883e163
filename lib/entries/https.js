'use strict';

// rust-net/https: Node's https on rust-net/tls, for this module alone. With rust-net/register, `https` itself is on it.

const https = require('https');
const tls = require('./tls');
const server = require('../http-server');
const { kInner } = require('../symbols');

const KIND = {
  event: 'secureConnection',
  passedOn: [
    ...['connection', 'tlsClientError', 'newSession', 'resumeSession', 'OCSPRequest', 'keylog'],
    ...['secureContextReplaced', 'secureContextError'],
  ],
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
    return this[kInner].addContext(...args);
  }

  setSecureContext(...args) {
    return this[kInner].setSecureContext(...args);
  }

  getTicketKeys() {
    return this[kInner].getTicketKeys();
  }

  setTicketKeys(keys) {
    return this[kInner].setTicketKeys(keys);
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

/** Creates a server of https that listens by rust-net/tls. */
function createServer(options, listener) {
  return new Server(options, listener);
}

const { get, globalAgent, request } = server.clientsWith(Agent);

module.exports = { Agent, Server, createServer, get, globalAgent, isAccelerated: true, request };
