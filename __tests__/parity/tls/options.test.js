'use strict';

// Parity with node:tls: what wrong options give, and members without a connection.

const { notes, pki } = require('./compared');
const nodeTls = require('tls');
const tls = require('../../../tls');
const { thrown } = require('../../helpers');

/** What `run(module)` returns or throws must be the same for both modules. */
function both(title, run) {
  test(title, async () => {
    const outcome = (module) => notes((unused, note) => note(run(module)), module);
    expect(await outcome(tls)).toEqual(await outcome(nodeTls));
  });
}

const { key, cert } = pki.identity('p256');
const encrypted = pki.keyAs('p256', { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });

/** Options of createSecureContext that are wrong, or are not. */
const CONTEXTS = {
  'nothing': undefined,
  'null': null,
  'a key and a certificate': { key, cert },
  'a key of another certificate': { key: pki.identity('p384').key, cert },
  'a key that is none': { key: 'none', cert },
  'a certificate that is none': { key, cert: 'none' },
  'a certificate without a key': { cert },
  'a key without a certificate': { key },
  'a key that is a number': { key: 1, cert },
  'a key in a list that is a number': { key: [1], cert },
  'a certificate that is a number': { key, cert: 1 },
  'authorities that are a number': { ca: 1 },
  'authorities that are none': { ca: 'none' },
  'an empty list of authorities': { ca: [] },
  'an encrypted key without a passphrase': { key: encrypted, cert },
  'an encrypted key with another passphrase': { key: encrypted, cert, passphrase: 'guess' },
  'an encrypted key with its passphrase': { key: encrypted, cert, passphrase: 'secret' },
  'an encrypted key with its own passphrase': { key: [{ pem: encrypted, passphrase: 'secret' }], cert },
  'a passphrase that is a number': { key: encrypted, cert, passphrase: 1 },
  'an archive that is none': { pfx: Buffer.from('none') },
  'an archive that is a number': { pfx: 1 },
  'an unknown minVersion': { minVersion: 'TLSv9' },
  'an unknown maxVersion': { maxVersion: 'TLSv9' },
  'a minVersion that is a number': { minVersion: 1 },
  'versions the wrong way round': { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
  'old versions': { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
  'an unknown method': { secureProtocol: 'TLSv9_method' },
  'a method that is disabled': { secureProtocol: 'SSLv3_method' },
  'a method of TLS 1.2': { secureProtocol: 'TLSv1_2_method' },
  'a method and a version': { secureProtocol: 'TLSv1_2_method', minVersion: 'TLSv1.2' },
  'unknown cipher suites': { ciphers: 'none' },
  'cipher suites that are a number': { ciphers: 1 },
  'cipher suites that are a colon': { ciphers: ':' },
  'no cipher suites': { ciphers: '' },
  'an unknown curve': { ecdhCurve: 'none' },
  'a curve that is a number': { ecdhCurve: 1 },
  'a curve that rustls lacks': { ecdhCurve: 'P-521' },
  'unknown signature algorithms': { sigalgs: 'none' },
  'no signature algorithms': { sigalgs: '' },
  'signature algorithms that are a number': { sigalgs: 1 },
  'a revocation list that is none': { crl: 'none' },
  'a revocation list that is a number': { crl: 1 },
  'parameters that are none': { dhparam: 'none' },
  'parameters that are a number': { dhparam: 1 },
  'parameters of its own': { dhparam: 'auto' },
  'a sessionIdContext that is a number': { sessionIdContext: 1 },
  'a sessionTimeout that is text': { sessionTimeout: 'soon' },
  'a sessionTimeout that is negative': { sessionTimeout: -1 },
  'a sessionTimeout that is a fraction': { sessionTimeout: 1.5 },
  'ticket keys that are too short': { ticketKeys: Buffer.alloc(47) },
  'ticket keys that are text': { ticketKeys: 'x'.repeat(48) },
  'secureOptions that are text': { secureOptions: 'none' },
  'an engine that is a number': { clientCertEngine: 1 },
  'a key in an engine, without the engine': { privateKeyIdentifier: 'key' },
  'a key in an engine, and a key': { privateKeyIdentifier: 'key', privateKeyEngine: 'engine', key },
};

for (const [what, options] of Object.entries(CONTEXTS)) {
  both(`createSecureContext() of ${what}`, (module) => {
    const context = module.createSecureContext(options);
    return [context.constructor.name, context instanceof module.SecureContext, typeof context.context];
  });
}

both('options that are changed afterwards', (module) => {
  const options = { key, cert, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' };
  const context = module.createSecureContext(options);
  Object.assign(options, { key: 'none', ciphers: 'none' });
  return typeof context.context;
});

const refused = (run) => (module) => {
  const socket = run(module);
  socket.on('error', () => {}).destroy();
  return 'no error';
};

/** Options of connect(). */
const CONNECTIONS = {
  'checkServerIdentity that is text': { checkServerIdentity: 'none' },
  'minDHSize that is text': { minDHSize: 'none' },
  'minDHSize that is 0': { minDHSize: 0 },
  'minDHSize that is a half': { minDHSize: 0.5 },
  'ALPNProtocols with a long name': { ALPNProtocols: ['a'.repeat(256)] },
  'a session that is a number': { session: 1 },
  'a session that is an object': { session: {} },
  'a session that is an ArrayBuffer': { session: new ArrayBuffer(3) },
  'a session that is a view': { session: new DataView(new ArrayBuffer(3)) },
  'ALPNProtocols with a number': { ALPNProtocols: [1] },
  'ALPNProtocols that are a view': { ALPNProtocols: new DataView(new Uint8Array([1, 97]).buffer) },
  'enableTrace that is text': { enableTrace: 'yes' },
  'a port that is text': { port: 'none' },
  'no port': { port: undefined },
};

for (const [what, options] of Object.entries(CONNECTIONS)) {
  both(`connect() with ${what}`, refused((module) => module.connect({ port: 1, host: '127.0.0.1', ...options })));
}

// node:tls names no code for the first, and of the others, Node 20 and 22 abort the process.
test.each([
  ['text', 'h2', 'ERR_INVALID_ARG_TYPE', 'Must give a Buffer as first argument'],
  ['true', true, 'ERR_INVALID_ARG_TYPE', 'Must give a Buffer as first argument'],
  ['cut short', Buffer.from([2, 97]), 'ERR_INVALID_ARG_VALUE', /contains truncated protocol/],
  ['without a name', Buffer.from([1, 97, 0]), 'ERR_INVALID_ARG_VALUE', /must not contain zero-length protocol/],
])('connect() with ALPNProtocols that are %s throws at once', (_, ALPNProtocols, code, message) => {
  const outcome = thrown(() => tls.connect({ port: 1, host: '127.0.0.1', ALPNProtocols }));
  expect(outcome).toMatchObject({ name: 'TypeError', code, message: expect.stringMatching(message) });
});

test.each([[1], [{}], [null], [true]])('setSession(%j) throws at once', (session) => {
  for (const module of [tls, nodeTls]) {
    const socket = module.connect({ port: 1, host: '127.0.0.1' }).on('error', () => {});
    const outcome = thrown(() => socket.setSession(session));
    expect(outcome).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: 'Session must be a buffer' });
    socket.destroy();
  }
});

/** Options of createServer(). */
const SERVERS = {
  'text': 'none',
  'a number': 1,
  'null': null,
  'ALPNCallback and ALPNProtocols': { ALPNCallback() {}, ALPNProtocols: ['a'] },
  'handshakeTimeout that is text': { handshakeTimeout: 'soon' },
  'SNICallback that is text': { SNICallback: 'none' },
  'pskCallback that is text': { pskCallback: 'none' },
  'pskIdentityHint that is a number': { pskCallback() {}, pskIdentityHint: 1 },
  'a key of another certificate': { key: pki.identity('p384').key, cert },
};

for (const [what, options] of Object.entries(SERVERS)) {
  both(`createServer() with ${what}`, (module) => module.createServer(options).constructor.name);
}

both('what a server shows of its options', (module) => {
  const { requestCert, rejectUnauthorized, ALPNProtocols, honorCipherOrder, sessionIdContext, minVersion, _contexts } =
    module.createServer({ key, cert, ALPNProtocols: ['a', 'bc'], minVersion: 'TLSv1.3', requestCert: true });
  const shown = { requestCert, rejectUnauthorized, honorCipherOrder, sessionIdContext, minVersion, _contexts };
  return [shown, ALPNProtocols.toString('latin1')];
});

both('addContext() without a name', (module) => module.createServer({ key, cert }).addContext('', {}));

both('setTicketKeys() with too few bytes', (module) => {
  try {
    module.createServer({ key, cert }).setTicketKeys(Buffer.alloc(47));
  } catch ({ message }) {
    return message.split('\n')[0];
  }
  return 'no error';
});

both('setTicketKeys() with text', (module) => module.createServer({ key, cert }).setTicketKeys('x'));

both('setSecureContext() with text', (module) => module.createServer({ key, cert }).setSecureContext('x'));

both('the members of the module', (module) => {
  // `isAccelerated` is rust-net's own.
  const isCompared = (name) => !name.startsWith('DEFAULT_') && name !== 'isAccelerated';
  return Object.keys(module).filter(isCompared).sort();
});

both('the defaults of the module', (module) => {
  const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION } = module;
  return { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION };
});

