'use strict';

// Section "server.close" and the event 'close' of net.Server on the `net` page, read as D4 says.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { closeAtEnd, destroyAtEnd, listening, nextTick, ownAddress, pair, record, settled, thrown } = require('./helpers');

describe('server.close()', () => {
  test('"Stops the server from accepting new connections."', async () => {
    const server = await listening(net.createServer(), 0, ownAddress());
    const { address, port } = server.address();
    server.close();
    const client = destroyAtEnd(nodeNet.connect(port, address));
    const [error] = await once(client, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('connections that wait to be accepted are not accepted any more', async () => {
    const server = await listening(net.createServer());
    const events = record(server, 'connection', 'close');
    server.pause(60_000);
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    await once(client, 'connect');
    client.on('error', () => {});
    const closed = new Promise((resolve) => client.on('close', resolve));
    server.close();
    await closed;
    await settled();
    expect(events).toEqual([['close']]);
  });

  test('called in \'connection\', it lets no other connection in', async () => {
    const server = closeAtEnd(net.createServer());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.pause(100);
    const clients = [];
    for (let i = 0; i < 3; i++) {
      const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      await once(client, 'connect');
      client.on('error', () => {});
      clients.push(client);
    }
    const events = record(server, 'connection');
    server.once('connection', (stream) => {
      destroyAtEnd(stream);
      server.close();
    });
    await once(server, 'close');
    await settled();
    expect(events.length).toBe(1);
  });

  test('"This function is asynchronous, the server is finally closed when the server emits a \'close\' event."', async () => {
    const server = await listening(net.createServer());
    const events = record(server, 'close');
    expect(server.close()).toBe(server);
    expect(events).toEqual([]);
    await once(server, 'close');
    expect(events).toEqual([['close']]);
    expect(server.listening).toBe(false);
  });

  test('"Emitted when the server closes." (\'close\', once, without arguments, also for a callback)', async () => {
    const server = await listening(net.createServer());
    const events = record(server, 'close');
    const callback = jest.fn();
    server.close(callback);
    await once(server, 'close');
    await settled();
    expect(events).toEqual([['close']]);
    expect(callback.mock.calls).toEqual([[]]);
  });

  test('D4: \'close\' does not wait for open streams, which live on', async () => {
    const [client, accepted, server] = await pair();
    server.close();
    await once(server, 'close');
    expect([client.readyState, accepted.readyState]).toEqual(['open', 'open']);
    client.write('still');
    const [data] = await once(accepted, 'data');
    expect(data.toString()).toBe('still');
    accepted.write('here');
    const [answer] = await once(client, 'data');
    expect(answer.toString()).toBe('here');
    expect(server.connections).toBe(1);
  });

  test('\'close\' comes once, though streams end after it', async () => {
    const [client, accepted, server] = await pair();
    const events = record(server, 'close');
    server.close();
    await once(server, 'close');
    client.end();
    await once(accepted, 'close');
    await settled();
    expect(events.length).toBe(1);
  });

  test('D4: not running, it throws', async () => {
    const server = net.createServer();
    const events = record(server, 'close');
    expect(thrown(() => server.close()).code).toBe('ERR_SERVER_NOT_RUNNING');
    const callback = jest.fn();
    expect(thrown(() => server.close(callback)).code).toBe('ERR_SERVER_NOT_RUNNING');
    expect(server.listenerCount('close')).toBe(1);
    await listening(server);
    server.close();
    expect(thrown(() => server.close()).code).toBe('ERR_SERVER_NOT_RUNNING');
    await once(server, 'close');
    expect(thrown(() => server.close()).code).toBe('ERR_SERVER_NOT_RUNNING');
    await nextTick();
    expect(events).toEqual([['close']]);
    expect(callback).not.toHaveBeenCalled();
  });

  test('before \'listening\', it takes listen() back', async () => {
    const server = net.createServer();
    const events = record(server, 'listening', 'error', 'close');
    server.listen(0, '127.0.0.1');
    server.close();
    await once(server, 'close');
    await settled();
    expect(events).toEqual([['close']]);
  });

  test('while a host is looked up, it takes listen() back', async () => {
    const server = net.createServer();
    const events = record(server, 'listening', 'error', 'close');
    server.listen(0, 'localhost');
    server.close();
    await once(server, 'close');
    // Another look-up of the same name answers after the first has.
    const other = closeAtEnd(net.createServer());
    other.listen(0, 'localhost');
    await once(other, 'listening');
    expect(events).toEqual([['close']]);
    expect(server.listening).toBe(false);
  });

  test('in \'close\', listen() works', async () => {
    const server = await listening(net.createServer());
    const again = new Promise((resolve) => {
      server.once('close', () => server.listen(0, '127.0.0.1', resolve));
    });
    server.close();
    await again;
    expect(server.listening).toBe(true);
  });

  test('D14: a callback that is no function throws, and the server runs on', async () => {
    const server = await listening(net.createServer());
    expect(thrown(() => server.close('soon')).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(server.listening).toBe(true);
    const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
    const [stream] = await once(server, 'connection');
    destroyAtEnd(stream);
    expect(client.destroyed).toBe(false);
  });

  test('`await using` closes the server (Symbol.asyncDispose)', async () => {
    const dispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
    const server = await listening(net.createServer());
    const events = record(server, 'close');
    await server[dispose]();
    expect(events).toEqual([['close']]);
    expect(server.listening).toBe(false);
    // Once more changes nothing.
    await server[dispose]();
    expect(events).toEqual([['close']]);
  });
});
