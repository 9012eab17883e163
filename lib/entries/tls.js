'use strict';

// rust-net/tls: today's `node:tls`, behaviour for behaviour, on our engine.

const { functions: nodes, module: nodesTls } = require('./lib/nodes-tls');
const { connect } = require('./lib/tls-today/connect');
const { SecureContext, createSecureContext } = require('./lib/tls-today/context');
const { useModule } = require('./lib/tls-today/module');
const { setDefaultCACertificates } = require('./lib/tls-today/roots');
const { Server, createServer } = require('./lib/tls-today/server');
const { TLSSocket } = require('./lib/tls-today/socket');

const { CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW, checkServerIdentity, convertALPNProtocols } = nodes;
const { createSecurePair, getCACertificates, getCertificateCompressionAlgorithms } = nodes;
const { getCiphers, rootCertificates } = nodes;

module.exports = {
  CLIENT_RENEG_LIMIT,
  CLIENT_RENEG_WINDOW,
  SecureContext,
  Server,
  TLSSocket,
  checkServerIdentity,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  getCiphers,
  rootCertificates,
};

// Not every version of Node has these.
if (createSecurePair) module.exports.createSecurePair = createSecurePair;
if (getCACertificates) module.exports.getCACertificates = getCACertificates;
if (getCertificateCompressionAlgorithms) {
  module.exports.getCertificateCompressionAlgorithms = getCertificateCompressionAlgorithms;
}
if (nodes.setDefaultCACertificates) module.exports.setDefaultCACertificates = setDefaultCACertificates;

// Assigned here or there, the defaults are the same.
for (const name of ['DEFAULT_CIPHERS', 'DEFAULT_ECDH_CURVE', 'DEFAULT_MAX_VERSION', 'DEFAULT_MIN_VERSION']) {
  Object.defineProperty(module.exports, name, {
    get: () => nodesTls[name],
    set(value) {
      nodesTls[name] = value;
    },
    enumerable: true,
    configurable: true,
  });
}

useModule(module.exports);
