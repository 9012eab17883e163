'use strict';

// `ocsp` and `ocspFile`: responses that the program has. What does not fit is not stapled.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const net = require('../../..');
const { atEnd, destroyAtEnd, scratch, thrown } = require('../../helpers');
const { secureClient, secureServer } = require('../ends');
const { certificate, identity, keyPairIn, parsed, writeKeyPair } = require('../pki');
const { HOUR, issuerOf, response, stapled } = require('../staples');

/** What `direct` shows, with the certificate of its issuer. */
const { key, cert: own } = identity('direct');
const SERVER = { key, cert: own + issuerOf('direct') };

const UNFIT = [
  ['is no response', () => Buffer.from('<html>'), /malformed/],
  ['is empty', () => Buffer.alloc(0), /malformed/],
  ['has something behind it', () => Buffer.concat([response(), Buffer.alloc(1)]), /malformed/],
  ['is the responder\'s refusal', () => response({ answer: 6 }), /status 6/],
  ['is for another certificate', () => response({ name: 'p384' }), /another certificate/],
  ['is for another serial number', () => response({ serial: '0A' }), /another certificate/],
  ['is of another authority', () => response({ issuer: certificate('otherRoot') }), /another certificate/],
  ['is of a certificate that was revoked', () => response({ status: 0xa1 }), /good/],
  ['has expired', () => response({ until: Date.now() - 1000 }), /expired/],
  ['is a day old, and does not say until when it is valid', () => response({ from: Date.now() - 25 * HOUR, until: null }), /expired/],
  ['is of the future', () => response({ from: Date.now() + 0.2 * HOUR }), /not valid yet/],
];

/** A file with `bytes`, and `write(bytes)`, which changes it. */
function fileOf(bytes) {
  const ocspFile = path.join(scratch(), 'ocsp.der');
  const write = (next) => fs.writeFileSync(ocspFile, next);
  write(bytes);
  return { ocspFile, write };
}

function watched(options) {
  const credentials = net.createCredentials({ ...options, watch: { interval: 5 } });
  atEnd(() => credentials.unwatch());
  return credentials;
}

const event = (credentials, name) => new Promise((resolve) => {
  credentials.once(name, resolve);
});

describe('what is given', () => {
  test('is stapled to the certificate for clients that ask for it, until another takes its place', async () => {
    const [one, other] = [response(), response({ hash: 'sha256' })];
    const credentials = net.createCredentials({ ...SERVER, ocsp: one });
    const server = await secureServer(credentials);
    expect(await stapled(server)).toEqual(one);
    credentials.replace({ ocsp: other });
    expect(await stapled(server)).toEqual(other);
    credentials.replace({ ALPNProtocols: ['a'] });
    expect(await stapled(server)).toEqual(other);
    credentials.replace({ ocspFile: fileOf(one).ocspFile });
    expect(await stapled(server)).toEqual(one);
    credentials.replace({ ocspFile: null });
    expect(await stapled(server)).toBe(null);
    // It belongs to the certificate.
    credentials.replace({ ocsp: one });
    credentials.replace(identity('p256'));
    expect(await stapled(server)).toBe(null);
  });

  test('takes the place of a function', async () => {
    const bytes = response();
    const credentials = net.createCredentials({ ...SERVER, ocsp: () => new Promise(() => {}) });
    credentials.replace({ ocspFile: fileOf(bytes).ocspFile });
    expect(await stapled(await secureServer(credentials))).toEqual(bytes);
  });

  test('without the certificate of the issuer, its key is not compared', async () => {
    const bytes = response({ issuer: certificate('otherRoot') });
    expect(await stapled(await secureServer({ key, cert: own, ocsp: bytes }))).toEqual(bytes);
  });

  test('is in the order of the certificates', async () => {
    const both = ['direct', 'p384'].map((name) => identity(name));
    const pairs = { key: both.map((one) => one.key), cert: both.map((one) => one.cert) };
    const responses = ['direct', 'p384'].map((name) => response({ name }));
    const server = await secureServer({ ...pairs, ocsp: responses });
    expect(await stapled(server)).toEqual(responses[0]);
    expect(await stapled(server, { sigalgs: 'ecdsa_secp384r1_sha384' })).toEqual(responses[1]);
    const wrong = thrown(() => net.createCredentials({ ...pairs, ocsp: [...responses].reverse() }));
    expect(wrong.message).toMatch(/another certificate/);
    expect(thrown(() => net.createCredentials({ ...pairs, ocsp: [...responses, responses[0]] })).code).toBe('ERR_INVALID_ARG_VALUE');
  });

  test.each(UNFIT)('throws if it %s', async (_, make, message) => {
    const bytes = make();
    const { ocspFile } = fileOf(bytes);
    const good = response();
    const credentials = net.createCredentials({ ...SERVER, ocsp: good });
    const server = await secureServer(credentials);
    const stream = destroyAtEnd(new net.Stream());
    for (const attempt of [
      () => net.createCredentials({ ...SERVER, ocsp: bytes }),
      () => net.createCredentials({ ...SERVER, ocspFile }),
      () => net.createCredentials({ ...SERVER, contexts: { localhost: { ...SERVER, ocsp: bytes } } }),
      () => stream.setSecure({ ...SERVER, ocsp: bytes }),
      () => credentials.replace({ ocsp: bytes }),
      () => credentials.replace({ ocspFile }),
    ]) {
      const wrong = thrown(attempt);
      expect([wrong.code, wrong.message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringMatching(message)]);
    }
    expect(await stapled(server)).toEqual(good);
  });
});

