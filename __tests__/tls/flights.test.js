'use strict';

// What a handshake sends, when, and over how many descriptors: deadlines, alerts, segments.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { destroyAtEnd, failure, kernelOption, listening, record } = require('../helpers');
const { socketsAt } = require('../sockets');
const {
  CLIENT,
  SERVER,
  VERSIONS,
  nextSecure,
  only,
  secureClient,
  secureServer,
  tlsClient,
  tolerantServer,
} = require('./ends');
const { ALERT, APPLICATION_DATA, HANDSHAKE, clientHello, records, tap } = require('./wire');

const LATE = 'ERR_TLS_HANDSHAKE_TIMEOUT';

describe('"handshakeTimeout" counts from setSecure()', () => {
  test('also while what was written before it can not be sent', async () => {
    const server = await listening(net.createServer((stream) => {
      destroyAtEnd(stream).write(Buffer.alloc(64 << 20));
      stream.setSecure({ ...SERVER, handshakeTimeout: 50 });
    }));
    const accepted = once(server, 'connection');
    // It never reads.
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')).pause();
    client.on('error', () => {});
    const [stream] = await accepted;
    expect((await failure(stream)).code).toBe(LATE);
  });

  test('also while SNICallback has not answered', async () => {
    const server = await listening(net.createServer((stream) => {
      destroyAtEnd(stream).setSecure({ ...SERVER, SNICallback() {}, handshakeTimeout: 50 });
    }));
    const accepted = once(server, 'connection');
    tlsClient(server, { servername: 'localhost' }).on('error', () => {});
    const [stream] = await accepted;
    expect((await failure(stream)).code).toBe(LATE);
  });

  test('a stream that is secure is not destroyed any more', async () => {
    const server = await secureServer(net.createCredentials({ ...SERVER, handshakeTimeout: 200 }));
    const client = secureClient(server, { ...CLIENT, handshakeTimeout: 200 });
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'secure')]);
    const events = [...[client, accepted].map((stream) => record(stream, 'error', 'close'))];
    // The time itself is the subject: more than the deadline.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(events).toEqual([[], []]);
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux.each([
  ['', {}],
  [' that waits for SNICallback', { SNICallback() {} }],
])('a handshake%s needs no descriptor besides its connection', async (_, options) => {
  const asked = [];
  if (options.SNICallback) options = { SNICallback: (name, callback) => asked.push([name, callback]) };
  const server = await tolerantServer({ ...SERVER, ...options });
  const hello = await clientHello({ servername: 'localhost', maxVersion: 'TLSv1.2' });
  const first = once(server, 'connection');
  await once(tlsClient(server, { servername: 'localhost' }).on('error', () => {}), 'connect');
  // Connected there, it may still wait to be accepted here.
  await first;
  const { port } = server.address();
  const before = socketsAt(port);
  const accepted = [];
  server.on('connection', (stream) => accepted.push(stream));
  const half = Array.from({ length: 8 }, () => destroyAtEnd(nodeNet.connect(port, '127.0.0.1')));
  // The server's answer, or the question for it, shows that the handshake is under way.
  await Promise.all(half.map(async (client) => {
    client.write(hello);
    if (!options.SNICallback) await once(client, 'data');
  }));
  while (options.SNICallback && asked.length < 8) await new Promise(setImmediate);
  expect(accepted.length).toBe(8);
  expect(socketsAt(port) - before).toBe(16);
});

describe('a server that speaks first', () => {
  test.each([[4], [20_000]])('sends its session tickets and %d bytes of data in one flight, without a wait between', async (size) => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.3') });
    server.on('connection', (stream) => stream.on('secure', () => stream.write(Buffer.alloc(size, 'x'))));
    const flights = [];
    const between = await tap(server, {
      down(chunk, to) {
        flights.push(chunk);
        to.write(chunk);
      },
    });
    const client = tlsClient(between, only('TLSv1.3'));
    await once(client, 'data');
    // After the server's Finished, its tickets and the data are records of the same kind. In one flight they come to
    // the first read together: there is no flight of the tickets alone.
    const [, ...later] = flights;
    expect(later.length).toBeGreaterThan(0);
    const sizes = records(later[0]).map(({ length }) => length);
    expect(sizes.length).toBeGreaterThanOrEqual(2);
    // The type of what is encrypted, and a tag.
    expect(sizes).toContain(Math.min(size, 16 << 10) + 17);
  });

  onLinux('sends them with the answer to what has come together with the Finished of its client', async () => {
    const server = await secureServer({ ...SERVER, ...only('TLSv1.3') });
    const accepted = nextSecure(server);
    server.on('connection', (stream) => stream.on('data', (data) => stream.write(data)));
    let [greets, held] = [true, Buffer.alloc(0)];
    const between = await tap(server, {
      up(chunk, to) {
        if (greets) to.write(chunk);
        else held = Buffer.concat([held, chunk]);
        greets = false;
        // The client's Finished, and what it has written.
        const encrypted = records(held).filter(({ type, whole }) => type === APPLICATION_DATA && whole);
        if (encrypted.length === 2) to.write(held);
      },
    });
    const client = tlsClient(between, only('TLSv1.3'));
    client.write('question');
    await once(client, 'data');
    // Its first flight, and this one.
    expect(kernelOption(await accepted, 'dataSegmentsSent')).toBe(2);
  });

  test.each([['nothing', undefined], ['setNoDelay(true)', true], ['setNoDelay(false)', false]])(
    'Nagle is off for the handshake, and behind the first data as the application wants it: %s',
    async (_, noDelay) => {
      const server = await listening(net.createServer());
      const connection = once(server, 'connection');
      const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
      const [[accepted]] = await Promise.all([connection, once(client, 'connect')]);
      destroyAtEnd(accepted);
      for (const stream of [accepted, client]) {
        if (noDelay !== undefined) stream.setNoDelay(noDelay);
        expect(kernelOption(stream, 'noDelay')).toBe(noDelay === true ? 1 : 0);
      }
      accepted.setSecure(SERVER);
      client.setSecure(CLIENT);
      const seen = Promise.all([client, accepted].map((stream) => new Promise((resolve) => {
        stream.on('secure', () => resolve(kernelOption(stream, 'noDelay')));
      })));
      expect(await seen).toEqual([1, 1]);
      for (const [from, to] of [[accepted, client], [client, accepted]]) {
        from.write('x');
        await once(to, 'data');
        expect(kernelOption(from, 'noDelay')).toBe(noDelay === true ? 1 : 0);
      }
    },
  );

  test('what the application sets during the handshake counts behind it', async () => {
    const server = await secureServer();
    server.on('connection', (stream) => stream.setNoDelay(true));
    const accepted = nextSecure(server);
    const client = secureClient(server);
    const stream = await accepted;
    stream.write('x');
    await once(client, 'data');
    expect(kernelOption(stream, 'noDelay')).toBe(1);
    stream.setNoDelay(false);
    expect(kernelOption(stream, 'noDelay')).toBe(0);
  });
});

