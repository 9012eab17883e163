'use strict';

// Handshakes that fail, played with node:tls on both sides and with ours on each: the codes are the same.

const { once } = require('events');
const tls = require('tls');
const { createCredentials } = require('../../..');
const net = require('../../../node');
const pki = require('../pki');
const { begin, nativeCredentials } = require('./pairs');

const identity = pki.identity('rsa2048');
const root = pki.certificate('root');

/** OpenSSL renamed some alerts in version 3.2; the engine has their older names. */
const named = ({ code }) => code.replace('SSL/TLS_ALERT', 'SSLV3_ALERT');

/** `options` of a server and a client of node:tls; with `ours`, one side is ours. Returns the codes of both. */
async function play(serverOptions, clientOptions, ours) {
  const listener = ours === 'server' ? net.createServer() : tls.createServer({ ...identity, ...serverOptions });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  const server = ours === 'server' ? ourServer(listener, serverOptions) : nodesServer(listener);
  const client = ours === 'client' ? ourClient(port, clientOptions) : nodesClient(port, clientOptions);
  const codes = { server: await server, client: await client };
  listener.close();
  return codes;
}

async function nodesServer(listener) {
  const [error] = await once(listener, 'tlsClientError');
  return named(error);
}

async function ourServer(listener, { requireCert, ...options }) {
  const [stream] = await once(listener, 'connection');
  const credentials = createCredentials({ ...identity, ...options, rejectUnauthorized: false });
  const side = begin(stream, credentials, {
    isServer: true,
    asksAlways: requireCert,
    answer(_question, transport) {
      transport.answerName(requiring(options));
    },
  });
  return side.done.catch(named);
}

/** As node:tls has it with `requestCert` and `rejectUnauthorized`, in the handshake. */
function requiring({ maxVersion }) {
  return nativeCredentials({
    identities: [{ key: pki.keyAs('rsa2048', { format: 'der', type: 'pkcs8' }), cert: Buffer.from(identity.cert) }],
    requestCert: true,
    requireCert: true,
    maxVersion,
  });
}

async function nodesClient(port, options) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options });
  socket.resume();
  const [error] = await once(socket, 'error');
  return named(error);
}

async function ourClient(port, options) {
  const stream = net.connect(port, '127.0.0.1');
  const failed = once(stream, 'error');
  await once(stream, 'connect');
  stream.setSecure(createCredentials({ ca: root, ...options }), { servername: 'localhost' });
  stream.resume();
  return named((await failed)[0]);
}

const [TLS12, TLS13] = [{ maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }];
const CASES = [
  [
    'no shared cipher, under TLS 1.2',
    { ...TLS12, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
    { ...TLS12, ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' },
  ],
  ['no shared cipher, under TLS 1.3', { ...TLS13, ciphers: 'TLS_AES_128_GCM_SHA256' }, { ...TLS13, ciphers: 'TLS_AES_256_GCM_SHA384' }],
  ['no cipher for the key', TLS12, { ...TLS12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }],
  ['a client that is too old', TLS13, TLS12],
  ['a client that is too new', TLS12, TLS13],
  ['no shared group', { ...TLS13, ecdhCurve: 'X25519' }, { ...TLS13, ecdhCurve: 'P-256' }],
  ['no shared signature algorithm', { ...TLS13, sigalgs: 'RSA-PSS+SHA256' }, { ...TLS13, sigalgs: 'RSA-PSS+SHA512' }],
  [
    'no shared signature algorithm, under TLS 1.2',
    { ...TLS12, sigalgs: 'RSA-PSS+SHA256' },
    { ...TLS12, sigalgs: 'RSA-PSS+SHA512' },
  ],
  ['no protocol in common', { ALPNProtocols: ['a'] }, { ALPNProtocols: ['b'] }],
];

describe.each(CASES)('%s', (_, serverOptions, clientOptions) => {
  test.each(['server', 'client'])('with our %s', async (ours) => {
    expect(await play(serverOptions, clientOptions, ours)).toEqual(await play(serverOptions, clientOptions));
  });
});

test('no certificate, where one is required', async () => {
  const required = { requestCert: true, requireCert: true, rejectUnauthorized: true, ca: root };
  const expected = await play(required, {});
  expect(await play(required, {}, 'server')).toEqual(expected);
  expect(await play(required, {}, 'client')).toEqual(expected);
});

// OpenSSL would go on with suites that rustls does not have.
test.each([
  ['a client of TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, 'UNSUPPORTED_PROTOCOL', 'TLSV1_ALERT_PROTOCOL_VERSION'],
  ['a client with RSA key exchange only', { ...TLS12, ciphers: 'AES128-GCM-SHA256' }, 'NO_SHARED_CIPHER', 'SSLV3_ALERT_HANDSHAKE_FAILURE'],
  ['a client with DHE only', { ...TLS12, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }, 'NO_SHARED_CIPHER', 'SSLV3_ALERT_HANDSHAKE_FAILURE'],
])('%s', async (_, options, atServer, atClient) => {
  expect(await play({}, options, 'server')).toEqual({ server: `ERR_SSL_${atServer}`, client: `ERR_SSL_${atClient}` });
});
