'use strict';

// A connection of a server that Node's own TLS serves is one of the server's, as those that rustls serves: the graceful
// end, statistics, channels and what a TLSSocket has beside that of Node.

const { spawnSync } = require('child_process');
const dc = require('diagnostics_channel');
const { once } = require('events');
const nodeHttps = require('https');
const nodeTls = require('tls');
const net = require('../..');
const https = require('../../https');
const nodeEntry = require('../../node');
const tls = require('../../tls');
const { atEnd, collect, listening } = require('../helpers');
const { connected, ended, pki, serve, target } = require('../parity/tls/compared');
const { DEADLINE } = require('../peers/program');

const LONG = 60_000;

/** Options of a server and of its client: who has OpenSSL serve the connection. */
const WAYS = {
  'the client': [{}, { ciphers: 'ECDHE-ECDSA-AES128-SHA256', maxVersion: 'TLSv1.2' }],
  'the server': [{ ciphers: 'DEFAULT@SECLEVEL=3' }, {}],
};

/** Both ends of a connection that OpenSSL serves. */
async function pair([serverOptions, clientOptions], listener) {
  const server = await serve(tls, serverOptions, listener);
  const [client, secure] = await another(server, clientOptions);
  return { server, client, secure };
}

async function another(server, clientOptions) {
  const accepted = once(server, 'secureConnection');
  const client = await connected(nodeTls, target(server, clientOptions));
  const [secure] = await accepted;
  secure.on('error', () => {});
  expect(secure.tlsEngine).toBe('openssl');
  return [client, secure];
}

const echo = (socket) => socket.on('data', (data) => socket.write(data));

/** Sends `text` and waits until `socket` has received it. */
async function send(client, socket, text) {
  const received = once(socket, 'data');
  client.write(text);
  await received;
}

