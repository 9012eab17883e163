'use strict';

// Debian's Mosquitto.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A broker that lets everybody in, with TLS at `tlsPort`, and keeps nothing. What is given is its lifetime. */
async function mosquittoServer(lifetime) {
  const folder = scratch(lifetime.cleanUp);
  const place = { host: ownAddress(), port: await ownPort(), tlsPort: await ownPort() };
  const { key, cert } = files('p256', folder);
  const configuration = path.join(folder, 'mosquitto.conf');
  fs.writeFileSync(configuration, [
    'user root', 'allow_anonymous true', `listener ${place.port} ${place.host}`,
    `listener ${place.tlsPort} ${place.host}`, `keyfile ${key}`, `certfile ${cert}`, '',
  ].join('\n'));
  const server = new Server(place, async () => {
    const program = start('mosquitto', ['-c', configuration], lifetime);
    await program.said(/mosquitto version \S+ running/);
    return program;
  });
  return server.start();
}

module.exports = { mosquittoServer };
