'use strict';

// Responses of OCSP, by hand, for the certificates of `pki.js`; and what a server staples. No signature: only clients
// check it.

const { X509Certificate, createHash } = require('crypto');
const { once } = require('events');
const tls = require('tls');
const { content, element, sequence } = require('../../lib/tls/der');
const { destroyAtEnd } = require('../helpers');
const pki = require('./pki');

const BASIC = Buffer.from('06092b0601050507300101', 'hex');
const GOOD = 0x80;
const HOUR = 3_600_000;

/** The hash that a response may name its certificate with: the object identifier of each. */
const HASHES = { sha1: '06052b0e03021a', sha256: '0609608648016503040201' };

/** A value of DER. */
function der(tag, ...contents) {
  const bytes = Buffer.concat(contents.map((part) => Buffer.from(part)));
  const length = bytes.length < 0x80 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), bytes]);
}

const time = (date) => der(0x18, new Date(date).toISOString().replace(/[-:T]|\.\d+/g, ''));

/** The certificate of who has issued `name`, in PEM. */
function issuerOf(name) {
  return pki.chain(name) || pki.certificate('root');
}

/** The bytes that the hash of a key is of. */
function keyOf(certificate) {
  const [, key] = sequence(element(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })));
  return content(key, 0x03).subarray(1);
}

/** The `CertID` of the certificate `name`, by its issuer's certificate. */
function certificateId(name, { serial, issuer = issuerOf(name), hash = 'sha1' }) {
  const [certificate] = sequence(element(new X509Certificate(pki.certificate(name)).raw));
  const issuerName = der(0x30, sequence(certificate)[3].content);
  const number = serial === undefined ? sequence(certificate)[1].content : Buffer.from(serial, 'hex');
  const hashes = [issuerName, keyOf(issuer)].map((bytes) => der(0x04, createHash(hash).update(bytes).digest()));
  const algorithm = der(0x30, Buffer.from(HASHES[hash], 'hex'));
  return der(0x30, algorithm, ...hashes, der(0x02, number));
}

/**
 * A response for the certificate `name`, valid `from` now on and `until` in an hour; null leaves that out. `how` may
 * have another serial number, `hash` or certificate of the issuer.
 */
function response({ name = 'direct', status = GOOD, answer = 0, from = Date.now(), until, ...how } = {}) {
  const next = until === null ? [] : [der(0xa0, time(until ?? Date.now() + HOUR))];
  const single = der(0x30, certificateId(name, how), der(status), time(from), ...next);
  const data = der(0x30, der(0xa2, der(0x04, 'key')), time(Date.now()), der(0x30, single));
  const basic = der(0x30, data, der(0x30), der(0x03, [0]));
  return der(0x30, der(0x0a, [answer]), der(0xa0, der(0x30, BASIC, der(0x04, basic))));
}

/** What `server` staples, or null. */
async function stapled(server, options = {}) {
  const { port } = server.address();
  const target = { port, host: '127.0.0.1', requestOCSP: true, rejectUnauthorized: false, ...options };
  const client = destroyAtEnd(tls.connect(target));
  const [bytes] = await once(client, 'OCSPResponse');
  return bytes;
}

module.exports = { HOUR, issuerOf, response, stapled };
