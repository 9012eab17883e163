'use strict';

// What stays true of a stream that is secure: it can be opened again (D16), and has encodings.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../../..');
const { collect, destroyAtEnd, failure, listening, pair, record, settled, thrown } = require('../../helpers');
const { CLIENT, SERVER, allSecure, greet, nextSecure, secureClient, securePair, secureServer } = require('../ends');

describe('D16: the same object, opened again', () => {
  test('starts in the clear, and can be made secure again', async () => {
    const secure = await secureServer();
    // The tickets of the server are not read by then, and what is closed with bytes unread is reset.
    secure.once('connection', (stream) => stream.on('error', () => {}));
    const clear = await listening(net.createServer((stream) => destroyAtEnd(stream).pipe(stream)));
    const client = secureClient(secure);
    const events = record(client, 'connect', 'secure', 'close');
    await once(client, 'secure');
    expect(client.getProtocol()).toBe('TLSv1.3');
    client.destroy();
    await once(client, 'close');

    client.connect(clear.address().port, '127.0.0.1');
    expect(client.encrypted).toBe(false);
    await once(client, 'connect');
    expect([client.getProtocol(), client.truncated, client.alpnProtocol]).toEqual([null, false, false]);
    expect(thrown(() => client.verifyPeer()).message).toBe('Stream is not a secure stream.');
    client.write('in the clear');
    expect((await once(client, 'data')).toString()).toBe('in the clear');
    client.end();
    await once(client, 'close');

    const accepted = nextSecure(secure);
    client.connect(secure.address().port, '127.0.0.1');
    client.setSecure(CLIENT);
    await once(client, 'secure');
    await greet(client, await accepted);
    expect(client.verifyPeer()).toBe(true);
    expect(events.map(([name]) => name)).toEqual(['connect', 'secure', 'close', 'connect', 'close', 'connect', 'secure']);
  });

  test('after a handshake that has failed', async () => {
    const clear = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).end('no TLS here\n')));
    const server = await secureServer();
    const client = net.connect(clear.address().port, '127.0.0.1').setSecure(CLIENT);
    await failure(client);
    destroyAtEnd(client).connect(server.address().port, '127.0.0.1');
    client.setSecure(CLIENT);
    await once(client, 'secure');
    expect(client.verifyPeer()).toBe(true);
  });
});

describe('stream.setEncoding, stream.write on a secure stream', () => {
  test('"Encoding of data is set by stream.setEncoding()", before setSecure or after it', async () => {
    const [client, accepted] = await pair();
    accepted.setEncoding('utf8');
    accepted.setSecure(SERVER);
    client.setSecure(CLIENT);
    await allSecure(client, accepted);
    client.setEncoding('base64');
    client.write('Grüße', 'utf8');
    expect(await once(accepted, 'data')).toEqual(['Grüße']);
    accepted.end('Grüße', 'utf8');
    expect(await collect(client)).toBe(Buffer.from('Grüße').toString('base64'));
  });

  test('D15: characters that are split between records arrive whole', async () => {
    const [client, accepted] = await securePair();
    accepted.setEncoding('utf8');
    const received = collect(accepted);
    for (const byte of Buffer.from('¿qué tal? 你好 😀')) {
      client.write(Buffer.from([byte]));
      await settled();
    }
    client.end();
    expect(await received).toBe('¿qué tal? 你好 😀');
  });

  test('D22: a character that has begun in the clear does not end in the first record', async () => {
    const [client, accepted] = await pair();
    accepted.setEncoding('utf8');
    const data = record(accepted, 'data');
    client.write(Buffer.from([0xc3]));
    await settled();
    client.setSecure(CLIENT);
    accepted.setSecure(SERVER);
    const closed = once(accepted, 'close').catch(() => {});
    client.on('error', () => {});
    client.end(Buffer.from([0xa9, 0x61]));
    await closed;
    expect(data.flat().join('')).not.toContain('é');
  });

  test('"The second parameter specifies the encoding in the case of a string--it defaults to ASCII" (D1)', async () => {
    const [client, accepted] = await securePair();
    client.write('Grüße');
    client.end('R3LDvMOfZQ==', 'base64');
    expect((await collect(accepted)).toString('latin1')).toBe(`Grüße${Buffer.from('Grüße').toString('latin1')}`);
  });
});
