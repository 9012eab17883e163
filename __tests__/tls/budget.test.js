'use strict';

// What a hostile peer may cost, counted: descriptors, memory, turns of the loop, and what it is sent. The limits are
// those of docs/reliability.md, "What a peer costs before it is known". No time is measured.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { destroyAtEnd, failure } = require('../helpers');
const { GOOD, runProgram } = require('../lifecycle/child');
const { SERVER, tolerantServer } = require('./ends');
const { HANDSHAKE, clientHello } = require('./wire');

const onLinux = process.platform === 'linux' ? test : test.skip;

const HALF_OPEN = path.join(__dirname, 'fixtures', 'half-open.js');

const CONNECTIONS = 200;

/** The length of an alert, in bytes, with the header of its record. */
const ALERT = 7;

/** The beginning of a ClientHello of 16 MiB. */
const ENDLESS = Buffer.from([HANDSHAKE, 3, 3, 0x40, 0, 1, 0xff, 0xff, 0xff]);

/** Memory of a half-open handshake, both ends and what JavaScript holds of them, in bytes. */
const MAX_HALF_OPEN = 64 << 10;

onLinux('half-open handshakes: a descriptor each, and little memory', async () => {
  const hello = await clientHello({ servername: 'localhost' });
  const input = JSON.stringify({ ...SERVER, hello: hello.toString('base64') });
  const { stdout, ...outcome } = await runProgram([process.execPath, HALF_OPEN, String(CONNECTIONS)], { input });
  expect(outcome).toEqual(GOOD);
  const { descriptors, memory } = JSON.parse(stdout);
  expect(descriptors).toBe(2 * CONNECTIONS);
  expect(memory / CONNECTIONS).toBeLessThan(MAX_HALF_OPEN);
});

test('a ClientHello byte by byte: no turn of the loop is for it before the handshake is over', async () => {
  const server = await tolerantServer(SERVER);
  const hello = await clientHello({ servername: 'localhost' });
  const accepted = once(server, 'connection');
  const client = destroyAtEnd(nodeNet.connect({ port: server.address().port, host: '127.0.0.1', noDelay: true }));
  await once(client, 'connect');
  const [stream] = await accepted;
  const seen = jest.spyOn(stream, 'emit');
  for (const byte of hello) await new Promise((resolve) => client.write(Buffer.from([byte]), resolve));
  await once(client, 'data');
  expect(seen).not.toHaveBeenCalled();
});

test.each([
  ['a ClientHello that never ends', Buffer.concat([ENDLESS, Buffer.alloc(1 << 20)]), ALERT],
  ['garbage', Buffer.alloc(1 << 20, 0xaa), 0],
  ['zeros', Buffer.alloc(1 << 20), 0],
])('%s: the stream fails, and the peer gets no more than an alert, if it speaks TLS', async (_, bytes, most) => {
  const server = await tolerantServer(SERVER);
  const accepted = once(server, 'connection');
  const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
  let answered = 0;
  client.on('error', () => {}).on('data', ({ length }) => (answered += length));
  client.write(bytes);
  const [stream] = await accepted;
  // The kernel resets a connection that is closed with unread data, which may be an error of the client by now.
  const gone = new Promise((resolve) => client.on('close', resolve));
  expect((await failure(stream)).code).toMatch(/^ERR_SSL_|^ECONNRESET$/);
  await gone;
  expect(answered).toBeLessThanOrEqual(most);
});
