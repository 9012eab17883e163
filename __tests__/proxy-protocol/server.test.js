'use strict';

// Servers whose connections begin with a header of the PROXY protocol: what they see of a connection, and when.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const today = require('../../node');
const net = require('../..');
const { collect, destroyAtEnd, failure, listening, record, scratch, settled, thrown } = require('../helpers');
const { LINE, binary, tlv } = require('./headers');

/** Connects to `server` by Node's own net. */
async function dial(server) {
  const address = server.address();
  const client = destroyAtEnd(
    typeof address === 'string' ? nodeNet.connect(address) : nodeNet.connect(address.port, '127.0.0.1'),
  );
  client.on('error', () => {});
  await once(client, 'connect');
  client.setNoDelay(true);
  return client;
}

/** Resolves when `stream` is closed, whether it has failed or not. */
function closeOf(stream) {
  return new Promise((resolve) => {
    stream.on('close', resolve);
  });
}

/** The connection of `server` that sends `bytes`, and the client. */
async function arrivalOf(server, bytes) {
  const connected = once(server, 'connection');
  const client = await dial(server);
  client.write(bytes);
  const [stream] = await connected;
  return [destroyAtEnd(stream), client];
}

/** What a server of `options` drops a connection for that sends `bytes`, and whether that has been reset. */
async function refusalOf(options, bytes) {
  const server = await listening(net.createServer({ proxyProtocol: options }));
  const connections = record(server, 'connection');
  const dropped = once(server, 'drop');
  const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  const failed = failure(client);
  let remotePort;
  client.on('connect', () => (remotePort = client.localPort));
  client.write(bytes);
  const [data] = await dropped;
  // A connection may be reset before its client has seen that it is there.
  expect((await failed).code).toBe('ECONNRESET');
  expect(connections).toEqual([]);
  expect(data).toMatchObject({ remoteAddress: '127.0.0.1', remoteFamily: 'IPv4' });
  if (remotePort !== undefined) expect(data.remotePort).toBe(remotePort);
  expect(data).toMatchObject({ localAddress: '127.0.0.1', localPort: server.address().port, localFamily: 'IPv4' });
  return data.reason;
}

const FOUR = { source: ['192.0.2.1', 5000], destination: ['198.51.100.2', 443] };

describe.each([['rust-net', net], ['rust-net/node', today]])('%s', (_name, module) => {
  test.each([
    ['version 1', LINE, 1],
    ['version 2', binary(FOUR), 2],
  ])('addresses are those of a header of %s', async (_version, header, version) => {
    const server = await listening(module.createServer({ proxyProtocol: 'require' }));
    const [stream, client] = await arrivalOf(server, Buffer.concat([header, Buffer.from('data')]));
    expect([stream.remoteAddress, stream.remotePort, stream.remoteFamily]).toEqual(['192.0.2.1', 5000, 'IPv4']);
    expect([stream.localAddress, stream.localPort, stream.localFamily]).toEqual(['198.51.100.2', 443, 'IPv4']);
    expect(stream.address()).toEqual({ address: '198.51.100.2', family: 'IPv4', port: 443 });
    expect(stream.proxy).toMatchObject({
      version,
      command: 'PROXY',
      transport: 'stream',
      source: { address: '192.0.2.1', family: 'IPv4', port: 5000 },
      destination: { address: '198.51.100.2', family: 'IPv4', port: 443 },
      peer: { address: '127.0.0.1', family: 'IPv4', port: client.localPort },
      local: { address: '127.0.0.1', family: 'IPv4', port: server.address().port },
      tlvs: [],
    });
    client.end();
    expect(String(await collect(stream))).toBe('data');
    expect(stream.bytesRead).toBe(4);
  });

  test('nothing is seen of a connection before its header is whole', async () => {
    const server = await listening(module.createServer({ proxyProtocol: 'require' }));
    const events = record(server, 'connection', 'drop');
    const header = binary(FOUR);
    const client = await dial(server);
    client.write(header.subarray(0, -1));
    await settled();
    expect(events).toEqual([]);
    expect(module === net ? server.connections : 0).toBe(0);
    client.write(header.subarray(-1));
    await once(server, 'connection');
    destroyAtEnd(events[0][1]);
    expect(events[0][1].remoteAddress).toBe('192.0.2.1');
  });

  test('connections are limited and blocked by what the header says', async () => {
    const blockList = new nodeNet.BlockList();
    blockList.addAddress('192.0.2.1');
    const server = await listening(module.createServer({ proxyProtocol: 'require', blockList }));
    const events = record(server, 'connection', 'drop');
    const client = await dial(server);
    client.write(binary(FOUR));
    client.resume();
    await once(client, 'close');
    const [stream] = await arrivalOf(server, binary({ ...FOUR, source: ['192.0.2.9', 1] }));
    expect(stream.remoteAddress).toBe('192.0.2.9');
    expect(events.map(([name]) => name)).toEqual(['connection']);
  });
});

