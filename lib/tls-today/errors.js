'use strict';

// Errors of node:tls, with its codes and words.

const { inspect } = require('util');
const { X509_MESSAGES, REASON_NUMBERS, ALERT_NUMBERS } = require('./words');
const { coded } = require('../errors');

const altnameInvalid = 'ERR_TLS_CERT_ALTNAME_INVALID';

const dhParamSize = (size) => coded(Error, 'ERR_TLS_DH_PARAM_SIZE', `DH parameter size ${size} is less than 2048`);
const handshakeTimeout = () => coded(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout');
const invalidContext = () => coded(TypeError, 'ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext');
const invalidState = () =>
  coded(Error, 'ERR_TLS_INVALID_STATE', 'TLS socket connection must be securely established');
const invalidVersion = (version, which) =>
  coded(
    TypeError,
    'ERR_TLS_INVALID_PROTOCOL_VERSION',
    `${inspect(version)} is not a valid ${which} TLS protocol version`,
  );
const multipleCallback = () => coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times');
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

const wrongTicketKeys = () => coded(Error, 'ERR_ASSERTION', 'Session ticket keys must be a 48-byte buffer');

/** The connection has ended before it was secure. */
function reset(message) {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** What is wrong with a peer's certificate; null if nothing is. `code` is Node's. */
function verifyError(code) {
  if (code === undefined) return null;
  return Object.assign(new Error(X509_MESSAGES[code] ?? 'certificate verify failed'), { code });
}

/** A failure of the protocol as OpenSSL would word it: `error:0A00010B:SSL routines::wrong version number`. */
function protocolError({ code, message, alert }) {
  if (!code.startsWith('ERR_SSL_')) return Object.assign(new Error(message), { code });
  const reason = alert ?? code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ');
  const number = ALERT_NUMBERS[reason] === undefined ? REASON_NUMBERS[reason] : 1000 + ALERT_NUMBERS[reason];
  const packed = (0x0a000000 + (number ?? 0)).toString(16).toUpperCase().padStart(8, '0');
  const tail = ALERT_NUMBERS[reason] === undefined ? '' : `:SSL alert number ${ALERT_NUMBERS[reason]}`;
  const error = new Error(`error:${packed}:SSL routines::${reason}${tail}`);
  return Object.assign(error, { library: 'SSL routines', reason, code });
}

module.exports = {
  altnameInvalid,
  alpnCallbackInvalidResult,
  alpnCallbackWithProtocols,
  dhParamSize,
  handshakeTimeout,
  invalidContext,
  invalidState,
  invalidVersion,
  multipleCallback,
  protocolError,
  requiredServerName,
  reset,
  sniFromServer,
  verifyError,
  wrongTicketKeys,
};
