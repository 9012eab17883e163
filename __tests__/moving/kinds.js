'use strict';

// The kinds of streams that can move: for each, both ends of a connection, and the class that attaches it.

const { once } = require('events');
const net = require('../..');
const today = require('../../node');
const tls = require('../../tls');
const { destroyAtEnd, listening, pair, scratch } = require('../helpers');
const { securePair } = require('../tls/ends');
const { certificate, identity } = require('../tls/pki');

async function overPath() {
  const place = `${scratch()}/socket`;
  const server = await listening(net.createServer(), place);
  const client = destroyAtEnd(net.connect(place));
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  return [client, destroyAtEnd(accepted), server];
}

async function tlsSockets(version) {
  const server = await listening(tls.createServer({ ...identity('p256'), maxVersion: version }));
  const client = destroyAtEnd(tls.connect({
    port: server.address().port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: certificate('root'),
  }));
  const [[accepted]] = await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
  return [client, destroyAtEnd(accepted), server];
}

/** By name: `[entry, class, connect()]`, where `connect` resolves to `[client, accepted, server]`. */
const KINDS = {
  'TCP': ['index.js', 'Stream', () => pair()],
  'UNIX': ['index.js', 'Stream', overPath],
  'setSecure(), TLS 1.3': ['index.js', 'Stream', () => securePair()],
  'setSecure(), TLS 1.2': ['index.js', 'Stream', () => securePair({ ...identity('p256'), maxVersion: 'TLSv1.2' })],
  'rust-net/node': ['node.js', 'Socket', () => pair({ server: today, client: today })],
  'rust-net/tls, TLS 1.3': ['tls.js', 'TLSSocket', () => tlsSockets('TLSv1.3')],
  'rust-net/tls, TLS 1.2': ['tls.js', 'TLSSocket', () => tlsSockets('TLSv1.2')],
};

module.exports = { KINDS };
