'use strict';

// Handshakes in pieces, and many of them.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../../..');
const { destroyAtEnd, listening, settled } = require('../../helpers');
const { socketsAt } = require('../../sockets');
const { CLIENT, SERVER, greet, meet, only, secureClient, secureServer, tolerantServer } = require('../ends');
const { HANDSHAKE, clientHello, records, tap } = require('../wire');
const { turn } = require('./raw');

const onLinux = process.platform === 'linux' ? test : test.skip;

const [TLS12, TLS13] = [only('TLSv1.2'), only('TLSv1.3')];

describe('"every split offset of a recorded handshake"', () => {
  test.each([['TLSv1.2', TLS12], ['TLSv1.3', TLS13]])('our server, and a ClientHello of %s in two pieces', async (_, versions) => {
    const hello = await clientHello(versions);
    const server = await tolerantServer(SERVER);
    const { port } = server.address();
    const answered = async (offset) => {
      const raw = destroyAtEnd(nodeNet.connect({ port, host: '127.0.0.1', noDelay: true }));
      raw.write(hello.subarray(0, offset));
      await settled();
      raw.write(hello.subarray(offset));
      const [answer] = await once(raw, 'data');
      raw.destroy();
      return records(answer)[0]?.type;
    };
    const types = [];
    for (let offset = 1; offset < hello.length; offset += 16) {
      const offsets = Array.from({ length: Math.min(16, hello.length - offset) }, (_unused, i) => offset + i);
      types.push(...(await Promise.all(offsets.map(answered))));
    }
    expect(types.length).toBe(hello.length - 1);
    expect(new Set(types)).toEqual(new Set([HANDSHAKE]));
  });

  test.each([['TLSv1.2', TLS12], ['TLSv1.3', TLS13]])('one byte at a time, in both directions, %s', async (_, versions) => {
    const server = await secureServer({ ...SERVER, ...versions });
    const trickle = async (chunk, to) => {
      for (const byte of chunk) {
        to.write(Buffer.from([byte]));
        await turn();
      }
    };
    const between = await tap(server, { up: trickle, down: trickle });
    const [client, stream] = await meet(server, between);
    await greet(client, stream);
    expect(client.getProtocol()).toBe(versions.minVersion);
  });
});

describe('many handshakes', () => {
  onLinux('"nothing leaks": 1,000 handshakes, good and bad, and the descriptors are back', async () => {
    const server = await listening(net.createServer((stream) => stream.on('error', () => {}).setSecure(SERVER)));
    const { port } = server.address();
    /** Kinds of visits, which take turns. */
    const kinds = [
      (client) => client.on('secure', () => client.end()),
      (client) => client.on('secure', () => client.destroy()),
      (client) => client.on('secure', () => client.resetAndDestroy()),
      (client) => client.on('connect', () => client.destroy()),
    ];
    const credentials = net.createCredentials(CLIENT);
    const visit = async (i) => {
      const client = net.connect(port, '127.0.0.1').setSecure(credentials);
      client.on('error', () => {});
      kinds[i % kinds.length](client.resume());
      await once(client, 'close');
    };
    const run = async (from, until) => {
      for (let i = from; i < until; i += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, k) => visit(i + k)));
      }
      while (server.connections > 0) await turn();
    };
    await run(0, 1000);
    // Of a handshake that is cancelled, the socket is closed as soon as its thread has seen that. The listener stays.
    while (socketsAt(port) > 1) await turn();
  });

  test('100 at once are all served, and the others of the loop get their turn', async () => {
    const server = await listening(
      net.createServer((stream) => {
        destroyAtEnd(stream).setSecure(SERVER);
        stream.pipe(stream);
      }),
    );
    const finished = [];
    const other = settled().then(() => finished.push('another connection'));
    const texts = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const client = secureClient(server);
        client.write(`${i}`);
        const [data] = await once(client, 'data');
        finished.push(i);
        return data.toString();
      }),
    );
    await other;
    expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect(finished.at(-1)).not.toBe('another connection');
  });

  test('a server that is closed while handshakes are under way: they come to their end (D4)', async () => {
    const server = await secureServer();
    const clients = Array.from({ length: 10 }, () => secureClient(server));
    let accepted = 0;
    await new Promise((resolve) => {
      server.on('connection', () => {
        if (++accepted === clients.length) resolve();
      });
    });
    server.close();
    await Promise.all(clients.map((client) => once(client, 'secure')));
  });
});
