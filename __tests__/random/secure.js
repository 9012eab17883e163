'use strict';

// How a stream of a random sequence becomes secure: in place, or wrapped by node:tls.

const nodeNet = require('net');
const nodeTls = require('tls');
const pageNet = require('../..');
const { certificate, identity } = require('../tls/pki');

/** Credentials for both sides, made once for each way to use them and shared by all its streams. */
const shared = new Map();

function credentialsOf(make, version) {
  const kept = [...shared].find(([[maker, of]]) => maker === make && of === version);
  if (kept !== undefined) return kept[1];
  const versions = { minVersion: version, maxVersion: version };
  const options = [{ ca: certificate('root'), ...versions }, { ...identity('p256'), ...versions }];
  const made = options.map((one) => make(one));
  shared.set([make, version], made);
  return made;
}

/** Whether TLS is a matter of the stream itself. Elsewhere, node:tls wraps it. */
function mayUpgrade(net, list) {
  return net === pageNet || (net !== nodeNet && !list.wraps);
}

/** Makes one side secure; returns the stream to use from now on, which node:tls replaces. */
function secure(net, stream, side, list) {
  const isUpgraded = mayUpgrade(net, list);
  const make = isUpgraded ? pageNet.createCredentials : nodeTls.createSecureContext;
  const credentials = credentialsOf(make, list.tls)[side];
  if (isUpgraded) {
    // An adopted stream does not know which side it is.
    return stream.setSecure(credentials, side === 1 ? { isServer: true } : { servername: 'localhost' });
  }
  const { allowHalfOpen } = list;
  return side === 1
    ? new nodeTls.TLSSocket(stream, { isServer: true, secureContext: credentials, allowHalfOpen })
    : nodeTls.connect({ socket: stream, secureContext: credentials, servername: 'localhost', allowHalfOpen });
}

module.exports = { mayUpgrade, secure };
