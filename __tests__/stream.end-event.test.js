'use strict';

// The event 'end' of net.Stream on the `net` page: FIN, and half-open connections; D10.

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { collect, destroyAtEnd, listening, namesUntilClose, pair, record, settled } = require('./helpers');

describe('Event: \'end\'', () => {
  test('"Emitted when the other end of the stream sends a FIN packet." (once, without arguments)', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'end');
    await settled();
    expect(events).toEqual([]);
    client.end();
    await once(accepted, 'close');
    expect(events).toEqual([['end']]);
  });

  test('it comes after all data', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    let received = 0;
    let atEnd;
    accepted.on('data', ({ length }) => (received += length));
    accepted.on('end', () => (atEnd = received));
    client.end(Buffer.alloc(3_000_000));
    await once(accepted, 'close');
    expect([atEnd, received]).toEqual([3_000_000, 3_000_000]);
  });

  test('a reset is no \'end\'', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    client.resetAndDestroy();
    expect(await names).toEqual(['error', 'close']);
  });
});

describe('"By default (allowHalfOpen == false) the stream will destroy its file descriptor once it has written out its pending write queue."', () => {
  test('the stream ends and closes by itself', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    client.end();
    await once(client.resume(), 'end');
    expect(await names).toEqual(['end', 'finish', 'close']);
    expect(accepted.fd).toBe(null);
    expect(accepted.readyState).toBe('closed');
  });

  test('a client does, too', async () => {
    const [client, accepted] = await pair({ server: nodeNet });
    const names = namesUntilClose(client);
    accepted.end('bye');
    await once(accepted.resume(), 'close');
    expect(await names).toEqual(['data', 'end', 'finish', 'close']);
  });

  test('the pending write queue arrives whole, with a peer that reads later', async () => {
    const [client, accepted] = await pair({ client: nodeNet, clientOptions: { allowHalfOpen: true } });
    const sent = Buffer.alloc(8_000_000, 'queue');
    expect(accepted.write(sent)).toBe(false);
    client.end();
    await once(accepted, 'end');
    await settled();
    expect(accepted.bufferSize).toBeGreaterThan(0);
    const received = await collect(client);
    expect(received.equals(sent)).toBe(true);
  });

  test('D10: "\'end\' listeners run first; then what they wrote and all that was queued is sent, and the stream ends."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const names = namesUntilClose(accepted);
    accepted.write('queued, ');
    accepted.on('end', () => accepted.write('said at the end, '));
    accepted.on('end', () => accepted.write('and said last'));
    client.end();
    expect((await collect(client)).toString()).toBe('queued, said at the end, and said last');
    expect(await names).toEqual(['end', 'finish', 'close']);
  });

  test('D10: a listener may call end() itself', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.on('end', () => accepted.end('goodbye'));
    client.end();
    expect((await collect(client)).toString()).toBe('goodbye');
  });

  test('D14: what is written after \'end\' listeners have run gives ERR_STREAM_WRITE_AFTER_END', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.end();
    await once(accepted, 'end');
    await new Promise((resolve) => setImmediate(resolve));
    const callback = jest.fn();
    accepted.on('error', () => {});
    accepted.write('late', callback);
    await new Promise((resolve) => setImmediate(resolve));
    expect(callback.mock.calls).toEqual([[expect.objectContaining({ code: expect.stringMatching(/^ERR_STREAM_/) })]]);
  });
});

describe('"However, by setting allowHalfOpen == true the stream will not automatically end() its side"', () => {
  test('"allowing the user to write arbitrary amounts of data"', async () => {
    const [client, accepted] = await pair({
      client: nodeNet,
      clientOptions: { allowHalfOpen: true },
      serverOptions: { allowHalfOpen: true },
    });
    const names = namesUntilClose(accepted, ['end', 'finish', 'error', 'close']);
    client.end();
    await once(accepted, 'end');
    const received = collect(client);
    let expected = 0;
    for (let i = 0; i < 200; i++) {
      const chunk = Buffer.alloc(20_000, i);
      expected += chunk.length;
      if (!accepted.write(chunk)) await once(accepted, 'drain');
      expect(accepted.readyState).toBe('writeOnly');
    }
    accepted.end();
    expect((await received).length).toBe(expected);
    expect(await names).toEqual(['end', 'finish', 'close']);
  });

  test('"with the caviot that the user is required to end() thier side now."', async () => {
    const [client, accepted] = await pair({ client: nodeNet, serverOptions: { allowHalfOpen: true } });
    const events = record(accepted, 'finish', 'close');
    const clientEvents = record(client.resume(), 'end');
    client.end();
    await once(accepted, 'end');
    await settled();
    expect(events).toEqual([]);
    expect(clientEvents).toEqual([]);
    expect(accepted.fd).not.toBe(null);
    accepted.end();
    await once(accepted, 'close');
    expect(events).toEqual([['finish'], ['close', false]]);
  });

  test('"In the allowHalfOpen == true case after \'end\' is emitted the readyState will be \'writeOnly\'."', async () => {
    const [client, accepted] = await pair({ client: nodeNet, serverOptions: { allowHalfOpen: true } });
    client.end();
    await once(accepted, 'end');
    expect(accepted.readyState).toBe('writeOnly');
  });

  test('an option of a client, too', async () => {
    const [client, accepted] = await pair({ server: nodeNet, clientOptions: { allowHalfOpen: true } });
    accepted.end('only this');
    await once(client.resume(), 'end');
    expect(client.readyState).toBe('writeOnly');
    const received = collect(accepted);
    client.end('and my answer');
    expect((await received).toString()).toBe('and my answer');
  });

  test('D11: "a property that may be set at any time": true before the FIN', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    accepted.allowHalfOpen = true;
    client.end();
    await once(accepted, 'end');
    await settled();
    expect(accepted.readyState).toBe('writeOnly');
    accepted.end('still here');
    expect((await collect(client)).toString()).toBe('still here');
  });

  test('D11: "a property that may be set at any time": in \'connection\', and in \'end\'', async () => {
    const server = await listening(
      net.createServer((stream) => {
        stream.allowHalfOpen = true;
        destroyAtEnd(stream);
      }),
    );
    const client = destroyAtEnd(nodeNet.connect({ port: server.address().port, allowHalfOpen: true }));
    const [accepted] = await once(server, 'connection');
    client.end();
    await once(accepted, 'end');
    expect(accepted.readyState).toBe('writeOnly');

    const [other, late] = await pair({ client: nodeNet });
    late.on('end', () => (late.allowHalfOpen = true));
    other.end();
    await once(late, 'end');
    await settled();
    expect(late.readyState).toBe('writeOnly');
  });

  test('D11: false, set later, ends by itself again', async () => {
    const [client, accepted] = await pair({ client: nodeNet, serverOptions: { allowHalfOpen: true } });
    accepted.allowHalfOpen = false;
    client.end();
    await once(client.resume(), 'close');
    await settled();
    expect(accepted.readyState).toBe('closed');
  });

  test('both sides half-open, each ends in its own time', async () => {
    const [client, accepted] = await pair({
      serverOptions: { allowHalfOpen: true },
      clientOptions: { allowHalfOpen: true },
    });
    client.end('question');
    expect((await collect(accepted)).toString()).toBe('question');
    expect([client.readyState, accepted.readyState]).toEqual(['readOnly', 'writeOnly']);
    const closed = [namesUntilClose(client), namesUntilClose(accepted)];
    accepted.end('answer');
    expect((await collect(client)).toString()).toBe('answer');
    await Promise.all(closed);
    expect([client.readyState, accepted.readyState]).toEqual(['closed', 'closed']);
  });
});
