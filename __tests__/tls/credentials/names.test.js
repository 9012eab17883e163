'use strict';

// D19: contexts by server name, and SNICallback.

const { once } = require('events');
const net = require('../../..');
const { destroyAtEnd, failure, listening, record, settled } = require('../../helpers');
const { CLIENT, SERVER, nextSecure, only, secureClient, secureServer, tlsClient } = require('../ends');
const { certificate, identity } = require('../pki');

const root = certificate('root');

describe('"contexts by server name"', () => {
  const CONTEXTS = {
    'beta.test': identity('beta'),
    '*.beta.test': net.createCredentials(identity('beta')),
    'alpha.test': identity('alpha'),
    '*.example.test': identity('wildcard'),
  };

  test.each([
    ['beta.test', 'beta'],
    ['BETA.Test', 'beta'],
    ['x.beta.test', 'beta'],
    ['x.y.beta.test', 'p256'],
    ['alpha.test', 'alpha'],
    ['x.alpha.test', 'p256'],
    ['x.example.test', 'wildcard'],
    ['example.test', 'p256'],
    ['localhost', 'p256'],
    [undefined, 'p256'],
  ])('%s gets %s', async (servername, name) => {
    const server = await secureServer({ ...SERVER, contexts: CONTEXTS });
    const ours = secureClient(server, CLIENT, servername === undefined ? {} : { servername });
    await once(ours, 'secure');
    const theirs = tlsClient(server, { servername: servername ?? '' });
    await once(theirs, 'secureConnect');
    expect([ours.getPeerCertificate().subject, theirs.getPeerCertificate().subject.CN]).toEqual([`/CN=${name}`, name]);
  });

  test('one counts in all: whom it trusts, its application protocols, its versions', async () => {
    const context = { ...identity('beta'), ca: root, ALPNProtocols: ['of-beta'], ...only('TLSv1.2') };
    const server = await secureServer({ ...SERVER, ALPNProtocols: ['of-all'], contexts: { 'beta.test': context } });
    const seen = [];
    for (const servername of ['beta.test', 'localhost']) {
      const accepted = nextSecure(server);
      tlsClient(server, { ...identity('p256Client'), servername, ALPNProtocols: ['of-all', 'of-beta'] });
      const stream = await accepted;
      seen.push([stream.servername, stream.verifyPeer(), stream.alpnProtocol, stream.getProtocol()]);
    }
    expect(seen).toEqual([['beta.test', true, 'of-beta', 'TLSv1.2'], ['localhost', false, 'of-all', 'TLSv1.3']]);
  });

  test('a name that nobody may have: `__proto__`', async () => {
    const server = await secureServer({ ...SERVER, contexts: CONTEXTS });
    const client = secureClient(server, CLIENT, { servername: '__proto__' });
    await once(client, 'secure');
    expect(client.getPeerCertificate().subject).toBe('/CN=p256');
  });
});

