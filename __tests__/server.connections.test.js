'use strict';

// Section "server.connections" of the `net` page, and D9.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { destroyAtEnd, listening, pair, settled, thrown } = require('./helpers');

describe('server.connections', () => {
  test('"The number of concurrent connections on the server."', async () => {
    const server = await listening(net.createServer());
    expect(server.connections).toBe(0);
    const clients = [];
    const seen = [];
    server.on('connection', (stream) => {
      destroyAtEnd(stream);
      seen.push(server.connections);
    });
    for (let i = 1; i <= 3; i++) {
      clients.push(destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1')).resume());
      await once(server, 'connection');
      expect(server.connections).toBe(i);
    }
    expect(seen).toEqual([1, 2, 3]);
    for (let i = 2; i >= 0; i--) {
      const client = clients.pop();
      client.end();
      await once(client, 'close');
      await settled();
      expect(server.connections).toBe(i);
    }
  });

  test('a stream that is destroyed counts no more, and once only', async () => {
    const [, accepted, server] = await pair();
    accepted.destroy();
    accepted.destroy();
    await once(accepted, 'close');
    expect(server.connections).toBe(0);
  });

  test('a half-closed stream still counts', async () => {
    const [client, accepted, server] = await pair({ serverOptions: { allowHalfOpen: true } });
    client.end();
    await once(accepted, 'end');
    expect(server.connections).toBe(1);
    accepted.end();
    await once(accepted, 'close');
    expect(server.connections).toBe(0);
  });

  test('streams that the server\'s program opens itself do not count', async () => {
    const [, , server] = await pair();
    expect(server.connections).toBe(1);
  });

  test('D9: a plain number property', async () => {
    const server = net.createServer();
    expect(typeof server.connections).toBe('number');
    expect('connections' in server).toBe(true);
  });

  test('today\'s getConnections(callback) gives the same number, later', async () => {
    const [, , server] = await pair();
    const callback = jest.fn();
    expect(server.getConnections(callback)).toBe(server);
    expect(callback).not.toHaveBeenCalled();
    await new Promise((resolve) => server.getConnections(resolve));
    expect(callback.mock.calls).toEqual([[null, 1]]);
  });

  test('D14: getConnections() without a function throws', () => {
    expect(thrown(() => net.createServer().getConnections()).code).toBe('ERR_INVALID_ARG_TYPE');
  });
});
