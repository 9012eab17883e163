'use strict';

// What rustls can't do, as a table. A context or connection to which a row applies is left to Node's own TLS, over our
// connection: `socket.tlsEngine` is 'openssl' then, and `NODE_DEBUG=rust-net` says why. A server needs few of the rows:
// it sees what its client can do before it answers, and leaves that one connection to OpenSSL then (`handover.js`).
//
// Beside the table there is one general rule (`context.js`): what our reader of options refuses, Node decides on. It
// throws its own error, or its own TLS does the work.

const { constants } = require('crypto');
const { debuglog } = require('util');
const { isIP } = require('../address');
const { functions, module: nodesTls } = require('../nodes-tls');

const debug = debuglog('rust-net');

/** The longest name in DNS. */
const MAX_NAME = 253;

/** The versions by their numbers in the protocol. */
const NUMBERS = { 'TLSv1': 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 };

const OLD_VERSIONS = new Set(['TLSv1', 'TLSv1.1']);
const ANY_METHOD = /^(TLS|SSLv23)_(client_|server_)?method$/;
const FROM_MINIMUM_ON = /^SSLv23_(client_|server_)?method$/;
const OLD_METHOD = /^(SSLv2|SSLv3|TLSv1|TLSv1_1)_(client_|server_)?method$/;
const NO_LEVEL = /@SECLEVEL=0/;
const LOW_LEVEL = /@SECLEVEL=[01]/;
const HIGH_LEVEL = /@SECLEVEL=[3-9]/;

/** The suites that rustls has. */
const SUITES = new Set([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
]);

/** Suites that need more than a certificate (other rows are about them), and those of TLS 1.3. */
const CONDITIONAL = /^DHE-|^ADH-|^AECDH-|PSK|^SRP-|^TLS_/;

let otherSuites = null;

/** Whether `word`, of a list of suites, names one that rustls lacks. */
function isOtherSuite(word) {
  const isOther = (name) => !SUITES.has(name) && !CONDITIONAL.test(name);
  otherSuites ??= new Set(functions.getCiphers().map((name) => name.toUpperCase()).filter(isOther));
  return otherSuites.has(word);
}

/** What a list adds suites by, in its order. The list that Node has by default counts for what rustls has of it. */
function additions(ciphers) {
  if (typeof ciphers !== 'string' || ciphers === nodesTls.DEFAULT_CIPHERS) return [];
  return ciphers.split(/[:, ]/).filter((word) => !/^([!+@-]|TLS_|$)/.test(word));
}

function namesOtherSuites(ciphers) {
  return additions(ciphers).some(isOtherSuite);
}

/** Whether a list prefers suites that rustls lacks to others. */
function prefersOtherSuites(ciphers) {
  const words = additions(ciphers);
  const first = words.findIndex(isOtherSuite);
  return first !== -1 && words.slice(first).some((word) => !isOtherSuite(word) && !CONDITIONAL.test(word));
}

const isGiven = (value) => value !== undefined && value !== null && value !== false;

const OTHER_SUITES = 'cipher suites that rustls lacks';

/** Rows about contexts: `[reason, applies(options)]`. */
const CONTEXTS = [
  [
    'TLS 1.1 is the newest version asked for',
    ({ maxVersion }) => OLD_VERSIONS.has(maxVersion ?? nodesTls.DEFAULT_MAX_VERSION),
  ],
  ['an old protocol method', ({ secureProtocol }) => OLD_METHOD.test(secureProtocol ?? '')],
  [
    'keys in an OpenSSL engine',
    ({ clientCertEngine, privateKeyEngine, privateKeyIdentifier }) =>
      isGiven(clientCertEngine) || isGiven(privateKeyEngine) || isGiven(privateKeyIdentifier),
  ],
  ['cipher suites that rustls lacks, preferred to others', ({ ciphers }) => prefersOtherSuites(ciphers)],
  ['a security level above 2', ({ ciphers }) => HIGH_LEVEL.test(ciphers ?? nodesTls.DEFAULT_CIPHERS)],
  ['chains that end at an intermediate authority', ({ allowPartialTrustChain }) => Boolean(allowPartialTrustChain)],
  ['compression of certificates', ({ certificateCompression }) => (certificateCompression?.length ?? 0) > 0],
  ['no TLS 1.2 and no TLS 1.3', ({ secureOptions }) => forbidsBoth(secureOptions)],
];

