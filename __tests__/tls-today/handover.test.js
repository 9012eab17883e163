'use strict';

// A server begins each handshake with rustls, and hands clients that rustls can't serve to OpenSSL: the TLSSocket that
// the program knows stays the same object, and all that was done to it before holds.

const { spawnSync } = require('child_process');
const { once } = require('events');
const https = require('https');
const nodeTls = require('tls');
const { PassThrough } = require('stream');
const net = require('../../node');
const tls = require('../../tls');
const { kOldestVersion } = require('../../lib/tls-today/symbols');
const { atEnd, listening } = require('../helpers');
const { connected, ended, pki, serve, target } = require('../parity/tls/compared');
const { DEADLINE, describeWith } = require('../peers/program');
const { gnutlsClient, opensslClient } = require('../tls/peers');

const old = (ciphers) => ({ ciphers, maxVersion: 'TLSv1.2' });
const CBC = old('ECDHE-ECDSA-AES128-SHA256');
const LEGACY = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };

/** Numbers of versions in the protocol. */
const TLS_1_0 = 0x0301;
const TLS_1_2 = 0x0303;

/** What the next connections of `server` have: `[tlsEngine, protocol, cipher]`. */
function engines(server) {
  const seen = [];
  server.on('secureConnection', (socket) => seen.push([socket.tlsEngine, socket.getProtocol(), socket.getCipher().name]));
  return seen;
}

const rsa = () => pki.identity('rsa2048');

