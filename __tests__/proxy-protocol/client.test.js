'use strict';

// Clients that send a header of the PROXY protocol before anything else, and TLS after it, on either side.

const { once } = require('events');
const nodeNet = require('net');
const nodeTls = require('tls');
const path = require('path');
const today = require('../../node');
const tls = require('../../tls');
const net = require('../..');
const { closeAtEnd, collect, destroyAtEnd, listening, scratch, thrown } = require('../helpers');
const { certificate, identity } = require('../tls/pki');
const { LINE, binary, tlv } = require('./headers');

const ENDS = { source: { address: '192.0.2.1', port: 5000 }, destination: { address: '198.51.100.2', port: 443 } };
const FOUR = { source: ['192.0.2.1', 5000], destination: ['198.51.100.2', 443] };

/** All that a client of `module` sends which ends at once. */
async function sentBy(module, proxyProtocol, data = 'data') {
  const server = await listening(nodeNet.createServer());
  const connected = once(server, 'connection');
  const client = destroyAtEnd(module.connect({ port: server.address().port, host: '127.0.0.1', proxyProtocol }));
  client.end(data);
  const [accepted] = await connected;
  const received = await collect(destroyAtEnd(accepted));
  expect(client.bytesWritten).toBe(data.length);
  return received;
}

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test('the header comes before what is written', async () => {
    const line = await sentBy(module, { version: 1, ...ENDS });
    expect(line).toEqual(Buffer.concat([LINE, Buffer.from('data')]));
    expect(await sentBy(module, ENDS)).toEqual(Buffer.concat([binary(FOUR), Buffer.from('data')]));
  });

  test('and if nothing is written', async () => {
    expect(await sentBy(module, { version: 1, ...ENDS }, '')).toEqual(LINE);
  });

  test('a header can be passed on', async () => {
    const tlvs = [tlv(0x01, 'h2'), tlv(0x02, 'example.org'), tlv(0x05, Buffer.of(0, 255)), tlv(0x30, 'blue')];
    const ssl = Buffer.concat([Buffer.of(3, 0, 0, 0, 18), tlv(0x21, 'TLSv1.3'), tlv(0x22, 'somebody')]);
    const header = binary({ ...FOUR, tlvs: [...tlvs, tlv(0xea, 'own'), tlv(0x20, ssl)], checksum: true });
    const server = await listening(module.createServer({ proxyProtocol: 'require' }));
    const connected = once(server, 'connection');
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    client.write(header);
    const [stream] = await connected;
    destroyAtEnd(stream);
    expect(await sentBy(module, stream.proxy, '')).toEqual(header);
  });
});

