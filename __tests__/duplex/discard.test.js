'use strict';

// What a stream receives that flows and has no listener: the engine drops it, and JavaScript sees no chunk of it. As
// soon as something would see it, all that comes is there.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { PassThrough } = require('stream');
const net = require('../..');
const today = require('../../node');
const { collect, destroyAtEnd, listening, pair, scratch, settled } = require('../helpers');
const { CLIENT, SERVER, allSecure, securePair } = require('../tls/ends');
const { OPEN, chunksOf, content, digest } = require('./native-pipe/pipes');

afterEach(() => jest.restoreAllMocks());

/** A client, and an accepted stream that drops what it receives: 5 bytes, so far. */
async function dropping(module = net) {
  const [client, stream] = await pair({ client: nodeNet, server: module, clientOptions: OPEN, serverOptions: OPEN });
  stream.resume();
  client.write('first');
  while (stream.bytesRead < 5) await settled();
  return [client, stream];
}

async function overUnix() {
  const server = net.createServer(OPEN, destroyAtEnd);
  const place = await listening(server, path.join(scratch(), 's'));
  const client = destroyAtEnd(nodeNet.connect({ path: place.address(), ...OPEN }));
  const [stream] = await once(server, 'connection');
  return [client, stream];
}

describe('what nothing would see is dropped by the engine', () => {
  test.each([
    ['over TCP', () => pair({ client: nodeNet, clientOptions: OPEN, serverOptions: OPEN })],
    ['over UNIX', overUnix],
    ['over TLS', () => securePair(SERVER, CLIENT, { serverOptions: OPEN, clientOptions: OPEN })],
    ['of rust-net/node', () => pair({ client: nodeNet, server: today, clientOptions: OPEN, serverOptions: OPEN })],
  ])('%s: all bytes count, the end comes, and JavaScript sees no chunk', async (_, connected) => {
    const [client, stream] = await connected();
    stream.resume();
    client.write('first');
    while (stream.bytesRead < 5) await settled();
    const seen = chunksOf(stream);
    client.end(content);
    await once(stream, 'end');
    expect(seen()).toBe(0);
    expect(stream.bytesRead).toBe(5 + content.length);
    expect(stream.readableFlowing).toBe(true);
  });

  test('a listener that is removed is none', async () => {
    const [client, stream] = await pair({ client: nodeNet, clientOptions: OPEN, serverOptions: OPEN });
    const listen = () => {};
    stream.on('data', listen);
    client.write('first');
    await once(stream, 'data');
    stream.removeListener('data', listen);
    client.write('next');
    while (stream.bytesRead < 9) await settled();
    const seen = chunksOf(stream);
    client.end(content);
    await once(stream, 'end');
    expect(seen()).toBe(0);
  });
});

describe('from when on something would see it, all that comes is there', () => {
  test.each([['on'], ['addListener'], ['prependListener'], ['once']])("'data' by %s()", async (add) => {
    const [client, stream] = await dropping();
    const seen = [];
    const listen = (data) => {
      seen.push(data);
      if (add === 'once') stream.once('data', listen);
    };
    stream[add]('data', listen);
    client.end(content);
    await once(stream, 'end');
    expect(digest(Buffer.concat(seen))).toBe(digest(content));
  });

  test.each([
    ["'readable'", (stream) => collect(stream.on('readable', () => stream.read()))],
    ['an iterator', async (stream) => Buffer.concat(await stream.toArray())],
    ['pipe()', (stream) => collect(stream.pipe(new PassThrough()))],
    ['setEncoding()', async (stream) => Buffer.from((await stream.setEncoding('latin1').toArray()).join(''), 'latin1')],
    ['pause()', async (stream) => {
      stream.pause();
      while (stream.readableLength === 0) await settled();
      return collect(stream.resume());
    }],
  ])('%s', async (_, read) => {
    const [client, stream] = await dropping();
    const received = read(stream);
    client.end(content);
    expect(digest(await received)).toBe(digest(content));
  });

  test.each([['push'], ['emit'], ['read']])('%s() of the program', async (name) => {
    let bytes = 0;
    const accept = (stream) => {
      const method = stream[name];
      stream[name] = function (...args) {
        const result = method.apply(this, args);
        const chunk = { push: args[0], emit: args[0] === 'data' ? args[1] : null, read: result }[name];
        bytes += chunk?.length ?? 0;
        return result;
      };
    };
    const [client, stream] = await pair({ client: nodeNet, accept, clientOptions: OPEN, serverOptions: OPEN });
    stream.resume();
    client.end(content);
    await once(stream, 'end');
    expect(bytes).toBe(content.length);
  });

  test('a stream that changes over to TLS: what came in the clear is dropped, nothing of TLS is', async () => {
    const [client, stream] = await pair({ clientOptions: OPEN, serverOptions: OPEN });
    stream.resume();
    client.write('in the clear');
    while (stream.bytesRead < 12) await settled();
    stream.setSecure(SERVER);
    client.setSecure(CLIENT);
    await allSecure(client, stream);
    const received = collect(stream);
    client.end(content);
    expect(digest(await received)).toBe(digest(content));
  });

  test('in an http.Agent, where what comes to a waiting connection is an offence', async () => {
    const [peer, socket] = await dropping(today);
    // As the agent of `http` does.
    socket._handle.onread = function freeSocketOnReadGuard() {};
    peer.write('unasked');
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});

test('reads that fill their memory get larger, and those of a trickle small again, without a lost or foreign byte', async () => {
  const [client, stream] = await pair({ client: nodeNet, clientOptions: OPEN, serverOptions: OPEN });
  const block = Buffer.from(Uint8Array.from({ length: 251 << 12 }, (_, i) => i % 251));
  let [received, largest] = [0, 0];
  let isRight = true;
  stream.on('data', (data) => {
    const at = received % 251;
    isRight &&= data.equals(block.subarray(at, at + data.length)) && data.buffer.byteLength === data.length;
    received += data.length;
    largest = Math.max(largest, data.length);
  });
  // A flood until a read is larger than the first ones, but 256 MB at the most, and a trickle after it; three times.
  for (let round = 0; round < 3; round++) {
    largest = 0;
    for (let i = 0; i < 256 && largest <= 64 << 10; i++) if (!client.write(block)) await once(client, 'drain');
    expect(largest).toBeGreaterThan(64 << 10);
    for (let i = 0; i < 20; i++) {
      const sent = client.bytesWritten;
      while (received < sent) await settled();
      client.write(block.subarray(0, 251 * 100));
    }
  }
  client.end();
  await once(stream, 'end');
  expect(isRight).toBe(true);
  expect(received).toBe(client.bytesWritten);
});