both('defaults that are assigned hold for both', (module) => {
  const { DEFAULT_MAX_VERSION } = module;
  module.DEFAULT_MAX_VERSION = 'TLSv9';
  try {
    module.createSecureContext();
    return 'no error';
  } catch ({ code, message }) {
    return [code, message];
  } finally {
    module.DEFAULT_MAX_VERSION = DEFAULT_MAX_VERSION;
  }
});

both('the members of TLSSocket', (module) => {
  const names = Object.getOwnPropertyNames(module.TLSSocket.prototype);
  return names.filter((name) => !OURS.includes(name)).sort();
});

/** What ours has beside, and what belongs to OpenSSL's handle. */
const OURS = ['tlsEngine', 'connect', '_destroy', '_wrapHandle', '_tlsError'];

both('the members of Server', (module) => Object.getOwnPropertyNames(module.Server.prototype).sort());

/** Members of a socket that is not connected. */
const CALLS = {
  getPeerCertificate: [],
  getCertificate: [],
  getCipher: [],
  getProtocol: [],
  getSession: [],
  isSessionReused: [],
  getEphemeralKeyInfo: [],
  getSharedSigalgs: [],
  getPeerX509Certificate: [],
  getX509Certificate: [],
  exportKeyingMaterial: [10, 'label'],
  setServername: [1],
  setMaxSendFragment: ['x'],
  renegotiate: [null],
};

for (const [name, args] of Object.entries(CALLS)) {
  both(`${name}() of a socket that is destroyed`, (module) => {
    const socket = module.connect({ port: 1, host: '127.0.0.1' });
    socket.on('error', () => {}).destroy();
    return socket[name](...args);
  });
}
