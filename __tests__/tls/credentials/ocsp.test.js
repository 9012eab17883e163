'use strict';

// `ocsp` as a function: responses that the program fetches are stapled, ahead of the handshakes that need them.

const { execFile, execFileSync, spawn } = require('child_process');
const { X509Certificate } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');
const net = require('../../..');
const { Unfit, readResponse } = require('../../../lib/tls/ocsp');
const { atEnd, child, scratch, thrown } = require('../../helpers');
const { describeWith } = require('../../peers/program');
const { secureServer } = require('../ends');
const { certificate, der, identity, keyPairIn } = require('../pki');
const { HOUR, issuerOf, response, stapled } = require('../staples');

/** Resolves with its argument, at the event `name` of `credentials`, and at no other. */
function event(credentials, name) {
  return new Promise((resolve) => {
    credentials.once(name, resolve);
  });
}

/** Credentials that ask for nothing any more when the test is over. */
function credentialsWith(options) {
  const credentials = net.createCredentials(options);
  atEnd(() => credentials.replace({ ocsp: null }));
  return credentials;
}

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
  const bytes = response({ name: 'p256' });
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
  const given = response();
  credentials.replace({ ocsp: given });
  expect(await stapled(server)).toEqual(given);
});

test('a new one is asked for before the former expires, and each of several certificates has its own', async () => {
  const asked = { direct: 0, p384: 0 };
  const fingerprint = (name) => new X509Certificate(certificate(name)).fingerprint256;
  const names = new Map(Object.keys(asked).map((name) => [fingerprint(name), name]));
  const sent = new Map();
  const ocsp = async ({ fingerprint256 }) => {
    const name = names.get(fingerprint256);
    asked[name]++;
    const bytes = response({ name, until: Date.now() + (name === 'direct' ? HOUR : 3000) });
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
  ['has nothing', () => null, /^Operation failed: ocsp: the function has returned no bytes$/],
  ['has no response', () => Buffer.from('<html>'), /malformed/],
  ['has one that is cut off', () => response().subarray(0, 60), /malformed/],
  ['has the responder\'s refusal', () => response({ answer: 6 }), /status 6/],
  ['has one for another certificate', () => response({ serial: '0A' }), /another certificate/],
  ['has one of a certificate that was revoked', () => response({ status: 0xa1 }), /good/],
  ['has one that has expired', () => response({ until: Date.now() - 1000 }), /expired/],
  ['has one that does not say until when, of the day before', () => response({ from: Date.now() - 25 * HOUR, until: null }), /expired/],
  ['has one of the future', () => response({ from: Date.now() + 0.2 * HOUR }), /not valid yet/],
  ['fails without an error', () => Promise.reject(null), /^Operation failed: ocsp: the function has failed with null$/],
  ['throws no error', () => { throw undefined; }, /^Operation failed: ocsp: the function has failed with undefined$/],
  ['has one of another authority', () => response({ issuer: certificate('otherRoot') }), /another certificate/],
])('a function that %s: `error`, nothing is stapled, and it is asked again', async (_, first, message) => {
  const bytes = response();
  let calls = 0;
  const ocsp = () => (calls++ === 0 ? first() : bytes);
  const { key, cert } = identity('direct');
  const credentials = credentialsWith({ key, cert: cert + issuerOf('direct'), ocsp });
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
  ['is named with another hash', () => response({ hash: 'sha256' })],
  ['is of a clock that is ahead', () => response({ from: Date.now() + 60_000 })],
  ['does not say until when it is valid', () => response({ until: null })],
])('a response that %s is stapled', async (_, bytes) => {
  const { key, cert } = identity('direct');
  const credentials = credentialsWith({ key, cert: cert + issuerOf('direct'), ocsp: bytes });
  await event(credentials, 'stapled');
  expect(await stapled(await secureServer(credentials))).not.toBe(null);
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
      if (names.get(subject) === 'p384') return response({ name: 'p384' });
      // The answer is read long before, but in the same turn.
      void (async () => {
        for (let i = 0; i < 100; i++) await null;
        credentials.replace(other());
        resolve();
      })();
      return response();
    };
    const credentials = credentialsWith({ ...identity('direct'), ocsp });
    credentials.on('stapled', ({ subject }) => seen.push(names.get(subject)));
  });
  await isReplaced;
  while (seen.length < expected.length) await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(seen).toEqual(expected);
});

