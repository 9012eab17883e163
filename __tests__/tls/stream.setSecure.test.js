'use strict';

// Section "stream.setSecure" of the `net` page and its event 'secure'; D19 and D22.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const tls = require('tls');
const net = require('../..');
const {
  child,
  collect,
  destroyAtEnd,
  failure,
  listening,
  pair,
  record,
  scratch,
  settled,
  thrown,
} = require('../helpers');
const {
  CLIENT,
  SERVER,
  allSecure,
  greet,
  nextSecure,
  secureClient,
  securePair,
  secureServer,
  tlsClient,
  tolerantServer,
  withTlsClient,
  withTlsServer,
} = require('./ends');
const { certificate, identity } = require('./pki');
const { HANDSHAKE, clientHello, isAllRecords, records, tap, until } = require('./wire');

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

describe('stream.setSecure([credentials])', () => {
  test('"Enables SSL support for the stream": what is written is encrypted on the wire, in both directions', async () => {
    const server = await secureServer();
    const between = await tap(server);
    const accepted = nextSecure(server);
    const client = secureClient(between);
    await once(client, 'secure');
    const stream = await accepted;
    await greet(client, stream);
    client.end('goodbye');
    expect((await collect(stream)).toString()).toBe('goodbye');
    await once(client, 'close');
    for (const bytes of [between.up, between.down]) {
      expect(isAllRecords(bytes)).toBe(true);
      expect(records(bytes)[0].type).toBe(HANDSHAKE);
      expect(bytes.includes('grüezi') || bytes.includes('goodbye')).toBe(false);
    }
  });

  test('"with the crypto module credentials specifying the private key and certificate of the stream": both roles show one', async () => {
    const server = identity('rsa2048', { ca: certificate('root') });
    const client = identity('p384Client', { ca: certificate('root') });
    const [connected, accepted] = await securePair(server, client);
    expect(connected.getPeerCertificate().subject).toBe('/CN=rsa2048');
    expect(accepted.getPeerCertificate().subject).toBe('/CN=p384Client');
    expect([connected.verifyPeer(), accepted.verifyPeer()]).toEqual([true, true]);
  });

  test('our client and a server of node:tls', async () => {
    const [ours, theirs] = await withTlsServer();
    await greet(ours, theirs);
    expect(ours.verifyPeer()).toBe(true);
  });

  test('our server and a client of node:tls', async () => {
    const [ours, theirs] = await withTlsClient();
    await greet(ours, theirs);
    expect(theirs.authorizationError?.code ?? theirs.authorizationError).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('UNIX streams as well', async () => {
    const server = await listening(net.createServer(), path.join(scratch(), 's'));
    const between = await tap(server);
    const client = destroyAtEnd(net.connect(between.address().port, '127.0.0.1'));
    const [accepted] = await once(server, 'connection');
    destroyAtEnd(accepted).setSecure(SERVER);
    client.setSecure(CLIENT);
    await allSecure(client, accepted);
    expect(accepted.type).toBe('unix');
    await greet(client, accepted);
    expect(isAllRecords(between.down)).toBe(true);
  });

  test('both ends of one UNIX connection', async () => {
    const server = await listening(net.createServer(), path.join(scratch(), 's'));
    const client = destroyAtEnd(net.connect(server.address()));
    client.setSecure(CLIENT, { servername: 'localhost' });
    const [accepted] = await once(server, 'connection');
    destroyAtEnd(accepted).setSecure(SERVER);
    await allSecure(client, accepted);
    await greet(accepted, client);
    expect(client.verifyPeer()).toBe(true);
  });

  test('IPv6', async () => {
    const server = await listening(net.createServer(), 0, '::1');
    server.on('connection', (stream) => destroyAtEnd(stream).setSecure(SERVER));
    const accepted = nextSecure(server);
    const client = destroyAtEnd(net.connect(server.address().port, '::1')).setSecure(CLIENT);
    await once(client, 'secure');
    await greet(client, await accepted);
  });

  test('it returns the stream, on both sides', async () => {
    const [client, accepted] = await pair();
    expect(accepted.setSecure(SERVER)).toBe(accepted);
    expect(client.setSecure(CLIENT)).toBe(client);
    await allSecure(client, accepted);
  });

  test('D19: it takes the result of createCredentials or the plain object', async () => {
    const [client, accepted] = await securePair(net.createCredentials(SERVER), net.createCredentials(CLIENT));
    expect(client.verifyPeer()).toBe(true);
    await greet(client, accepted);
  });

  test('D19: one Credentials serves many streams at once, in both roles', async () => {
    const credentials = net.createCredentials(identity('direct', { ca: certificate('root') }));
    const pairs = await Promise.all(Array.from({ length: 20 }, () => securePair(credentials, credentials)));
    for (const [client, accepted] of pairs) {
      expect([client.verifyPeer(), accepted.verifyPeer()]).toEqual([true, true]);
      await greet(client, accepted);
    }
  });

  test('"If the credentials hold one ore more CA certificates, then the stream will request for the peer to submit a client certificate as part of the SSL connection handshake."', async () => {
    for (const [more, subject] of [[{ ca: certificate('root') }, '/CN=p256Client'], [{}, undefined]]) {
      const server = await secureServer({ ...SERVER, ...more });
      const accepted = nextSecure(server);
      const client = tlsClient(server, identity('p256Client'));
      await once(client, 'secureConnect');
      expect((await accepted).getPeerCertificate().subject).toBe(subject);
    }
  });

  test('"The validity and content of this can be accessed via verifyPeer() and getPeerCertificate()."', async () => {
    const server = { ...SERVER, ca: certificate('root') };
    const [, trusted] = await securePair(server, identity('p256Client', CLIENT));
    expect([trusted.verifyPeer(), trusted.getPeerCertificate().subject]).toEqual([true, '/CN=p256Client']);
    const [, stranger] = await securePair(server, identity('selfSigned', CLIENT));
    expect([stranger.verifyPeer(), stranger.getPeerCertificate().subject]).toEqual([false, '/CN=selfSigned']);
  });

  test('without credentials, on a client: the default list of authorities, which has nobody of ours', async () => {
    const server = await secureServer();
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    expect(client.setSecure()).toBe(client);
    await once(client, 'secure');
    expect([client.verifyPeer(), client.authorizationError]).toEqual([false, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY']);
  });

  test.each([
    ['none', undefined],
    ['neither key nor certificate', { ca: certificate('root') }],
  ])('on a server, credentials that have %s: ERR_INVALID_ARG_VALUE, and the stream goes on in the clear', async (_, credentials) => {
    const [client, accepted] = await pair();
    const error = thrown(() => accepted.setSecure(credentials));
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE');
    expect(error.message).toContain('credentials');
    expect(accepted.encrypted).toBe(false);
    await greet(client, accepted);
    accepted.setSecure(SERVER);
    client.setSecure(CLIENT);
    await allSecure(client, accepted);
  });

  test.each([
    ['a number', [1]],
    ['a string', ['localhost']],
    ['true', [true]],
    ['a function', [() => {}]],
    ['isServer that is no boolean', [CLIENT, { isServer: 'yes' }]],
    ['a servername that is no string', [CLIENT, { servername: 1 }]],
    ['options that are no object', [CLIENT, 'localhost']],
  ])('wrong types throw ERR_INVALID_ARG_TYPE, and nothing has happened: %s', async (_, args) => {
    const [client, accepted] = await pair();
    expect(thrown(() => client.setSecure(...args)).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(client.encrypted).toBe(false);
    await greet(client, accepted);
  });

  test('what is wrong with plain credentials throws what createCredentials throws, and nothing has happened', async () => {
    const [client, accepted] = await pair();
    const credentials = { ...CLIENT, minVersion: 'TLSv1.4' };
    const error = thrown(() => net.createCredentials(credentials));
    expect(thrown(() => client.setSecure(credentials))).toMatchObject({ code: error.code, message: error.message });
    await greet(client, accepted);
  });
});

describe('the role', () => {
  test('"isServer": a stream that was accepted is the client, and one that has connected the server', async () => {
    const [client, accepted] = await pair();
    client.setSecure(identity('rsa2048'), { isServer: true });
    accepted.setSecure(CLIENT, { isServer: false, servername: 'localhost' });
    await allSecure(client, accepted);
    expect([accepted.verifyPeer(), accepted.getPeerCertificate().subject]).toEqual([true, '/CN=rsa2048']);
    await greet(client, accepted);
  });

  test('an adopted descriptor (D18) takes the role that it is told', async () => {
    for (const isServer of [true, false]) {
      const [credentials, peers] = isServer ? [SERVER, CLIENT] : [CLIENT, SERVER];
      const server = await listening(net.createServer());
      const outside = nodeNet.connect(server.address().port, '127.0.0.1');
      const [accepted] = await once(server, 'connection');
      destroyAtEnd(accepted).setSecure(peers, { isServer: !isServer });
      const script = `
        const { credentials, isServer } = JSON.parse(process.argv[2]);
        const stream = new net.Stream({ fd: 3 });
        stream.setSecure(credentials, { isServer });
        stream.on('secure', () => stream.write('secure'));
        stream.on('data', (data) => stream.end(data));
        stream.on('close', (hadError) => console.log('close', hadError));`;
      const args = [JSON.stringify({ credentials, isServer })];
      const { lines, exit } = child(script, { descriptors: [outside._handle.fd], args });
      // The child has its own by now.
      outside.destroy();
      const [hello] = await once(accepted, 'data');
      expect(hello.toString()).toBe('secure');
      accepted.write('there and back');
      expect((await collect(accepted)).toString()).toBe('there and back');
      expect((await lines.next()).value).toBe('close false');
      expect(await exit).toBe(0);
    }
  });
});

describe('Event: \'secure\'', () => {
  test('"Emitted when a stream connection successfully establishes an SSL handshake with its peer.": once, after \'connect\', on both sides', async () => {
    const events = [[], []];
    const note = (stream, i) => {
      for (const name of ['connect', 'ready', 'secure', 'secureConnect', 'data', 'end', 'error', 'close']) {
        stream.on(name, () => events[i].push(name));
      }
    };
    const server = await listening(net.createServer());
    server.on('connection', (stream) => {
      note(destroyAtEnd(stream), 1);
      stream.setSecure(SERVER);
      stream.on('data', (data) => stream.end(data));
    });
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    note(client, 0);
    client.setSecure(CLIENT);
    client.on('secure', () => client.write('x'));
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'close')]);
    if (!accepted.closed) await once(accepted, 'close');
    expect(new Set(events[0].splice(2, 2))).toEqual(new Set(['secure', 'secureConnect']));
    expect(events[0]).toEqual(['connect', 'ready', 'data', 'end', 'close']);
    expect(events[1].filter((name) => name !== 'ready')).toEqual(['connect', 'secure', 'secureConnect', 'data', 'end', 'close']);
  });

  test('it comes though nobody reads, and on a paused stream', async () => {
    const [client, accepted] = await pair();
    client.pause();
    accepted.pause();
    client.setSecure(CLIENT);
    accepted.setSecure(SERVER);
    await allSecure(client, accepted);
    expect([client.isPaused(), accepted.isPaused()]).toEqual([true, true]);
    const events = record(accepted, 'data');
    client.write('waits');
    await settled();
    expect(events).toEqual([]);
    accepted.resume();
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('waits');
  });

  test('"encrypted" is false before setSecure and true after it; "readyState" is \'open\' all the time', async () => {
    const [client, accepted] = await pair();
    expect([client.encrypted, accepted.encrypted]).toEqual([false, false]);
    client.setSecure(CLIENT);
    expect(client.readyState).toBe('open');
    accepted.setSecure(SERVER);
    await allSecure(client, accepted);
    expect([client.encrypted, accepted.encrypted]).toEqual([true, true]);
    expect([client.readyState, accepted.readyState]).toEqual(['open', 'open']);
  });

  test('what fails to connect is never secure', async () => {
    const client = net.connect(path.join(scratch(), 'nobody')).setSecure(CLIENT);
    const events = record(client, 'secure', 'secureConnect');
    expect((await failure(client)).code).toBe('ENOENT');
    expect(events).toEqual([]);
  });
});

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
