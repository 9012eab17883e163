'use strict';

// What a server has to know of a response of OCSP (RFC 6960) to staple it: whether it says that its certificate is
// good, and until when. Clients check the signature.

const { X509Certificate, createHash } = require('crypto');
const { blob } = require('./values');

/** A response can't be stapled; the message says why. */
class Unfit extends Error {}

// Tags of DER.
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const IDENTIFIER = 0x06;
const ENUMERATED = 0x0a;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const EXPLICIT_0 = 0xa0;

/** The status of a certificate that has not been revoked. */
const GOOD = 0x80;

/** The type of response that everyone supports, `id-pkix-ocsp-basic`: its object identifier. */
const BASIC = Buffer.from('2b0601050507300101', 'hex');

/** The algorithms that a certificate may be named with, by their object identifiers. */
const HASHES = {
  __proto__: null,
  '2b0e03021a': 'sha1',
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};

/** How much the clock of a responder may be ahead, in milliseconds: as much as OpenSSL and nginx allow. */
const SKEW = 300_000;

/** How long a response is valid that does not say it, in milliseconds from its `thisUpdate`: as Firefox has it. */
const DAY = 86_400_000;

/** Reads values of DER, one after the other. */
class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** The tag of the next value; undefined at the end. */
  get tag() {
    return this.#bytes[this.#at];
  }

  get isAtEnd() {
    return this.#at === this.#bytes.length;
  }

  /** The contents of the next value, which must have the tag `expected`. */
  take(expected = this.tag) {
    return this.#next(expected).contents;
  }

  /** The contents of the next value, to be read as values. */
  enter(expected) {
    return new Reader(this.take(expected));
  }

  /** The next value with its tag and its length. */
  whole(expected) {
    return this.#next(expected).whole;
  }

  #next(expected) {
    const begun = this.#at;
    const [tag, first] = [this.#bytes[begun], this.#bytes[begun + 1]];
    if (tag !== expected || first === undefined) throw malformed();
    let length = first;
    let start = begun + 2;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4 || start + count > this.#bytes.length) throw malformed();
      length = this.#bytes.readUIntBE(start, count);
      start += count;
    }
    if (start + length > this.#bytes.length) throw malformed();
    this.#at = start + length;
    return { contents: this.#bytes.subarray(start, this.#at), whole: this.#bytes.subarray(begun, this.#at) };
  }
}

function malformed() {
  return new Unfit('the response is malformed');
}

/** `YYYYMMDDHHMMSSZ`, in milliseconds of UNIX time. */
function timeOf(bytes) {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(bytes.toString('latin1'));
  if (parts === null) throw malformed();
  const [year, month, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

/** What a response names the certificate `der` by, or its issuer: `{ serial, issuerName, key }`. */
function namesOf(der) {
  const certificate = new Reader(der).enter(SEQUENCE).enter(SEQUENCE);
  if (certificate.tag === EXPLICIT_0) certificate.take();
  const serial = digits(certificate.take(INTEGER));
  certificate.take(SEQUENCE);
  const issuerName = certificate.whole(SEQUENCE);
  certificate.take(SEQUENCE);
  certificate.take(SEQUENCE);
  const publicKey = certificate.enter(SEQUENCE);
  publicKey.take(SEQUENCE);
  // The first byte says how many bits of the last one do not count.
  return { serial, issuerName, key: publicKey.take(BIT_STRING).subarray(1) };
}

function digits(integer) {
  return integer.toString('hex').replace(/^(?:00)+/, '');
}

/** Whether `id`, the `CertID` of a response, is that of the certificate `leaf`, whose issuer may be unknown. */
function isAbout(id, leaf, issuer) {
  const algorithm = HASHES[id.enter(SEQUENCE).take(IDENTIFIER).toString('hex')];
  const [issuerName, issuerKey, serial] = [id.take(OCTET_STRING), id.take(OCTET_STRING), digits(id.take(INTEGER))];
  const names = namesOf(leaf);
  if (serial !== names.serial || algorithm === undefined) return false;
  const isHashOf = (hash, bytes) => createHash(algorithm).update(bytes).digest().equals(hash);
  return isHashOf(issuerName, names.issuerName) && (issuer === undefined || isHashOf(issuerKey, namesOf(issuer).key));
}

/** The part of the response that is about `leaf`: `{ status, from, next }`; `next` may be null. */
function findSingle(responses, leaf, issuer) {
  while (!responses.isAtEnd) {
    const single = responses.enter(SEQUENCE);
    const isFound = isAbout(single.enter(SEQUENCE), leaf, issuer);
    const status = single.tag;
    single.take();
    const from = timeOf(single.take(GENERALIZED_TIME));
    const next = single.tag === EXPLICIT_0 ? timeOf(single.enter(EXPLICIT_0).take(GENERALIZED_TIME)) : null;
    if (isFound) return { status, from, next };
  }
  throw new Unfit('the response is for another certificate');
}

/** The certificate in `chain` that has issued the first one of it, in DER; undefined if it is not there. */
function issuerOf([leaf, ...others]) {
  try {
    const own = new X509Certificate(leaf);
    return others.find((other) => own.checkIssued(new X509Certificate(other)));
  } catch {
    // OpenSSL does not read one of them.
    return undefined;
  }
}

/**
 * Reads the response that is to be stapled to the certificate `leaf`: a copy of its bytes, until when it is valid, and
 * when there is a newer one, or null if there always is (`{ bytes, until, next }`; milliseconds of UNIX time). Without
 * `issuer`, only the name of the issuer is compared, not its key. Throws an `Unfit` for what can't be stapled.
 */
function readResponse(given, leaf, issuer) {
  const bytes = Buffer.from(blob('ocsp', given));
  const reader = new Reader(bytes);
  const response = reader.enter(SEQUENCE);
  const [status] = response.take(ENUMERATED);
  if (!reader.isAtEnd || status === undefined) throw malformed();
  if (status !== 0) throw new Unfit(`the responder has answered with the status ${status}`);
  const basic = response.enter(EXPLICIT_0).enter(SEQUENCE);
  if (!basic.take(IDENTIFIER).equals(BASIC)) throw new Unfit('the response is of an unknown type');
  const data = basic.enter(OCTET_STRING).enter(SEQUENCE).enter(SEQUENCE);
  if (data.tag === EXPLICIT_0) data.take();
  data.take();
  data.take(GENERALIZED_TIME);
  const { status: verdict, from, next } = findSingle(data.enter(SEQUENCE), leaf, issuer);
  if (verdict !== GOOD) throw new Unfit('the response does not say that the certificate is good');
  const until = next ?? from + DAY;
  if (from > Date.now() + SKEW) throw new Unfit('the response is not valid yet');
  if (until <= Date.now()) throw new Unfit('the response has expired');
  return { bytes, until, next };
}

module.exports = { Unfit, issuerOf, readResponse };