describe('"SNICallback(servername, callback(error, credentials))"', () => {
  /** What a client that asks for `servername` is shown by a server with `SNICallback`. */
  async function shown(SNICallback, servername = 'beta.test', more = {}) {
    const server = await secureServer({ ...SERVER, ...more, SNICallback });
    const client = secureClient(server, CLIENT, servername === null ? {} : { servername });
    await once(client, 'secure');
    return client.getPeerCertificate().subject;
  }

  const beta = net.createCredentials(identity('beta'));
  const ANSWERS = [
    ['credentials', beta, '/CN=beta'],
    ['plain options', identity('beta'), '/CN=beta'],
    ['null: its own', null, '/CN=p256'],
    ['undefined: its own', undefined, '/CN=p256'],
  ];

  test.each(ANSWERS)('it answers at once, or later: %s', async (_, answer, subject) => {
    expect(await shown((name, callback) => callback(null, answer))).toBe(subject);
    expect(await shown((name, callback) => setImmediate(callback, null, answer))).toBe(subject);
  });

  test('it gets the name, in small letters as in node:tls, and not one that no client has asked for', async () => {
    const names = [];
    const SNICallback = (name, callback) => callback(null, void names.push(name));
    await shown(SNICallback, 'beta.test');
    await shown(SNICallback, 'xn--bta-5la.test');
    await shown(SNICallback, null);
    expect(names).toEqual(['beta.test', 'xn--bta-5la.test']);
  });

  test('not for names that `contexts` has', async () => {
    const SNICallback = jest.fn((name, callback) => callback(null, identity('alpha')));
    const contexts = { 'beta.test': beta };
    expect(await shown(SNICallback, 'beta.test', { contexts })).toBe('/CN=beta');
    expect(SNICallback).not.toHaveBeenCalled();
    expect(await shown(SNICallback, 'alpha.test', { contexts })).toBe('/CN=alpha');
  });

  test('on a server that has no certificate of its own', async () => {
    const SNICallback = (name, callback) => callback(null, name === 'beta.test' ? beta : null);
    const server = await listening(net.createServer((stream) => destroyAtEnd(stream).setSecure({ SNICallback })));
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    await once(client, 'secure');
    expect(client.verifyPeer()).toBe(true);
    for (const how of [{}, { servername: 'alpha.test' }]) {
      const connection = once(server, 'connection');
      const refused = failure(secureClient(server, CLIENT, how));
      const [accepted] = await connection;
      expect((await failure(accepted)).code).toMatch(/^ERR_SSL_/);
      expect((await refused).code).toMatch(/^(ERR_SSL_|ECONNRESET)/);
    }
  });

  const REASON = new Error('Nobody by that name.');
  test.each([
    ['an error', [REASON], REASON],
    ['an error and credentials', [REASON, beta], REASON],
    ['what are no credentials', [null, 5], expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })],
    ['options that are wrong', [null, { key: 'garbage', cert: root }], expect.objectContaining({ code: expect.stringMatching(/^ERR_/) })],
    ['credentials without a certificate', [null, { ca: root }], expect.objectContaining({ code: expect.stringMatching(/^ERR_/) })],
  ])('it answers %s: \'error\' with that, then \'close\' with true, and nothing for others', async (_, answer, expected) => {
    const SNICallback = (name, callback) => callback(...(name === 'beta.test' ? answer : [null, null]));
    const server = await secureServer({ ...SERVER, SNICallback });
    const connection = once(server, 'connection');
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    const refused = failure(client);
    const [accepted] = await connection;
    const events = record(accepted, 'secure', 'data', 'end');
    expect(await failure(accepted)).toEqual(expected);
    expect(events).toEqual([]);
    await refused;
    const other = secureClient(server, CLIENT, { servername: 'localhost' });
    await once(other, 'secure');
    expect(other.verifyPeer()).toBe(true);
  });

  test('only its first answer counts', async () => {
    const errors = [];
    const SNICallback = (name, callback) => {
      callback(null, beta);
      for (const again of [[null, null], [REASON]]) {
        try {
          callback(...again);
        } catch (error) {
          errors.push(error);
        }
      }
    };
    expect(await shown(SNICallback)).toBe('/CN=beta');
    expect(errors).toEqual([]);
  });

  test('an answer for a stream that is gone by then', async () => {
    let answer;
    const asked = new Promise((resolve) => {
      answer = (name, callback) => resolve(callback);
    });
    const server = await secureServer({ ...SERVER, SNICallback: answer });
    const connection = once(server, 'connection');
    const client = secureClient(server, CLIENT, { servername: 'beta.test' });
    client.on('error', () => {});
    const [accepted] = await connection;
    const callback = await asked;
    const events = record(accepted, 'secure', 'error', 'close');
    accepted.destroy();
    await once(accepted, 'close');
    callback(null, beta);
    await settled();
    expect(events).toEqual([['close', false]]);
  });

  test('no answer: the deadline', async () => {
    const server = await secureServer({ ...SERVER, SNICallback: () => {}, handshakeTimeout: 30 });
    const connection = once(server, 'connection');
    secureClient(server, CLIENT, { servername: 'beta.test' }).on('error', () => {});
    const [accepted] = await connection;
    expect((await failure(accepted)).code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
  });

  test('many at once are answered in any order, each with its own', async () => {
    const waiting = [];
    let SNICallback;
    const allWait = new Promise((resolve) => {
      SNICallback = (name, callback) => {
        if (waiting.push([name, callback]) === 12) resolve();
      };
    });
    const server = await secureServer({ ...SERVER, SNICallback });
    const NAMES = ['alpha.test', 'beta.test', 'x.example.test'];
    const clients = Array.from({ length: 12 }, (_, i) => secureClient(server, CLIENT, { servername: NAMES[i % 3] }));
    const secured = Promise.all(clients.map((client) => once(client, 'secure')));
    await allWait;
    const identities = { 'alpha.test': 'alpha', 'beta.test': 'beta', 'x.example.test': 'wildcard' };
    for (const [name, callback] of waiting.reverse()) callback(null, identity(identities[name]));
    await secured;
    expect(clients.map((client) => client.verifyPeer())).toEqual(clients.map(() => true));
  });
});
