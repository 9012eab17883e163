'use strict';

// "Everything else stays true on a secure stream": counters, timeouts, pipes, protocols on top.

const { once } = require('events');
const https = require('https');
const http = require('http');
const { Transform } = require('stream');
const { pipeline } = require('stream/promises');
const net = require('../../..');
const { collect, destroyAtEnd, listening, pair } = require('../../helpers');
const { digest, noise } = require('../bulk');
const { CLIENT, SERVER, allSecure, greet, securePair, secureServer, tlsClient } = require('../ends');

describe('counters and timeouts', () => {
  test('bytesRead and bytesWritten count the bytes of the application, in the clear and encrypted', async () => {
    const [client, accepted] = await pair();
    client.write('in the clear');
    await once(accepted, 'data');
    client.setSecure(CLIENT);
    accepted.setSecure(SERVER);
    await allSecure(client, accepted);
    expect([client.bytesRead, client.bytesWritten, accepted.bytesRead, accepted.bytesWritten]).toEqual([0, 12, 12, 0]);
    client.write('secret');
    expect(client.bytesWritten).toBe(18);
    await once(accepted, 'data');
    accepted.end(Buffer.alloc(100_000));
    await once(client.resume(), 'close');
    expect([client.bytesRead, client.bytesWritten]).toEqual([100_000, 18]);
    expect([accepted.bytesRead, accepted.bytesWritten]).toEqual([18, 100_000]);
  });

  test('D25: "any traffic in either direction starts it anew; it fires again after another idle span; it severs nothing"', async () => {
    const [client, accepted] = await securePair();
    client.setTimeout(30);
    await once(client, 'timeout');
    await once(client, 'timeout');
    await greet(client, accepted);
    client.setTimeout(0);
  });

  test('setNoDelay, setKeepAlive, addresses and the rest are as before', async () => {
    const [client, accepted] = await securePair();
    expect(client.setNoDelay().setKeepAlive(true, 1000)).toBe(client);
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect([client.type, typeof client.fd, accepted.remotePort]).toEqual(['tcp4', 'number', client.localPort]);
  });
});

describe('pipes and protocols', () => {
  test('pipe between TLS and plain, both ways', async () => {
    const echo = await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)));
    const front = await listening(
      net.createServer({ allowHalfOpen: true }, (stream) => {
        destroyAtEnd(stream).setSecure(SERVER);
        const back = destroyAtEnd(net.connect(echo.address().port, '127.0.0.1'));
        stream.pipe(back).pipe(stream);
      }),
    );
    const client = tlsClient(front);
    const bytes = noise(3_000_000, 14);
    const received = collect(client);
    client.end(bytes);
    expect(digest(await received)).toBe(digest(bytes));
  });

  test('stream.pipeline, and for await', async () => {
    const [client, accepted] = await securePair();
    const upper = new Transform({
      transform: (chunk, _, done) => done(null, chunk.toString('latin1').toUpperCase()),
    });
    const through = pipeline(accepted, upper, accepted);
    client.end('shout');
    let text = '';
    for await (const chunk of client) text += chunk;
    await through;
    expect(text).toBe('SHOUT');
  });

  test('http over it: a server of node:http answers https', async () => {
    const web = http.createServer((request, response) => response.end(`you want ${request.url}`));
    const server = await secureServer();
    server.on('connection', (stream) => web.emit('connection', stream));
    const { port } = server.address();
    const answer = await new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', servername: 'localhost', path: '/this', ...CLIENT, agent: false };
      https.get(options, resolve).on('error', reject);
    });
    expect((await collect(answer)).toString()).toBe('you want /this');
  });
});
