'use strict';

// Debian's NATS.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { files } = require('../tls/pki');
const { Server, ownAddress, ownPort, start } = require('./program');

/** A server that lets everybody in, and wants TLS if `isSecure`. What else is given is its lifetime. */
async function natsServer({ isSecure, ...lifetime }) {
  const folder = scratch(lifetime.cleanUp);
  const place = { host: ownAddress(), port: await ownPort() };
  const { key, cert } = files('p256', folder);
  const configuration = path.join(folder, 'nats.conf');
  fs.writeFileSync(configuration, [
    `listen: ${place.host}:${place.port}`, 'max_payload: 16MB', 'max_pending: 64MB',
    isSecure ? `tls { key_file: "${key}", cert_file: "${cert}", timeout: 20 }` : '', '',
  ].join('\n'));
  const server = new Server(place, async () => {
    const program = start('nats-server', ['-c', configuration], lifetime);
    await program.said(/Server is ready/);
    return program;
  });
  return server.start();
}

module.exports = { natsServer };