describe('a header', () => {
  test.each([
    ['version 1', LINE],
    ['version 2', binary({ ...FOUR, tlvs: [tlv(0x02, 'example.org'), tlv(0xe0, 'own')] })],
  ])('of %s arrives split at every byte, over TCP and over UNIX sockets', async (_version, header) => {
    const places = [[0, '127.0.0.1'], [path.join(scratch(), 'proxied')]];
    for (const place of places) {
      const server = await listening(net.createServer({ proxyProtocol: 'require' }), ...place);
      for (let at = 1; at <= header.length; at++) {
        const connected = once(server, 'connection');
        const client = await dial(server);
        client.write(header.subarray(0, at));
        // Another connection there and back: what was written has come.
        if (at % 16 === 1) await settled();
        client.end(Buffer.concat([header.subarray(at), Buffer.from('data')]));
        const [stream] = await connected;
        expect(stream.remoteAddress).toBe('192.0.2.1');
        expect(String(await collect(destroyAtEnd(stream)))).toBe('data');
      }
    }
  });

  test('comes byte by byte', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const connected = once(server, 'connection');
    const client = await dial(server);
    for (const byte of binary({ ...FOUR, tlvs: [tlv(0x02, 'example.org')] })) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [stream] = await connected;
    expect(destroyAtEnd(stream).proxy.authority).toBe('example.org');
  });

  test('says more of the connection', async () => {
    const names = [tlv(0x21, 'TLSv1.3'), tlv(0x22, 'somebody'), tlv(0x23, 'TLS_AES_128_GCM_SHA256'), tlv(0x24, 'SHA256')];
    names.push(tlv(0x25, 'RSA2048'), tlv(0x26, 'x25519'), tlv(0x28, Buffer.of(1, 2)));
    const tlvs = [
      tlv(0x01, 'h2'),
      tlv(0x02, 'example.org'),
      tlv(0x04, Buffer.alloc(7)),
      tlv(0x05, Buffer.of(0, 255)),
      tlv(0x30, 'blue'),
      tlv(0x20, Buffer.concat([Buffer.of(7, 0, 0, 0, 0), ...names])),
      tlv(0xea, Buffer.of(1)),
    ];
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const [{ proxy }] = await arrivalOf(server, binary({ ...FOUR, tlvs, checksum: true }));
    expect(proxy).toMatchObject({
      alpn: 'h2',
      authority: 'example.org',
      uniqueId: Buffer.of(0, 255),
      netns: 'blue',
      checksum: true,
      tlvs: [{ type: 0xea, value: Buffer.of(1) }],
      ssl: {
        presented: true,
        resumed: true,
        verify: 0,
        verified: true,
        version: 'TLSv1.3',
        cn: 'somebody',
        cipher: 'TLS_AES_128_GCM_SHA256',
        signature: 'SHA256',
        key: 'RSA2048',
        group: 'x25519',
        scheme: null,
        certificate: Buffer.of(1, 2),
      },
    });
  });

  test('without a certificate that is trusted, the client is not verified', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    for (const [client, verify] of [[1, 0], [3, 18]]) {
      const tlvs = [tlv(0x20, Buffer.of(client, 0, 0, 0, verify))];
      const [{ proxy }] = await arrivalOf(server, binary({ ...FOUR, tlvs }));
      expect(proxy.ssl).toMatchObject({ presented: client === 3, verify, verified: false });
    }
  });

  test.each([
    ['LOCAL', binary({ command: 'LOCAL' }), { command: 'LOCAL', version: 2 }],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN 192.0.2.1 whatever\r\n'), { command: 'PROXY', version: 1 }],
    ['of no family', binary({}), { command: 'PROXY', version: 2 }],
  ])('that is %s leaves the addresses of the connection', async (_name, header, expected) => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const [stream, client] = await arrivalOf(server, header);
    expect([stream.remoteAddress, stream.remotePort]).toEqual(['127.0.0.1', client.localPort]);
    expect(stream.localPort).toBe(server.address().port);
    expect(stream.proxy).toMatchObject({ ...expected, source: null, destination: null });
  });

  test('may be of IPv6, of datagrams, and of UNIX sockets', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const ends = { source: ['2001:db8::1', 1], destination: ['::1', 2] };
    const [six] = await arrivalOf(server, binary({ ...ends, family: 0x22 }));
    expect([six.remoteAddress, six.remoteFamily, six.localAddress]).toEqual(['2001:db8::1', 'IPv6', '::1']);
    expect(six.proxy.transport).toBe('datagram');
    const [unix, client] = await arrivalOf(server, binary({ paths: ['/run/client', '\0server'] }));
    expect(unix.proxy).toMatchObject({ source: { path: '/run/client' }, destination: { path: '\0server' } });
    expect(unix.remotePort).toBe(client.localPort);
  });

  test('of a connection to a UNIX socket has addresses, too', async () => {
    const server = await listening(net.createServer({ proxyProtocol: { from: [] } }), path.join(scratch(), 'proxied'));
    const [stream] = await arrivalOf(server, binary(FOUR));
    expect([stream.remoteAddress, stream.localPort, stream.type]).toEqual(['192.0.2.1', 443, 'unix']);
    expect(stream.proxy).toMatchObject({ peer: null, local: null });
  });

  test('stays readable after the connection has been closed', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const [stream] = await arrivalOf(server, binary(FOUR));
    let seen;
    stream.on('close', () => (seen = [stream.remoteAddress, stream.proxy.version]));
    stream.destroy();
    await once(stream, 'close');
    expect(seen).toEqual(['192.0.2.1', 2]);
    expect(stream.proxy.version).toBe(2);
  });

  test('is not there without the option', async () => {
    const server = await listening(net.createServer());
    const [stream, client] = await arrivalOf(server, LINE);
    client.end();
    expect(stream.proxy).toBe(null);
    expect(await collect(stream)).toEqual(LINE);
  });
});

