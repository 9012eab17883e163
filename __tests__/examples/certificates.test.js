'use strict';

// examples/certificates.js

const { once } = require('events');
const fs = require('fs');
const tls = require('tls');
const { collect, destroyAtEnd, scratch } = require('../helpers');
const { certificate, keyPairIn, parsed } = require('../tls/pki');
const { example, nextLine, portOf } = require('./run');

const ends = (name) => `certificates: valid until ${new Date(parsed(name).validTo).toISOString()}`;

/** Replaces the files, each as a whole, by those of `name`. */
function renew(paths, name) {
  const made = keyPairIn(scratch(), name);
  for (const file of Object.keys(paths)) fs.renameSync(made[file], paths[file]);
}

/** Whether a client of node:tls, which trusts the root alone, gets its line, and the certificate of `name`. */
async function visit(port, name) {
  const ca = certificate('root');
  const client = destroyAtEnd(tls.connect({ port, host: 'localhost', servername: 'localhost', ca }));
  await once(client, 'secureConnect');
  expect(client.getPeerX509Certificate().fingerprint256).toBe(parsed(name).fingerprint256);
  expect((await collect(client)).toString()).toBe('hello\n');
}

test('a new certificate is shown as soon as its files are there, and what does not fit is not', async () => {
  const paths = keyPairIn(scratch(), 'p256');
  const running = example('certificates.js', paths.keyFile, paths.certFile, '0');
  const port = await portOf(running);
  expect(await nextLine(running)).toBe(ends('p256'));
  await visit(port, 'p256');

  renew(paths, 'p384');
  expect(await nextLine(running)).toBe(ends('p384'));
  await visit(port, 'p384');

  renew({ keyFile: paths.keyFile }, 'rsa2048');
  await running.complained(/^certificates: not replaced: .+\n/m);
  await visit(port, 'p384');
  renew({ certFile: paths.certFile }, 'rsa2048');
  expect(await nextLine(running)).toBe(ends('rsa2048'));
  await visit(port, 'rsa2048');

  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
});

test('without files, it says how it is used', async () => {
  const running = example('certificates.js');
  expect(await running.exit).toBe(2);
  expect(running.complaints()).toMatch(/^usage: /);
});
