'use strict';

// What `credentials.replace()` starts from: the options that credentials were made of, and which of them are void once
// others are given.

const { readOption } = require('../options');

/** Options that are bytes. The program may overwrite those, so they are copied. */
const BYTES = ['ALPNProtocols', 'ca', 'cert', 'crl', 'key', 'ocsp', 'pfx', 'ticketKeys'];

/** What an option takes the place of, beside itself: a key and its certificate may come in several ways. */
const REPLACED = {
  __proto__: null,
  ca: ['caFile'],
  caFile: ['ca'],
  cert: ['certFile', 'pfx', 'ocsp', 'ocspFile'],
  certFile: ['cert', 'pfx', 'ocsp'],
  crl: ['crlFile'],
  crlFile: ['crl'],
  key: ['keyFile', 'pfx'],
  keyFile: ['key', 'pfx'],
  ocsp: ['ocspFile'],
  ocspFile: ['ocsp'],
  pfx: ['cert', 'certFile', 'key', 'keyFile', 'ocsp', 'ocspFile'],
};

/** `options`, with copies of all bytes. */
function keep(options) {
  for (const name of BYTES) options[name] = copied(options[name]);
  return options;
}

function copied(value) {
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof ArrayBuffer) return value.slice(0);
  if (ArrayBuffer.isView(value)) return Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value === null || typeof value !== 'object') return value;
  const bag = { __proto__: null, passphrase: readOption(value, 'passphrase') };
  for (const name of ['pem', 'buf']) {
    const content = readOption(value, name);
    if (content !== undefined) bag[name] = copied(content);
  }
  return bag;
}

/** The options of credentials that were made of `former` and are given others. Ticket keys are none of the former. */
function merge(former, given) {
  const merged = Object.assign({ __proto__: null }, former, { ticketKeys: undefined });
  const isGiven = (name) => given[name] !== undefined;
  for (const name of Object.keys(given).filter(isGiven)) {
    for (const other of REPLACED[name] ?? []) {
      // A function has responses for any certificate.
      const stays = other === 'ocsp' && name !== 'ocspFile' && typeof former.ocsp === 'function';
      if (!stays) merged[other] = undefined;
    }
  }
  for (const name of Object.keys(given).filter(isGiven)) merged[name] = given[name];
  return merged;
}

module.exports = { keep, merge };
