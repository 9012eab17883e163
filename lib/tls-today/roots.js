'use strict';

// Whom a context without `ca` trusts: Mozilla's authorities, which the engine has, and those of NODE_EXTRA_CA_CERTS,
// which it reads; and where the program has set others for the process, these.

const { readFileSync } = require('fs');
const { variable } = require('../loading');
const { functions: nodes } = require('../nodes-tls');

const FLAGS = `${process.execArgv.join(' ')} ${variable('NODE_OPTIONS') ?? ''}`;

const USES_OPENSSL_CA = FLAGS.includes('--use-openssl-ca');
/** Node 20 can't tell what the system trusts, and ignores the variable. */
const USES_SYSTEM_CA =
  nodes.getCACertificates !== undefined &&
  (FLAGS.includes('--use-system-ca') || variable('NODE_USE_SYSTEM_CA') === '1');

/** `setDefaultCACertificates()` has been called. */
let isReplaced = false;

/** `tls.setDefaultCACertificates()`: what later contexts trust. */
function setDefaultCACertificates(certs) {
  // Node checks them.
  nodes.setDefaultCACertificates(certs);
  isReplaced = true;
}

/** The authorities for a context without `ca`, as PEM; undefined for those that the engine has. */
function trustedByDefault() {
  if (isReplaced || USES_SYSTEM_CA) return Array.from(nodes.getCACertificates('default'), (pem) => Buffer.from(pem));
  if (USES_OPENSSL_CA) return opensslsFile();
  return undefined;
}

function opensslsFile() {
  const file = variable('SSL_CERT_FILE');
  return file ? [readFileSync(file)] : undefined;
}

module.exports = { USES_SYSTEM_CA, setDefaultCACertificates, trustedByDefault };
