'use strict';

// Debian's Mosquitto.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A broker that lets everybody in and keeps nothing. What is given is its lifetime. */
async function mosquittoServer(lifetime) {
  const folder = scratch(lifetime.cleanUp);
  const place = { host: ownAddress(), port: await ownPort() };
  const configuration = path.join(folder, 'mosquitto.conf');
  fs.writeFileSync(configuration, `listener ${place.port} ${place.host}\nallow_anonymous true\nuser root\n`);
  const server = new Server(place, async () => {
    const program = start('mosquitto', ['-c', configuration], lifetime);
    await program.said(/mosquitto version \S+ running/);
    return program;
  });
  return server.start();
}

module.exports = { mosquittoServer };