/** Options of a server, arguments of `openssl s_client`, and what is agreed on. */
const PEERS = {
  'ECDHE with CBC': [{}, ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA256'], 'TLSv1.2', 'ECDHE-RSA-AES128-SHA256'],
  'key exchange with RSA': [{}, ['-tls1_2', '-cipher', 'AES128-SHA'], 'TLSv1.2', 'AES128-SHA'],
  'finite-field Diffie-Hellman': [
    { dhparam: 'auto' },
    ['-tls1_2', '-cipher', 'DHE-RSA-AES256-GCM-SHA384'],
    'TLSv1.2',
    'DHE-RSA-AES256-GCM-SHA384',
  ],
  'TLS 1.1': [LEGACY, ['-tls1_1', '-cipher', 'AES128-SHA:@SECLEVEL=0'], 'TLSv1.1', 'AES128-SHA'],
  'TLS 1.0': [LEGACY, ['-tls1', '-cipher', 'AES128-SHA:@SECLEVEL=0'], 'TLSv1', 'AES128-SHA'],
};

describeWith(['openssl'], 'openssl s_client', () => {
  test.each(Object.entries(PEERS))('%s', async (what, [options, args, protocol, cipher]) => {
    const server = await serve(tls, { ...rsa(), ...options }, (socket) => {
      socket.once('data', (data) => socket.end(`got ${data}`));
    });
    const seen = engines(server);
    const client = opensslClient(server.address().port, ...args);
    client.say('hello\n');
    await client.said(/got hello/);
    expect(seen).toEqual([['openssl', protocol, cipher]]);
  }, DEADLINE);
});

describeWith(['gnutls-cli'], 'gnutls-cli', () => {
  const priorities = {
    'ECDHE with CBC': 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:-KX-ALL:+ECDHE-RSA',
    'a group that rustls lacks': 'NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP521R1',
  };
  test.each(Object.entries(priorities))('%s', async (what, priority) => {
    const options = { ...rsa(), ecdhCurve: 'P-256:P-521' };
    const server = await serve(tls, options, (socket) => socket.once('data', (data) => socket.end(`got ${data}`)));
    const seen = engines(server);
    const client = gnutlsClient(server.address().port, '--insecure', '--priority', priority);
    client.say('hello\n');
    await client.said(/got hello/);
    expect(seen.map(([engine]) => engine)).toEqual(['openssl']);
  }, DEADLINE);
});

test('one client is handed over, and the others of the same server are not', async () => {
  const server = await serve(tls, {}, (socket) => socket.pipe(socket));
  server.on('OCSPRequest', (certificate, issuer, callback) => callback(null, Buffer.from('stapled')));
  const seen = engines(server);
  for (const options of [{}, { ...CBC, requestOCSP: true }, {}]) {
    await ended(await connected(nodeTls, target(server, options)));
  }
  expect(seen.map(([engine]) => engine)).toEqual(['rustls', 'openssl', 'rustls']);
});

describe('a TLSSocket that the program has made', () => {
  /** What `use(socket)` returns for the side of a server over a connection of a client with `options`. */
  async function made(use, options = CBC, Class = tls.TLSSocket) {
    const server = await listening(net.createServer());
    const client = nodeTls.connect({ ...target(server), ...options });
    atEnd(() => client.destroy());
    client.on('error', () => {});
    const [plain] = await once(server, 'connection');
    const socket = new Class(plain, { isServer: true, secureContext: tls.createSecureContext(pki.identity('p256')) });
    atEnd(() => socket.destroy());
    return { client, plain, socket, server, used: use?.(socket, plain) };
  }

  test('keeps its listeners, in their order', async () => {
    const order = [];
    const { client, socket } = await made((secure) => {
      secure.once('secure', () => order.push('once'));
      secure.on('secure', () => order.push('on'));
      secure.prependListener('secure', () => order.push('first'));
      secure.on('newListener', (event) => order.push(`listens for ${event}`));
    });
    await Promise.all([once(client, 'secureConnect'), once(socket, 'secure')]);
    expect(order.filter((entry) => !entry.startsWith('listens'))).toEqual(['first', 'once', 'on']);
    expect(socket.listenerCount('secure')).toBe(2);
    expect(order).not.toContain('listens for close');
  });

  test('keeps what was written, and the end', async () => {
    const { client } = await made((socket) => {
      socket.write('one ');
      socket.write('two ');
      socket.end('three');
    });
    let text = '';
    client.setEncoding('utf8').on('data', (data) => (text += data));
    await once(client, 'end');
    expect(text).toBe('one two three');
  });

  test('keeps pipes and an encoding', async () => {
    const { client, socket, used } = await made((secure) => {
      secure.setEncoding('hex');
      return secure.pipe(new PassThrough());
    });
    client.write('ab');
    expect(String(await once(used, 'data'))).toBe('6162');
    socket.unpipe(used);
    expect(used.listenerCount('unpipe')).toBe(0);
  });

  test('stays paused', async () => {
    const { client, socket } = await made((secure) => secure.on('data', () => {}).pause());
    await Promise.all([once(client, 'secureConnect'), once(socket, 'secure')]);
    expect(socket.isPaused()).toBe(true);
    client.write('x');
    socket.resume();
    expect(String((await once(socket, 'data'))[0])).toBe('x');
  });

  test('keeps the time that it may be idle', async () => {
    const { socket } = await made((secure) => secure.setTimeout(50_000, () => {}));
    await once(socket, 'secure');
    expect([socket.timeout, socket.listenerCount('timeout')]).toEqual([50_000, 1]);
  });

  test('is still one of its class', async () => {
    class Mine extends tls.TLSSocket {
      mine() {
        return [this.tlsEngine, this.remoteAddress];
      }
    }
    const { socket } = await made(undefined, CBC, Mine);
    await once(socket, 'secure');
    expect([socket.mine(), socket instanceof tls.TLSSocket]).toEqual([['openssl', '127.0.0.1'], true]);
  });

  test('goes with the socket below, and takes that with it', async () => {
    for (const [destroyed, other] of [['plain', 'socket'], ['socket', 'plain']]) {
      const both = await made((secure) => secure.on('error', () => {}));
      await once(both.socket, 'secure');
      const isClosed = once(both[other], 'close');
      both[destroyed].destroy();
      await isClosed;
      const count = (await new Promise((resolve) => both.server.getConnections((_, number) => resolve(number))));
      expect([both.socket.destroyed, both.plain.destroyed, count]).toEqual([true, true, 0]);
    }
  });

  test('notices a client that leaves during the handshake', async () => {
    const { client, socket } = await made();
    const isClosed = once(socket, 'close');
    client.destroy();
    await isClosed;
    expect(socket.destroyed).toBe(true);
  });

  test('takes part in a change over from the clear, whatever came with it', async () => {
    const server = await listening(net.createServer());
    const plainClient = net.connect(server.address().port, '127.0.0.1');
    const [plain] = await once(server, 'connection');
    plainClient.write('STARTTLS\r\n');
    await once(plain, 'data');
    plain.write('go on\r\n');
    const socket = new tls.TLSSocket(plain, { isServer: true, ...pki.identity('p256') });
    atEnd(() => socket.destroy());
    await once(plainClient, 'data');
    const { ca, servername } = target(server);
    const client = await connected(tls, { socket: plainClient, ca, servername, ...CBC });
    socket.write('secret');
    expect(String((await once(client, 'data'))[0])).toBe('secret');
    expect([client.tlsEngine, socket.tlsEngine]).toEqual(['openssl', 'openssl']);
  });
});

describe('contexts that are chosen by name', () => {
  const choosing = (context) => {
    const asked = [];
    const SNICallback = (name, callback) => {
      asked.push(name);
      setImmediate(callback, null, context());
    };
    return { asked, SNICallback };
  };

  /** Contexts that rustls can't use, and options of a client for each. */
  const OTHERS = {
    'of Node': [() => nodeTls.createSecureContext(pki.identity('alpha')), {}],
    'with a suite that rustls lacks before others': [
      () => tls.createSecureContext({ ...pki.identity('alpha'), ciphers: 'ECDHE-ECDSA-AES128-SHA256:HIGH' }),
      {},
    ],
    'with a high security level': [
      () => tls.createSecureContext({ ...pki.identity('alpha'), ciphers: 'DEFAULT@SECLEVEL=3' }),
      {},
    ],
    'that rustls could use, for a client that it can\'t serve': [
      () => tls.createSecureContext(pki.identity('alpha')),
      CBC,
    ],
  };

  test.each(Object.entries(OTHERS))('%s', async (what, [context, options]) => {
    const { asked, SNICallback } = choosing(context);
    const server = await serve(tls, { SNICallback });
    const seen = engines(server);
    const client = await connected(nodeTls, target(server, { servername: 'alpha.test', ...options }));
    expect(client.getPeerCertificate().subject.CN).toBe('alpha');
    await ended(client);
    const [[engine]] = seen;
    expect([engine, asked]).toEqual(['openssl', ['alpha.test']]);
  });

  test('the next client of the same server, whose context is another, is served by rustls', async () => {
    const server = await serve(tls);
    server.addContext('alpha.test', nodeTls.createSecureContext(pki.identity('alpha')));
    const seen = engines(server);
    for (const servername of ['alpha.test', 'localhost']) {
      await ended(await connected(nodeTls, target(server, { servername })));
    }
    expect(seen.map(([engine]) => engine)).toEqual(['openssl', 'rustls']);
  });
});

describe('sessions', () => {
  /** The session that a client of `server` gets. */
  async function sessionOf(server) {
    const socket = nodeTls.connect(target(server, CBC));
    const [session] = await once(socket, 'session');
    await ended(socket);
    return session;
  }

  /** Whether a client of `server` resumes `session`. */
  async function isReused(server, session) {
    const socket = await connected(nodeTls, target(server, { ...CBC, session }));
    const answer = socket.isSessionReused();
    await ended(socket);
    return answer;
  }

  test('are resumed by a client that is handed over again, also under the keys of another server', async () => {
    const [one, other] = [await serve(tls), await serve(tls)];
    const own = await sessionOf(one);
    expect([await isReused(one, own), await isReused(other, own)]).toEqual([true, false]);
    const keys = Buffer.alloc(48, 'k');
    for (const server of [one, other]) server.setTicketKeys(keys);
    expect([await isReused(other, await sessionOf(one)), other.getTicketKeys()]).toEqual([true, keys]);
  });

  test('the keys of a server whose context needs OpenSSL can be asked for and set', async () => {
    const server = await serve(tls, { ciphers: 'DEFAULT@SECLEVEL=3' });
    expect(server.getTicketKeys()).toHaveLength(48);
    server.setTicketKeys(Buffer.alloc(48, 1));
    expect(server.getTicketKeys()).toEqual(Buffer.alloc(48, 1));
  });
});

test('the oldest version that is handed over is what it was when the context was made', () => {
  const options = { ciphers: 'DEFAULT@SECLEVEL=0' };
  const usual = nodeTls.DEFAULT_MIN_VERSION;
  const context = tls.createSecureContext(options);
  try {
    nodeTls.DEFAULT_MIN_VERSION = 'TLSv1';
    expect(context[kOldestVersion]).toBe(TLS_1_2);
    expect(tls.createSecureContext(options)[kOldestVersion]).toBe(TLS_1_0);
  } finally {
    nodeTls.DEFAULT_MIN_VERSION = usual;
  }
});

test('requests of https', async () => {
  const listener = (request, response) => response.end(`${request.socket.tlsEngine} ${request.socket.remoteAddress}`);
  const server = require('../../https').createServer(pki.identity('p256'), listener).listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await once(server, 'listening');
  const [response] = await once(https.get({ ...target(server), ...CBC, agent: false }), 'response');
  expect(String(await once(response, 'data'))).toBe('openssl 127.0.0.1');
});

test('NODE_DEBUG=rust-net says why', () => {
  const script = `
    const tls = require(${JSON.stringify(require.resolve('../../tls'))});
    const pki = require(${JSON.stringify(require.resolve('../tls/pki'))});
    const server = tls.createServer(pki.identity('p256')).listen(0, () => {
      const options = { port: server.address().port, rejectUnauthorized: false, ...${JSON.stringify(CBC)} };
      require('tls').connect(options, function () { this.destroy(); server.close(); });
    });`;
  const env = { ...process.env, NODE_DEBUG: 'rust-net' };
  const { stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8', timeout: DEADLINE });
  expect(stderr).toMatch(/a connection uses OpenSSL: rustls can't answer a ClientHello: no shared cipher/);
});

test('ssl.receive() takes no bytes once the handshake has begun', async () => {
  const server = await serve(tls);
  const client = await connected(tls, target(server));
  expect(client.ssl.receive(Buffer.alloc(0))).toBe(undefined);
  expect(() => client.ssl.receive(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'ERR_INVALID_STATE' }));
  await ended(client);
});