describe.each(Object.entries(WAYS))('%s has OpenSSL serve it', (who, way) => {
  describe('the graceful end', () => {
    test('the TLSSocket emits \'shutdown\', and is left alone if it has a listener', async () => {
      const { server, client, secure } = await pair(way, echo);
      secure.on('shutdown', () => secure.end('bye'));
      const outcome = server.shutdown({ grace: LONG });
      expect(String(await collect(client))).toBe('bye');
      expect(await outcome).toMatchObject({ ended: 1, destroyed: 0 });
    });

    test('one that has answered is closed, and so is one that was never asked; another is waited for', async () => {
      const { server, client: answered, secure } = await pair(way);
      await send(answered, secure, 'one');
      const answer = collect(answered);
      secure.write('1');
      const [asking, asked] = await another(server, way[1]);
      asked.write('hello');
      await once(asking, 'data');
      await send(asking, asked, 'two');
      const [silent] = await another(server, way[1]);
      const outcome = server.shutdown({ grace: LONG });
      expect(String(await answer)).toBe('1');
      expect(String(await collect(silent))).toBe('');
      expect(asked.destroyed).toBe(false);
      const last = collect(asking);
      asked.write('2');
      expect(String(await last)).toBe('2');
      expect(await outcome).toMatchObject({ ended: 3, destroyed: 0 });
    });

    test('a handshake is waited for', async () => {
      const server = await serve(tls, way[0], echo);
      const outcome = once(server, 'connection').then(() => server.shutdown({ grace: LONG }));
      const client = await connected(nodeTls, target(server, way[1]));
      client.write('hello');
      expect(String(await collect(client))).toBe('hello');
      expect(await outcome).toMatchObject({ ended: 1, destroyed: 0 });
    });

    test('what is open at its end is destroyed', async () => {
      const { server, client, secure } = await pair(way);
      client.on('error', () => {});
      await send(client, secure, 'one');
      const isClosed = once(secure, 'close');
      expect(await server.shutdown({ grace: 0 })).toMatchObject({ ended: 0, destroyed: 1 });
      await isClosed;
    });

    test('a connection of https that is kept for the next request is closed', async () => {
      const options = { ...pki.identity('p256'), ...way[0], keepAliveTimeout: LONG };
      const server = https.createServer(options, (request, response) => response.end(request.socket.tlsEngine));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      atEnd(() => server.close());
      const agent = new nodeHttps.Agent({ keepAlive: true });
      atEnd(() => agent.destroy());
      const [response] = await once(nodeHttps.get({ ...target(server), ...way[1], agent }), 'response');
      expect(String(await collect(response))).toBe('openssl');
      expect(await server.shutdown({ grace: LONG })).toMatchObject({ ended: 1, destroyed: 0 });
    });
  });

  test('`streams` has the object of \'secureConnection\'', async () => {
    const { server, client, secure } = await pair(way);
    expect([...server.streams]).toEqual([secure]);
    secure.destroy();
    expect([...server.streams]).toEqual([]);
    await once(client, 'close');
  });

  test('limits that are changed count it', async () => {
    const { server } = await pair(way);
    server.setLimits({ maxConnectionsPerAddress: 1 });
    const dropped = once(server, 'drop');
    const refused = nodeTls.connect(target(server)).on('error', () => {});
    expect((await dropped)[0]).toMatchObject({ reason: 'max-connections-per-address' });
    refused.destroy();
  });

  describe('members', () => {
    test('`stats`: bytes in the clear, and what the kernel knows', async () => {
      const { client, secure } = await pair(way);
      await send(client, secure, 'hello');
      await new Promise((resolve) => secure.write('world', resolve));
      const { tcp, ...counts } = secure.stats;
      expect(counts).toEqual({ bytesRead: 5, bytesWritten: 5, bytesWaiting: 0 });
      expect(tcp).toEqual(process.platform === 'linux' ? expect.objectContaining({ rtt: expect.any(Number) }) : tcp);
      await ended(client);
      expect(secure.stats).toEqual({ bytesRead: 5, bytesWritten: 5, bytesWaiting: 0, tcp: null });
    });

    test('options of the kernel', async () => {
      const { secure } = await pair(way);
      expect(secure.setOption('linger', 0)).toBe(secure);
      expect(secure.getOption('linger')).toBe(0);
      expect(secure.setOption('linger', -1).getOption('linger')).toBe(-1);
      expect(() => secure.setOption('linger', 'x')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
      expect(secure.setTypeOfService(8)).toBe(secure);
      expect(secure.getTypeOfService()).toBe(8);
    });

    test('what the connection is', async () => {
      const { secure } = await pair(way);
      expect([secure.type, secure.fd > 2, secure.proxy, secure.peerCredentials]).toEqual(['tcp4', true, null, null]);
      secure.destroy();
      await once(secure, 'close');
      expect(secure.fd).toBe(null);
    });

    test('`detach()` throws, and the connection goes on', async () => {
      const { client, secure } = await pair(way, echo);
      expect(() => secure.detach()).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
      client.write('hello');
      expect(String((await once(client, 'data'))[0])).toBe('hello');
    });

    test('a program\'s own property takes the place of one', async () => {
      const { secure } = await pair(way);
      secure.stats = 'mine';
      expect(secure.stats).toBe('mine');
    });
  });

  test('its bytes and its handshake are counted, and stay so when it is closed', async () => {
    const before = net.stats();
    const { server, client } = await pair(way, echo);
    const counts = ({ bytesRead, bytesWritten, handshakes }) => [bytesRead, bytesWritten, handshakes.declined];
    client.write('hello');
    await once(client, 'data');
    expect(counts(server.stats)).toEqual([5, 5, 1]);
    await ended(client);
    await server.shutdown();
    expect(counts(server.stats)).toEqual([5, 5, 1]);
    const past = counts(before);
    expect(counts(net.stats()).map((count, index) => count - past[index])).toEqual([5, 5, 1]);
  });

  test('its end is published, once, for the TLSSocket', async () => {
    const closed = [];
    const note = (message) => closed.push(message);
    dc.subscribe('rust-net.socket.close', note);
    atEnd(() => dc.unsubscribe('rust-net.socket.close', note));
    const { server, client, secure } = await pair(way, echo);
    client.write('hello');
    await once(client, 'data');
    const error = new Error('mine');
    secure.destroy(error);
    await server.shutdown();
    const own = closed.filter(({ socket }) => socket === secure || socket.server === server);
    expect(own).toEqual([{ socket: secure, error, bytesRead: 5, bytesWritten: 5 }]);
  });

  test('NODE_DEBUG=rust-net prints its life under one number', () => {
    const script = `
      const tls = require(${JSON.stringify(require.resolve('../../tls'))});
      const pki = require(${JSON.stringify(require.resolve('../tls/pki'))});
      const server = tls.createServer({ ...pki.identity('p256'), ...${JSON.stringify(way[0])} }, (socket) => socket.end());
      server.listen(0, '127.0.0.1', () => {
        const options = { port: server.address().port, rejectUnauthorized: false, ...${JSON.stringify(way[1])} };
        require('tls').connect(options).resume().on('close', () => server.close());
      });`;
    const env = { ...process.env, NODE_DEBUG: 'rust-net' };
    const { stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8', timeout: DEADLINE });
    const numbered = stderr.match(/#\d+: \w+/g);
    expect(new Set(numbered.map((line) => line.split(':')[0]))).toEqual(new Set(['#1']));
    expect([numbered[0], numbered.at(-1)]).toEqual(['#1: accepted', '#1: closed']);
  });
});

test('one whose bytes pass through JavaScript', async () => {
  const size = 1 << 23;
  const server = await listening(nodeEntry.createServer());
  const client = nodeEntry.connect(server.address().port, '127.0.0.1');
  const [plain] = await once(server, 'connection');
  // What waits to be sent keeps the descriptor from being lent.
  plain.write(Buffer.alloc(size, 'x'));
  const secure = new tls.TLSSocket(plain, { isServer: true, ...pki.identity('p256'), ...WAYS['the server'][0] });
  echo(secure);
  let left = size;
  client.on('data', (data) => (left -= data.length));
  while (left > 0) await once(client, 'data');
  client.removeAllListeners('data').pause();
  const { ca, servername } = target(server);
  const overIt = await connected(tls, { socket: client, ca, servername });
  overIt.write('hello');
  await once(overIt, 'data');
  expect([...server.streams]).toEqual([secure]);
  expect(secure.stats).toMatchObject({ bytesRead: 5, bytesWritten: 5 });
  for (const socket of [plain, secure]) {
    expect(() => socket.detach()).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
  }
  expect(await server.shutdown({ grace: LONG })).toMatchObject({ ended: 1, destroyed: 0 });
});
