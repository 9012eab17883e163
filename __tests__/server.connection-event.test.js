'use strict';

// Section "net.createServer" and the event 'connection' of the `net` page; D3, D18 and D28 of the server; its options.

const { EventEmitter, once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const {
  closeAtEnd,
  destroyAtEnd,
  kernelOption,
  listening,
  pair,
  record,
  scratch,
  settled,
  thrown,
} = require('./helpers');

/** The stream of the next connection, which node:net makes. */
async function nextConnection(server) {
  const address = server.address();
  const client = destroyAtEnd(
    typeof address === 'string' ? nodeNet.connect(address) : nodeNet.connect(address.port, '127.0.0.1'),
  );
  const [stream] = await once(server, 'connection');
  return [destroyAtEnd(stream), client];
}

describe('net.Server', () => {
  test.each([
    ['TCP', () => [0, '127.0.0.1']],
    ['UNIX', () => [path.join(scratch(), 's')]],
  ])('"This class is used to create a TCP or UNIX server." (%s)', async (_, where) => {
    const server = await listening(new net.Server(), ...where());
    const [stream, client] = await nextConnection(server);
    client.write('in');
    const [data] = await once(stream, 'data');
    stream.write(data);
    const [answer] = await once(client, 'data');
    expect(answer.toString()).toBe('in');
  });

  test('"This is an EventEmitter with the following events"', () => {
    expect(net.createServer()).toBeInstanceOf(EventEmitter);
    expect(net.createServer()).toBeInstanceOf(net.Server);
  });

  test('D18: Server(...) works without `new`, and can be inherited from', async () => {
    const listener = jest.fn();
    const server = net.Server(listener);
    expect(server).toBeInstanceOf(net.Server);
    expect(server.listeners('connection')).toEqual([listener]);

    class Derived extends net.Server {}
    const derived = await listening(new Derived());
    expect(derived).toBeInstanceOf(Derived);
    await nextConnection(derived);
  });
});

describe('Event: \'connection\'', () => {
  test('"Emitted when a new connection is made. stream is an instance of net.Stream."', async () => {
    const server = await listening(net.createServer());
    const events = record(server, 'connection');
    for (let i = 1; i <= 3; i++) {
      const [stream] = await nextConnection(server);
      expect(stream).toBeInstanceOf(net.Stream);
      expect(stream.readyState).toBe('open');
      expect(events.length).toBe(i);
      expect(events[i - 1]).toEqual(['connection', stream]);
    }
  });

  test('many connections at once, each once', async () => {
    const server = await listening(net.createServer());
    const ports = [];
    server.on('connection', (stream) => ports.push(destroyAtEnd(stream).remotePort));
    const clients = Array.from({ length: 100 }, () => nodeNet.connect(server.address().port, '127.0.0.1'));
    await Promise.all(clients.map((client) => once(destroyAtEnd(client), 'connect')));
    await settled();
    expect(ports.toSorted()).toEqual(clients.map((client) => client.localPort).toSorted());
  });

  test('D3: the stream emits \'connect\' right after the \'connection\' listeners have run', async () => {
    const server = await listening(net.createServer());
    const order = [];
    server.on('connection', (stream) => {
      order.push('first');
      stream.on('connect', () => order.push('connect'));
      process.nextTick(() => order.push('tick'));
    });
    server.on('connection', () => order.push('second'));
    await nextConnection(server);
    await settled();
    expect(order).toEqual(['first', 'second', 'connect', 'tick']);
  });

  test('D3: \'connect\' does not come on a stream that was destroyed in \'connection\'', async () => {
    const server = await listening(net.createServer());
    let events;
    server.on('connection', (stream) => {
      events = record(stream, 'connect', 'data', 'end', 'close');
      stream.destroy();
    });
    await nextConnection(server);
    await settled();
    expect(events).toEqual([['close', false]]);
  });

  test('D17, D28: stream.server is the accepting server, null on other streams', async () => {
    const [client, accepted, server] = await pair();
    expect(accepted.server).toBe(server);
    expect(client.server).toBe(null);
  });

  test('captureRejections: a \'connection\' listener that rejects destroys its stream', async () => {
    const server = await listening(
      net.createServer({ captureRejections: true }, async () => {
        throw new Error('No.');
      }),
    );
    const [stream] = await nextConnection(server);
    const [error] = await once(stream, 'error');
    expect(error.message).toBe('No.');
  });
});

describe('net.createServer(connectionListener)', () => {
  test('"Creates a new TCP server. The connectionListener argument is automatically set as a listener for the \'connection\' event."', async () => {
    const listener = jest.fn();
    const server = await listening(net.createServer(listener));
    expect(server.listeners('connection')).toEqual([listener]);
    const [stream] = await nextConnection(server);
    expect(listener.mock.calls).toEqual([[stream]]);
  });

  test('(options, connectionListener), (options), (null), ()', () => {
    const listener = () => {};
    expect(net.createServer({}, listener).listeners('connection')).toEqual([listener]);
    expect(net.createServer({}).listeners('connection')).toEqual([]);
    expect(net.createServer(null).listeners('connection')).toEqual([]);
    expect(net.createServer().listeners('connection')).toEqual([]);
  });

  test('option `pauseOnConnect`: nothing is read before resume()', async () => {
    const server = await listening(net.createServer({ pauseOnConnect: true }));
    const [stream, client] = await nextConnection(server);
    const events = record(stream, 'data');
    expect(stream.isPaused()).toBe(true);
    client.write('held');
    await settled();
    expect(events).toEqual([]);
    expect(stream.bytesRead).toBe(0);
    stream.resume();
    const [data] = await once(stream, 'data');
    expect(data.toString()).toBe('held');
  });

  test('option `allowHalfOpen` goes to the streams', async () => {
    for (const allowHalfOpen of [true, false]) {
      const server = await listening(net.createServer({ allowHalfOpen }));
      const [stream] = await nextConnection(server);
      expect(stream.allowHalfOpen).toBe(allowHalfOpen);
    }
  });

  test('option `highWaterMark` goes to the streams', async () => {
    const server = await listening(net.createServer({ highWaterMark: 1234 }));
    const [stream] = await nextConnection(server);
    expect([stream.readableHighWaterMark, stream.writableHighWaterMark]).toEqual([1234, 1234]);
  });

  test('options `noDelay`, `keepAlive` and `keepAliveInitialDelay` go to the sockets', async () => {
    const server = await listening(
      net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 123_000 }),
    );
    const [stream] = await nextConnection(server);
    expect(kernelOption(stream, 'noDelay')).not.toBe(0);
    expect(kernelOption(stream, 'keepAlive')).not.toBe(0);
    expect(kernelOption(stream, 'keepAliveIdle')).toBe(123);
    const plain = await listening(net.createServer());
    const [other] = await nextConnection(plain);
    expect([kernelOption(other, 'noDelay'), kernelOption(other, 'keepAlive')]).toEqual([0, 0]);
  });

  test('options that are changed while the server listens go to the next sockets', async () => {
    const server = await listening(net.createServer({ noDelay: true }));
    server.noDelay = false;
    server.keepAlive = true;
    const [stream] = await nextConnection(server);
    expect(kernelOption(stream, 'noDelay')).toBe(0);
    expect(kernelOption(stream, 'keepAlive')).not.toBe(0);
  });

  test.each([
    ['a number for options', [5]],
    ['a string for options', ['options']],
    ['true for options', [true]],
    ['a symbol for options', [Symbol('options')]],
    ['a number for the listener', [{}, 5]],
    ['a string for keepAliveInitialDelay', [{ keepAliveInitialDelay: 'long' }]],
    ['a string for highWaterMark', [{ highWaterMark: 'high' }]],
  ])('D14: %s throws ERR_INVALID_ARG_TYPE', (_, args) => {
    expect(thrown(() => net.createServer(...args)).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrown(() => new net.Server(...args)).code).toBe('ERR_INVALID_ARG_TYPE');
  });
});

