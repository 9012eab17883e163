'use strict';

// The diagnostics channels of our own: what is published, in which order, and nothing without a subscriber.

const dc = require('diagnostics_channel');
const { once } = require('events');
const fs = require('fs');
const path = require('path');
const nodeTls = require('tls');
const net = require('../..');
const nodeEntry = require('../../node');
const tls = require('../../tls');
const { atEnd, closeAtEnd, destroyAtEnd, failure, listening, pair, refusingPort, scratch } = require('../helpers');
const { certificate, identity } = require('../tls/pki');

/** The messages on the channels `names` from now on: `[name, message]` each, a copy of the message as it was. */
function published(...names) {
  const all = [];
  for (const name of names) {
    const note = (message) => all.push([name, { ...message }]);
    dc.subscribe(name, note);
    atEnd(() => dc.unsubscribe(name, note));
  }
  return all;
}

const stepsOf = (name) => ['asyncStart', 'asyncEnd', 'error'].map((step) => `tracing:${name}:${step}`);
/** Sockets and servers of former tests may still be about to close. */
const of = (messages, ...subjects) =>
  messages.filter(([, { socket, server }]) => subjects.includes(socket) || subjects.includes(server));
const names = (messages) => messages.map(([name]) => name.replace('tracing:rust-net.', ''));

