'use strict';

// Sessions that JavaScript holds: `onsession` reports them, and the option `session` resumes them.

const { once } = require('events');
const { SSL_OP_NO_TICKET } = require('crypto').constants;
const tls = require('tls');
const { createCredentials } = require('../../..');
const { listening, failure } = require('../../helpers');
const { secureClient } = require('../ends');
const pki = require('../pki');
const { begin, close, connected, secured } = require('./pairs');

const identity = pki.identity('selfSigned');

/** What comes in front of the master secret in a session of OpenSSL's: an octet string of 48 bytes. */
const MASTER_SECRET = Buffer.from([4, 48]);

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const serverCredentials = createCredentials(identity);
const client = (maxVersion, more) => createCredentials({ ca: identity.cert, maxVersion, ...more });

/** Connects once. Returns `{ client, server }` of `secured`, closed. */
async function connect(clientCredentials, options) {
  const pair = await secured({ client: options, clientCredentials, serverCredentials });
  pair.client.newest = pair.client.transport.agreement.session;
  close(pair);
  return pair;
}

describe.each(VERSIONS)('under %s', (version) => {
  test('each session is reported behind the handshake, and resumes', async () => {
    const first = await connect(client(version), { emitsSessions: true });
    expect(first.client.agreement.isResumed).toBe(false);
    expect(first.client.sessions).toHaveLength(version === 'TLSv1.3' ? 2 : 1);
    expect(first.client.order[0]).toBe('onsecure');
    expect(first.client.newest).toEqual(first.client.sessions.at(-1));
    for (const session of first.client.sessions) {
      const again = await connect(client(version), { emitsSessions: true, session });
      expect(again.client.agreement.isResumed).toBe(true);
      expect(again.server.agreement.isResumed).toBe(true);
    }
  });

  test('without a session nothing is resumed, unless the credentials resume by themselves', async () => {
    const credentials = client(version);
    for (const options of [{ emitsSessions: true }, { resumes: false }, { session: Buffer.from('unknown') }]) {
      await connect(credentials, {});
      const pair = await connect(credentials, options);
      expect(pair.client.agreement.isResumed).toBe(false);
    }
    const pair = await connect(credentials, {});
    expect(pair.client.agreement.isResumed).toBe(true);
    expect(pair.client.newest).toBeUndefined();
    expect(pair.client.sessions).toEqual([]);
  });

  test('a session of a client that did not verify is no session of one that does', async () => {
    const loose = await connect(client(version, { ca: [] }), { emitsSessions: true });
    expect(loose.client.agreement.verdict).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    const [session] = loose.client.sessions;
    const strict = await connect(client(version, { rejectUnauthorized: true }), { session });
    expect(strict.client.agreement).toMatchObject({ isResumed: false });
    expect(strict.client.agreement.verdict).toBeUndefined();
    const again = await connect(client(version, { ca: [] }), { session });
    expect(again.client.agreement).toMatchObject({ isResumed: true, verdict: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

test('the newest session is known before a ticket has come, and is good for it', async () => {
  const streams = await connected();
  const clientSide = begin(streams.client, client('TLSv1.3'), { emitsSessions: true }, 'localhost');
  const serverSide = begin(streams.server, serverCredentials, { isServer: true });
  const [{ session }] = await Promise.all([clientSide.done, serverSide.done]);
  expect(session).toHaveLength(32);
  streams.server.end('x');
  streams.client.resume();
  await new Promise((resolve) => streams.client.once('end', resolve));
  close({ client: clientSide, server: serverSide });
  const again = await connect(client('TLSv1.3'), { session });
  expect(again.client.agreement.isResumed).toBe(true);
});

test('a session of which the server has another secret is not offered again, by TLS 1.2', async () => {
  const kept = new Map();
  const offered = [];
  const server = await listening(tls.createServer({ ...identity, maxVersion: 'TLSv1.2', secureOptions: SSL_OP_NO_TICKET }));
  server.on('newSession', (id, session, callback) => {
    kept.set(id.toString('hex'), session);
    callback();
  });
  server.on('resumeSession', (id, callback) => {
    const session = Buffer.from(kept.get(id.toString('hex')));
    offered.push(id);
    session[session.indexOf(MASTER_SECRET) + MASTER_SECRET.length] ^= 1;
    callback(null, session);
  });
  server.on('tlsClientError', () => {});
  const credentials = client('TLSv1.2', { rejectUnauthorized: true });
  const visit = async () => {
    const stream = secureClient(server, credentials, { servername: 'localhost' });
    const secure = new Promise((resolve) => stream.once('secure', resolve));
    const outcome = await Promise.race([secure, failure(stream).then(({ code }) => code)]);
    if (!stream.destroyed) {
      const closed = once(stream, 'close');
      stream.end();
      await closed;
    }
    return [outcome, offered.length];
  };
  const refused = 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC';
  expect([await visit(), await visit(), await visit()]).toEqual([[undefined, 0], [refused, 1], [undefined, 1]]);
});
