'use strict';

// `ocsp` as a function: responses that the program fetches are stapled, ahead of the handshakes that need them.

const { execFile, execFileSync, spawn } = require('child_process');
const { X509Certificate } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const { promisify } = require('util');
const net = require('../../..');
const { readResponse } = require('../../../lib/tls/ocsp');
const { atEnd, child, destroyAtEnd, scratch, thrown } = require('../../helpers');
const { describeWith } = require('../../peers/program');
const { secureServer } = require('../ends');
const { certificate, identity } = require('../pki');

/** A value of DER. */
function der(tag, ...contents) {
  const bytes = Buffer.concat(contents.map((content) => Buffer.from(content)));
  const length = bytes.length < 0x80 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), bytes]);
}

const time = (date) => der(0x18, new Date(date).toISOString().replace(/[-:T]|\.\d+/g, ''));

const BASIC = Buffer.from('06092b0601050507300101', 'hex');
const GOOD = 0x80;

/** A response by hand, without a signature, for the certificate `name`. */
function response({ name = 'direct', serial, status = GOOD, until, answer = 0 } = {}) {
  const number = serial ?? new X509Certificate(certificate(name)).serialNumber;
  const id = der(0x30, der(0x30), der(0x04, 'name'), der(0x04, 'key'), der(0x02, Buffer.from(number.padStart(2, '0'), 'hex')));
  const next = until === undefined ? [] : [der(0xa0, time(until))];
  const single = der(0x30, id, der(status), time(Date.now()), ...next);
  const data = der(0x30, der(0xa2, der(0x04, 'key')), time(Date.now()), der(0x30, single));
  const basic = der(0x30, data, der(0x30), der(0x03, [0]));
  return der(0x30, der(0x0a, [answer]), der(0xa0, der(0x30, BASIC, der(0x04, basic))));
}

/** Resolves with its argument, at the event `name` of `credentials`, and at no other. */
function event(credentials, name) {
  return new Promise((resolve) => {
    credentials.once(name, resolve);
  });
}

/** What `server` staples. */
async function stapled(server) {
  const { port } = server.address();
  const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', requestOCSP: true, rejectUnauthorized: false }));
  const [bytes] = await once(client, 'OCSPResponse');
  return bytes;
}

/** Credentials that ask for nothing any more when the test is over. */
function credentialsWith(options) {
  const credentials = net.createCredentials(options);
  atEnd(() => credentials.replace({ ocsp: null }));
  return credentials;
}

const HOUR = 3_600_000;

const soon = () => Date.now() + HOUR;

test('is asked once for each certificate, with its issuer, and handshakes do not wait for it', async () => {
  const asked = [];
  let answer;
  const ocsp = (own, { issuer, signal }) => {
    asked.push([own.fingerprint256, issuer?.checkIssued(issuer), signal.aborted]);
    return new Promise((resolve) => (answer = resolve));
  };
  const { cert, key } = identity('p256');
  const credentials = credentialsWith({ key, cert, ocsp });
  const server = await secureServer(credentials);
  expect(await stapled(server)).toBe(null);
  const own = new X509Certificate(certificate('p256'));
  expect(asked).toEqual([[own.fingerprint256, expect.any(Boolean), false]]);
  const bytes = response({ name: 'p256', until: soon() });
  const renewed = event(credentials, 'stapled');
  answer(bytes);
  expect((await renewed).fingerprint256).toBe(own.fingerprint256);
  expect([await stapled(server), await stapled(server)]).toEqual([bytes, bytes]);
  // What is valid stays with its certificate.
  credentials.replace({ ALPNProtocols: ['a'] });
  expect(await stapled(server)).toEqual(bytes);
  expect(asked.length).toBe(1);
  credentials.replace(identity('direct'));
  expect(await stapled(server)).toBe(null);
  expect(asked.length).toBe(2);
  credentials.replace({ ocsp: Buffer.from('a response in DER') });
  expect(String(await stapled(server))).toBe('a response in DER');
});

