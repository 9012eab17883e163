'use strict';

// Servers of tls and https whose key and certificate are in files that change.

const { once } = require('events');
const fs = require('fs');
const tls = require('tls');
const https = require('../../https');
const ours = require('../../tls');
const { child, destroyAtEnd, listening, scratch, thrown } = require('../helpers');
const { identity, keyPairIn, parsed, writeKeyPair } = require('../tls/pki');

const fingerprint = (name) => parsed(name).fingerprint256;

const files = (name) => keyPairIn(scratch(), name);

/** A client of Node's own: the certificate that it is shown, and whether `session` was resumed. */
async function visit(server, session) {
  const { port } = server.address();
  const client = destroyAtEnd(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, session }));
  const given = once(client, 'session');
  await once(client, 'secureConnect');
  const [ticket] = await given;
  const shown = client.getPeerX509Certificate()?.fingerprint256;
  return { shown, ticket, isReused: client.isSessionReused() };
}

test.each([['tls', ours.createServer], ['https', https.createServer]])('%s', async (_name, createServer) => {
  const paths = files('direct');
  const made = createServer({ ...paths, watch: { interval: 5 } });
  const server = await listening(made);
  made.on('secureConnection', (socket) => destroyAtEnd(socket).on('error', () => {}));
  const before = await visit(server);
  expect(before).toMatchObject({ shown: fingerprint('direct'), isReused: false });
  const replaced = once(made, 'secureContextReplaced');
  writeKeyPair(paths, 'p256');
  await replaced;
  expect((await visit(server)).shown).toBe(fingerprint('p256'));
  // The guide "TLS operations" reads there when it expires.
  if (createServer === ours.createServer) expect(String(made.cert)).toBe(identity('p256').cert);
  expect((await visit(server, before.ticket)).isReused).toBe(true);
  const refused = once(made, 'secureContextError');
  fs.writeFileSync(paths.keyFile, identity('p384').key);
  const [error] = await refused;
  expect(error.code).toBe('ERR_OSSL_X509_KEY_VALUES_MISMATCH');
  expect((await visit(server)).shown).toBe(fingerprint('p256'));
});

test('what is wrong at first throws', () => {
  expect(thrown(() => ours.createServer({ certFile: '/nowhere' })).code).toBe('ENOENT');
  expect(thrown(() => ours.createServer({ ...files('direct'), cert: 'x' })).code).toBe('ERR_INVALID_ARG_VALUE');
});

test('what a listener throws is an uncaught exception', async () => {
  const paths = files('direct');
  const script = `
    const server = require(process.argv[1] + '/tls').createServer({ ...${JSON.stringify(paths)}, watch: { interval: 5 } });
    server.on('secureContextReplaced', () => { throw new Error('thrown by a listener'); });
    process.on('unhandledRejection', ({ message }) => console.log('a rejection:', message));
    process.on('uncaughtException', ({ message }) => {
      console.log(message);
      process.exit();
    });
    console.log('ready');
    process.stdin.resume();
  `;
  const { lines, process } = child(script);
  expect((await lines.next()).value).toBe('ready');
  writeKeyPair(paths, 'p256');
  expect((await lines.next()).value).toBe('thrown by a listener');
  process.kill();
});