/** The alert that `bytes` end with: `[level, description]`, if it is in the clear. */
function lastAlert(bytes) {
  const alert = records(bytes).findLast(({ type }) => type === ALERT);
  return alert && [...bytes.subarray(alert.at + 5, alert.at + 7)];
}

const [FATAL, UNEXPECTED_MESSAGE, DECODE_ERROR] = [2, 10, 50];

/** A record of `type` with `content`. */
function record13(type, content) {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([type, 3, 3, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

describe('a peer that breaks the protocol learns why, at once', () => {
  /** All that a server sends to a client that sends `first` and neither more nor its end. */
  async function answer(first) {
    const server = await tolerantServer();
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    client.write(first);
    const data = record(client, 'data');
    client.on('error', () => {});
    await once(client, 'close');
    return Buffer.concat(data.map(([, chunk]) => chunk));
  }

  const FINISHED = [20, 0, 0, 0];

  test.each([
    ['a Finished', record13(HANDSHAKE, FINISHED), UNEXPECTED_MESSAGE],
    ['application data', record13(APPLICATION_DATA, 'hello'), UNEXPECTED_MESSAGE],
    ['a ServerHello', record13(HANDSHAKE, [2, 0, 0, 38, 3, 3, ...Buffer.alloc(32), 0, 0x13, 1, 0]), expect.any(Number)],
    ['a ClientHello of nothing', record13(HANDSHAKE, [1, 0, 0, 0]), DECODE_ERROR],
    ['two records that overflow', record13(HANDSHAKE, [1, 0xff, 0xff, 0xff]), expect.any(Number)],
  ])('%s instead of a ClientHello', async (_, first, description) => {
    expect(lastAlert(await answer(first))).toEqual([FATAL, description]);
  });

  test.each([
    ['a record of an unknown type', Buffer.from([99, 3, 3, 0, 1, 0])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('but is sent nothing if it does not speak TLS, as by OpenSSL: %s', async (_, first) => {
    expect(await answer(first)).toHaveLength(0);
  });

  test.each(VERSIONS)('a record that comes together with the ClientHello, and must not come there: %s', async (version) => {
    const hello = await clientHello({ ...only(version), servername: 'localhost' });
    const answered = await answer(Buffer.concat([hello, record13(HANDSHAKE, FINISHED)]));
    if (version === 'TLSv1.2') expect(lastAlert(answered)).toEqual([FATAL, UNEXPECTED_MESSAGE]);
    // Encrypted, after the server's flight: two bytes, their type, and a tag.
    else expect(records(answered).at(-1)).toMatchObject({ type: APPLICATION_DATA, length: 19, whole: true });
  });

  test('a ClientHello of a version that is too old', async () => {
    const hello = record13(HANDSHAKE, [1, 0, 0, 41, 3, 1, ...Buffer.alloc(32), 0, 0, 2, 0xc0, 0x09, 1, 0]);
    expect(lastAlert(await answer(hello))).toEqual([FATAL, expect.any(Number)]);
  });

  test('our client tells a server that it has broken the protocol', async () => {
    const received = [];
    const server = await listening(nodeNet.createServer((socket) => {
      destroyAtEnd(socket).on('error', () => {}).on('data', (data) => received.push(data));
      socket.write(record13(HANDSHAKE, FINISHED));
      socket.on('close', () => server.emit('gone'));
    }));
    const gone = once(server, 'gone');
    const client = secureClient(server);
    expect((await failure(client)).code).toMatch(/^ERR_SSL_/);
    await gone;
    expect(lastAlert(Buffer.concat(received))).toEqual([FATAL, UNEXPECTED_MESSAGE]);
  });

  test('an alert is not lost to a reset, however much the peer has sent behind', async () => {
    const answered = await answer(Buffer.concat([record13(HANDSHAKE, FINISHED), Buffer.alloc(48 << 10)]));
    expect(lastAlert(answered)).toEqual([FATAL, UNEXPECTED_MESSAGE]);
  });
});

