'use strict';

// docs/api: what the pages list under "What can go wrong" happens, and nothing else of what is tried here.

const { generateKeyPairSync } = require('crypto');
const dns = require('dns');
const path = require('path');
const net = require('../..');
const { scratch } = require('../helpers');
const { identity } = require('../tls/pki');
const { documented } = require('./reference');

/** The codes in the table of a section. */
function listedIn(owner, name) {
  const found = documented().filter(({ subject }) => subject.owner === owner && subject.name === name);
  const rows = found.flatMap(({ text }) => text.split('\n').filter((line) => /^\| (?:throws|emits|\[`)/.test(line)));
  return [...new Set(rows.flatMap((row) => row.split('|')[1].match(/[A-Z][A-Z_0-9]{4,}/g) ?? []))].sort();
}

/** The code with which `attempt` throws, or with which what it returns fails. */
async function codeOf(attempt) {
  try {
    const made = await attempt();
    return await new Promise((resolve) => made.once('error', ({ code }) => resolve(code)));
  } catch ({ code }) {
    return code;
  }
}

const lookup = (...answer) => (_name, _options, callback) => setImmediate(callback, ...answer);

/** Calls `attempt` while `dns.lookup` answers with `answer`. */
function answering(answer, attempt) {
  const mock = jest.spyOn(dns, 'lookup').mockImplementation(lookup(...answer));
  try {
    return attempt();
  } finally {
    mock.mockRestore();
  }
}

const failedLookup = (code) => [Object.assign(new Error('getaddrinfo'), { code })];
const tooLong = path.join('/', 'x'.repeat(200));
const listen = (...args) => net.createServer().listen(...args);
const connect = (...args) => new net.Stream().connect(...args);

/** Where a server listens. */
async function place() {
  const server = listen({ port: 0, host: '127.0.0.1', exclusive: true }).unref();
  await new Promise((resolve) => server.once('listening', resolve));
  const { port, address } = server.address();
  return { port, host: address };
}

function adopted() {
  const bound = new net.BoundSocket();
  bound.close();
  return bound;
}

const LISTEN = {
  ERR_SERVER_ALREADY_LISTEN: [() => listen(0).unref().listen(0)],
  ERR_SOCKET_BAD_PORT: [() => listen(65536), () => listen({ port: '-1' })],
  ERR_INVALID_ARG_VALUE: [
    () => listen({}),
    () => listen('/tmp/a\0b'),
    () => listen({ path: '\0name', writableAll: true }),
    () => listen({ handle: {} }),
  ],
  ERR_INVALID_ARG_TYPE: [() => listen({ port: 0, host: 5 }), () => listen({ port: 0, signal: {} })],
  ERR_OUT_OF_RANGE: [() => listen({ fd: 1.5 }), () => listen({ fd: 2 ** 31 })],
  ERR_SOCKET_HANDLE_ADOPTED: [() => listen(adopted())],
  EADDRINUSE: [async () => listen(await place())],
  EADDRNOTAVAIL: [() => listen({ port: 0, host: '203.0.113.1' })],
  EACCES: [() => listen('/no/such/folder/socket')],
  ENAMETOOLONG: [() => listen(tooLong)],
  ENOTFOUND: [() => answering(failedLookup('ENOTFOUND'), () => listen({ port: 0, host: 'service.example' }))],
  EAI_AGAIN: [() => answering(failedLookup('EAI_AGAIN'), () => listen({ port: 0, host: 'service.example' }))],
  ERR_INVALID_IP_ADDRESS: [() => answering([null, 'nowhere', 4], () => listen({ port: 0, host: 'service.example' }))],
};

const connectBy = (...answer) => connect({ port: 1, host: 'service.example', lookup: lookup(...answer) });

const CONNECT = {
  ERR_MISSING_ARGS: [() => connect({}), () => connect()],
  ERR_SOCKET_BAD_PORT: [() => connect(65536), () => connect({ port: 1, localPort: 65536 })],
  ERR_INVALID_ARG_TYPE: [() => connect({ port: {} }), () => connect({ port: 1, lookup: 1 })],
  ERR_INVALID_ARG_VALUE: [
    () => connect('/tmp/a\0b'),
    () => connect({ port: 1, family: 5 }),
    () => connect({ port: 1, hints: 2 ** 20 }),
    () => new net.Stream({ handle: new net.BoundSocket() }).connect({ port: 1, host: '127.0.0.1', localPort: 1024 }),
  ],
  ERR_INVALID_IP_ADDRESS: [
    () => connect({ port: 1, localAddress: 'localhost' }),
    () => connectBy(null, 'nowhere', 4),
  ],
  ERR_INVALID_ADDRESS_FAMILY: [() => connectBy(null, '127.0.0.1', 5)],
  ERR_OUT_OF_RANGE: [() => connect({ port: 1, autoSelectFamilyAttemptTimeout: 0 })],
  ECONNREFUSED: [() => connect(1, '127.0.0.1')],
  ENOENT: [() => connect(path.join(scratch(), 'socket'))],
  ENOTFOUND: [() => connectBy(...failedLookup('ENOTFOUND'))],
  EAI_AGAIN: [() => connectBy(...failedLookup('EAI_AGAIN'))],
  ERR_IP_BLOCKED: [
    () => {
      const blockList = new net.BlockList();
      blockList.addAddress('127.0.0.1');
      return new net.Stream({ blockList }).connect(1, '127.0.0.1');
    },
  ],
  EALREADY: [() => connect(1, '127.0.0.1').connect(1, '127.0.0.1')],
  EISCONN: [
    async () => {
      const { port, host } = await place();
      const stream = connect(port, host);
      await new Promise((resolve) => stream.once('connect', resolve));
      return stream.connect(port, host);
    },
  ],
};

const { key, cert } = identity('selfSigned');
const other = identity('cnOnly');
const odd = generateKeyPairSync('ed448').privateKey;
const create = (options) => () => net.createCredentials(options);

const CREDENTIALS = {
  ERR_INVALID_ARG_TYPE: [create({ ciphers: 1 }), create({ ca: 1 })],
  ERR_OUT_OF_RANGE: [create({ sessionTimeout: -1 }), create({ ALPNProtocols: [''] })],
  ERR_INVALID_ARG_VALUE: [
    create({ key }),
    create({ ca: 'nothing' }),
    create({ sigalgs: 'nothing' }),
    create({ ticketKeys: Buffer.alloc(47) }),
    create({ keylog: '/no/such/folder/log' }),
    create({ ALPNProtocols: Buffer.from([2, 1]) }),
    create({ contexts: { 'example.org': {} } }),
    create({ pskCallback: () => null }),
  ],
  ERR_OSSL_UNSUPPORTED: [create({ key: odd.export({ type: 'pkcs8', format: 'pem' }), cert })],
  ERR_OSSL_ASN1_WRONG_TAG: [create({ key, cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' })],
  ERR_OSSL_PEM_NO_START_LINE: [create({ key, cert: key })],
  ERR_OSSL_PEM_BAD_BASE64_DECODE: [create({ key, cert: '-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n' })],
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: [create({ key, cert: other.cert })],
  ERR_CRYPTO_OPERATION_FAILED: [
    create({ pfx: Buffer.from('nothing') }),
    create({ crl: 'nothing' }),
    create({ ecdhCurve: 'nothing' }),
  ],
  ERR_SSL_NO_CIPHER_MATCH: [create({ ciphers: 'nothing' })],
  ERR_TLS_INVALID_PROTOCOL_VERSION: [create({ maxVersion: 'TLSv1.1' })],
  ERR_TLS_INVALID_PROTOCOL_METHOD: [create({ secureProtocol: 'TLSv1_method' })],
  ERR_TLS_PROTOCOL_VERSION_CONFLICT: [create({ secureProtocol: 'TLS_method', minVersion: 'TLSv1.2' })],
  ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED: [create({ privateKeyEngine: 'nothing' })],
};

/** Listed, and not brought about here: they take time, or keys and lists that have tests of their own. */
const ELSEWHERE = ['ETIMEDOUT', 'ERR_MISSING_PASSPHRASE', 'ERR_OSSL_BAD_DECRYPT', 'CRL_HAS_EXPIRED'];

describe.each([
  ['Server', 'listen', LISTEN],
  ['Stream', 'connect', CONNECT],
  ['net', 'createCredentials', CREDENTIALS],
])('%s.%s()', (owner, name, cases) => {
  test('each code in the table is tried, and no other', () => {
    expect(Object.keys(cases).sort()).toEqual(listedIn(owner, name).filter((code) => !ELSEWHERE.includes(code)));
  });

  test.each(Object.entries(cases))('%s', async (code, attempts) => {
    for (const attempt of attempts) expect(await codeOf(attempt)).toBe(code);
  });
});
