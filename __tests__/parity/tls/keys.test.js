'use strict';

// Parity with node:tls: keys that a certificate names in unusual ways.

const { X509Certificate } = require('crypto');
const { compared, connected, ended, pki, serve, target } = require('./compared');

const SEQUENCE = 0x30;

/** Where the public key is among the parts of a certificate of version 3. */
const PUBLIC_KEY = 6;

/** The values one behind the other in `bytes`, which are DER: `{ whole, content }` of each. */
function values(bytes) {
  const found = [];
  while (bytes.length > 0) {
    const sizes = bytes[1] < 0x80 ? 0 : bytes[1] & 0x7f;
    const length = sizes === 0 ? bytes[1] : bytes.readUIntBE(2, sizes);
    const end = 2 + sizes + length;
    found.push({ whole: bytes.subarray(0, end), content: bytes.subarray(2 + sizes, end) });
    bytes = bytes.subarray(end);
  }
  return found;
}

function sequence(parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header = length < 0x80 ? [SEQUENCE, length] : [SEQUENCE, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

/** The parts of a sequence. */
const parts = (whole) => values(values(whole)[0].content).map((value) => value.whole);

/** The certificate `pem` without the parameters of its public key. Its signature is wrong then. */
function withoutParameters(pem) {
  const certificate = parts(new X509Certificate(pem).raw);
  const signed = parts(certificate[0]);
  const key = parts(signed[PUBLIC_KEY]);
  key[0] = sequence(parts(key[0]).slice(0, 1));
  signed[PUBLIC_KEY] = sequence(key);
  certificate[0] = sequence(signed);
  const text = sequence(certificate).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  compared(`an RSA key without its parameters, by ${version}`, async ({ client, server }, note) => {
    const { key, cert } = pki.identity('rsa2048');
    const options = { key, cert: withoutParameters([cert].flat()[0]), minVersion: version, maxVersion: version };
    const listening = await serve(server, options);
    const socket = await connected(client, target(listening, { rejectUnauthorized: false }));
    note(socket.getProtocol(), socket.getCipher().version, socket.authorized);
    await ended(socket);
  });
}