describe('a connection is refused', () => {
  test.each([
    ['without a header', 'GET / HTTP/1.1\r\n\r\n', 'proxy-missing'],
    ['with a malformed line', 'PROXY TCP4 192.0.2.1\r\n', 'proxy-malformed'],
    ['with a line without an end', `PROXY ${'x'.repeat(110)}`, 'proxy-too-long'],
    ['with an unknown version', binary({ command: 0x31 }), 'proxy-malformed'],
    ['with a wrong checksum', corrupted(binary({ ...FOUR, checksum: true })), 'proxy-malformed'],
    ['with a value that is cut short', binary({ ...FOUR, tlvs: [Buffer.of(1, 0, 9, 1)] }), 'proxy-malformed'],
    ['with a long header', binary({ ...FOUR, tlvs: [tlv(4, Buffer.alloc(4096))] }), 'proxy-too-long'],
  ])('%s', async (_name, bytes, reason) => {
    expect(await refusalOf('require', bytes)).toBe(reason);
  });

  test('when its header is late', async () => {
    expect(await refusalOf({ timeout: 50 }, LINE.subarray(0, -1))).toBe('proxy-timeout');
    expect(await refusalOf({ timeout: 50, mode: 'accept' }, '')).toBe('proxy-timeout');
  });

  test('from elsewhere, with or without a header', async () => {
    expect(await refusalOf({ from: '10.0.0.0/8' }, LINE)).toBe('proxy-untrusted');
    expect(await refusalOf({ from: [] }, '')).toBe('proxy-untrusted');
    const blockList = new nodeNet.BlockList();
    blockList.addSubnet('10.0.0.0', 8);
    blockList.addRange('127.0.0.2', '127.0.0.9');
    expect(await refusalOf({ from: blockList }, LINE)).toBe('proxy-untrusted');
  });

  test('with a header from elsewhere, where a header may be', async () => {
    expect(await refusalOf({ mode: 'accept', from: '10.0.0.1' }, LINE)).toBe('proxy-forged');
    expect(await refusalOf({ mode: 'accept', from: '10.0.0.1' }, binary(FOUR))).toBe('proxy-forged');
  });

  test('when it ends in its header', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const client = await dial(server);
    client.end(LINE.subarray(0, 5));
    const [{ reason }] = await once(server, 'drop');
    expect(reason).toBe('proxy-incomplete');
  });

  test('one after the other, each in its time', async () => {
    const server = await listening(net.createServer({ proxyProtocol: { timeout: 200 } }));
    const dropped = [];
    server.on('drop', ({ remotePort }) => dropped.push(remotePort));
    const first = await dial(server);
    const ports = [first.localPort];
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = await dial(server);
    ports.push(second.localPort);
    await closeOf(first);
    expect(dropped).toEqual([ports[0]]);
    await closeOf(second);
    expect(dropped).toEqual(ports);
  });
});

