'use strict';

// D21: the verdict on a session that is resumed.

const { once } = require('events');
const net = require('../../..');
const { failure } = require('../../helpers');
const { CLIENT, SERVER, VERSIONS, greeter, nextSecure, only, tlsClient, visit } = require('../ends');
const { certificate, crls, identity } = require('../pki');
const { verdict, verdictOf } = require('./verdict');

const root = certificate('root');

const otherRoot = certificate('otherRoot');

describe('"Session resumption must not turn an unverified peer into a verified one, nor skip the verdict."', () => {
  test.each(VERSIONS)('on a client, %s', async (version) => {
    const server = await greeter({ ...identity('expired'), ...only(version) });
    const credentials = net.createCredentials(CLIENT);
    const seen = [];
    for (let i = 0; i < 3; i++) {
      const client = await visit(server, credentials, { servername: 'localhost' });
      seen.push([client.isSessionReused(), ...verdictOf(client), client.getPeerCertificate().subject]);
    }
    expect(seen.map(([isReused]) => isReused)).toEqual([false, true, true]);
    for (const [, ...rest] of seen) expect(rest).toEqual([...verdict('CERT_HAS_EXPIRED'), '/CN=expired']);
  });

  test.each(VERSIONS)('on a client that asks for another name the next time, %s', async (version) => {
    const server = await greeter({ ...identity('direct'), ...only(version) });
    const credentials = net.createCredentials(CLIENT);
    const codes = [];
    for (const servername of [undefined, 'localhost', 'elsewhere.test', 'localhost', undefined]) {
      codes.push((await visit(server, credentials, { servername })).authorizationError);
    }
    expect(codes).toEqual([null, null, 'ERR_TLS_CERT_ALTNAME_INVALID', null, null]);
  });

  test('on a client with other credentials, which have other authorities', async () => {
    const server = await greeter(identity('direct'));
    const [trusting, doubting] = [net.createCredentials({ ca: root }), net.createCredentials({ ca: otherRoot })];
    const verdicts = [];
    for (const credentials of [trusting, doubting, trusting, doubting]) {
      verdicts.push((await visit(server, credentials, { servername: 'localhost' })).verifyPeer());
    }
    expect(verdicts).toEqual([true, false, true, false]);
  });

  /** A client of node:tls that shows `name`, and resumes `session` if there is one: `[ours, session, isReused]`. */
  async function visitOf(server, name, session) {
    const accepted = nextSecure(server);
    const client = tlsClient(server, { ...(name === null ? {} : identity(name)), session, servername: 'localhost' });
    let next = session;
    client.on('session', (received) => (next = received));
    await once(client, 'secureConnect');
    const ours = await accepted;
    // Tickets come before what is written after the handshake.
    await once(client, 'data');
    client.end();
    await once(ours, 'close');
    return [ours, next, client.isSessionReused()];
  }

  test.each(VERSIONS)('on a server, %s', async (version) => {
    for (const [name, code] of [['direct', null], ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'], ['expired', 'CERT_HAS_EXPIRED']]) {
      const server = await greeter({ ...SERVER, ca: root, ...only(version) });
      const [first, session] = await visitOf(server, name);
      const [second, , isReused] = await visitOf(server, name, session);
      expect(isReused).toBe(true);
      expect(second.isSessionReused()).toBe(true);
      for (const stream of [first, second]) {
        expect(verdictOf(stream)).toEqual(verdict(code));
        expect(stream.getPeerCertificate().subject).toBe(`/CN=${name}`);
      }
    }
  });

  const ticketKeys = Buffer.alloc(48, 7);
  const OTHERS = [
    ['other authorities', 'direct', { ca: root }, { ca: otherRoot }],
    ['a list of revoked certificates', 'revoked', { ca: root }, { ca: root, crl: crls.root }],
    ['a verdict where there was no request', null, {}, { ca: root }],
  ];

  test.each(VERSIONS.flatMap((version) => OTHERS.map((one) => [version, ...one])))(
    '%s: on a server that shares its ticket keys with another and has %s', async (version, _, name, before, after) => {
      const base = { ...SERVER, ticketKeys, ...only(version) };
      const [first, second] = [await greeter({ ...base, ...before }), await greeter({ ...base, ...after })];
      const [, session] = await visitOf(first, name);
      const [stream] = await visitOf(second, name, session);
      expect([stream.verifyPeer(), stream.authorized]).toEqual([false, false]);
    });

  test.each(VERSIONS)('a gate is one for resumed sessions, too: %s', async (version) => {
    const base = { ...SERVER, ticketKeys, ...only(version) };
    const open = await greeter({ ...base, ca: root });
    const gated = await greeter({ ...base, ca: root, rejectUnauthorized: true });
    const [, session] = await visitOf(open, 'selfSigned');
    const connection = once(gated, 'connection');
    const client = tlsClient(gated, { ...identity('selfSigned'), session, servername: 'localhost' });
    client.on('error', () => {});
    const [accepted] = await connection;
    expect((await failure(accepted)).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});
