'use strict';

// A stream that is destroyed at any step of its handshake.

const { once } = require('events');
const nodeNet = require('net');
const net = require('../../..');
const { destroyAtEnd, failure, listening, namesUntilClose, pair, record, settled } = require('../../helpers');
const {
  CLIENT,
  SERVER,
  only,
  secureClient,
  secureServer,
  tolerantServer,
} = require('../ends');
const { tap } = require('../wire');
const { ROLES, againstRaw } = require('./raw');

const [TLS12, TLS13] = [only('TLSv1.2'), only('TLSv1.3')];

describe('destroy() with an end and writes behind the handshake', () => {
  test.each([
    ['an end', (stream, called) => stream.end(called('end')), { end: 'ERR_STREAM_DESTROYED' }, null],
    [
      'a write and an end',
      (stream, called) => stream.write('x', called('write')) || stream.end(called('end')),
      { write: 'ECANCELED', end: 'ECANCELED' },
      'ECANCELED',
    ],
    ['nothing', () => {}, {}, null],
  ])('%s: each callback is called once', async (_, act, expected, errored) => {
    const server = await listening(nodeNet.createServer({ pauseOnConnect: true }));
    const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
    client.on('error', () => {});
    await once(client, 'connect');
    client.setSecure(CLIENT);
    const calls = {};
    act(client, (name) => (error) => {
      expect(calls).not.toHaveProperty(name);
      calls[name] = error?.code;
    });
    client.destroy();
    await once(client, 'close');
    await settled();
    expect([calls, client.errored?.code ?? null]).toEqual([expected, errored]);
  });
});

describe('destroy() at every step', () => {
  test.each(['connection', 'connect', 'secure'])('in a listener of \'%s\', on either side', async (name) => {
    for (const side of ROLES) {
      const server = await listening(net.createServer());
      const closed = [];
      server.on('connection', (stream) => {
        destroyAtEnd(stream);
        closed.push(namesUntilClose(stream.on('error', () => {}), ['secure', 'data', 'end', 'error', 'close']));
        stream.setSecure(SERVER);
        if (side !== 'server') return;
        if (name === 'connection') stream.destroy();
        else stream.on(name, () => stream.destroy());
      });
      const client = destroyAtEnd(net.connect(server.address().port, '127.0.0.1'));
      client.on('error', () => {});
      closed.push(namesUntilClose(client, ['secure', 'data', 'end', 'error', 'close']));
      client.setSecure(CLIENT);
      if (side === 'client' && name !== 'connection') client.on(name, () => client.destroy());
      if (side === 'client' && name === 'connection') server.on('connection', () => client.destroy());
      if (closed.length < 2) await once(server, 'connection');
      for (const names of await Promise.all(closed)) {
        expect(names.filter((one) => one === 'close')).toEqual(['close']);
        expect(names.at(-1)).toBe('close');
      }
    }
  });

  test.each(ROLES.flatMap((side) => [TLS12, TLS13].map((versions) => [side, versions.minVersion, versions])))(
    'our %s, %s, after so many bytes of the other: \'close\' with false, and nothing after it', async (side, _, versions) => {
      const server = await tolerantServer({ ...SERVER, ...versions });
      for (let count = 0; count < 1000; count += 53) {
        const connection = once(server, 'connection');
        let victim = null;
        let left = count;
        const direction = side === 'server' ? 'up' : 'down';
        const between = await tap(server, {
          [direction](chunk, to) {
            to.write(chunk);
            left -= chunk.length;
            if (left <= 0) victim?.destroy();
          },
        });
        const client = secureClient(between, { ...CLIENT, ...versions });
        client.on('error', () => {});
        client.on('secure', () => client.write(Buffer.alloc(1000)));
        const [accepted] = await connection;
        accepted.on('secure', () => accepted.write(Buffer.alloc(1000)));
        victim = side === 'server' ? accepted : client;
        const events = record(victim, 'error', 'close');
        if (left <= 0) victim.destroy();
        await once(victim, 'close');
        client.destroy();
        accepted.destroy();
        await settled();
        expect(events).toEqual([['close', false]]);
      }
    });

  test('in the turn of setSecure, and before \'connect\'', async () => {
    const [client, accepted] = await pair();
    for (const [stream, credentials] of [[client, CLIENT], [accepted, SERVER]]) {
      const events = record(stream, 'secure', 'error', 'close');
      stream.setSecure(credentials).destroy();
      await once(stream, 'close');
      expect(events).toEqual([['close', false]]);
    }
    const server = await secureServer();
    const early = secureClient(server);
    const events = record(early, 'connect', 'secure', 'error', 'close');
    early.destroy();
    await once(early, 'close');
    expect(events).toEqual([['close', false]]);
  });

  test('with an error: that one, then \'close\' with true', async () => {
    const [client] = await pair();
    client.setSecure(CLIENT);
    const reason = new Error('A parse error or so.');
    client.destroy(reason);
    expect(await failure(client)).toBe(reason);
  });

  test('what waits for the handshake is dropped, and its callbacks get an error', async () => {
    const [client] = await pair();
    client.setSecure(CLIENT);
    const callbacks = [jest.fn(), jest.fn()];
    client.write('one', callbacks[0]);
    client.write('two', callbacks[1]);
    client.destroy();
    await once(client, 'close');
    await settled();
    for (const callback of callbacks) {
      expect(callback.mock.calls).toEqual([[expect.objectContaining({ code: expect.any(String) })]]);
    }
  });

  test('resetAndDestroy() in the middle', async () => {
    const [ours, raw] = await againstRaw('client');
    raw.off('error', raw.listeners('error')[0]).resume();
    ours.resetAndDestroy();
    expect((await failure(raw)).code).toBe('ECONNRESET');
  });
});