describe('with `watch`', () => {
  test.each(UNFIT)('a file that %s is an error, and the response of before is stapled on', async (_, make, message) => {
    const good = response();
    const { ocspFile, write } = fileOf(good);
    const credentials = watched({ ...SERVER, ocspFile });
    const server = await secureServer(credentials);
    const failed = event(credentials, 'error');
    write(make());
    const { code, message: reason } = await failed;
    expect([code, reason]).toEqual(['ERR_OPERATION_FAILED', expect.stringMatching(message)]);
    expect(await stapled(server)).toEqual(good);
    const [next, replaced] = [response({ hash: 'sha256' }), event(credentials, 'replaced')];
    write(next);
    await replaced;
    expect(await stapled(server)).toEqual(next);
  });

  test('certificates do not wait for their response: one that is late is an error from the start', async () => {
    const { ocspFile, write } = fileOf(response({ name: 'p256' }));
    const paths = keyPairIn(scratch(), 'direct');
    const credentials = watched({ ...paths, ocspFile });
    expect((await event(credentials, 'error')).message).toMatch(/another certificate/);
    const server = await secureServer(credentials);
    expect(await stapled(server)).toBe(null);
    const bytes = response();
    let replaced = event(credentials, 'replaced');
    write(bytes);
    await replaced;
    expect(await stapled(server)).toEqual(bytes);
    // The certificate is renewed, and its response is still to come.
    replaced = event(credentials, 'replaced');
    const failed = new Promise((resolve) => {
      // Between the two files, they may not belong together.
      credentials.on('error', ({ code, message }) => code === 'ERR_OPERATION_FAILED' && resolve(message));
    });
    writeKeyPair(paths, 'p384');
    await replaced;
    expect(await failed).toMatch(/another certificate/);
    const client = secureClient(server, { ca: [] });
    await once(client, 'secure');
    expect(client.getPeerX509Certificate().fingerprint256).toBe(parsed('p384').fingerprint256);
    expect(await stapled(server)).toBe(null);
  });
});

test('what expires is not stapled any more, nor is it an obstacle: an error, of credentials that can have a listener', async () => {
  const ocsp = response({ until: Date.now() + 3000 });
  const named = { ...SERVER, ocsp };
  const credentials = net.createCredentials({ ...SERVER, ocsp, contexts: { localhost: named } });
  const server = await secureServer(credentials);
  const all = () => Promise.all(['localhost', 'elsewhere.test'].map((servername) => stapled(server, { servername })));
  const failed = event(credentials, 'error');
  expect((await failed).message).toMatch(/expired/);
  expect(await all()).toEqual([null, null]);
  const again = event(credentials, 'error');
  // The contexts have the response as well.
  credentials.replace({ ALPNProtocols: ['a'], contexts: {} });
  expect((await again).message).toMatch(/expired/);
  expect(await stapled(server)).toBe(null);
});