describe('a connection is served', () => {
  test('from an address of the list', async () => {
    const blockList = new nodeNet.BlockList();
    blockList.addSubnet('127.0.0.0', 8);
    for (const from of ['127.0.0.1', ['10.0.0.1', '127.0.0.0/8'], '127.0.0.1-127.0.0.2', blockList]) {
      const server = await listening(net.createServer({ proxyProtocol: { from } }), 0, '::');
      const [stream] = await arrivalOf(server, LINE);
      expect(stream.remoteAddress).toBe('192.0.2.1');
    }
  });

  test("without a header, in the mode 'accept'", async () => {
    for (const options of ['accept', { mode: 'accept', from: '10.0.0.1' }]) {
      const server = await listening(net.createServer({ proxyProtocol: options }));
      const connected = once(server, 'connection');
      const client = await dial(server);
      client.write('PRO');
      await settled();
      client.end('PFIND');
      const [stream] = await connected;
      expect([stream.proxy, stream.remotePort]).toEqual([null, client.localPort]);
      expect(String(await collect(destroyAtEnd(stream)))).toBe('PROPFIND');
    }
  });

  test('and one that ends before it has sent anything is none', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }));
    const events = record(server, 'connection', 'drop');
    const client = await dial(server);
    client.end();
    client.resume();
    await once(client, 'close');
    expect(events).toEqual([]);
  });
});

test('listen() takes the option, too, and its own comes first', async () => {
  const server = await listening(net.createServer({ proxyProtocol: 'require' }), { port: 0, proxyProtocol: 'accept' });
  const [stream] = await arrivalOf(server, 'data');
  expect(stream.proxy).toBe(null);
  const other = await listening(net.createServer(), { port: 0, proxyProtocol: 'require' });
  const [proxied] = await arrivalOf(other, LINE);
  expect(proxied.proxy.version).toBe(1);
  other.close();
  await listening(other);
  const [plain] = await arrivalOf(other, 'data');
  expect(plain.proxy).toBe(null);
});

test('shutdown() waits for headers that are still to come', async () => {
  const server = await listening(net.createServer({ proxyProtocol: 'require' }));
  const client = await dial(server);
  client.write(LINE.subarray(0, 9));
  await settled();
  const connected = once(server, 'connection');
  const over = server.shutdown();
  client.end(LINE.subarray(9));
  const [stream] = await connected;
  expect(stream.remoteAddress).toBe('192.0.2.1');
  stream.end();
  expect((await over).destroyed).toBe(0);
});

test('a header moves with its stream', async () => {
  const server = await listening(net.createServer({ proxyProtocol: 'require' }));
  const [stream] = await arrivalOf(server, LINE);
  const moved = destroyAtEnd(net.Stream.attach(stream.detach()));
  for (const one of [stream, moved]) expect([one.remoteAddress, one.proxy.version]).toEqual(['192.0.2.1', 1]);
});

test('a server that closes takes what waits for a header with it', async () => {
  const server = await listening(net.createServer({ proxyProtocol: 'require' }));
  const client = await dial(server);
  client.resume();
  client.write('PROXY');
  await settled();
  const before = fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : null;
  server.close();
  await closeOf(client);
  if (before !== null) expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(before);
});

test.each([
  [{ proxyProtocol: 'maybe' }, 'ERR_INVALID_ARG_VALUE'],
  [{ proxyProtocol: 1 }, 'ERR_INVALID_ARG_TYPE'],
  [{ proxyProtocol: { mode: 'both' } }, 'ERR_INVALID_ARG_VALUE'],
  [{ proxyProtocol: { timeout: 0 } }, 'ERR_OUT_OF_RANGE'],
  [{ proxyProtocol: { timeout: '5' } }, 'ERR_INVALID_ARG_TYPE'],
  [{ proxyProtocol: { maxLength: 231 } }, 'ERR_OUT_OF_RANGE'],
  [{ proxyProtocol: { maxLength: 65537 } }, 'ERR_OUT_OF_RANGE'],
  [{ proxyProtocol: { from: 1 } }, 'ERR_INVALID_ARG_TYPE'],
  [{ proxyProtocol: { from: ['localhost'] } }, 'ERR_INVALID_ARG_VALUE'],
  [{ proxyProtocol: { from: [1] } }, 'ERR_INVALID_ARG_TYPE'],
])('createServer(%j) throws', (options, code) => {
  expect(thrown(() => net.createServer(options)).code).toBe(code);
  expect(thrown(() => net.createServer().listen({ port: 0, ...options })).code).toBe(code);
});

/** `bytes` with another last one. */
function corrupted(bytes) {
  const wrong = Buffer.from(bytes);
  wrong[wrong.length - 1] ^= 1;
  return wrong;
}
