'use strict';

// D19, and node:tls: an option that restricts what TLS may do is honoured, or throws; none is ignored in silence. The
// table of all options of node:tls is in docs/reliability.md, "Handshakes and hostile peers".

const { constants } = require('crypto');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const net = require('../..');
const { destroyAtEnd, failure, listening, record, scratch, thrown } = require('../helpers');
const {
  CLIENT,
  SERVER,
  greeter,
  secureClient,
  secureServer,
  tlsClient,
  tlsServer,
  tolerantServer,
  visit,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { identity } = require('./pki');

const WRONG_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** The code that `run` throws, or null. */
function code(run) {
  try {
    run();
    return null;
  } catch (error) {
    return error.code ?? error.name;
  }
}

describe('checkServerIdentity', () => {
  /** A function that notes what it is called with and returns `verdict`. */
  const spy = (verdict) => jest.fn(() => verdict);

  /** Links of the chain as a list of fingerprints, up to the first that is not there. */
  function fingerprints(certificate) {
    const found = [];
    for (let link = certificate; link && !found.includes(link.fingerprint256); link = link.issuerCertificate) {
      found.push(link.fingerprint256);
    }
    return found;
  }

  test('is called as in node:tls: the name, the certificate, its issuers', async () => {
    const server = await tlsServer();
    const [ours, theirs] = [spy(), spy()];
    const client = secureClient(server, { ...CLIENT, checkServerIdentity: ours }, { servername: 'localhost' });
    await once(client, 'secure');
    const options = { checkServerIdentity: theirs, servername: 'localhost', rejectUnauthorized: true };
    await once(tlsClient(server, options), 'secureConnect');
    const [[[name, certificate]], [[theirName, theirCertificate]]] = [ours.mock.calls, theirs.mock.calls];
    expect(name).toBe(theirName);
    const { issuerCertificate, ...own } = certificate;
    const { issuerCertificate: theirIssuer, ...theirOwn } = theirCertificate;
    expect(own).toEqual(theirOwn);
    // Node adds the root from its own list.
    const sent = fingerprints(certificate);
    expect(sent.length).toBe(2);
    expect(fingerprints(theirCertificate).slice(0, sent.length)).toEqual(sent);
    expect(issuerCertificate.subject).toEqual(theirIssuer.subject);
  });

  test('an address, a path: the name is what was connected to, or localhost', async () => {
    const server = await tlsServer();
    const check = spy();
    await once(secureClient(server, { ...CLIENT, checkServerIdentity: check }), 'secure');
    const file = path.join(scratch(), 'socket');
    const local = tls.createServer(SERVER);
    await listening(local, file);
    const client = destroyAtEnd(net.connect(file)).setSecure({ ...CLIENT, checkServerIdentity: check });
    await once(client, 'secure');
    expect(check.mock.calls.map(([name]) => name)).toEqual(['127.0.0.1', 'localhost']);
  });

  test('its error is the verdict', async () => {
    const server = await tlsServer();
    for (const [wrong, expected] of [
      [Object.assign(new Error('pinned'), { code: 'PINNED' }), 'PINNED'],
      [new Error('pinned'), 'pinned'],
      ['pinned', 'pinned'],
      // An async function is a mistake, and no approval.
      [Promise.resolve(), expect.any(String)],
    ]) {
      const client = secureClient(server, { ...CLIENT, checkServerIdentity: () => wrong });
      await once(client, 'secure');
      expect([client.verifyPeer(), client.authorized, client.authorizationError]).toEqual([false, false, expected]);
    }
  });

  test('behind the gate, its error fails the handshake', async () => {
    const server = await tlsServer();
    const wrong = Object.assign(new Error('pinned'), { code: 'PINNED' });
    const client = secureClient(server, { ...CLIENT, rejectUnauthorized: true, checkServerIdentity: () => wrong });
    const seen = record(client, 'secure', 'data');
    expect(await failure(client)).toBe(wrong);
    expect(seen).toEqual([]);
  });

  test('decides about the name in the place of the check for it, as in node:tls, and about nothing else', async () => {
    const [server, untrusted] = [await tlsServer(), await tlsServer(identity('unknownIssuer'))];
    for (const rejectUnauthorized of [false, true]) {
      const check = spy();
      const options = { ...CLIENT, rejectUnauthorized, checkServerIdentity: check, servername: 'other.test' };
      const client = secureClient(server, options);
      await once(client, 'secure');
      expect([client.verifyPeer(), check.mock.calls.length]).toEqual([true, 1]);
    }
    const check = spy();
    const client = secureClient(untrusted, { ...CLIENT, checkServerIdentity: check });
    await once(client, 'secure');
    expect([client.verifyPeer(), check.mock.calls.length]).toEqual([false, 0]);
    const plain = secureClient(server, { ...CLIENT, servername: 'other.test' });
    await once(plain, 'secure');
    expect(plain.authorizationError).toBe(WRONG_NAME);
  });

  test('is called in a resumed handshake, too', async () => {
    const server = await greeter(SERVER);
    const check = jest.fn(() => undefined);
    const credentials = net.createCredentials({ ...CLIENT, checkServerIdentity: check });
    expect((await visit(server, credentials)).isSessionReused()).toBe(false);
    check.mockImplementation(() => new Error('pinned'));
    const again = await visit(server, credentials);
    expect([again.isSessionReused(), again.authorizationError]).toEqual([true, 'pinned']);
  });

  test('is not called on a server', async () => {
    const check = spy();
    await withTlsClient({ ...SERVER, ...CLIENT, requestCert: true, checkServerIdentity: check }, identity('p256Client'));
    expect(check).not.toHaveBeenCalled();
  });
});

describe('versions', () => {
  const METHODS = ['TLS_method', 'TLS_client_method', 'TLS_server_method', 'SSLv23_method', 'TLSv1_2_method'];

  test.each(METHODS)('secureProtocol %s: the newest version is that of node:tls', async (secureProtocol) => {
    const server = await tlsServer();
    const client = secureClient(server, { ...CLIENT, secureProtocol });
    await once(client, 'secure');
    const side = secureProtocol.includes('server') ? {} : { secureProtocol };
    const theirs = tlsClient(server, side);
    await once(theirs, 'secureConnect');
    expect(client.getProtocol()).toBe(theirs.getProtocol());
  });

  test.each([
    ['nope'],
    ['TLSv1_3_method'],
    ['SSLv2_method'],
    ['SSLv3_client_method'],
    ['TLS_method', { minVersion: 'TLSv1.2' }],
    ['TLSv1_2_method', { maxVersion: 'TLSv1.3' }],
  ])('secureProtocol %s %j throws as in node:tls', (secureProtocol, versions = {}) => {
    const options = { ...versions, secureProtocol };
    const expected = code(() => tls.createSecureContext(options));
    expect(expected).toMatch(/^ERR_TLS_/);
    expect(code(() => net.createCredentials(options))).toBe(expected);
  });

  test.each(['TLSv1_method', 'TLSv1_1_server_method'])('secureProtocol %s can not be had', (secureProtocol) => {
    expect(code(() => net.createCredentials({ secureProtocol }))).toBe('ERR_TLS_INVALID_PROTOCOL_METHOD');
  });

  test('secureOptions: SSL_OP_NO_TLSv1_2 and SSL_OP_NO_TLSv1_3', async () => {
    const server = await tlsServer();
    const { SSL_OP_NO_TLSv1_2, SSL_OP_NO_TLSv1_3 } = constants;
    const client = secureClient(server, { ...CLIENT, secureOptions: SSL_OP_NO_TLSv1_3 });
    await once(client, 'secure');
    expect(client.getProtocol()).toBe('TLSv1.2');
    const old = await tlsServer({ ...SERVER, maxVersion: 'TLSv1.2' });
    const strict = secureClient(old, { ...CLIENT, secureOptions: SSL_OP_NO_TLSv1_2 });
    expect((await failure(strict)).code).toMatch(/^ERR_SSL_/);
    for (const options of [
      { secureOptions: SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3 },
      { secureOptions: SSL_OP_NO_TLSv1_2, maxVersion: 'TLSv1.2' },
      { secureOptions: SSL_OP_NO_TLSv1_3, minVersion: 'TLSv1.3' },
    ]) {
      expect(code(() => net.createCredentials(options))).toBe('ERR_TLS_INVALID_PROTOCOL_VERSION');
    }
  });
});

test('secureOptions: SSL_OP_NO_TICKET, no session is resumed', async () => {
  const server = await greeter(net.createCredentials({ ...SERVER, secureOptions: constants.SSL_OP_NO_TICKET }));
  const credentials = net.createCredentials(CLIENT);
  await visit(server, credentials);
  expect((await visit(server, credentials)).isSessionReused()).toBe(false);
});

test('secureOptions: every bit that Node names is known, others throw', () => {
  for (const name of Object.keys(constants).filter((name) => name.startsWith('SSL_OP_'))) {
    expect([name, code(() => net.createCredentials({ secureOptions: constants[name] }))]).toEqual([name, null]);
  }
  for (const [secureOptions, expected] of [
    [1, 'ERR_INVALID_ARG_VALUE'],
    [2 ** 40, 'ERR_INVALID_ARG_VALUE'],
    [-1, 'ERR_INVALID_ARG_VALUE'],
    [1.5, 'ERR_OUT_OF_RANGE'],
    ['1', 'ERR_INVALID_ARG_TYPE'],
  ]) {
    expect(code(() => net.createCredentials({ secureOptions }))).toBe(expected);
  }
});

describe('sigalgs', () => {
  test('are all that is offered, on either side', async () => {
    const [, theirs] = await withTlsServer(SERVER, { ...CLIENT, sigalgs: 'ECDSA+SHA256:rsa_pss_rsae_sha512' });
    expect(theirs.getSharedSigalgs()).toEqual(['ECDSA+SHA256', 'RSA-PSS+SHA512']);
  });

  test('a peer that can sign in none of them fails, whichever side it is', async () => {
    const server = await tlsServer();
    const client = secureClient(server, { ...CLIENT, sigalgs: 'RSA-PSS+SHA256' });
    expect((await failure(client)).code).toMatch(/^ERR_SSL_/);
    const strict = await tolerantServer({ ...SERVER, sigalgs: 'ECDSA+SHA384' });
    const theirs = tlsClient(strict);
    const [error] = await once(theirs, 'error');
    expect(error.code).toMatch(/^ERR_SSL_|^ECONNRESET$/);
  });

  test.each(['nope', 'ECDSA+SHA256:nope', 'ed448', ''])('%j throws', (sigalgs) => {
    const { code, message } = thrown(() => net.createCredentials({ sigalgs }));
    expect([code, message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining('options.sigalgs')]);
  });
});

describe('ecdhCurve', () => {
  test.each([['P-384', 'secp384r1'], ['secp256r1:P-384', 'prime256v1'], ['X25519', 'X25519'], ['auto', 'X25519']])(
    '%s',
    async (ecdhCurve, name) => {
      const [, theirs] = await withTlsClient({ ...SERVER, ecdhCurve }, { ecdhCurve: 'X25519:P-256:P-384' });
      expect(theirs.getEphemeralKeyInfo().name).toBe(name);
    },
  );

  test('nothing in common fails the handshake', async () => {
    const server = await tlsServer({ ...SERVER, ecdhCurve: 'P-384' });
    const client = secureClient(server, { ...CLIENT, ecdhCurve: 'X25519' });
    expect((await failure(client)).code).toMatch(/^ERR_SSL_/);
  });

  test.each(['nope', 'X25519:nope', '', 5])('%j throws as in node:tls', (ecdhCurve) => {
    const expected = code(() => tls.createSecureContext({ ecdhCurve }));
    expect(code(() => net.createCredentials({ ecdhCurve }))).toBe(expected);
  });
});

test.each([[true, 'TLS_AES_256_GCM_SHA384'], [false, 'TLS_AES_128_GCM_SHA256']])('honorCipherOrder: %s', async (honorCipherOrder, cipher) => {
  const ciphers = 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256';
  const options = { ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384' };
  const [ours] = await withTlsClient({ ...SERVER, ciphers, honorCipherOrder }, options);
  expect(ours.getCipher().name).toBe(cipher);
});

test('sessionIdContext: sessions of another context are not resumed, whatever keys it has', async () => {
  const ticketKeys = Buffer.alloc(48, 7);
  const server = (sessionIdContext) => greeter(net.createCredentials({ ...SERVER, ticketKeys, sessionIdContext }));
  const [one, same, other] = [await server('one'), await server('one'), await server('other')];
  const reused = async (...servers) => {
    const credentials = net.createCredentials({ ...CLIENT, servername: 'localhost' });
    let last;
    for (const server of servers) last = await visit(server, credentials);
    return last.isSessionReused();
  };
  expect([await reused(one, same), await reused(one, other)]).toEqual([true, false]);
  expect(code(() => net.createCredentials({ sessionIdContext: 5 }))).toBe('ERR_INVALID_ARG_TYPE');
});

describe('all options of node:tls', () => {
  const noop = () => {};

  test.each([
    ['ALPNCallback', noop, 'ERR_INVALID_ARG_VALUE'],
    ['allowPartialTrustChain', true, 'ERR_INVALID_ARG_VALUE'],
    ['clientCertEngine', 'engine', 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED'],
    ['privateKeyEngine', 'engine', 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED'],
    ['privateKeyIdentifier', 'key', 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED'],
    ['pskCallback', noop, 'ERR_INVALID_ARG_VALUE'],
    ['pskIdentityHint', 'hint', 'ERR_INVALID_ARG_VALUE'],
    ['requestOCSP', true, 'ERR_INVALID_ARG_VALUE'],
    ['secureContext', tls.createSecureContext(), 'ERR_INVALID_ARG_VALUE'],
    ['checkServerIdentity', 5, 'ERR_INVALID_ARG_TYPE'],
    ['secureProtocol', 5, 'ERR_INVALID_ARG_TYPE'],
    ['minVersion', 'TLSv1.4', 'ERR_TLS_INVALID_PROTOCOL_VERSION'],
    ['maxVersion', 'TLSv1.1', 'ERR_TLS_INVALID_PROTOCOL_VERSION'],
    ['ciphers', 'AES256-SHA', 'ERR_SSL_NO_CIPHER_MATCH'],
    ['ticketKeys', Buffer.alloc(5), 'ERR_INVALID_ARG_VALUE'],
    ['sessionTimeout', -1, 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', 'soon', 'ERR_INVALID_ARG_TYPE'],
    ['rejectUnauthorized', 'yes', 'ERR_INVALID_ARG_TYPE'],
    ['requestCert', 1, 'ERR_INVALID_ARG_TYPE'],
    ['SNICallback', {}, 'ERR_INVALID_ARG_TYPE'],
    ['ALPNProtocols', 'h2', 'ERR_INVALID_ARG_TYPE'],
    ['crl', 'nope', 'ERR_CRYPTO_OPERATION_FAILED'],
    ['ca', 'nope', 'ERR_INVALID_ARG_VALUE'],
  ])('%s: what is not supported throws', (name, value, expected) => {
    const { code, message } = thrown(() => net.createCredentials({ [name]: value }));
    expect([code, message]).toEqual([expected, expect.stringMatching(name === 'secureProtocol' ? '' : name)]);
  });

  test.each([
    // There is no DHE, so that no group is too small.
    ['dhparam', 'auto'],
    ['minDHSize', 2048],
    // These restrict nothing.
    ['session', Buffer.alloc(5)],
    ['enableTrace', true],
    ['requestOCSP', false],
    ['allowPartialTrustChain', false],
    ['pskCallback', null],
    ['honorCipherOrder', true],
    ['minVersion', 'TLSv1.1'],
  ])('%s: %j restricts nothing more than what holds in any case', (name, value) => {
    expect(code(() => net.createCredentials({ [name]: value }))).toBe(null);
  });

  test('options of the credentials that stand in the wrong place throw', async () => {
    const client = secureClient(await secureServer(), CLIENT);
    client.destroy();
    const stream = destroyAtEnd(new net.Stream());
    for (const [name, value] of [['rejectUnauthorized', true], ['ca', []], ['checkServerIdentity', noop], ['minVersion', 'TLSv1.3']]) {
      const { code, message } = thrown(() => stream.setSecure(net.createCredentials(CLIENT), { [name]: value }));
      expect([code, message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining(name)]);
    }
  });

  test('the table in docs/reliability.md has them all', () => {
    const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'reliability.md'), 'utf8');
    const { OPTIONS } = require('../../lib/tls/credentials');
    for (const name of [...OPTIONS, 'dhparam', 'minDHSize', 'session', 'enableTrace']) expect(text).toContain(`\`${name}\``);
  });
});

test('every option is asked for once', () => {
  const asked = {};
  const options = new Proxy({ ...SERVER, ...CLIENT }, {
    get(target, name) {
      asked[name] = (asked[name] ?? 0) + 1;
      return Reflect.get(target, name);
    },
  });
  net.createCredentials(options);
  expect(Object.entries(asked).filter(([, count]) => count !== 1)).toEqual([]);
  expect(Object.keys(asked)).toEqual(expect.arrayContaining(['ca', 'cert', 'key', 'checkServerIdentity', 'rejectUnauthorized']));
});

test('options that are inherited from another object than Object.prototype count, as in node:tls', () => {
  for (const options of [Object.create({ ciphers: 'NOPE' }), Object.create(Object.assign(Object.create(null), { ciphers: 'NOPE' }))]) {
    expect(code(() => net.createCredentials(options))).toBe('ERR_SSL_NO_CIPHER_MATCH');
  }
});
