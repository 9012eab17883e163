'use strict';

// What an idle connection holds of its handshake: nothing that it may never be asked for.

const { once } = require('events');
const { GOOD, run } = require('../lifecycle/child');
const { securePair } = require('./ends');
const { certificate, identity } = require('./pki');

const FIXTURE = require.resolve('./fixtures/idle.js');

/** Bytes of JavaScript's memory that a stream may take for being secure: there is no room for a certificate. */
const MOST = 700;

async function memoryOfEach(mode) {
  const { stdout, ...outcome } = await run(FIXTURE, [300, mode], { node: ['--expose-gc'] });
  expect(outcome).toEqual(GOOD);
  return Number(stdout);
}

test("a secure stream that was asked for nothing takes little more of JavaScript's memory than one in the clear", async () => {
  const [clear, secure, asked] = [await memoryOfEach('clear'), await memoryOfEach('secure'), await memoryOfEach('asked')];
  expect(clear).toBeGreaterThan(0);
  expect(secure - clear).toBeLessThan(MOST);
  expect(asked - clear).toBeGreaterThan(MOST);
}, 60_000);

test('everything can be asked for after \'close\' for the first time', async () => {
  const mutual = { ...identity('direct'), ca: certificate('root'), requestCert: true, ALPNProtocols: ['x'] };
  const [client, accepted] = await securePair(mutual, mutual, { how: { servername: 'localhost' } });
  const closed = Promise.all([client, accepted].map((stream) => once(stream.resume(), 'close')));
  client.end();
  accepted.end();
  await closed;
  // 'close' is over, and the engine has forgotten them.
  await new Promise(setImmediate);
  for (const stream of [client, accepted]) {
    expect(stream.getCipher()).toMatchObject({ name: expect.stringMatching(/^TLS_AES/), version: 'TLSv1.3' });
    expect(stream.getProtocol()).toBe('TLSv1.3');
    expect([stream.getCertificate().subject, stream.getPeerCertificate().subject]).toEqual(['/CN=direct', '/CN=direct']);
    expect([stream.encrypted, stream.authorized, stream.authorizationError]).toEqual([true, true, null]);
    expect([stream.alpnProtocol, stream.servername, stream.isSessionReused()]).toEqual(['x', 'localhost', false]);
  }
});
