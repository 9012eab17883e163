'use strict';

// Bulk that JavaScript does not keep passes through memory of the engine, which is used over and over: no Buffer is
// made for it. One is for each chunk of 'data', which owns its memory (D29).

const { once } = require('events');
const nodeNet = require('net');
const net = require('../..');
const { destroyAtEnd, listening, pair } = require('../helpers');

const TOTAL = 64 << 20;
const BLOCK = Buffer.alloc(1 << 20, 'x');

/** Memory for messages, writes and bulk, of both sizes. */
const MAX_OWN = 2 << 20;

/** Has `client` send `TOTAL` bytes and its end. */
async function upload(client) {
  for (let sent = 0; sent < TOTAL; sent += BLOCK.length) {
    if (!client.write(BLOCK)) await once(client, 'drain');
  }
  client.end();
}

/** The bytes that the package makes Buffers of while `stream` receives all that `client` sends, until its 'end'. */
async function memoryMade(client, stream, endOf = stream) {
  const make = Buffer.allocUnsafeSlow;
  let made = 0;
  Buffer.allocUnsafeSlow = (size) => {
    made += size;
    return make(size);
  };
  try {
    await Promise.all([upload(client), once(endOf, 'end')]);
  } finally {
    Buffer.allocUnsafeSlow = make;
  }
  expect(stream.bytesRead).toBe(TOTAL);
  return made;
}

test("'data': as much as is received", async () => {
  const [client, stream] = await pair({ client: nodeNet });
  stream.on('data', () => {});
  const made = await memoryMade(client, stream);
  expect(made).toBeGreaterThanOrEqual(TOTAL);
  expect(made).toBeLessThan(2 * TOTAL);
});

test.each([
  ['dropped', (stream) => stream.resume()],
  ['decoded', (stream) => stream.setEncoding('latin1').on('data', () => {})],
])('%s: none', async (_how, read) => {
  const [client, stream] = await pair({ client: nodeNet });
  read(stream);
  expect(await memoryMade(client, stream)).toBeLessThan(MAX_OWN);
});

test('read with onread: none', async () => {
  const server = await listening(nodeNet.createServer());
  const accepted = once(server, 'connection');
  const onread = { buffer: Buffer.alloc(64 << 10), callback: () => true };
  const stream = destroyAtEnd(net.connect({ port: server.address().port, host: '127.0.0.1', onread }));
  const [client] = await accepted;
  expect(await memoryMade(destroyAtEnd(client), stream)).toBeLessThan(MAX_OWN);
});

test('piped to another stream: none', async () => {
  const [client, stream] = await pair({ client: nodeNet });
  const [target, receiver] = await pair({ server: nodeNet });
  stream.pipe(target);
  receiver.resume();
  expect(await memoryMade(client, stream, receiver)).toBeLessThan(MAX_OWN);
});
