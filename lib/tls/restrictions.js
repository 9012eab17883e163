'use strict';

// The options of node:tls that restrict what TLS may do. None is ignored silently: each is honoured, always holds, or
// throws. docs/reliability.md has the table.

const { constants } = require('crypto');
const { validateFunction, validateString } = require('../arguments');
const errors = require('../errors');

/** Options that can't be honoured, and what to use instead. */
const REFUSED = {
  __proto__: null,
  ALPNCallback: 'name the protocols in "ALPNProtocols"',
  allowPartialTrustChain: 'a chain has to end at a root; a certificate of the peer itself may be listed in "ca"',
  clientCertEngine: 'give "key" and "cert"',
  privateKeyEngine: 'give "key" and "cert"',
  privateKeyIdentifier: 'give "key" and "cert"',
  pskCallback: 'there are no cipher suites with a pre-shared key; use certificates',
  pskIdentityHint: 'there are no cipher suites with a pre-shared key; use certificates',
  requestOCSP: 'use revocation lists, "crl"',
  secureContext: 'a context of node:tls can\'t be read; give what it was made of',
};

const ENGINES = new Set(['clientCertEngine', 'privateKeyEngine', 'privateKeyIdentifier']);

/** The versions that an OpenSSL method stands for: `[min, max]`. */
const METHODS = { __proto__: null };
for (const side of ['', 'client_', 'server_']) {
  METHODS[`TLS_${side}method`] = [undefined, undefined];
  METHODS[`SSLv23_${side}method`] = [undefined, 'TLSv1.2'];
  METHODS[`TLSv1_2_${side}method`] = ['TLSv1.2', 'TLSv1.2'];
}

const OLD_METHOD = /^(SSLv2|SSLv3|TLSv1|TLSv1_1)_(client_|server_)?method$/;

/**
 * Bits of `secureOptions` that need no action: they forbid what rustls never does (old versions, compression,
 * renegotiation, DTLS), or permit or prefer what it does not have.
 */
const MET = [
  'SSL_OP_ALL',
  'SSL_OP_ALLOW_NO_DHE_KEX',
  'SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION',
  'SSL_OP_CIPHER_SERVER_PREFERENCE',
  'SSL_OP_CISCO_ANYCONNECT',
  'SSL_OP_COOKIE_EXCHANGE',
  'SSL_OP_CRYPTOPRO_TLSEXT_BUG',
  'SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS',
  'SSL_OP_LEGACY_SERVER_CONNECT',
  'SSL_OP_NO_COMPRESSION',
  'SSL_OP_NO_ENCRYPT_THEN_MAC',
  'SSL_OP_NO_QUERY_MTU',
  'SSL_OP_NO_RENEGOTIATION',
  'SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION',
  'SSL_OP_NO_SSLv2',
  'SSL_OP_NO_SSLv3',
  'SSL_OP_NO_TLSv1',
  'SSL_OP_NO_TLSv1_1',
  'SSL_OP_PRIORITIZE_CHACHA',
  'SSL_OP_TLS_ROLLBACK_BUG',
];

const { SSL_OP_NO_TICKET, SSL_OP_NO_TLSv1_2, SSL_OP_NO_TLSv1_3 } = constants;

const KNOWN_BITS = MET.reduce(
  (bits, name) => bits | (constants[name] ?? 0),
  SSL_OP_NO_TICKET | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3,
);

/** Throws if an option asks for what is not supported. */
function refuse(options) {
  for (const name of Object.keys(REFUSED)) {
    const value = options[name];
    if (value === undefined || value === null || value === false) continue;
    if (ENGINES.has(name)) throw errors.noEngines(name, REFUSED[name]);
    throw errors.invalidArgumentValue(`options.${name}`, value, `is not supported: ${REFUSED[name]}`);
  }
}

/** Returns `minVersion` and `maxVersion`, as restricted by `secureProtocol` and `secureOptions`. */
function versions({ maxVersion, minVersion, secureOptions, secureProtocol }) {
  if (secureProtocol !== undefined && secureProtocol !== null) {
    [minVersion, maxVersion] = methodVersions(secureProtocol, minVersion, maxVersion);
  }
  const bits = optionBits(secureOptions);
  if (bits & SSL_OP_NO_TLSv1_2 && minVersion !== 'TLSv1.3') {
    if (maxVersion === 'TLSv1.2') throw errors.optionError(noVersionLeft());
    minVersion = 'TLSv1.3';
  }
  if (bits & SSL_OP_NO_TLSv1_3 && maxVersion !== 'TLSv1.2') {
    if (minVersion === 'TLSv1.3') throw errors.optionError(noVersionLeft());
    maxVersion = 'TLSv1.2';
  }
  return { __proto__: null, maxVersion, minVersion };
}

function noVersionLeft() {
  const reason = 'no TLS protocol version is left';
  return { field: 'secureOptions', code: 'ERR_TLS_INVALID_PROTOCOL_VERSION', reason };
}

function methodVersions(method, minVersion, maxVersion) {
  validateString(method, 'options.secureProtocol');
  const given = minVersion ?? maxVersion;
  if (given !== undefined && given !== null) throw errors.versionConflict(given, method);
  const found = METHODS[method];
  if (found !== undefined) return found;
  const reason = OLD_METHOD.test(method) ? `${method} is disabled: TLSv1.2 is the oldest version` : `Unknown method: ${method}`;
  throw errors.invalidProtocolMethod(reason);
}

/** Whether `secureOptions` forbids session tickets, without which no session is resumed. */
function forbidsTickets({ secureOptions }) {
  return Boolean(optionBits(secureOptions) & SSL_OP_NO_TICKET);
}

function optionBits(value) {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number') throw errors.invalidArgumentType('options.secureOptions', 'number', value);
  if (!Number.isInteger(value)) throw errors.outOfRange('options.secureOptions', 'an integer', value);
  const unknown = (BigInt(value) & ~BigInt(KNOWN_BITS >>> 0)).toString(16);
  if (unknown === '0') return value;
  throw errors.invalidArgumentValue('options.secureOptions', value, `has bits that are not supported: 0x${unknown}`);
}

/** Checks the types of lists separated by colons, which the engine reads. */
function lists({ ecdhCurve, sigalgs }) {
  for (const [name, value] of [['ecdhCurve', ecdhCurve], ['sigalgs', sigalgs]]) {
    if (value !== undefined && value !== null) validateString(value, `options.${name}`);
  }
  if (sigalgs === '') throw errors.invalidArgumentValue('options.sigalgs', sigalgs);
  return { __proto__: null, ecdhCurve: ecdhCurve ?? undefined, sigalgs: sigalgs ?? undefined };
}

/** Returns the bytes that separate the sessions of servers with the same ticket keys. */
function sessionContext(value) {
  if (value === undefined || value === null) return undefined;
  validateString(value, 'options.sessionIdContext');
  return Buffer.from(value);
}

/** Returns the function that decides last on a server's certificate. */
function identityCheck(value) {
  if (value === undefined || value === null) return undefined;
  validateFunction(value, 'options.checkServerIdentity');
  return value;
}

module.exports = { REFUSED, forbidsTickets, identityCheck, lists, refuse, sessionContext, versions };
