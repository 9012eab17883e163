'use strict';

// What was agreed on, as node:tls shows it of the same options.

const { once } = require('events');
const tls = require('tls');
const { createCredentials } = require('../../..');
const net = require('../../../node');
const pki = require('../pki');
const { begin, close, connected, secured } = require('./pairs');

// Under TLS 1.2, OpenSSL shows a certificate with a key on a curve only to clients that take the curve.
const identity = pki.identity('rsa2048');
const serverCredentials = createCredentials(identity);

describe.each(['X25519', 'P-256', 'P-384'])('the key exchange of %s', (ecdhCurve) => {
  test.each(['TLSv1.2', 'TLSv1.3'])('is described as in node:tls, under %s', async (maxVersion) => {
    const listener = tls.createServer({ ...identity, ecdhCurve: 'auto' }, (socket) => socket.on('error', () => {}));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address();
    const theirs = tls.connect({ port, ecdhCurve, maxVersion, rejectUnauthorized: false });
    await once(theirs, 'secureConnect');
    const stream = net.connect(port, '127.0.0.1');
    await once(stream, 'connect');
    const side = begin(stream, createCredentials({ ca: identity.cert, ecdhCurve, maxVersion }), {}, 'localhost');
    expect({ ...(await side.done).ephemeralKey }).toEqual(theirs.getEphemeralKeyInfo());
    stream.destroy();
    theirs.destroy();
    listener.close();
  });
});

test('what is more than ECDH has a type and a name', async () => {
  const ecdhCurve = 'X25519MLKEM768';
  const clientCredentials = createCredentials({ ca: identity.cert, ecdhCurve });
  const pair = await secured({ clientCredentials, serverCredentials });
  // As in node:tls 24. Older versions, which know no such type, have an empty object.
  expect({ ...pair.client.agreement.ephemeralKey }).toEqual({ type: 'TLSGroup', name: ecdhCurve });
  close(pair);
});

test('a session that is resumed under TLS 1.2 has had no key exchange', async () => {
  const clientCredentials = createCredentials({ ca: identity.cert, maxVersion: 'TLSv1.2' });
  const first = await secured({ clientCredentials, serverCredentials });
  close(first);
  const second = await secured({ clientCredentials, serverCredentials });
  expect(second.client.agreement).toMatchObject({ isResumed: true });
  expect(second.client.agreement.ephemeralKey).toBeUndefined();
  close(second);
});

describe('shared signature algorithms', () => {
  const LIST = 'RSA+SHA256:ECDSA+SHA256:RSA-PSS+SHA384';

  /** What the server finds, ours and that of node:tls, with a client of node:tls. */
  async function found(serverOptions, clientOptions) {
    const options = { rejectUnauthorized: false, ...clientOptions };
    const listener = tls.createServer({ ...identity, ...serverOptions }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const socket = tls.connect({ port: listener.address().port, ...options });
    const [theirs] = await once(listener, 'secureConnection');
    const expected = theirs.getSharedSigalgs();
    socket.destroy();
    theirs.destroy();
    listener.close();
    const { client, server } = await connected();
    const side = begin(server, createCredentials({ ...identity, ...serverOptions }), { isServer: true });
    const again = tls.connect({ socket: client, ...options });
    const { sharedSigalgs } = await side.done;
    again.destroy();
    server.destroy();
    return { ours: sharedSigalgs, theirs: expected };
  }

  test.each([
    ['in the order of the server', { sigalgs: LIST }, {}],
    ['of the client, in the order of the server', {}, { sigalgs: LIST }],
    [
      'in the order of the client, where it prevails',
      { honorCipherOrder: false, sigalgs: LIST },
      { sigalgs: 'RSA-PSS+SHA384:ECDSA+SHA256' },
    ],
  ])('%s', async (_, serverOptions, clientOptions) => {
    const { ours, theirs } = await found(serverOptions, clientOptions);
    expect(ours).toEqual(theirs);
  });

  test('by default, those that both have, each once', async () => {
    const { ours, theirs } = await found({}, {});
    expect(theirs).toEqual(expect.arrayContaining(ours));
    expect(ours).toEqual([
      'ECDSA+SHA256',
      'ECDSA+SHA384',
      'ECDSA+SHA512',
      'Ed25519+UNDEF',
      'RSA-PSS+SHA256',
      'RSA-PSS+SHA384',
      'RSA-PSS+SHA512',
      'RSA+SHA256',
      'RSA+SHA384',
      'RSA+SHA512',
    ]);
  });
});

test('records are as small as `setMaxSendFragment` wants them', async () => {
  const { client, server } = await connected();
  const side = begin(server, serverCredentials, { isServer: true });
  const sizes = [];
  const socket = tls.connect({ socket: client, rejectUnauthorized: false });
  await Promise.all([once(socket, 'secureConnect'), side.done]);
  socket.on('data', (chunk) => sizes.push(chunk.length));
  expect(side.transport.setMaxSendFragment(511)).toBe(false);
  expect(side.transport.setMaxSendFragment(512)).toBe(true);
  server.end(Buffer.alloc(5000));
  await once(socket, 'end');
  // OpenSSL hands on a record at a time.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(512);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(5000);
  socket.destroy();
});