describe.each([['rust-net', net], ['rust-net/node', nodeEntry]])('%s', (_entry, module) => {
  test('connecting: a beginning, and the connection before \'connect\'', async () => {
    const messages = published(...stepsOf('rust-net.socket.connect'));
    const server = await listening(module.createServer((stream) => stream.end()));
    const { port } = server.address();
    const client = destroyAtEnd(module.connect({ port, host: '127.0.0.1' }));
    expect(messages).toEqual([
      ['tracing:rust-net.socket.connect:asyncStart', { socket: client, host: '127.0.0.1', port }],
    ]);
    client.once('connect', () => messages.push(['connect', {}]));
    await once(client, 'connect');
    expect(names(messages)).toEqual(['socket.connect:asyncStart', 'socket.connect:asyncEnd', 'connect']);
    const [, { ms, ...rest }] = messages[1];
    expect(rest).toEqual({ socket: client, host: '127.0.0.1', port, address: '127.0.0.1' });
    expect(ms).toBeGreaterThan(0);
  });

  test('subscribers get the same object for the beginning and the end', async () => {
    const seen = [];
    const subscribers = { asyncStart: (message) => seen.push(message), asyncEnd: (message) => seen.push(message) };
    const channel = dc.tracingChannel('rust-net.socket.connect');
    channel.subscribe(subscribers);
    atEnd(() => channel.unsubscribe(subscribers));
    await pair({ server: module, client: module });
    expect(seen.length).toBe(2);
    expect(seen[1]).toBe(seen[0]);
  });

  test('connecting that fails, and connecting that is cut short', async () => {
    const messages = published(...stepsOf('rust-net.socket.connect'));
    const refused = module.connect(await refusingPort(), '127.0.0.1');
    const error = await failure(refused);
    expect(names(messages)).toEqual(['socket.connect:asyncStart', 'socket.connect:error']);
    expect(messages[1][1]).toMatchObject({ socket: refused, error, ms: expect.any(Number) });
    module.connect({ path: '/no/such/socket' }).destroy();
    expect(names(messages.slice(2))).toEqual(['socket.connect:asyncStart', 'socket.connect:error']);
    expect(messages[2][1].path).toBe('/no/such/socket');
    expect(messages[3][1].error.code).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  });

  test('a subscriber that has missed the end sees no later one', async () => {
    const name = 'tracing:rust-net.socket.connect';
    const ignore = () => {};
    dc.subscribe(`${name}:asyncStart`, ignore);
    const server = await listening(module.createServer((stream) => stream.on('error', ignore)));
    const { port } = server.address();
    const [finished, again] = [1, 2].map(() => destroyAtEnd(module.connect({ port, host: '127.0.0.1' })));
    dc.unsubscribe(`${name}:asyncStart`, ignore);
    await Promise.all([once(finished, 'connect'), once(again, 'connect')]);
    again.destroy();
    await once(again, 'close');
    again.connect({ port, host: '127.0.0.1' });
    const messages = published(...stepsOf('rust-net.socket.connect'));
    await once(again, 'connect');
    finished.destroy();
    await once(finished, 'close');
    expect(of(messages, finished, again)).toEqual([]);
  });

  test('accepting, before \'connection\'', async () => {
    const messages = published('rust-net.server.accept', 'net.server.socket', 'rust-net.socket.proxy');
    const [, accepted, server] = await pair({
      server: module,
      client: module,
      accept: () => messages.push(['connection', {}]),
    });
    expect(names(messages)).toEqual(['rust-net.server.accept', 'connection', 'net.server.socket']);
    expect(messages[0][1]).toEqual({ server, socket: accepted });
  });

  test('the ends of a connection, with counts', async () => {
    const messages = published('rust-net.socket.end', 'rust-net.socket.close');
    const [client, accepted] = await pair({ server: module, client: module });
    accepted.on('close', () => messages.push(['close', {}]));
    accepted.resume().end('hello');
    client.resume().end('hi');
    await Promise.all([once(client, 'close'), once(accepted, 'close')]);
    const ofAccepted = messages.filter(([, { socket }]) => socket === accepted || socket === undefined);
    expect(ofAccepted).toEqual([
      ['rust-net.socket.end', { socket: accepted, truncated: false }],
      ['rust-net.socket.close', { socket: accepted, error: null, bytesRead: 2, bytesWritten: 5 }],
      ['close', {}],
    ]);
    expect(messages.some(([name, { socket }]) => name === 'rust-net.socket.close' && socket === client)).toBe(true);
  });

  test('a close has the error; a stream that was never opened has none', async () => {
    const messages = published('rust-net.socket.close');
    const [client] = await pair({ server: module, client: module });
    const error = new Error('for the test');
    const failed = failure(client);
    client.destroy(error);
    await failed;
    expect(messages[0][1]).toMatchObject({ socket: client, error });
    const unopened = new module.Stream();
    unopened.destroy();
    await once(unopened, 'close');
    expect(messages.filter(([, { socket }]) => socket === unopened)).toEqual([]);
  });

  test('connections that are dropped', async () => {
    const messages = published('rust-net.server.drop');
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.1');
    const full = await listening(module.createServer());
    full.maxConnections = 1;
    const blocking = await listening(module.createServer({ blockList }));
    const cut = async (server) => {
      const client = destroyAtEnd(module.connect(server.address().port, '127.0.0.1')).on('error', () => {}).resume();
      await once(client, 'close');
    };
    destroyAtEnd(module.connect(full.address().port, '127.0.0.1'));
    await once(full, 'connection');
    await cut(full);
    await cut(blocking);
    expect(messages.map(([, { server, reason, count }]) => [server, reason, count])).toEqual([
      [full, 'max-connections', 1],
      [blocking, 'blocked', 1],
    ]);
    expect(messages.map(([, { remoteAddress }]) => remoteAddress)).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  test('the graceful end of a server', async () => {
    const messages = published(...stepsOf('rust-net.server.shutdown'), 'rust-net.server.close');
    const server = await listening(module.createServer((stream) => stream.resume()));
    const client = destroyAtEnd(module.connect(server.address().port, '127.0.0.1')).resume();
    await once(server, 'connection');
    client.end();
    await server.shutdown();
    const steps = ['rust-net.server.close', 'server.shutdown:asyncEnd', 'server.shutdown:asyncStart'];
    expect(names(of(messages, server)).sort()).toEqual(steps);
    const ends = messages.find(([name]) => name.endsWith('asyncEnd'));
    expect(ends[1]).toEqual({ server, ended: 1, destroyed: 0, ms: expect.any(Number) });
  });

  test('a header of the PROXY protocol', async () => {
    const messages = published('rust-net.server.accept', 'rust-net.socket.proxy', 'rust-net.server.drop');
    const server = await listening(module.createServer({ proxyProtocol: 'require' }));
    const source = { address: '192.0.2.1', port: 1000 };
    const destination = { address: '192.0.2.2', port: 2000 };
    const options = { port: server.address().port, host: '127.0.0.1' };
    destroyAtEnd(module.connect({ ...options, proxyProtocol: { version: 2, source, destination } }));
    const [accepted] = await once(server, 'connection');
    expect(names(messages)).toEqual(['rust-net.server.accept', 'rust-net.socket.proxy']);
    expect(messages[1][1].socket).toBe(accepted);
    expect(messages[1][1].proxy).toEqual(accepted.proxy);
    const wrong = destroyAtEnd(module.connect(options)).on('error', () => {}).resume();
    wrong.end('no header\r\n');
    const [{ reason }] = await once(server, 'drop');
    expect(messages[2][1]).toMatchObject({ server, reason, remoteAddress: '127.0.0.1' });
  });

  test('a connection that moves', async () => {
    const messages = published('rust-net.socket.detach', 'rust-net.socket.attach', 'rust-net.socket.close');
    const [, accepted] = await pair({ server: module, client: module });
    const attached = destroyAtEnd(module.Stream.attach(accepted.detach()));
    await once(accepted, 'close');
    const found = of(messages, accepted, attached);
    expect(found.map(([name, { socket }]) => [name, socket === accepted, socket === attached])).toEqual([
      ['rust-net.socket.detach', true, false],
      ['rust-net.socket.attach', false, true],
      ['rust-net.socket.close', true, false],
    ]);
  });
});

describe('TLS', () => {
  const SECURE = stepsOf('rust-net.socket.secure');
  const AGREED = { protocol: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_AES/), ms: expect.any(Number) };

  test('in place: both sides, before \'secure\'; a second session is resumed', async () => {
    const messages = published(...SECURE);
    const credentials = net.createCredentials(identity('localhost'));
    const server = await listening(net.createServer((stream) => stream.setSecure(credentials)));
    const trust = net.createCredentials({ ca: certificate('localhost'), rejectUnauthorized: true });
    for (const resumed of [false, true]) {
      messages.length = 0;
      const accepted = once(server, 'connection');
      const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
      client.setSecure(trust, { servername: 'localhost' });
      const [stream] = await accepted;
      destroyAtEnd(stream);
      client.on('secure', () => messages.push(['secure', { socket: client }]));
      stream.on('secure', () => stream.write('x'));
      await once(client, 'data');
      expect(of(messages, client)).toEqual([
        [SECURE[0], { socket: client, isServer: false, servername: 'localhost' }],
        [SECURE[1], { socket: client, isServer: false, servername: 'localhost', ...AGREED, resumed }],
        ['secure', { socket: client }],
      ]);
      expect(of(messages, stream).map(([name]) => name)).toEqual(SECURE.slice(0, 2));
      expect(of(messages, stream)[1][1]).toMatchObject({ isServer: true, resumed });
      client.end();
      await once(client, 'close');
    }
  });

  test('in place: a peer that is not trusted', async () => {
    const messages = published(...SECURE);
    const server = await listening(net.createServer((stream) => {
      stream.on('error', () => {}).setSecure(identity('localhost'));
    }));
    const client = net.connect(server.address().port, '127.0.0.1');
    client.setSecure({ rejectUnauthorized: true }, { servername: 'localhost' });
    const error = await failure(client);
    const [, failed] = of(messages, client);
    expect(failed).toEqual([SECURE[2], { socket: client, isServer: false, servername: 'localhost', error, ms: AGREED.ms }]);
  });

  test('in place: the name is that of the host, where nothing else says it', async () => {
    const messages = published(...SECURE);
    const server = await listening(net.createServer((stream) => {
      stream.on('error', () => {}).setSecure(identity('localhost'));
    }));
    const { port } = server.address();
    for (const [host, name] of [['localhost', 'localhost'], ['127.0.0.1', undefined]]) {
      const client = destroyAtEnd(net.connect(port, host)).setSecure({ ca: certificate('localhost') });
      await once(client, 'secure');
      expect(of(messages, client)[0][1].servername).toBe(name);
    }
  });

  test('in place: cut short', async () => {
    const messages = published(...SECURE);
    const [client, accepted] = await pair();
    accepted.setSecure(identity('localhost'));
    expect(of(messages, accepted).map(([name]) => name)).toEqual([SECURE[0]]);
    accepted.destroy();
    await once(client.on('error', () => {}), 'close');
    const [, failed, ...more] = of(messages, accepted);
    expect([failed[0], failed[1].error.code, more]).toEqual([SECURE[2], 'ERR_SOCKET_CLOSED', []]);
  });

  test('rust-net/tls: before \'secureConnect\' and \'secureConnection\', and one close for both sockets', async () => {
    const messages = published(...SECURE, 'rust-net.socket.close');
    let [accepted, closed] = [];
    const server = await listening(tls.createServer(identity('localhost'), (socket) => {
      messages.push(['secureConnection', { socket }]);
      accepted = socket;
      closed = once(socket, 'close');
      socket.end('bye');
    }));
    const options = { port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: certificate('localhost') };
    const client = destroyAtEnd(tls.connect(options)).resume();
    client.on('secureConnect', () => messages.push(['secureConnect', { socket: client }]));
    await once(client, 'close');
    await closed;
    const ofClient = of(messages, client);
    const ofServer = of(messages, accepted, accepted._parent);
    expect(ofClient.map(([name]) => name)).toEqual([SECURE[0], SECURE[1], 'secureConnect', 'rust-net.socket.close']);
    expect(ofClient[1][1]).toEqual({ socket: client, isServer: false, servername: 'localhost', ...AGREED, resumed: false });
    expect(ofServer.map(([name]) => name)).toEqual([SECURE[0], SECURE[1], 'secureConnection', 'rust-net.socket.close']);
    expect(of(messages, accepted._parent)).toEqual([]);
  });

  test.each([
    ['done', {}, 1, 'secureConnection'],
    ['failed', { ciphers: 'AES128-SHA' }, 2, 'tlsClientError'],
  ])('rust-net/tls: a handshake that Node\'s own TLS goes on with, and that is %s', async (_how, more, step, event) => {
    const messages = published(...SECURE);
    const server = await listening(tls.createServer(identity('localhost'), (socket) => socket.end()));
    const outcome = once(server, event);
    const options = { port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: certificate('localhost') };
    const old = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' };
    const client = destroyAtEnd(nodeTls.connect({ ...options, ...old, ...more })).on('error', () => {}).resume();
    const [socket] = (await outcome).slice(-1);
    await Promise.all([client, socket].map((one) => one.closed || new Promise((resolve) => one.on('close', resolve))));
    const found = of(messages, socket);
    expect(found.map(([name]) => name)).toEqual([SECURE[0], SECURE[step]]);
    if (step === 1) expect(found[1][1]).toMatchObject({ protocol: 'TLSv1.2', cipher: old.ciphers, resumed: false });
    else expect(found[1][1].error.code).toMatch(/^ERR_S/);
  });

  test('rust-net/tls: a server that is not trusted fails the handshake', async () => {
    const messages = published(...SECURE);
    const server = await listening(tls.createServer(identity('localhost')));
    const options = { port: server.address().port, host: '127.0.0.1', servername: 'localhost' };
    const client = tls.connect(options);
    const error = await failure(client);
    const ofClient = of(messages, client);
    expect(ofClient.map(([name]) => name)).toEqual([SECURE[0], SECURE[2]]);
    expect(ofClient[1][1].error).toBe(error);
  });
});

describe('credentials', () => {
  test('that are replaced', () => {
    const messages = published('rust-net.credentials.replace');
    const credentials = net.createCredentials(identity('localhost'));
    expect(() => credentials.replace({ cert: 'none' })).toThrow();
    expect(messages).toEqual([]);
    credentials.replace(identity('localhost'));
    expect(messages).toEqual([['rust-net.credentials.replace', { credentials }]]);
  });

  test('whose files change', async () => {
    const messages = published('rust-net.credentials.replace', 'rust-net.credentials.error');
    const folder = scratch();
    const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    const { key, cert } = identity('localhost');
    fs.writeFileSync(keyFile, key);
    fs.writeFileSync(certFile, cert);
    const credentials = net.createCredentials({ keyFile, certFile, watch: { interval: 5 } });
    atEnd(() => credentials.unwatch());
    fs.writeFileSync(certFile, 'no certificate');
    const [error] = await once(credentials, 'error').catch((reason) => [reason]);
    expect(messages).toEqual([['rust-net.credentials.error', { credentials, error }]]);
    fs.writeFileSync(certFile, `${cert}\n`);
    await once(credentials, 'replaced');
    expect(messages[1]).toEqual(['rust-net.credentials.replace', { credentials }]);
  });
});

test('what has begun without a subscriber has no end', async () => {
  const server = closeAtEnd(net.createServer()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
  const messages = published(...stepsOf('rust-net.socket.connect'));
  await once(client, 'connect');
  expect(messages).toEqual([]);
});

test('listening is published where a tracing does not say whether it has subscribers, as in Node before 20.13', async () => {
  const { serverListen } = require('../../lib/channels');
  Object.defineProperty(serverListen, 'hasSubscribers', { value: undefined, configurable: true });
  atEnd(() => delete serverListen.hasSubscribers);
  const messages = published(...stepsOf('net.server.listen'));
  await listening(net.createServer());
  expect(messages.map(([name]) => name)).toEqual(stepsOf('net.server.listen').slice(0, 2));
});