test('the signal of what is not wanted any more is aborted', async () => {
  const signals = [];
  let isAsked;
  const asked = new Promise((resolve) => (isAsked = resolve));
  const ocsp = (own, { signal }) => {
    signals.push(signal);
    isAsked();
    return new Promise(() => {});
  };
  const credentials = credentialsWith({ ...identity('direct'), ocsp });
  await asked;
  const aborted = once(signals[0], 'abort');
  credentials.replace(identity('p384'));
  await aborted;
});

describe.each([
  ['replace()', false],
  ['a file that is watched', true],
])('a chain that is mended by %s', (how, isWatched) => {
  const leaf = certificate('p256');
  const { cert: whole } = identity('p256');

  /** Credentials with `cert` and `ocsp`, and a function that mends the chain. */
  function mendable(cert, ocsp) {
    const paths = keyPairIn(scratch(), 'p256');
    fs.writeFileSync(paths.certFile, cert);
    const credentials = net.createCredentials({ ...paths, ocsp, watch: isWatched && { interval: 5 } });
    atEnd(() => credentials.replace({ ocsp: null }).unwatch());
    return [credentials, () => {
      fs.writeFileSync(paths.certFile, whole);
      if (!isWatched) credentials.replace(paths);
    }];
  }

  test.each([
    ['without the issuer', leaf],
    ['with one that is not the issuer', leaf + certificate('root')],
  ])('the function has failed %s, and is called again with it', async (_, broken) => {
    const issuers = [];
    const ocsp = (own, { issuer }) => {
      issuers.push(issuer?.fingerprint256);
      if (issuer === undefined) throw new Error('no issuer');
      return response({ name: 'p256' });
    };
    const [credentials, mend] = mendable(broken, ocsp);
    const renewed = event(credentials, 'stapled');
    await event(credentials, 'error');
    credentials.on('error', () => {});
    mend();
    await renewed;
    expect(new Set(issuers)).toEqual(new Set([undefined, new X509Certificate(issuerOf('p256')).fingerprint256]));
    expect(await stapled(await secureServer(credentials))).not.toBe(null);
  });

  test.each([
    ['is stapled until there is another, if it fits', {}, true],
    ['is not stapled any more, if it is of another authority', { issuer: certificate('otherRoot') }, false],
  ])('the response of before %s', async (_, options, isKept) => {
    const bytes = response({ name: 'p256', ...options });
    let isAskedAgain;
    const askedAgain = new Promise((resolve) => (isAskedAgain = resolve));
    const ocsp = (own, { issuer }) => {
      if (issuer === undefined) return bytes;
      isAskedAgain();
      return new Promise(() => {});
    };
    const [credentials, mend] = mendable(leaf, ocsp);
    await event(credentials, 'stapled');
    const server = await secureServer(credentials);
    expect(await stapled(server)).toEqual(bytes);
    mend();
    await askedAgain;
    expect(await stapled(server)).toEqual(isKept ? bytes : null);
  });
});

