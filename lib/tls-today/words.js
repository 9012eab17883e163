'use strict';

// OpenSSL's words and numbers, which programs match on.

/** What OpenSSL says of a certificate, by Node's code. */
const X509_MESSAGES = {
  __proto__: null,
  CA_MD_TOO_WEAK: 'CA signature digest algorithm too weak',
  CERT_CHAIN_TOO_LONG: 'certificate chain too long',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_REVOKED: 'certificate revoked',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  CRL_HAS_EXPIRED: 'CRL has expired',
  CRL_NOT_YET_VALID: 'CRL is not yet valid',
  CRL_SIGNATURE_FAILURE: 'CRL signature failure',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  INVALID_CA: 'invalid CA certificate',
  INVALID_PURPOSE: 'unsuitable certificate purpose',
  PATH_LENGTH_EXCEEDED: 'path length constraint exceeded',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  UNABLE_TO_GET_CRL: 'unable to get certificate CRL',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify the first certificate',
};

/** The numbers of OpenSSL's reasons. */
const REASON_NUMBERS = {
  '__proto__': null,
  'bad extension': 110,
  'bad signature': 123,
  'certificate verify failed': 134,
  'decryption failed or bad record mac': 281,
  'excessive message size': 152,
  'http request': 156,
  'https proxy request': 155,
  'inconsistent extms': 104,
  'internal error': 0xc0103,
  'length mismatch': 159,
  'length too short': 160,
  'no application protocol': 235,
  'no shared cipher': 193,
  'no shared signature algorithms': 376,
  'no suitable key share': 101,
  'no suitable signature algorithm': 118,
  'not on record boundary': 182,
  'packet length too long': 198,
  'peer did not return a certificate': 199,
  'record too small': 298,
  'tls illegal exporter label': 367,
  'tls invalid ecpointformat list': 157,
  'too many key updates': 132,
  'too many warn alerts': 409,
  'unexpected message': 244,
  'unknown alert type': 246,
  'unsupported compression algorithm': 257,
  'unsupported protocol': 258,
  'wrong curve': 378,
  'wrong ssl version': 266,
  'wrong version number': 267,
};

/** The numbers of the alerts, by OpenSSL's names. */
const ALERT_NUMBERS = {
  '__proto__': null,
  'sslv3 alert unexpected message': 10,
  'sslv3 alert bad record mac': 20,
  'tlsv1 alert decryption failed': 21,
  'tlsv1 alert record overflow': 22,
  'sslv3 alert decompression failure': 30,
  'sslv3 alert handshake failure': 40,
  'sslv3 alert no certificate': 41,
  'sslv3 alert bad certificate': 42,
  'sslv3 alert unsupported certificate': 43,
  'sslv3 alert certificate revoked': 44,
  'sslv3 alert certificate expired': 45,
  'sslv3 alert certificate unknown': 46,
  'sslv3 alert illegal parameter': 47,
  'tlsv1 alert unknown ca': 48,
  'tlsv1 alert access denied': 49,
  'tlsv1 alert decode error': 50,
  'tlsv1 alert decrypt error': 51,
  'tlsv1 alert export restriction': 60,
  'tlsv1 alert protocol version': 70,
  'tlsv1 alert insufficient security': 71,
  'tlsv1 alert internal error': 80,
  'tlsv1 alert inappropriate fallback': 86,
  'tlsv1 alert user cancelled': 90,
  'tlsv1 alert no renegotiation': 100,
  'tlsv13 alert missing extension': 109,
  'tlsv1 unsupported extension': 110,
  'tlsv1 certificate unobtainable': 111,
  'tlsv1 unrecognized name': 112,
  'tlsv1 bad certificate status response': 113,
  'tlsv1 bad certificate hash value': 114,
  'tlsv1 alert unknown psk identity': 115,
  'tlsv13 alert certificate required': 116,
  'tlsv1 alert no application protocol': 120,
};

const [MAJOR, MINOR] = process.versions.openssl.split('.').map(Number);

/** OpenSSL 3.2 has renamed the oldest alerts. */
const HAS_NEW_NAMES = MAJOR > 3 || (MAJOR === 3 && MINOR >= 2);

/** The name that the running Node's OpenSSL has for `reason`. */
function nameOfReason(reason) {
  return HAS_NEW_NAMES ? reason.replace(/^sslv3 alert /, 'ssl/tls alert ') : reason;
}

module.exports = { ALERT_NUMBERS, REASON_NUMBERS, X509_MESSAGES, nameOfReason };
