'use strict';

// Debian's Redis.

const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A server that keeps nothing, over TCP, with TLS at `tlsPort`, and at `socketPath`. What is given is its lifetime. */
async function redisServer(lifetime) {
  const folder = scratch(lifetime.cleanUp);
  const socketPath = path.join(folder, 'redis');
  const place = { host: ownAddress(), port: await ownPort(), tlsPort: await ownPort(), socketPath };
  const { key, cert, leaf } = files('p256', folder);
  const settings = {
    'bind': place.host, 'port': place.port, 'unixsocket': socketPath, 'dir': folder, 'save': '',
    'tls-port': place.tlsPort, 'tls-key-file': key, 'tls-cert-file': cert, 'tls-ca-cert-file': leaf, 'tls-auth-clients': 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = new Server(place, async () => {
    const program = start('redis-server', args, lifetime);
    await program.said(/Ready to accept connections/);
    return program;
  });
  return server.start();
}

module.exports = { redisServer };
