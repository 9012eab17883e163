'use strict';

// rust-net/tls: today's `node:tls`, behaviour for behaviour, on our engine.

const { shareDefaults } = require('../builtin');
const { functions: nodes, module: nodesTls } = require('../nodes-tls');
const { connect } = require('../tls-today/connect');
const { SecureContext, createSecureContext } = require('../tls-today/context');
const { useModule } = require('../tls-today/module');
const { setDefaultCACertificates } = require('../tls-today/roots');
const { Server, createServer } = require('../tls-today/server');
const { TLSSocket } = require('../tls-today/socket');

const { CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW, checkServerIdentity, convertALPNProtocols } = nodes;
const { createSecurePair, getCACertificates, getCertificateCompressionAlgorithms } = nodes;
const { getCiphers, rootCertificates } = nodes;
const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION } = nodesTls;

module.exports = {
  CLIENT_RENEG_LIMIT,
  CLIENT_RENEG_WINDOW,
  DEFAULT_CIPHERS,
  DEFAULT_ECDH_CURVE,
  DEFAULT_MAX_VERSION,
  DEFAULT_MIN_VERSION,
  SecureContext,
  Server,
  TLSSocket,
  checkServerIdentity,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  getCiphers,
  isAccelerated: true,
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
shareDefaults(module.exports, nodesTls);

useModule(module.exports);