describe('the option proxyProtocol of connect()', () => {
  test('says more than addresses', async () => {
    const ssl = { version: 'TLSv1.3', cn: 'somebody', presented: true, verify: 0, certificate: Buffer.of(1) };
    const options = { ...ENDS, alpn: 'h2', authority: 'example.org', uniqueId: Buffer.of(0), ssl, checksum: true };
    const value = [Buffer.of(3, 0, 0, 0, 0), tlv(0x21, 'TLSv1.3'), tlv(0x22, 'somebody'), tlv(0x28, Buffer.of(1))];
    const tlvs = [tlv(0x01, 'h2'), tlv(0x02, 'example.org'), tlv(0x05, Buffer.of(0)), tlv(0xe1, 'x')];
    const expected = binary({ ...FOUR, tlvs: [...tlvs, tlv(0x20, Buffer.concat(value))], checksum: true });
    expect(await sentBy(net, { ...options, tlvs: [{ type: 0xe1, value: 'x' }] }, '')).toEqual(expected);
  });

  test('without addresses, speaks for itself', async () => {
    expect(await sentBy(net, {}, '')).toEqual(binary({ command: 'LOCAL' }));
    expect(await sentBy(net, { command: 'PROXY' }, '')).toEqual(binary({}));
    expect(String(await sentBy(net, { version: 1 }, ''))).toBe('PROXY UNKNOWN\r\n');
  });

  test('without addresses, but with values, has a command that these count with', async () => {
    const tlvs = [tlv(0x02, 'example.org')];
    expect(await sentBy(net, { authority: 'example.org' }, '')).toEqual(binary({ tlvs }));
    const wrong = { command: 'LOCAL', authority: 'example.org' };
    expect(thrown(() => net.connect({ port: 1, proxyProtocol: wrong })).code).toBe('ERR_INVALID_ARG_VALUE');
  });

  test('takes paths, and addresses of both versions of IP', async () => {
    const paths = { source: { path: '/run/client' }, destination: { path: '\0server' } };
    expect(await sentBy(net, paths, '')).toEqual(binary({ paths: ['/run/client', '\0server'] }));
    const mixed = { source: { address: '2001:db8::1', port: 1 }, destination: { address: '192.0.2.2', port: '2' } };
    const mapped = { source: ['2001:db8::1', 1], destination: ['::ffff:c000:202', 2] };
    expect(await sentBy(net, mixed, '')).toEqual(binary(mapped));
    const source = new nodeNet.SocketAddress({ address: '192.0.2.1', port: 5000 });
    expect(await sentBy(net, { ...ENDS, source }, '')).toEqual(binary(FOUR));
  });

  test('is nothing that only Object.prototype has', async () => {
    Object.prototype.path = '/polluted';
    try {
      expect(await sentBy(net, { version: 1, ...ENDS }, '')).toEqual(LINE);
    } finally {
      delete Object.prototype.path;
    }
  });

  test('takes more than one write can hold', async () => {
    const tlvs = [{ type: 0xe0, value: Buffer.alloc(65_000, 1) }];
    const header = binary({ ...FOUR, tlvs: [tlv(0xe0, tlvs[0].value)] });
    expect(await sentBy(net, { ...ENDS, tlvs }, 'x')).toEqual(Buffer.concat([header, Buffer.from('x')]));
  });

  test('is sent to a UNIX socket, too', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }), path.join(scratch(), 'proxied'));
    const connected = once(server, 'connection');
    const client = destroyAtEnd(net.connect({ path: server.address(), proxyProtocol: ENDS }));
    client.end('data');
    const [stream] = await connected;
    expect(stream.remoteAddress).toBe('192.0.2.1');
    expect(String(await collect(destroyAtEnd(stream)))).toBe('data');
  });

  test.each([
    ['no object', 1, 'ERR_INVALID_ARG_TYPE'],
    ['an unknown version', { version: 3 }, 'ERR_OUT_OF_RANGE'],
    ['an unknown command', { command: 'TELL' }, 'ERR_INVALID_ARG_VALUE'],
    ['one end', { source: ENDS.source }, 'ERR_INVALID_ARG_VALUE'],
    ['ends of two kinds', { ...ENDS, source: { path: '/x' } }, 'ERR_INVALID_ARG_VALUE'],
    ['a name', { ...ENDS, source: { address: 'localhost', port: 1 } }, 'ERR_INVALID_IP_ADDRESS'],
    ['a wrong port', { ...ENDS, source: { address: '::1', port: 65536 } }, 'ERR_SOCKET_BAD_PORT'],
    ['more than version 1 can say', { ...ENDS, version: 1, alpn: 'h2' }, 'ERR_INVALID_ARG_VALUE'],
    ['a long id', { ...ENDS, uniqueId: Buffer.alloc(129) }, 'ERR_OUT_OF_RANGE'],
    ['a value that has a name', { ...ENDS, tlvs: [{ type: 1, value: 'h2' }] }, 'ERR_INVALID_ARG_VALUE'],
    ['a wrong type', { ...ENDS, tlvs: [{ type: 256, value: '' }] }, 'ERR_OUT_OF_RANGE'],
    ['too much', { ...ENDS, tlvs: [{ type: 0xe0, value: Buffer.alloc(65_535) }] }, 'ERR_INVALID_ARG_VALUE'],
    ['a name that is none', { ...ENDS, ssl: { cn: 1 } }, 'ERR_INVALID_ARG_TYPE'],
    ['a checksum', { ...ENDS, checksum: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a path that is too long', { source: { path: 'x'.repeat(109) }, destination: { path: '' } }, 'ERR_INVALID_ARG_VALUE'],
  ])('throws with %s, and opens nothing', (_name, proxyProtocol, code) => {
    const stream = new net.Stream();
    expect(thrown(() => stream.connect({ port: 1, proxyProtocol })).code).toBe(code);
    expect(stream.connecting).toBe(false);
  });
});

