'use strict';

// "`sslscan` on a server of ours: nothing weak."

const { once } = require('events');
const nodeNet = require('net');
const { destroyAtEnd } = require('../../helpers');
const { DEADLINE, describeWith, start } = require('../../peers/program');
const { only, tlsClient, tolerantServer } = require('../ends');
const { identity } = require('../pki');
const { clientHello, records, until } = require('../wire');

jest.setTimeout(2 * DEADLINE);

/** A server with a certificate of each kind, and all else as it is by default: whoever can be served is. */
function server() {
  const [ec, rsa] = [identity('p256'), identity('rsa2048')];
  return tolerantServer({ key: [ec.key, rsa.key], cert: [ec.cert, rsa.cert] });
}

/** The elements `name` without contents in a report: the attributes of each. */
function elements(xml, name) {
  return [...xml.matchAll(new RegExp(`<${name}((?: [\\w-]+="[^"]*")*) />`, 'g'))].map(([, attributes]) =>
    Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])));
}

describeWith(['sslscan'], 'sslscan', () => {
  /** What sslscan prints about a server of ours. */
  async function scan(...args) {
    const { port } = (await server()).address();
    const given = ['--no-colour', '--xml=-', '--sni-name=localhost', ...args, `127.0.0.1:${port}`];
    const { output, ...end } = await start('sslscan', given).outcome;
    expect(end).toEqual({ code: 0, signal: null });
    return output;
  }

  test('finds TLS 1.2 and 1.3, suites with forward secrecy and AEAD, and nothing weak', async () => {
    const output = await scan('--no-groups');
    const found = (name) => elements(output, name);
    expect(found('protocol').map(({ type, version, enabled }) => `${type} ${version} ${enabled}`)).toEqual(
      ['ssl 2 0', 'ssl 3 0', 'tls 1.0 0', 'tls 1.1 0', 'tls 1.2 1', 'tls 1.3 1'],
    );
    expect(found('renegotiation')).toEqual([{ supported: '0', secure: '0' }]);
    expect(found('heartbleed').map(({ sslversion, vulnerable }) => [sslversion, vulnerable]).toSorted())
      .toEqual([['TLSv1.2', '0'], ['TLSv1.3', '0']]);
    // Which of both sides' suites comes first is no question of strength.
    expect(found('cipher').map(({ sslversion, cipher }) => `${sslversion} ${cipher}`).toSorted()).toEqual([
      'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256',
      'TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384',
      'TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305',
      'TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256',
      'TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384',
      'TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305',
      'TLSv1.3 TLS_AES_128_GCM_SHA256',
      'TLSv1.3 TLS_AES_256_GCM_SHA384',
      'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256',
    ]);
    const weak = found('cipher').filter(({ bits, ecdhebits, strength }) =>
      bits < 128 || !(ecdhebits >= 253) || !['strong', 'acceptable'].includes(strength));
    expect(weak).toEqual([]);
    // Where sslscan can see whether there is compression or not, it says so.
    expect(found('compression').filter(({ supported }) => supported !== '0')).toEqual([]);
    expect(output).not.toMatch(/<expired>true|<signature-algorithm>(md5|sha1)/);
  });

  test('finds good curves, and no weak ones', async () => {
    const output = await scan('--tls13', '--no-ciphersuites', '--no-heartbleed', '--no-check-certificate');
    const [P256, P384, X25519] = ['0x0017', '0x0018', '0x001d'];
    expect(elements(output, 'group').map(({ id }) => id).toSorted()).toEqual([P256, P384, X25519]);
  });
});

describe('what sslscan can\'t see here', () => {
  /** The first flight of a client of TLS 1.2, with another list of compression methods. */
  async function helloWith(methods) {
    const hello = await clientHello(only('TLSv1.2'));
    const NULL_METHOD = [1, 0];
    // After the version and the random bytes: a session's id, and suites.
    const suites = 43 + 1 + hello[43];
    const at = suites + 2 + hello.readUInt16BE(suites);
    expect([...hello.subarray(at, at + 2)]).toEqual(NULL_METHOD);
    const list = Buffer.from([methods.length, ...methods]);
    const bytes = Buffer.concat([hello.subarray(0, at), list, hello.subarray(at + 2)]);
    bytes.writeUInt16BE(bytes.length - 5, 3);
    bytes.writeUIntBE(bytes.length - 9, 6, 3);
    return bytes;
  }

  // The curves of TLS 1.2: it waits for each in a record of its own, and ours come in one with all else. With RSA, they
  // are those of the exchange alone.
  const curve = (ecdhCurve) => ({ ...only('TLSv1.2'), ciphers: 'ECDHE+aRSA', ecdhCurve });

  test.each(['prime256v1', 'secp384r1', 'X25519'])('the curve %s in TLS 1.2', async (name) => {
    const client = tlsClient(await server(), curve(name));
    await once(client, 'secureConnect');
    expect(client.getEphemeralKeyInfo().name).toBe(name);
  });

  test.each(['secp192k1', 'secp224r1', 'secp256k1', 'sect283k1', 'brainpoolP256r1'])(
    'no curve %s in TLS 1.2', async (name) => {
      const [error] = await once(tlsClient(await server(), curve(name)), 'error');
      expect(error.code).toBe('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE');
    });

  test('no compression, also for those who would rather have it', async () => {
    const DEFLATE = 1;
    const listener = await server();
    const client = destroyAtEnd(nodeNet.connect(listener.address().port, '127.0.0.1'));
    client.write(await helloWith([DEFLATE, 0]));
    const answer = await until(client, (bytes) => records(bytes)[0]?.whole);
    const [SERVER_HELLO, HANDSHAKE] = [2, 22];
    expect([answer[0], answer[5]]).toEqual([HANDSHAKE, SERVER_HELLO]);
    // After the session's id and the suite.
    expect(answer[43 + 1 + answer[43] + 2]).toBe(0);
  });
});
