'use strict';

// A stream that changes its owner in JavaScript before its handshake: what was received and not delivered is taken
// along, what was written goes out before, and the former owner hears no more of it.

const { once } = require('events');
const tls = require('tls');
const { createCredentials } = require('../../..');
const events = require('../../../lib/events');
const { StreamTransport } = require('../../../lib/stream/transport');
const { kTransport } = require('../../../lib/stream/fields');
const { messageMemory } = require('../../../lib/engine');
const net = require('../../../node');
const pki = require('../pki');
const { connected } = require('./pairs');

const identity = pki.identity('selfSigned');
const { native } = createCredentials(identity);

/** An owner that records its events, the data as text. `order` has all of them. */
class Owner {
  order = [];
  text = '';

  constructor() {
    for (const [name, method] of Object.entries(events)) {
      this[method] = (...details) => {
        this.order.push(name);
        if (name === 'ondata') this.text += messageMemory(0).toString('latin1', details[0], details[0] + details[1]);
        this.heard?.(name, ...details);
      };
    }
  }

  /** Settles with the details of the event `name`. */
  hears(name) {
    return new Promise((resolve) => {
      this.heard = (event, ...details) => event === name && resolve(details);
    });
  }
}

/** Moves the source of `stream` to a new owner. Returns both, and what was not delivered. */
function move(stream) {
  const owner = new Owner();
  const transport = new StreamTransport();
  const from = stream[kTransport];
  from.want(false);
  const undelivered = from.takeBack();
  const buffered = stream.read() ?? Buffer.alloc(0);
  transport.takeOver(from, owner);
  return { owner, transport, received: Buffer.concat([buffered, undelivered]) };
}

/** Begins the handshake of a server, and returns the owner's promise for its end. */
function secure({ owner, transport, received }) {
  const done = owner.hears('onsecure');
  const isBegun = transport.secure(native, { isServer: true, checksName: false, asks: false, received });
  expect(isBegun).toBe(true);
  return done;
}

/** Has a client of node:tls shake hands with what was moved. */
async function complete(client, moved) {
  const socket = tls.connect({ socket: client, rejectUnauthorized: false });
  await Promise.all([once(socket, 'secureConnect'), secure(moved)]);
  moved.transport.write([Buffer.from('hello')]);
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  socket.destroy();
  moved.transport.release();
}

test('a stream that has not been read', async () => {
  const { client, server } = await connected();
  server.pause();
  await complete(client, move(server));
});

test('a stream that is being read, with a ClientHello that has come and waits in Duplex', async () => {
  const { client, server } = await connected();
  const socket = tls.connect({ socket: client, rejectUnauthorized: false });
  await once(server, 'readable');
  const moved = move(server);
  expect(moved.received[0]).toBe(22);
  await Promise.all([once(socket, 'secureConnect'), secure(moved)]);
  expect(moved.owner.order).toEqual(['onsecure']);
  socket.destroy();
  moved.transport.release();
});

test('a stream whose data is pending in the turn in which another is served', async () => {
  const pairs = [await connected(), await connected()];
  const heard = [];
  const outcome = new Promise((resolve) => {
    pairs.forEach(({ server }, index) => {
      server.on('data', () => {
        heard.push(index);
        // The first to hear moves the other, whose data has been received ahead.
        if (heard.length === 1) resolve({ other: 1 - index, moved: move(pairs[1 - index].server) });
      });
    });
  });
  for (const { client } of pairs) client.write('x');
  const { other, moved } = await outcome;
  const bytes = moved.received.length > 0 ? String(moved.received) : await moreOf(moved);
  expect(bytes).toBe('x');
  await complete(pairs[other].client, { ...moved, received: Buffer.alloc(0) });
  expect(heard).toHaveLength(1);
  for (const { client, server } of pairs) client.destroy() && server.destroy();
});

async function moreOf({ owner, transport }) {
  transport.want(true);
  await owner.hears('ondata');
  transport.want(false);
  return owner.text;
}

test('a stream whose end is pending', async () => {
  const pairs = [await connected(), await connected()];
  const outcome = new Promise((resolve) => {
    pairs.forEach(({ server }, index) => {
      server.once('end', () => resolve(index));
      server.resume();
    });
  });
  for (const { client } of pairs) client.end();
  const { server } = pairs[1 - (await outcome)];
  expect(server.readableEnded).toBe(false);
  const { owner, transport } = move(server);
  transport.want(true);
  await owner.hears('onend');
  expect(owner.order).toEqual(['onend']);
  transport.release();
  for (const { client } of pairs) client.destroy();
});

test('what has been written before goes out in the clear, and first', async () => {
  const { client, server } = await connected();
  server.write('220 ready\r\n');
  const moved = move(server);
  const done = secure(moved);
  const [greeting] = await once(client, 'data');
  expect(String(greeting)).toBe('220 ready\r\n');
  client.pause();
  const socket = tls.connect({ socket: client, rejectUnauthorized: false });
  await Promise.all([once(socket, 'secureConnect'), done]);
  socket.destroy();
  moved.transport.release();
});

test('a large write that waits for the kernel goes out before the handshake', async () => {
  const { client, server } = await connected();
  client.pause();
  const chunk = Buffer.alloc(1 << 20, 'c');
  const transport = server[kTransport];
  let accepted = 0;
  for (let taken = 1; taken > 0;) {
    taken = transport.write([chunk]);
    accepted += taken;
  }
  const moved = move(server);
  const done = secure(moved);
  let left = accepted;
  while (left > 0) {
    const part = client.read(Math.min(left, 16384)) ?? client.read();
    if (part === null) await once(client, 'readable');
    else {
      expect(part.every((byte) => byte === 99)).toBe(true);
      left -= part.length;
    }
  }
  const socket = tls.connect({ socket: client, rejectUnauthorized: false });
  await Promise.all([once(socket, 'secureConnect'), done]);
  socket.destroy();
  moved.transport.release();
});

test('a stream that has connected', async () => {
  const listener = tls.createServer(identity, (socket) => socket.end('x')).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const stream = net.connect(listener.address().port, '127.0.0.1');
  await once(stream, 'connect');
  const moved = move(stream);
  const done = moved.owner.hears('onsecure');
  const clientSide = createCredentials({ ca: identity.cert }).native;
  moved.transport.secure(clientSide, { isServer: false, serverName: 'localhost', checksName: true, asks: false });
  await done;
  expect(moved.transport.agreement.verdict).toBeUndefined();
  moved.transport.release();
  listener.close();
});