/** Rows about contexts that clients use. What the server has is not known when they begin. */
const CLIENTS_CONTEXTS = [
  [OTHER_SUITES, ({ ciphers }) => namesOtherSuites(ciphers)],
  ['a security level below 2', ({ ciphers }) => LOW_LEVEL.test(ciphers ?? nodesTls.DEFAULT_CIPHERS)],
];

/** Rows about contexts of servers that ask for certificates, with the options of the context. */
const ASKING_CONTEXTS = [
  [
    'certificates of clients at a security level below 2',
    ({ ciphers }) => LOW_LEVEL.test(ciphers ?? nodesTls.DEFAULT_CIPHERS),
  ],
];

/** What the engine finds in `ca`: rustls refuses what such a key has signed. */
const SHORT_AUTHORITY = 'an authority with an RSA key below 2048 bits';

/** Rows about connections. */
const CONNECTIONS = [
  ['pre-shared keys', ({ pskCallback }) => isGiven(pskCallback)],
  ['a server name that rustls does not send', ({ servername, isServer }) => !isServer && isOddName(servername)],
  ['a trace of the protocol', ({ enableTrace }) => enableTrace === true || process.execArgv.includes('--trace-tls')],
];

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** Whether a name can't be one of DNS. What is no string is refused elsewhere; addresses are never sent. */
function isOddName(name) {
  if (typeof name !== 'string' || name === '' || isIP(name) !== 0) return false;
  const labels = name.replace(/\.$/, '').split('.');
  return name.length > MAX_NAME || !labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1));
}

const BOTH = constants.SSL_OP_NO_TLSv1_2 | constants.SSL_OP_NO_TLSv1_3;

function forbidsBoth(secureOptions) {
  return typeof secureOptions === 'number' && (secureOptions & BOTH) === BOTH;
}

/**
 * Why a context with `options` needs OpenSSL: `{ always, forClients, forAsking }`, the last for servers that ask for
 * certificates. Each is null if it doesn't.
 */
function contextReasons(options) {
  return {
    always: find(CONTEXTS, options),
    forClients: find(CLIENTS_CONTEXTS, options),
    forAsking: find(ASKING_CONTEXTS, options),
  };
}

/** Why a connection with `options` needs OpenSSL; null if it doesn't. */
function connectionReason(options) {
  return find(CONNECTIONS, options);
}

/** Whether a method says which versions there are. One of them leaves the oldest to the default. */
function hasVersions(secureProtocol) {
  return Boolean(secureProtocol) && !FROM_MINIMUM_ON.test(secureProtocol);
}

/** The oldest version that OpenSSL accepts with `options`, by its number in the protocol. */
function oldestVersion({ ciphers, minVersion, secureProtocol }) {
  const ofMethod = ANY_METHOD.test(secureProtocol ?? '') ? 'TLSv1' : 'TLSv1.2';
  const oldest = NUMBERS[hasVersions(secureProtocol) ? ofMethod : (minVersion ?? nodesTls.DEFAULT_MIN_VERSION)];
  return NO_LEVEL.test(ciphers ?? nodesTls.DEFAULT_CIPHERS) ? oldest : Math.max(oldest, NUMBERS['TLSv1.2']);
}

function find(rows, options) {
  for (const [reason, applies] of rows) if (applies(options)) return reason;
  return null;
}

/** Notes for `NODE_DEBUG=rust-net` that Node's own TLS is at work. */
function noteFallback(what, reason) {
  debug('%s uses OpenSSL: %s', what, reason);
}

module.exports = { SHORT_AUTHORITY, connectionReason, contextReasons, hasVersions, noteFallback, oldestVersion };
