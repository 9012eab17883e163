'use strict';

// Handshakes that go wrong or end too early: "'error' with Node's style of code and the TLS alert named, then 'close'
// with `true`".

const { once } = require('events');
const tls = require('tls');
const { destroyAtEnd, failure, listening, namesUntilClose, pair } = require('../../helpers');
const {
  CLIENT,
  SERVER,
  allSecure,
  greet,
  meet,
  only,
  secureClient,
  secureServer,
  tlsClient,
  tlsServer,
  tolerantServer,
} = require('../ends');
const { clientHello, tap } = require('../wire');
const { ROLES, againstRaw, turn } = require('./raw');

const [TLS12, TLS13] = [only('TLSv1.2'), only('TLSv1.3')];

/** What a handshake that fails has come to: the error, and the names of the events, of which 'close' is the last. */
async function outcomeOf(stream) {
  const names = namesUntilClose(stream, ['secure', 'secureConnect', 'data', 'end', 'error', 'close']);
  const error = await failure(stream);
  return { error, names: await names };
}

describe('a handshake that fails: \'error\', then \'close\' with true, and nothing else', () => {
  const random = (seed, length) => {
    const bytes = Buffer.alloc(length);
    for (let i = 0, x = seed; i < length; i++) bytes[i] = (x = (x * 1103515245 + 12345) % 2147483648) >>> 16;
    return bytes;
  };
  const WRONG = 'ERR_SSL_WRONG_VERSION_NUMBER';
  const ANY = expect.stringMatching(/^ERR_SSL_/);
  const GARBAGE = [
    ['a line of text', Buffer.from('220 smtp.example.test ESMTP\r\n'), WRONG],
    ['another protocol\'s first words', Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'), WRONG],
    ['zeros', Buffer.alloc(100), ANY],
    ['ones', Buffer.alloc(100, 0xff), ANY],
    ['random bytes', random(1, 1000), ANY],
    ['other random bytes', random(2, 100_000), ANY],
    ['a record of a version that is none', Buffer.from('160909000401000000', 'hex'), ANY],
    ['a record that is too long', Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(0xffff)]), ANY],
    ['an empty handshake record', Buffer.from('1603010000', 'hex'), ANY],
    ['a handshake message that is none', Buffer.from('1603010004ff000000', 'hex'), ANY],
    ['a hello of nothing', Buffer.concat([Buffer.from('160301002a', 'hex'), Buffer.from('01000026', 'hex'), Buffer.alloc(38)]), ANY],
    ['data before the handshake', Buffer.from('17030300050102030405', 'hex'), ANY],
    ['a finished handshake', Buffer.from('1603030010140000000c000000000000000000000000', 'hex'), ANY],
  ];

  test.each(ROLES.flatMap((role) => GARBAGE.map((one) => [role, ...one])))('our %s is sent %s', async (role, _, bytes, code) => {
    const [ours, raw] = await againstRaw(role);
    raw.resume().write(bytes);
    const { error, names } = await outcomeOf(ours);
    expect(error.code).toEqual(code);
    expect(names).toEqual(['error', 'close']);
  });

  test.each(['GET / HTTP/1.1\r\n\r\n', 'POST / HTTP/1.1\r\n\r\n', 'HEAD / HTTP/1.0\r\n\r\n'])(
    'our server is sent plain HTTP: ERR_SSL_HTTP_REQUEST, as in node:tls: %j', async (request) => {
      const [ours, raw] = await againstRaw('server');
      raw.resume().write(request);
      const { error, names } = await outcomeOf(ours);
      expect(error.code).toBe('ERR_SSL_HTTP_REQUEST');
      expect(names).toEqual(['error', 'close']);
    });

  test('our client is sent plain HTTP', async () => {
    const [ours, raw] = await againstRaw('client');
    raw.resume().write('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect((await failure(ours)).code).toBe(WRONG);
  });

  test('garbage one byte at a time', async () => {
    const [ours, raw] = await againstRaw('server');
    const outcome = outcomeOf(ours);
    for (const byte of Buffer.from('EHLO localhost\r\n')) {
      raw.write(Buffer.from([byte]));
      await turn();
    }
    expect((await outcome).error.code).toBe(WRONG);
  });

  test.each([
    ['unknown_ca', 48, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    ['handshake_failure', 40, 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
    ['bad_certificate', 42, 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'],
    ['internal_error', 80, 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'],
    ['unrecognized_name', 112, 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'],
    ['protocol_version', 70, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
  ])('"the TLS alert named": %s', async (name, number, code) => {
    const [ours, raw] = await againstRaw('client');
    raw.resume().write(Buffer.from([21, 3, 3, 0, 2, 2, number]));
    const { error, names } = await outcomeOf(ours);
    expect(error).toMatchObject({ code, alert: expect.stringMatching(new RegExp(name.replaceAll('_', '[ _]'))) });
    expect(names).toEqual(['error', 'close']);
  });

  test('without an alert, none is named', async () => {
    const [ours, raw] = await againstRaw('server');
    raw.resume().write('garbage');
    expect(await failure(ours)).not.toHaveProperty('alert', expect.anything());
  });

  /** What a server and a client that can't agree say of it: `[code of the server, code of the client]`. */
  async function quarrel(server, client) {
    const connection = once(server, 'connection');
    const [error] = await once(client, 'error');
    const [accepted] = await connection;
    return [accepted.errored?.code ?? (accepted.errored === null ? (await failure(accepted)).code : null), error.code];
  }

  test.each([
    ['no version in common, the server\'s is newer', TLS13, TLS12],
    ['no version in common, the server\'s is older', TLS12, TLS13],
    ['no cipher in common', { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, { ...TLS12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }],
  ])('the codes are those of node:tls: %s', async (_, onServer, onClient) => {
    const reference = tls.createServer({ ...SERVER, ...onServer });
    reference.on('connection', destroyAtEnd);
    await listening(reference);
    const expected = { server: once(reference, 'tlsClientError') };
    [expected.client] = await once(tlsClient(reference, onClient), 'error');
    [expected.server] = await expected.server;

    const server = await tolerantServer({ ...SERVER, ...onServer });
    const [ofServer, ofClient] = await quarrel(server, secureClient(server, { ...CLIENT, ...onClient }));
    expect([ofServer, ofClient]).toEqual([expected.server.code, expected.client.code]);
    // And when the other is theirs.
    const [mixedServer] = await quarrel(server, tlsClient(server, onClient));
    expect(mixedServer).toBe(expected.server.code);
    const [mixedClient] = await once(secureClient(reference, { ...CLIENT, ...onClient }), 'error');
    expect(mixedClient.code).toBe(expected.client.code);
  });

  test('TLS 1.1 and older are turned away: ERR_SSL_UNSUPPORTED_PROTOCOL', async () => {
    const [ours, raw] = await againstRaw('server');
    const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    const hello = await clientHello(versions);
    raw.resume().write(hello);
    expect((await failure(ours)).code).toBe('ERR_SSL_UNSUPPORTED_PROTOCOL');
  });
});

describe('"a handshake deadline (default 120 s) with its own code"', () => {
  test.each(ROLES)('our %s, whose peer sends nothing', async (role) => {
    const [ours, raw] = await againstRaw(role, { handshakeTimeout: 50 });
    raw.resume();
    const { error, names } = await outcomeOf(ours);
    expect(error.code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
    expect(names).toEqual(['error', 'close']);
  });

  test.each(ROLES)('our %s, whose peer sends byte after byte and never finishes', async (role) => {
    const [ours, raw] = await againstRaw(role, { handshakeTimeout: 100 });
    const outcome = outcomeOf(ours.on('close', () => raw.destroy()));
    // A message of 64 KiB, the rest of it in records of one byte: some 400,000 turns would make it whole.
    raw.resume().write(Buffer.from(`1603030004${role === 'server' ? '01' : '02'}00ffff`, 'hex'));
    const record = Buffer.from('160303000100', 'hex');
    for (let i = 0; !raw.destroyed; i = (i + 1) % record.length) {
      raw.write(record.subarray(i, i + 1));
      await turn();
    }
    expect((await outcome).error.code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
  });

  test('it counts from \'connect\' where setSecure came before, and is over with \'secure\'', async () => {
    const server = await secureServer({ ...SERVER, handshakeTimeout: 2000 });
    const [client, stream] = await meet(server, server, { ...CLIENT, handshakeTimeout: 2000 });
    // Longer than the deadline, by the clock that it would be kept by.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await greet(client, stream);
  });

  test('"When an idle timeout is triggered [...] the connection will not be severed": in a handshake, too', async () => {
    const [client, accepted] = await pair();
    accepted.pause();
    client.setSecure(CLIENT);
    client.setTimeout(20);
    await once(client, 'timeout');
    client.setTimeout(0);
    accepted.setSecure(SERVER);
    accepted.resume();
    await allSecure(client, accepted);
    await greet(client, accepted);
  });
});

describe('a peer that goes in the middle: ECONNRESET', () => {
  test.each(ROLES.flatMap((role) => [[role, 'ends'], [role, 'resets']]))('our %s, whose peer %s the connection without a word', async (role, how) => {
    const [ours, raw] = await againstRaw(role);
    if (how === 'ends') raw.resume().end();
    else raw.resetAndDestroy();
    const { error, names } = await outcomeOf(ours);
    expect(error.code).toBe('ECONNRESET');
    expect(names).toEqual(['error', 'close']);
  });

  /** Passes on `count` bytes, then does `cut` to both sockets. */
  function cutAfter(count, cut) {
    let left = count;
    return (chunk, to) => {
      if (left < 0) return;
      to.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) cut(to);
    };
  }

  test.each([TLS12, TLS13].flatMap((versions) => ['end', 'resetAndDestroy'].map((how) => [versions.minVersion, how, versions])))(
    'wherever it is, %s, %s()', async (_, how, versions) => {
      const server = await tolerantServer({ ...SERVER, ...versions });
      for (const [direction, most] of [['up', 200], ['down', 700]]) {
        for (let count = 0; count < most; count += 37) {
          const between = await tap(server, { [direction]: cutAfter(count, (socket) => socket[how]()) });
          const connection = once(server, 'connection');
          const client = secureClient(between, { ...CLIENT, ...versions });
          const closing = namesUntilClose(client, ['error', 'close']);
          const [accepted] = await connection;
          const victims = { up: accepted, down: client };
          const error = await failure(victims[direction]);
          expect(error.code).toBe('ECONNRESET');
          client.destroy();
          accepted.destroy();
          await closing;
        }
      }
    });
});

test('a client that leaves while SNICallback has not answered: ECONNRESET, as soon as it has left', async () => {
  const server = await tolerantServer({ ...SERVER, SNICallback: () => client.destroy() });
  const connection = once(server, 'connection');
  const client = tlsClient(server, { servername: 'localhost' }).on('error', () => {});
  const [accepted] = await connection;
  expect((await failure(accepted)).code).toBe('ECONNRESET');
});

test('renegotiation is not done: the session of a peer that asks for it ends with an alert or goes on', async () => {
  const server = await tlsServer({ ...SERVER, ...TLS12 });
  const connection = once(server, 'secureConnection');
  const client = secureClient(server, { ...CLIENT, ...TLS12 });
  const [theirs] = await connection;
  theirs.on('error', () => {});
  const outcome = new Promise((resolve) => {
    theirs.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error?.code ?? 'done'));
    theirs.on('close', () => resolve('closed'));
    client.on('error', () => resolve('failed'));
  });
  client.resume();
  expect(await outcome).not.toBe('done');
});
