'use strict';

// Debian's Redis.

const path = require('path');
const { scratch } = require('../helpers');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A server that keeps nothing, over TCP and at `socketPath`. What is given is its lifetime. */
async function redisServer(lifetime) {
  const folder = scratch(lifetime.cleanUp);
  const place = { host: ownAddress(), port: await ownPort(), socketPath: path.join(folder, 'redis') };
  const settings = { bind: place.host, port: place.port, unixsocket: place.socketPath, dir: folder, save: '' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = new Server(place, async () => {
    const program = start('redis-server', args, lifetime);
    await program.said(/Ready to accept connections/);
    return program;
  });
  return server.start();
}

module.exports = { redisServer };
