'use strict';

// A stream in a handshake whose peer is a socket without TLS, and turns of the loop.

const nodeNet = require('net');
const { pair } = require('../../helpers');
const { CLIENT, SERVER } = require('../ends');

/** A stream of ours in the `role` of a server or a client, in the middle of a handshake, and its peer of node:net. */
async function againstRaw(role, credentials = {}) {
  if (role === 'server') {
    const [raw, ours] = await pair({ client: nodeNet, clientOptions: { noDelay: true } });
    return [ours.setSecure({ ...SERVER, ...credentials }), raw.on('error', () => {})];
  }
  const [ours, raw] = await pair({ server: nodeNet, serverOptions: { noDelay: true } });
  return [ours.setSecure({ ...CLIENT, ...credentials }), raw.on('error', () => {})];
}

/** Lets the loop turn once. */
function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

const ROLES = ['server', 'client'];

module.exports = { ROLES, againstRaw, turn };