test('a new one is asked for before the former expires, and each of several certificates has its own', async () => {
  const asked = { direct: 0, p384: 0 };
  const fingerprint = (name) => new X509Certificate(certificate(name)).fingerprint256;
  const names = new Map(Object.keys(asked).map((name) => [fingerprint(name), name]));
  const sent = new Map();
  const ocsp = async ({ fingerprint256 }) => {
    const name = names.get(fingerprint256);
    asked[name]++;
    const bytes = response({ name, until: name === 'direct' ? soon() : Date.now() + 3000 });
    sent.set(name, bytes);
    return bytes;
  };
  const both = ['direct', 'p384'].map((name) => identity(name));
  const [key, cert] = ['key', 'cert'].map((part) => both.map((own) => own[part]));
  const credentials = credentialsWith({ key, cert, ocsp });
  let due = 3;
  const renewed = new Promise((resolve) => credentials.on('stapled', () => --due === 0 && resolve()));
  const server = await secureServer(credentials);
  await renewed;
  expect(asked).toEqual({ direct: 1, p384: 2 });
  expect(await stapled(server)).toEqual(sent.get('direct'));
});

test.each([
  ['throws', () => { throw new Error('no network'); }, 'no network'],
  ['has nothing', () => null, /must be an instance of|must be/],
  ['has no response', () => Buffer.from('<html>'), /malformed/],
  ['has one that is cut off', () => response({ until: soon() }).subarray(0, 60), /malformed/],
  ['has the responder\'s refusal', () => response({ answer: 6 }), /status 6/],
  ['has one for another certificate', () => response({ serial: '0A', until: soon() }), /another certificate/],
  ['has one of a certificate that was revoked', () => response({ status: 0xa1, until: soon() }), /good/],
  ['has one that has expired', () => response({ until: Date.now() - HOUR }), /expired/],
])('a function that %s: `error`, nothing is stapled, and it is asked again', async (_, first, message) => {
  const bytes = response({ until: soon() });
  let calls = 0;
  const ocsp = () => (calls++ === 0 ? first() : bytes);
  const credentials = credentialsWith({ ...identity('direct'), ocsp });
  const [failed, renewed] = ['error', 'stapled'].map((name) => event(credentials, name));
  const server = await secureServer(credentials);
  expect((await failed).message).toMatch(message);
  expect(await stapled(server)).toBe(null);
  await renewed;
  expect(await stapled(server)).toEqual(bytes);
});

test('one that expires, while no other is to be had, is stapled no more', async () => {
  let calls = 0;
  const ocsp = () => {
    if (calls++ > 0) throw new Error('no network any more');
    return response({ until: Date.now() + 2500 });
  };
  const credentials = credentialsWith({ ...identity('direct'), ocsp });
  credentials.on('error', () => {});
  await event(credentials, 'stapled');
  const server = await secureServer(credentials);
  expect(await stapled(server)).not.toBe(null);
  while ((await stapled(server)) !== null) await event(credentials, 'error');
});

test('without a listener of `error`, there is a warning; the process is not kept alive', async () => {
  const { lines, exit } = child(`
    const ocsp = () => Promise.reject(new Error('no network'));
    global.credentials = net.createCredentials({ ...JSON.parse(process.argv[2]), ocsp });
    process.on('warning', ({ code, message }) => console.log(code, message));
    const server = net.createServer().listen(0, () => setTimeout(() => server.close(), 50));
  `, { args: [JSON.stringify(identity('direct'))] });
  expect((await lines.next()).value).toBe("RUST_NET_CREDENTIALS Credentials can't be renewed: no network");
  expect(await exit).toBe(0);
});

test('is no option of a single stream', () => {
  const stream = new net.Stream();
  const wrong = thrown(() => stream.setSecure({ ...identity('direct'), ocsp: () => {} }));
  expect(wrong.code).toBe('ERR_INVALID_ARG_VALUE');
});

