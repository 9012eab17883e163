'use strict';

// D22: setSecure on a stream that is connected already, in the middle of a conversation.

const { once } = require('events');
const nodeNet = require('net');
const tls = require('tls');
const net = require('../../..');
const { collect, destroyAtEnd, listening, pair, record, settled, thrown } = require('../../helpers');
const {
  CLIENT,
  SERVER,
  allSecure,
  greet,
  nextSecure,
  secureClient,
  secureServer,
  tlsClient,
  tolerantServer,
} = require('../ends');
const { HANDSHAKE, clientHello, isAllRecords, records, until } = require('../wire');

/** Resolves with the lines that `stream` receives, one for each call; what follows a line stays unread. */
function lineReader(stream) {
  let text = '';
  const waiting = [];
  stream.on('data', (data) => {
    text += data.toString('latin1');
    for (let end = text.indexOf('\n'); end >= 0 && waiting.length > 0; end = text.indexOf('\n')) {
      waiting.shift()(text.slice(0, end));
      text = text.slice(end + 1);
    }
  });
  return () => new Promise((resolve) => waiting.push(resolve));
}

describe('D22: setSecure on a live stream', () => {
  test('"Callable on either side at any time after the connection is there": over several round trips, STARTTLS as it is done', async () => {
    const [client, accepted] = await pair();
    const [fromServer, fromClient] = [lineReader(client), lineReader(accepted)];
    const ask = async (question, answer) => {
      client.write(`${question}\n`);
      expect(await fromClient()).toBe(question);
      accepted.write(`${answer}\n`);
      expect(await fromServer()).toBe(answer);
    };
    accepted.write('220 ready\n');
    expect(await fromServer()).toBe('220 ready');
    await ask('EHLO', '250 STARTTLS');
    await ask('NOOP', '250 ok');
    await ask('STARTTLS', '220 go ahead');
    accepted.setSecure(SERVER);
    client.setSecure(CLIENT);
    await allSecure(client, accepted);
    await ask('EHLO', '250 nothing more');
    await ask('QUIT', '221 bye');
    client.end();
    await once(accepted, 'close');
    expect([client.truncated, accepted.truncated]).toEqual([false, false]);
  });

  test('in the listeners of the events in which it is done: \'data\' on one side, the callback of a write on the other', async () => {
    const server = await listening(net.createServer());
    server.on('connection', (stream) => {
      destroyAtEnd(stream).once('data', (data) => {
        expect(data.toString()).toBe('STARTTLS\n');
        stream.write('go\n');
        stream.setSecure(SERVER);
        stream.on('data', (more) => stream.end(more));
      });
    });
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    client.write('STARTTLS\n');
    const [go] = await once(client, 'data');
    expect(go.toString()).toBe('go\n');
    await new Promise((resolve) => client.write('', resolve));
    client.setSecure(CLIENT);
    client.write('hello');
    expect((await collect(client)).toString()).toBe('hello');
  });

  test('against node:tls on the client\'s side', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.write('STARTTLS\n');
    await once(accepted, 'data');
    accepted.write('go\n');
    accepted.setSecure(SERVER);
    await once(client, 'data');
    const secure = destroyAtEnd(tls.connect({ socket: client, rejectUnauthorized: false, ...CLIENT, servername: 'localhost' }));
    await Promise.all([once(secure, 'secureConnect'), once(accepted, 'secure')]);
    expect(secure.authorized).toBe(true);
    await greet(accepted, secure);
  });

  test('against node:tls on the server\'s side', async () => {
    const [client, accepted] = await pair({ server: nodeNet });
    accepted.write('go\n');
    await once(client, 'data');
    client.setSecure(CLIENT, { servername: 'localhost' });
    const secure = destroyAtEnd(new tls.TLSSocket(accepted, { isServer: true, ...SERVER }));
    await Promise.all([once(secure, 'secure'), once(client, 'secure')]);
    expect(client.verifyPeer()).toBe(true);
    await greet(client, secure);
  });

  test('"and, on a client, before: it then starts at \'connect\'"', async () => {
    const server = await secureServer();
    const client = destroyAtEnd(new net.Stream());
    client.connect(server.address().port, '127.0.0.1');
    client.setSecure(CLIENT);
    expect(client.readyState).toBe('opening');
    const names = record(client, 'connect', 'secure');
    await once(client, 'secure');
    expect(names.map(([name]) => name)).toEqual(['connect', 'secure']);
  });

  test('and even before connect()', async () => {
    const server = await secureServer();
    const client = destroyAtEnd(new net.Stream());
    client.setSecure(CLIENT);
    client.connect(server.address().port, '127.0.0.1');
    await once(client, 'secure');
    expect(client.verifyPeer()).toBe(true);
  });

  test('in \'connect\', and in the callback of connect()', async () => {
    const server = await secureServer();
    const { port } = server.address();
    const first = destroyAtEnd(net.connect(port, '127.0.0.1', () => first.setSecure(CLIENT)));
    await once(first, 'secure');
    const second = destroyAtEnd(net.connect(port, '127.0.0.1'));
    second.on('connect', () => second.setSecure(CLIENT));
    await once(second, 'secure');
  });

  test('on an accepted stream in \'connect\' (D3), or a long time later', async () => {
    const server = await listening(net.createServer());
    server.on('connection', (stream) => destroyAtEnd(stream).on('connect', () => stream.setSecure(SERVER)));
    const accepted = nextSecure(server);
    await once(secureClient(server), 'secure');
    await accepted;

    const [client, late] = await pair();
    late.setSecure(SERVER);
    for (let i = 0; i < 5; i++) await settled();
    client.setSecure(CLIENT);
    await allSecure(client, late);
    await greet(late, client);
  });

  test('"What was written before it goes out in the clear first; what is written after it waits for the handshake and goes out encrypted."', async () => {
    for (const beforeConnect of [true, false]) {
      const server = await listening(nodeNet.createServer());
      const connection = once(server, 'connection');
      const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
      if (!beforeConnect) await once(client, 'connect');
      client.write('in the ');
      client.write('clear\n');
      client.setSecure(CLIENT);
      client.write('secret');
      const [accepted] = await connection;
      destroyAtEnd(accepted);
      const bytes = await until(accepted, (all) => isAllRecords(all.subarray(13)));
      expect(bytes.subarray(0, 13).toString()).toBe('in the clear\n');
      expect(records(bytes.subarray(13)).map(({ type }) => type)).toEqual([HANDSHAKE]);
      const more = record(accepted, 'data');
      await settled();
      expect(more).toEqual([]);
    }
  });

  test('the same on the accepting side, and for more in the clear than the kernel takes', async () => {
    const size = 8_000_000;
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    expect(accepted.write(Buffer.alloc(size, 'c'))).toBe(false);
    accepted.setSecure(SERVER);
    accepted.write('secret');
    await settled();
    // Read to the last byte that is in the clear, and not one further.
    let received = 0;
    while (received < size) {
      const chunk = client.read(Math.min(65_536, size - received)) ?? client.read();
      if (chunk === null) await once(client, 'readable');
      else if (chunk.some((byte) => byte !== 99)) throw new Error(`no clear text at ${received}`);
      else received += chunk.length;
    }
    client.removeAllListeners('readable');
    const secure = destroyAtEnd(tls.connect({ socket: client, rejectUnauthorized: false }));
    const [data] = await once(secure, 'data');
    expect(data.toString()).toBe('secret');
  });

  test('what is written in the turn of setSecure, before and after \'connect\', arrives in order', async () => {
    const server = await secureServer();
    const accepted = once(server, 'connection');
    const client = secureClient(server);
    client.write('one,');
    client.on('connect', () => client.write('two,'));
    client.on('secure', () => client.end('three'));
    const [stream] = await accepted;
    expect((await collect(stream)).toString()).toBe('one,two,three');
  });

  test('write() is false while the handshake waits, its callback comes later, and one \'drain\' follows (D12)', async () => {
    const [client, accepted] = await pair();
    accepted.pause();
    client.setSecure(CLIENT);
    const events = record(client, 'secure', 'drain');
    const callback = jest.fn(() => events.push(['callback']));
    expect(client.write('waits', callback)).toBe(false);
    expect(client.write('as well')).toBe(false);
    await settled();
    expect(callback).not.toHaveBeenCalled();
    expect(client.bufferSize).toBe(12);
    accepted.setSecure(SERVER).resume();
    await once(accepted, 'data');
    await settled();
    expect(events.map(([name]) => name).toSorted()).toEqual(['callback', 'drain', 'secure']);
    expect(events[0][0]).toBe('secure');
    expect(client.bufferSize).toBe(0);
  });

  test('end() right after it: the handshake is done, what was written arrives, then the end', async () => {
    const [client, accepted] = await pair();
    client.setSecure(CLIENT).end('goodbye');
    expect(client.readyState).toBe('readOnly');
    accepted.setSecure(SERVER);
    const secure = once(client, 'secure');
    expect((await collect(accepted)).toString()).toBe('goodbye');
    expect(accepted.truncated).toBe(false);
    await secure;
  });

  test('"Bytes received but not yet delivered to the application belong to the handshake": of a stream that is paused', async () => {
    for (const pauseOnConnect of [true, false]) {
      const server = await listening(net.createServer({ pauseOnConnect }));
      const connection = once(server, 'connection');
      const client = tlsClient(server);
      const [accepted] = await connection;
      destroyAtEnd(accepted);
      if (!pauseOnConnect) accepted.pause();
      await settled();
      accepted.setSecure(SERVER);
      await Promise.all([once(client, 'secureConnect'), once(accepted, 'secure')]);
      accepted.resume();
      await greet(client, accepted);
    }
  });

  test.each([undefined, 'utf8', 'base64'])('the same when they are in the buffer of the stream, for read() to take: encoding %s', async (encoding) => {
    const server = await listening(net.createServer());
    const connection = once(server, 'connection');
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [accepted] = await connection;
    destroyAtEnd(accepted);
    if (encoding !== undefined) accepted.setEncoding(encoding);
    const readable = once(accepted, 'readable');
    const secure = destroyAtEnd(tls.connect({ socket: client, rejectUnauthorized: false }));
    await readable;
    await settled();
    expect(accepted.readableLength).toBeGreaterThan(100);
    accepted.setSecure(SERVER);
    expect([accepted.readableLength, accepted.read()]).toEqual([0, null]);
    await Promise.all([once(secure, 'secureConnect'), once(accepted, 'secure')]);
    accepted.removeAllListeners('readable').resume();
    // Six bytes: two whole groups of base64.
    secure.write('rüße', 'utf8');
    const [data] = await once(accepted, 'data');
    expect(Buffer.from(data, encoding).toString()).toBe('rüße');
  });

  test('the same for the rest of what read(n) has taken the beginning of', async () => {
    const server = await listening(net.createServer());
    const connection = once(server, 'connection');
    const raw = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [accepted] = await connection;
    destroyAtEnd(accepted);
    // Both in one segment: the request, and the ClientHello of one who is not patient.
    const hello = await clientHello();
    raw.write(Buffer.concat([Buffer.from('STARTTLS\n'), hello]));
    await once(accepted, 'readable');
    expect(accepted.read(9).toString()).toBe('STARTTLS\n');
    accepted.setSecure(SERVER);
    const [answer] = await once(raw, 'data');
    expect(records(answer)[0].type).toBe(HANDSHAKE);
  });

  test.each(['before \'secure\'', 'after \'secure\''])('"A second setSecure throws.": %s, ERR_INVALID_STATE', async (when) => {
    const [client, accepted] = await pair();
    accepted.setSecure(SERVER);
    client.setSecure(CLIENT);
    if (when.startsWith('after')) await allSecure(client, accepted);
    for (const stream of [client, accepted]) {
      expect(thrown(() => stream.setSecure(SERVER)).code).toBe('ERR_INVALID_STATE');
    }
    if (when.startsWith('before')) await allSecure(client, accepted);
    await greet(client, accepted);
  });

  test('and a second one between destroy() and \'close\', of a stream that is to be opened again', async () => {
    const server = await tolerantServer(SERVER);
    const client = secureClient(server);
    await once(client, 'secure');
    client.destroy();
    client.connect(server.address().port, '127.0.0.1');
    client.setSecure(CLIENT);
    expect(thrown(() => client.setSecure(CLIENT)).code).toBe('ERR_INVALID_STATE');
    await once(client, 'secure');
  });

  test('a list of protocols that ends within a name is refused', () => {
    const ALPNProtocols = Buffer.from([2, 0x68, 0x32, 9, 0x41]);
    const { code, message } = thrown(() => net.createCredentials({ ALPNProtocols }));
    expect([code, /ALPNProtocols/.test(message)]).toEqual(['ERR_INVALID_ARG_VALUE', true]);
  });

  test('a second one before \'connect\' throws as well', async () => {
    const server = await secureServer();
    const client = secureClient(server);
    expect(thrown(() => client.setSecure(CLIENT)).code).toBe('ERR_INVALID_STATE');
    await once(client, 'secure');
  });

  test('on a stream that is destroyed, and in and after \'close\': ERR_SOCKET_CLOSED', async () => {
    const [client, accepted] = await pair();
    accepted.destroy();
    expect(thrown(() => accepted.setSecure(SERVER)).code).toBe('ERR_SOCKET_CLOSED');
    client.destroy();
    await once(client, 'close');
    expect(thrown(() => client.setSecure(CLIENT)).code).toBe('ERR_SOCKET_CLOSED');
  });

  test('after end(): ERR_STREAM_WRITE_AFTER_END', async () => {
    const [client] = await pair({ serverOptions: { allowHalfOpen: true } });
    client.end();
    expect(thrown(() => client.setSecure(CLIENT)).code).toBe('ERR_STREAM_WRITE_AFTER_END');
    expect(client.encrypted).toBe(false);
  });
});
