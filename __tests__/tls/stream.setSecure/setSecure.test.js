'use strict';

// Section "stream.setSecure" of the `net` page and its event 'secure'; D19.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('../../..');
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
} = require('../../helpers');
const {
  CLIENT,
  SERVER,
  allSecure,
  greet,
  meet,
  nextSecure,
  securePair,
  secureServer,
  tlsClient,
  withTlsClient,
  withTlsServer,
} = require('../ends');
const { certificate, identity } = require('../pki');
const { HANDSHAKE, isAllRecords, records, tap } = require('../wire');

describe('stream.setSecure([credentials])', () => {
  test('"Enables SSL support for the stream": what is written is encrypted on the wire, in both directions', async () => {
    const server = await secureServer();
    const between = await tap(server);
    const [client, stream] = await meet(server, between);
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