describe('when the function is called again', () => {
  const MINUTE = 60_000;
  const DAY = 24 * HOUR;

  let Stapling;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    // Those that stand in are only of this realm.
    jest.doMock('timers', () => ({ clearTimeout, setTimeout }));
    jest.isolateModules(() => ({ Stapling } = require('../../../lib/tls/stapling')));
  });

  afterEach(() => {
    jest.dontMock('timers');
    jest.useRealTimers();
  });

  /** Has `ask` called for `direct`: how often it was, in `count`, and what has come of it since the last look. */
  function follow(ask) {
    const seen = { count: 0, news: [] };
    const asking = ask && (() => {
      seen.count++;
      return ask();
    });
    const stapling = new Stapling(asking, {
      isWanted: () => true,
      onResponse: () => seen.news.push('stapled'),
      onError: ({ message }) => seen.news.push(message),
    });
    seen.after = async (ms) => {
      await jest.advanceTimersByTimeAsync(ms);
      await new Promise(setImmediate);
      const { count, news } = seen;
      Object.assign(seen, { count: 0, news: [] });
      return { count, news, isStapled: stapling.responses[0] !== null };
    };
    return [stapling, seen];
  }

  const chain = [der(certificate('direct'))];
  const expired = 'Operation failed: ocsp: the response has expired';

  test('after half of the time for which its response is valid', async () => {
    const [stapling, seen] = follow(() => response({ until: Date.now() + 10 * HOUR }));
    stapling.serve([chain]);
    expect(await seen.after(0)).toEqual({ count: 1, news: ['stapled'], isStapled: true });
    expect(await seen.after(5 * HOUR - MINUTE)).toEqual({ count: 0, news: [], isStapled: true });
    expect(await seen.after(MINUTE)).toEqual({ count: 1, news: ['stapled'], isStapled: true });
  });

  test('each hour if it does not say for how long it is valid, which is a day', async () => {
    let answer = () => response({ until: null });
    const [stapling, seen] = follow(() => answer());
    stapling.serve([chain]);
    expect(await seen.after(0)).toEqual({ count: 1, news: ['stapled'], isStapled: true });
    expect(await seen.after(HOUR - MINUTE)).toEqual({ count: 0, news: [], isStapled: true });
    expect(await seen.after(MINUTE)).toEqual({ count: 1, news: ['stapled'], isStapled: true });
    answer = () => {
      throw new Error('no network');
    };
    const { count, news, isStapled } = await seen.after(DAY - MINUTE);
    expect([new Set(news), isStapled]).toEqual([new Set(['no network']), true]);
    // In 1, 2, 4, ... 512 seconds, and then every 10 minutes.
    expect([count > 140, count < 155]).toEqual([true, true]);
    expect(await seen.after(MINUTE)).toEqual({ count: 1, news: ['no network'], isStapled: false });
  });

  test('never for a response that was given, which is an error once it has expired', async () => {
    const [stapling, seen] = follow(null);
    const bytes = response({ until: Date.now() + 3 * HOUR });
    stapling.serve([chain], [readResponse(bytes, chain[0])]);
    expect(await seen.after(3 * HOUR - MINUTE)).toEqual({ count: 0, news: [], isStapled: true });
    expect(await seen.after(MINUTE)).toEqual({ count: 0, news: [expired], isStapled: false });
    expect(await seen.after(DAY)).toEqual({ count: 0, news: [], isStapled: false });
    stapling.serve([chain], [readResponse(response(), chain[0])]);
    expect(await seen.after(HOUR)).toEqual({ count: 0, news: [expired], isStapled: false });
  });
});

test('lengths that lie, at every byte', () => {
  const [leaf, issuer] = [certificate('direct'), issuerOf('direct')].map(der);
  const bytes = response();
  expect(readResponse(bytes, leaf, issuer).until).toBeGreaterThan(Date.now());
  for (let at = 0; at < bytes.length; at++) {
    const wrong = Buffer.from(bytes);
    wrong[at] = 0xff;
    try {
      readResponse(wrong, leaf, issuer);
    } catch (error) {
      expect([at, error]).toEqual([at, expect.any(Unfit)]);
    }
    expect(thrown(() => readResponse(bytes.subarray(0, at), leaf, issuer))).toBeInstanceOf(Unfit);
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