describe('TLS', () => {
  const secure = identity('p256');
  const trusting = { ca: certificate('root'), servername: 'localhost' };

  test('follows the header, in place', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const connected = once(server, 'connection');
    const client = destroyAtEnd(net.connect({ port: server.address().port, proxyProtocol: ENDS }));
    client.setSecure({ ...trusting, rejectUnauthorized: true });
    client.end('data');
    const [stream] = await connected;
    destroyAtEnd(stream).setSecure(secure);
    expect(stream.remoteAddress).toBe('192.0.2.1');
    expect(String(await collect(stream))).toBe('data');
    expect([stream.encrypted, stream.remoteAddress]).toEqual([true, '192.0.2.1']);
  });

  test('follows the header, by rust-net/tls', async () => {
    const server = await listening(tls.createServer({ ...secure, proxyProtocol: 'require' }));
    const connected = once(server, 'secureConnection');
    const client = destroyAtEnd(
      tls.connect({ port: server.address().port, host: '127.0.0.1', ...trusting, proxyProtocol: ENDS }),
    );
    client.end('data');
    const [socket] = await connected;
    expect(String(await collect(destroyAtEnd(socket)))).toBe('data');
    expect([socket.remoteAddress, socket.localPort]).toEqual(['192.0.2.1', 443]);
    expect(socket.proxy.source.port).toBe(5000);
  });

  test.each([
    ['a client that is handed over', {}, { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' }],
    ['a server that is left to it', { ciphers: 'ECDHE-ECDSA-AES128-SHA256:HIGH' }, {}],
  ])('follows the header where OpenSSL is at work: %s', async (_name, ofServer, ofClient) => {
    const server = await listening(tls.createServer({ ...secure, ...ofServer, proxyProtocol: 'require' }));
    const connected = once(server, 'secureConnection');
    const place = { port: server.address().port, host: '127.0.0.1', proxyProtocol: ENDS };
    const client = destroyAtEnd(tls.connect({ ...place, ...trusting, ...ofClient }));
    client.end('data');
    const [socket] = await connected;
    expect(destroyAtEnd(socket).tlsEngine).toBe('openssl');
    expect([socket.remoteAddress, socket.remotePort, socket.localPort]).toEqual(['192.0.2.1', 5000, 443]);
    expect(socket.address().address).toBe('198.51.100.2');
    expect(socket.proxy.source.address).toBe('192.0.2.1');
    expect(String(await collect(socket))).toBe('data');
  });

  test("follows the header of Node's own client", async () => {
    const server = await listening(tls.createServer({ ...secure, proxyProtocol: 'require' }));
    const connected = once(server, 'secureConnection');
    const socket = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    socket.write(binary(FOUR));
    destroyAtEnd(nodeTls.connect({ socket, ...trusting })).end('data');
    const [accepted] = await connected;
    expect(destroyAtEnd(accepted).remoteAddress).toBe('192.0.2.1');
    expect(String(await collect(accepted))).toBe('data');
  });
});

test('a header goes out once, by the attempt that wins', async () => {
  const server = await listening(nodeNet.createServer());
  const connected = once(server, 'connection');
  const lookup = (_host, _options, callback) => {
    callback(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }].reverse());
  };
  const { port } = closeAtEnd(server).address();
  const client = destroyAtEnd(net.connect({ port, host: 'both.test', lookup, proxyProtocol: { version: 1, ...ENDS } }));
  client.end('data');
  const [accepted] = await connected;
  expect(await collect(destroyAtEnd(accepted))).toEqual(Buffer.concat([LINE, Buffer.from('data')]));
});
