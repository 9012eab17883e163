'use strict';

// The members that TLS adds to a stream: when they are there, and that a program may use their names for its own.

const { once } = require('events');
const page = require('../..');
const today = require('../../node');
const { destroyAtEnd, listening } = require('../helpers');
const { CLIENT, SERVER } = require('./ends');

const METHODS = [
  'verifyPeer', 'getPeerCertificate', 'getPeerX509Certificate', 'getCertificate', 'getCipher', 'getProtocol',
  'isSessionReused', 'exportKeyingMaterial',
];
const ACCESSORS = ['encrypted', 'authorized', 'authorizationError', 'alpnProtocol', 'servername', 'truncated'];
const MEMBERS = [...METHODS, ...ACCESSORS];

const those = (stream) => MEMBERS.filter((name) => name in stream);

/** Listens with `net`; secure streams say hello. */
function greeter(net) {
  const credentials = page.createCredentials(SERVER);
  return listening(net.createServer((stream) => {
    destroyAtEnd(stream).on('error', () => {}).setSecure(credentials);
    stream.write('hello');
  }));
}

test('rust-net/node: they come with setSecure(), stay behind close, and go when the stream is opened again', async () => {
  const server = await greeter(today);
  const { port } = server.address();
  const stream = destroyAtEnd(new today.Socket());
  expect(those(stream)).toEqual([]);
  stream.connect(port, '127.0.0.1');
  await once(stream, 'connect');
  expect(those(stream)).toEqual([]);

  stream.setSecure(CLIENT, { servername: 'localhost' });
  expect(those(stream)).toEqual(MEMBERS);
  expect([stream.encrypted, stream.authorized]).toEqual([false, false]);
  await once(stream, 'data');
  expect([stream.encrypted, stream.authorized, stream.authorizationError]).toEqual([true, true, null]);
  await once(stream.destroy(), 'close');
  expect(stream.encrypted).toBe(true);

  stream.connect(port, '127.0.0.1');
  await once(stream, 'connect');
  expect(those(stream)).toEqual([]);
  stream.setSecure(CLIENT, { servername: 'localhost' });
  expect(those(stream)).toEqual(MEMBERS);
  await once(stream, 'data');
  expect(stream.getProtocol()).toBe('TLSv1.3');
});

test('rust-net: they are there from the start, and false or null in the clear', () => {
  const stream = new page.Stream();
  expect(those(stream)).toEqual(MEMBERS);
  expect(ACCESSORS.map((name) => stream[name])).toEqual([false, false, null, false, false, false]);
});

describe.each([['rust-net', page], ['rust-net/node', today]])('%s', (_, net) => {
  test.each([...MEMBERS, 'type', 'fd'])("%s is the program's own once it has been assigned", async (name) => {
    class Own extends net.Stream {
      constructor() {
        super();
        this[name] = 'mine';
      }
    }
    const server = await greeter(net);
    const { port } = server.address();
    const stream = destroyAtEnd(new Own());
    expect(stream[name]).toBe('mine');
    for (let i = 0; i < 2; i++) {
      stream.connect(port, '127.0.0.1').setSecure(CLIENT);
      await once(stream, 'data');
      expect(stream[name]).toBe('mine');
      await once(stream.destroy(), 'close');
    }
    expect(stream[name]).toBe('mine');
  });

  test.each(ACCESSORS)("%s is the program's own if it is assigned when the stream is secure", async (name) => {
    const server = await greeter(net);
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1')).setSecure(CLIENT);
    await once(stream, 'data');
    stream[name] = 'mine';
    expect(stream[name]).toBe('mine');
  });

  test('a member that a class has of its own stays', async () => {
    class Own extends net.Stream {
      get encrypted() {
        return 'mine';
      }
    }
    const server = await greeter(net);
    const stream = destroyAtEnd(new Own()).connect(server.address().port, '127.0.0.1').setSecure(CLIENT);
    await once(stream, 'data');
    expect(stream.encrypted).toBe('mine');
  });
});
