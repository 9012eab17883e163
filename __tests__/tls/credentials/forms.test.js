'use strict';

// D19: createCredentials: the forms of certificates and keys, and that they are parsed once.

const { once } = require('events');
const net = require('../../..');
const { thrown } = require('../../helpers');
const { CLIENT, SERVER, VERSIONS, only, secureClient, securePair, secureServer, withTlsClient } = require('../ends');
const { certificate, chain, crls, der, identity, parsed } = require('../pki');
const { expectToShow } = require('./outcomes');

const root = certificate('root');

describe('D19: "PEM strings or Buffers, or arrays of them; DER"', () => {
  const encoder = new TextEncoder();
  /** Bytes in the middle of others. */
  const amid = (bytes) => new DataView(Uint8Array.from([1, 2, ...bytes, 3]).buffer, 2, bytes.length);
  const CARRIERS = [
    ['a string', (bytes) => bytes.toString(), ['pem']],
    ['a Buffer', (bytes) => Buffer.from(bytes), ['pem', 'der']],
    ['a Uint8Array', (bytes) => Uint8Array.from(bytes), ['pem', 'der']],
    ['what TextEncoder makes', (bytes) => encoder.encode(bytes.toString()), ['pem']],
    ['a DataView', amid, ['pem', 'der']],
    ['an ArrayBuffer', (bytes) => Uint8Array.from(bytes).buffer, ['pem', 'der']],
    ['an array of one string', (bytes) => [bytes.toString()], ['pem']],
    ['an array of one Buffer', (bytes) => [Buffer.from(bytes)], ['pem', 'der']],
  ];

  const CARRIED = CARRIERS.flatMap(([name, carry, formats]) => formats.map((format) => [format, name, carry]));

  test.each(CARRIED)('%s in %s, as key, cert, ca and crl', async (format, _, carry) => {
    const encode = (pem) => carry(format === 'pem' ? Buffer.from(pem) : der(pem));
    const { key } = identity('direct');
    const credentials = net.createCredentials({
      key: encode(key),
      cert: encode(certificate('direct')),
      ca: encode(root),
      crl: encode(crls.root),
    });
    const [client, accepted] = await securePair(credentials, credentials);
    expect([client.verifyPeer(), accepted.verifyPeer()]).toEqual([true, true]);
    expect(client.getPeerCertificate().fingerprint).toBe(parsed('direct').fingerprint);
  });

  test('`cert` is a chain: intermediates are sent, in PEM or as DER behind each other in PEM', async () => {
    const { key } = identity('rsa2048');
    await expectToShow('rsa2048', { key, cert: certificate('rsa2048') + chain('rsa2048') });
    const [alone] = await securePair({ key, cert: certificate('rsa2048') });
    expect(alone.authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('what is around the blocks of PEM does not count', async () => {
    const { key, cert } = identity('direct');
    const dress = (pem) => `subject=/CN=direct\n${pem.replaceAll('\n', '\r\n')}\nthe end`;
    await expectToShow('direct', { key: dress(key), cert: dress(cert) });
  });

  test('`ca` takes bundles, several of them, and both formats at once', async () => {
    const authorities = [certificate('otherRoot') + certificate('selfSigned'), der(root)];
    for (const name of ['unknownIssuer', 'selfSigned', 'direct']) {
      const [client] = await securePair(identity(name), { ca: authorities });
      expect([name, client.verifyPeer()]).toEqual([name, true]);
    }
  });

  test('`ca: []` trusts nobody', async () => {
    const [client] = await securePair(identity('direct'), { ca: [] });
    expect(client.verifyPeer()).toBe(false);
  });

  test('`crl` takes several lists, in one text or in an array', async () => {
    for (const crl of [crls.root + crls.rsaIntermediate, [crls.root, der(crls.rsaIntermediate)]]) {
      const [client] = await securePair(identity('rsa2048'), { ...CLIENT, crl });
      expect(client.authorizationError).toBe('CERT_REVOKED');
    }
  });

  test('several keys with their certificates, in any order: the peer gets the one that it can check', async () => {
    const [ec, rsa] = [identity('p256'), identity('rsa2048')];
    for (const cert of [[ec.cert, rsa.cert], [rsa.cert, ec.cert]]) {
      const both = { key: [ec.key, rsa.key], cert };
      for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
        const [, theirs] = await withTlsClient(both, { ciphers, ...only('TLSv1.2') });
        expect(theirs.getPeerCertificate().subject.CN).toBe(name);
      }
    }
  });

  test.each(VERSIONS)('the same for a client that has suites of TLS 1.3 and comes to use 1.2: at most %s', async (maxVersion) => {
    const [ec, rsa] = [identity('p256'), identity('rsa2048')];
    const both = { key: [ec.key, rsa.key], cert: [ec.cert, rsa.cert], ...only('TLSv1.2') };
    for (const [ciphers, name] of [['ECDHE+ECDSA', 'p256'], ['ECDHE+aRSA', 'rsa2048']]) {
      const [client] = await securePair(both, { ...CLIENT, ciphers, maxVersion });
      expect(client.getPeerCertificate().subject).toBe(`/CN=${name}`);
    }
  });
});

describe('D19: "It is parsed once, not once per stream."', () => {
  test('what was given can be overwritten afterwards', async () => {
    const options = {
      key: Buffer.from(identity('direct').key),
      cert: Buffer.from(certificate('direct')),
      ca: [Buffer.from(root)],
      ticketKeys: Buffer.alloc(48, 1),
      ALPNProtocols: [Buffer.from('one')],
    };
    const credentials = net.createCredentials(options);
    const { key, cert, ca, ALPNProtocols, ticketKeys } = options;
    for (const bytes of [key, cert, ca[0], ALPNProtocols[0], ticketKeys]) bytes.fill(0);
    ca.length = 0;
    const [client, accepted] = await securePair(credentials, credentials);
    expect([client.verifyPeer(), accepted.verifyPeer(), client.alpnProtocol]).toEqual([true, true, 'one']);
    expect(credentials.getTicketKeys().equals(Buffer.alloc(48, 1))).toBe(true);
  });

  test('one for 100 streams at once, of two servers and in both roles', async () => {
    const credentials = net.createCredentials(identity('direct', { ca: root }));
    const servers = [await secureServer(credentials), await secureServer(credentials)];
    for (const server of servers) {
      server.on('connection', (stream) => stream.on('secure', () => stream.write(stream.getPeerCertificate().subject)));
    }
    const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const client = secureClient(servers[i % 2], credentials);
      const [data] = await once(client, 'data');
      return [client.verifyPeer(), data.toString()];
    }));
    expect(answers).toEqual(Array(100).fill([true, '/CN=direct']));
  });

  test('they can\'t be made or changed in another way', () => {
    const credentials = net.createCredentials(SERVER);
    expect(thrown(() => new credentials.constructor()).code).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    expect(Object.isFrozen(credentials)).toBe(true);
    // Nothing secret is shown by looking at them.
    expect(JSON.stringify(credentials)).not.toMatch(/KEY|ticket/i);
  });
});
