'use strict';

// Parity with node:tls: keys that a certificate names in unusual ways.

const { X509Certificate } = require('crypto');
const { SEQUENCE, element } = require('../../../lib/tls/der');
const { compared, connected, ended, pki, serve, target } = require('./compared');

/** Where the public key is among the parts of a certificate of version 3. */
const PUBLIC_KEY = 6;

/** The parts of the sequence `whole`, each with its tag and length. */
function partsOf(whole) {
  const parts = [];
  for (let left = element(whole).content; left.length > 0;) {
    const { rest } = element(left);
    parts.push(left.subarray(0, left.length - rest.length));
    left = rest;
  }
  return parts;
}

function sequence(parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header = length < 0x80 ? [SEQUENCE, length] : [SEQUENCE, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

/** The certificate `pem` without the parameters of its public key. Its signature is wrong then. */
function withoutParameters(pem) {
  const certificate = partsOf(new X509Certificate(pem).raw);
  const signed = partsOf(certificate[0]);
  const key = partsOf(signed[PUBLIC_KEY]);
  key[0] = sequence(partsOf(key[0]).slice(0, 1));
  signed[PUBLIC_KEY] = sequence(key);
  certificate[0] = sequence(signed);
  const text = sequence(certificate).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  compared(`an RSA key without its parameters, by ${version}`, async ({ client, server }, note) => {
    const { key, cert } = pki.identity('rsa2048');
    const options = { key, cert: withoutParameters(cert), minVersion: version, maxVersion: version };
    const listening = await serve(server, options);
    const socket = await connected(client, target(listening, { rejectUnauthorized: false }));
    note(socket.getProtocol(), socket.getCipher().version, socket.authorized);
    await ended(socket);
  });
}
