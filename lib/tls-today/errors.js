'use strict';

// Errors of node:tls, with its codes and words.

const { errno: ERRNO } = require('os').constants;
const { coded, systemError } = require('../errors');
const { USES_SYSTEM_CA } = require('./roots');
const { ALERT_NUMBERS, REASON_NUMBERS, X509_MESSAGES, nameOfReason } = require('./words');

const NODE = Number(process.versions.node.split('.')[0]);

/** What later versions of Node add, and to which codes, unless the system's authorities are trusted. */
const HINT = '; if the root CA is installed locally, try running Node.js with --use-system-ca';
const HINTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** OpenSSL's numbers of the library, and of the first reason that is an alert. */
const SSL_LIBRARY = 0x0a000000;
const ALERTS = 1000;

const handshakeTimeout = () => coded(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout');
const handshakeHasBegun = () => coded(Error, 'ERR_INVALID_STATE', 'Invalid state: The handshake has begun');
const invalidContext = () => coded(TypeError, 'ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext');
const invalidSniContext = () => new Error('Invalid SNI context');
const invalidState = () =>
  coded(Error, 'ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established');
const invalidVersion = (version, which) =>
  coded(
    TypeError,
    'ERR_TLS_INVALID_PROTOCOL_VERSION',
    `${JSON.stringify(version)} is not a valid ${which} TLS protocol version`,
  );
const multipleCallback = () => coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times');
const notABuffer = () => coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'Must give a Buffer as first argument');
const requiredServerName = () =>
  coded(Error, 'ERR_TLS_REQUIRED_SERVER_NAME', '"servername" is required parameter for Server.addContext');
const sniFromServer = () => coded(Error, 'ERR_TLS_SNI_FROM_SERVER', 'Cannot issue SNI from a TLS server-side socket');
const alpnCallbackWithProtocols = () =>
  coded(
    TypeError,
    'ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS',
    'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive',
  );
const alpnCallbackInvalidResult = (value, protocols) =>
  coded(
    TypeError,
    'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT',
    `ALPN callback returned a value (${value}) that did not match any of the client's offered protocols (${protocols.join(', ')})`,
  );

/** OpenSSL's error for a renegotiation by TLS 1.3. */
const wrongSslVersion = () => protocolError({ code: 'ERR_SSL_WRONG_SSL_VERSION' });
/** What OpenSSL says of a key or certificate that is not there. */
const passedNull = () =>
  Object.assign(new Error('error:0A0C0102:SSL routines::passed a null parameter'), {
    library: 'SSL routines',
    reason: 'passed a null parameter',
    code: 'ERR_SSL_PASSED_A_NULL_PARAMETER',
  });
const wrongSession = () => coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'Session must be a buffer');
const wrongTicketKeys = () => coded(Error, 'ERR_ASSERTION', 'Session ticket keys must be a 48-byte buffer');

/** The connection has ended before it was secure. */
function reset(message) {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** What is wrong with a peer's certificate; null if nothing is. `code` is Node's. */
function verifyError(code) {
  if (code === undefined) return null;
  const hint = NODE >= 24 && !USES_SYSTEM_CA && HINTED.has(code) ? HINT : '';
  return Object.assign(new Error((X509_MESSAGES[code] ?? 'certificate verify failed') + hint), { code });
}

/** A failure of the protocol as OpenSSL would word it: `error:0A00010B:SSL routines::wrong version number`. */
function protocolError({ code: given, message, alert }) {
  if (!given.startsWith('ERR_SSL_')) return Object.assign(new Error(message), { code: given });
  const known = alert ?? given.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ');
  const isAlert = ALERT_NUMBERS[known] !== undefined;
  const number = isAlert ? ALERTS + ALERT_NUMBERS[known] : (REASON_NUMBERS[known] ?? 0);
  const packed = (SSL_LIBRARY + number).toString(16).toUpperCase().padStart(8, '0');
  const reason = nameOfReason(known);
  const error = new Error(`error:${packed}:SSL routines::${reason}${isAlert ? `:SSL alert number ${number - ALERTS}` : ''}`);
  return Object.assign(error, { library: 'SSL routines', reason, code: codeOfReason(reason) });
}

/** The failure `error` of a handshake as that of a write that has waited for it. */
function failedWrite({ message }) {
  const error = systemError(-ERRNO.EPROTO, 'write');
  error.message += ` ${message}`;
  return error;
}

function codeOfReason(reason) {
  return `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

module.exports = {
  alpnCallbackInvalidResult,
  alpnCallbackWithProtocols,
  failedWrite,
  handshakeHasBegun,
  handshakeTimeout,
  invalidContext,
  invalidSniContext,
  invalidState,
  invalidVersion,
  multipleCallback,
  notABuffer,
  passedNull,
  protocolError,
  requiredServerName,
  reset,
  sniFromServer,
  verifyError,
  wrongSession,
  wrongSslVersion,
  wrongTicketKeys,
};