describe('server.pause(ms) (D28)', () => {
  test('stops accepting for a while; connections wait meanwhile', async () => {
    const server = closeAtEnd(await listening(net.createServer()));
    const since = performance.now();
    expect(server.pause(300)).toBe(server);
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    client.write('waited');
    const [stream] = await once(server, 'connection');
    // Timers count whole milliseconds.
    expect(performance.now() - since).toBeGreaterThanOrEqual(299);
    const [data] = await once(destroyAtEnd(stream), 'data');
    expect(data.toString()).toBe('waited');
  });

  test('streams that are open already go on', async () => {
    const [client, accepted, server] = await pair();
    server.pause(60_000);
    client.write('x');
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('x');
  });

  test('a server that is closed while it is paused accepts at once when it listens again', async () => {
    const server = await listening(net.createServer());
    server.pause(60_000);
    server.close();
    await once(server, 'close');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [stream] = await nextConnection(server);
    expect(stream.readyState).toBe('open');
  });

  test('a server that does not run is left as it is', async () => {
    const server = net.createServer();
    expect(server.pause(60_000)).toBe(server);
    await listening(server);
    await nextConnection(server);
  });

  test.each([
    ['ERR_INVALID_ARG_TYPE', 'abc'],
    ['ERR_INVALID_ARG_TYPE', {}],
    ['ERR_OUT_OF_RANGE', NaN],
    ['ERR_OUT_OF_RANGE', -5],
    ['ERR_OUT_OF_RANGE', Infinity],
  ])('throws %s for %p, and goes on accepting', async (code, msecs) => {
    const server = await listening(net.createServer());
    expect(thrown(() => server.pause(msecs)).code).toBe(code);
    await nextConnection(server);
  });
});