test.each([
  ['without `ocsp`', () => ({ ocsp: null }), []],
  ['with another function', () => ({ ocsp: () => new Promise(() => {}) }), []],
  ['with another certificate', () => identity('p384'), ['p384']],
])('an answer just before the credentials are replaced %s is of no consequence', async (_, other, expected) => {
  const names = new Map(['direct', 'p384'].map((name) => [new X509Certificate(certificate(name)).subject, name]));
  const seen = [];
  const isReplaced = new Promise((resolve) => {
    const ocsp = async ({ subject }) => {
      if (names.get(subject) === 'p384') return response({ name: 'p384', until: soon() });
      // The answer is read long before, but in the same turn.
      void (async () => {
        for (let i = 0; i < 100; i++) await null;
        credentials.replace(other());
        resolve();
      })();
      return response({ until: soon() });
    };
    const credentials = credentialsWith({ ...identity('direct'), ocsp });
    credentials.on('stapled', ({ subject }) => seen.push(names.get(subject)));
  });
  await isReplaced;
  while (seen.length < expected.length) await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(seen).toEqual(expected);
});

test('lengths that lie, at every byte', () => {
  const bytes = response({ serial: '0A', until: soon() });
  expect(readResponse(bytes, '0A').until).toBeGreaterThan(Date.now());
  for (let at = 0; at < bytes.length; at++) {
    const wrong = Buffer.from(bytes);
    wrong[at] = 0xff;
    try {
      readResponse(wrong, '0A');
    } catch (error) {
      expect([at, error.code]).toEqual([at, 'ERR_OPERATION_FAILED']);
    }
    expect(thrown(() => readResponse(bytes.subarray(0, at), '0A')).code).toBe('ERR_OPERATION_FAILED');
  }
});

describeWith(['openssl'], 'with `openssl ocsp` as the responder', () => {
  const folder = () => {
    const found = scratch();
    const openssl = (...args) => execFileSync('openssl', args, { cwd: found, stdio: 'ignore' });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority');
    openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '0xa1b2c3'];
    openssl('x509', '-req', '-in', 'request.pem', ...signed, '-out', 'cert.pem');
    fs.writeFileSync(path.join(found, 'index.txt'), 'V\t490101000000Z\t\tA1B2C3\tunknown\t/CN=localhost\n');
    return found;
  };

  test('`openssl s_client -status` verifies what is stapled', async () => {
    const cwd = folder();
    const read = (name) => fs.readFileSync(path.join(cwd, name));
    const authority = ['-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key'];
    const responder = spawn('openssl', ['ocsp', ...authority, '-port', '0', '-nmin', '5'], { cwd });
    atEnd(() => responder.kill());
    let [port, printed] = [undefined, ''];
    while (port === undefined) {
      const [text] = await once(responder.stdout, 'data');
      printed += text;
      port = /^ACCEPT .*:(\d+)/.exec(printed)?.[1];
    }
    const url = `http://127.0.0.1:${port}`;
    const ocsp = async (own, { issuer, signal }) => {
      fs.writeFileSync(path.join(cwd, 'own.pem'), own.toString());
      fs.writeFileSync(path.join(cwd, 'issuer.pem'), issuer.toString());
      const question = ['-issuer', 'issuer.pem', '-cert', 'own.pem', '-CAfile', 'ca.pem', '-url', url];
      await promisify(execFile)('openssl', ['ocsp', ...question, '-respout', 'response'], { cwd, signal });
      return read('response');
    };
    const chain = Buffer.concat([read('cert.pem'), read('ca.pem')]);
    const credentials = credentialsWith({ key: read('key.pem'), cert: chain, ocsp });
    await event(credentials, 'stapled');
    const server = await secureServer(credentials);
    const client = ['s_client', '-connect', `127.0.0.1:${server.address().port}`, '-status', '-CAfile', 'ca.pem'];
    const running = execFile('openssl', client, { cwd });
    atEnd(() => running.kill());
    let seen = '';
    while (!/Cert Status: \w+/.test(seen)) seen += (await once(running.stdout, 'data'))[0];
    expect(seen).toMatch(/OCSP Response Status: successful/);
    expect(seen).toMatch(/Serial Number: A1B2C3[^]*Cert Status: good/);
    running.stdin.end();
  });
});
