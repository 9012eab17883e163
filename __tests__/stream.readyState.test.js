'use strict';

// Section "stream.readyState" of the `net` page, and D11.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { destroyAtEnd, failure, listening, pair, refusingPort } = require('./helpers');

describe('stream.readyState', () => {
  test('"Either \'closed\', \'open\', \'opening\', \'readOnly\', or \'writeOnly\'." (the life of a client, D11)', async () => {
    const server = await listening(
      nodeNet.createServer({ allowHalfOpen: true }, (stream) => {
        stream.on('end', () => stream.end('rest')).resume();
      }),
    );
    const stream = destroyAtEnd(new net.Stream());
    const states = [stream.readyState];
    stream.connect(server.address().port, '127.0.0.1');
    states.push(stream.readyState);
    for (const name of ['connect', 'data', 'end', 'close']) stream.on(name, () => states.push(name, stream.readyState));
    await once(stream, 'connect');
    stream.end();
    states.push(stream.readyState);
    await once(stream, 'close');
    expect(states).toEqual([
      'closed',
      'opening',
      'connect',
      'open',
      'readOnly',
      'data',
      'readOnly',
      'end',
      'closed',
      'close',
      'closed',
    ]);
  });

  test('an accepted stream is \'open\' in \'connection\' and in \'connect\'', async () => {
    const states = [];
    await pair({
      accept: (stream) => {
        states.push(stream.readyState);
        stream.on('connect', () => states.push(stream.readyState));
      },
    });
    expect(states).toEqual(['open', 'open']);
  });

  test('D11: \'readOnly\' after own end(), at once, though data still waits to be sent', async () => {
    const [client, accepted] = await pair({ client: nodeNet, clientOptions: { allowHalfOpen: true } });
    client.pause();
    accepted.write(Buffer.alloc(8_000_000));
    accepted.end();
    expect(accepted.readyState).toBe('readOnly');
    client.resume();
    await once(client, 'end');
    expect(accepted.readyState).toBe('readOnly');
    client.end();
    await once(accepted, 'close');
    expect(accepted.readyState).toBe('closed');
  });

  test('D11: \'writeOnly\' after the peer\'s FIN with allowHalfOpen, \'closed\' after both ends', async () => {
    const [client, accepted] = await pair({ client: nodeNet, serverOptions: { allowHalfOpen: true } });
    client.end();
    await once(accepted, 'end');
    expect(accepted.readyState).toBe('writeOnly');
    accepted.end();
    expect(accepted.readyState).toBe('closed');
  });

  test('D11: \'closed\' after destroy(), at once', async () => {
    const [client, accepted] = await pair();
    accepted.destroy();
    expect(accepted.readyState).toBe('closed');
    await once(client, 'close');
    expect(client.readyState).toBe('closed');
    const connecting = net.connect(await refusingPort(), '127.0.0.1');
    connecting.destroy();
    expect(connecting.readyState).toBe('closed');
  });

  test('D11: \'opening\' "until established", \'closed\' in \'error\' if that fails', async () => {
    const stream = net.connect(await refusingPort(), '127.0.0.1');
    const states = [];
    for (const name of ['error', 'close']) stream.on(name, () => states.push(stream.readyState));
    expect(stream.readyState).toBe('opening');
    await failure(stream);
    expect(states).toEqual(['closed', 'closed']);
  });

  test('\'opening\' after end() before \'connect\' still', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).resume()));
    const stream = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    stream.end('x');
    expect(stream.readyState).toBe('opening');
    await once(stream, 'connect');
    expect(stream.readyState).toBe('readOnly');
  });

  test('it can\'t be set', async () => {
    const [client] = await pair();
    expect(() => {
      client.readyState = 'closed';
    }).toThrow();
    expect(client.readyState).toBe('open');
  });
});
