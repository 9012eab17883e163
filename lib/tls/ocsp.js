'use strict';

// What a server has to know of a response of OCSP (RFC 6960) to staple it: whether it says that its certificate is
// good, and until when. Clients check the signature.

const errors = require('../errors');
const { blob } = require('./values');

// Tags of DER.
const INTEGER = 0x02;
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
    return this.#bytes.subarray(start, this.#at);
  }

  /** The contents of the next value, to be read as values. */
  enter(expected) {
    return new Reader(this.take(expected));
  }
}

function malformed() {
  return errors.ocspFailed('the response is malformed');
}

/** `YYYYMMDDHHMMSSZ`, in milliseconds of UNIX time. */
function timeOf(bytes) {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(bytes.toString('latin1'));
  if (parts === null) throw malformed();
  const [year, month, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

/** The part of the response about the certificate `serialNumber`: `{ status, until }`. */
function findSingle(responses, serialNumber) {
  while (!responses.isAtEnd) {
    const single = responses.enter(SEQUENCE);
    const id = single.enter(SEQUENCE);
    id.take(SEQUENCE);
    id.take(OCTET_STRING);
    id.take(OCTET_STRING);
    const serial = id.take(INTEGER).toString('hex').replace(/^0+/, '');
    const status = single.tag;
    single.take();
    single.take(GENERALIZED_TIME);
    const until = single.tag === EXPLICIT_0 ? timeOf(single.enter(EXPLICIT_0).take(GENERALIZED_TIME)) : Infinity;
    if (serial === serialNumber.toLowerCase().replace(/^0+/, '')) return { status, until };
  }
  throw errors.ocspFailed('the response is for another certificate');
}

/**
 * Reads the response that is to be stapled to the certificate `serialNumber` (in hexadecimal digits): a copy of its
 * bytes, and until when it is valid, in milliseconds of UNIX time (`{ bytes, until }`). Throws what is wrong with it.
 */
function readResponse(given, serialNumber) {
  const bytes = Buffer.from(blob('ocsp', given));
  const response = new Reader(bytes).enter(SEQUENCE);
  const [status] = response.take(ENUMERATED);
  if (status !== 0) throw errors.ocspFailed(`the responder has answered with the status ${status}`);
  const basic = response.enter(EXPLICIT_0).enter(SEQUENCE);
  if (!basic.take(IDENTIFIER).equals(BASIC)) throw errors.ocspFailed('the response is of an unknown type');
  const data = basic.enter(OCTET_STRING).enter(SEQUENCE).enter(SEQUENCE);
  if (data.tag === EXPLICIT_0) data.take();
  data.take();
  data.take(GENERALIZED_TIME);
  const { status: verdict, until } = findSingle(data.enter(SEQUENCE), serialNumber);
  if (verdict !== GOOD) throw errors.ocspFailed('the response does not say that the certificate is good');
  if (until <= Date.now()) throw errors.ocspFailed('the response has expired');
  return { bytes, until };
}

module.exports = { readResponse };
