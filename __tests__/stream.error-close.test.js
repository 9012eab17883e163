'use strict';

// The events 'error' and 'close' of net.Stream on the `net` page; D13 (their shape and order) and D28 (same turn).

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const {
  child,
  destroyAtEnd,
  failure,
  listening,
  namesUntilClose,
  pair,
  record,
  refusingPort,
  scratch,
  settled,
} = require('./helpers');

describe('Event: \'error\'', () => {
  test('"Emitted when an error occurs."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'error');
    client.resetAndDestroy();
    const error = await failure(accepted);
    expect(events).toEqual([['error', error]]);
    expect(error.code).toBe('ECONNRESET');
  });

  test('"The \'close\' event will be called directly following this event."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const order = [];
    accepted.on('error', () => {
      order.push('error');
      setImmediate(() => order.push('immediate'));
      setTimeout(() => order.push('timer'), 0);
    });
    accepted.on('close', () => order.push('close'));
    client.resetAndDestroy();
    await settled();
    expect(order.slice(0, 2)).toEqual(['error', 'close']);
  });

  test('D28: "\'close\' follows \'error\' in the same turn of the loop, before any other I/O or timer"', async () => {
    // Both streams fail in one turn; neither's events are torn apart by the other's.
    const server = await listening(net.createServer());
    const order = [];
    server.on('connection', (stream) => {
      const { remotePort } = destroyAtEnd(stream);
      for (const name of ['error', 'close']) stream.on(name, () => order.push(`${name} ${remotePort}`));
    });
    const clients = [];
    for (let i = 0; i < 5; i++) {
      const client = nodeNet.connect(server.address().port, '127.0.0.1');
      await once(client, 'connect');
      clients.push(client);
    }
    await settled();
    for (const client of clients) client.resetAndDestroy();
    await settled();
    expect(order.length).toBe(10);
    for (let i = 0; i < 10; i += 2) expect(order[i].replace('error', 'close')).toBe(order[i + 1]);
  });

  test('an error without a listener is thrown', async () => {
    const { exit, lines } = child(`
      process.on('uncaughtException', (error) => console.log(error.code));
      net.connect({ port: 1, host: 'x', lookup: (h, o, cb) => cb(Object.assign(new Error('no'), { code: 'ENOPE' })) });
    `);
    expect((await lines.next()).value).toBe('ENOPE');
    expect(await exit).toBe(0);
  });
});

describe('D13: errors have Node\'s shape', () => {
  test('connection refused', async () => {
    const port = await refusingPort();
    const stream = net.connect(port, '127.0.0.1');
    const names = namesUntilClose(stream);
    const error = await failure(stream);
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      errno: expect.any(Number),
      syscall: 'connect',
      address: '127.0.0.1',
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    expect(error.errno).toBeLessThan(0);
    expect(error.name).toBe('Error');
    expect(await names).toEqual(['error', 'close']);
  });

  test('connection refused over IPv6', async () => {
    const port = await refusingPort('::1');
    const error = await failure(net.connect(port, '::1'));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '::1', port });
  });

  test('the errors equal those of node:net, in all that can be seen of them', async () => {
    const port = await refusingPort();
    const missing = path.join(scratch(), 'missing');
    for (const where of [{ port, host: '127.0.0.1' }, { path: missing }]) {
      const [ours, nodes] = await Promise.all([failure(net.connect(where)), failure(nodeNet.connect(where))]);
      expect(ours.message).toBe(nodes.message);
      expect({ ...ours }).toEqual({ ...nodes });
      expect(Object.keys(ours)).toEqual(Object.keys(nodes));
    }
  });

  test('a path that is not there', async () => {
    const where = path.join(scratch(), 'missing');
    const error = await failure(net.connect(where));
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'connect', address: where });
    expect(error.errno).toBeLessThan(0);
  });

  test('a path that is no socket', async () => {
    const where = path.join(scratch(), 'file');
    fs.writeFileSync(where, '');
    const error = await failure(net.connect(where));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: where });
  });

  test('a path that is too long', async () => {
    const where = path.join(scratch(), 'x'.repeat(200));
    const error = await failure(net.connect(where));
    expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'connect', address: where });
  });

  test('reset by the peer while reading', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.resetAndDestroy();
    const error = await failure(accepted);
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read', errno: expect.any(Number) });
    expect(error.errno).toBeLessThan(0);
    expect(error.message).toBe('read ECONNRESET');
  });

  test('the peer is gone while writing', async () => {
    const [client, accepted] = await pair({
      client: nodeNet,
      serverOptions: { allowHalfOpen: true },
    });
    client.destroy();
    await once(accepted, 'end');
    const failed = failure(accepted);
    // The first is answered by a reset, what follows fails.
    accepted.write('into the void');
    await settled();
    if (!accepted.destroyed) accepted.write('again');
    expect((await failed).code).toMatch(/^(EPIPE|ECONNRESET)$/);
  });

  test('the callbacks of writes that wait behind the one under way get an error, each once', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    client.pause();
    const callbacks = [jest.fn(), jest.fn(), jest.fn()];
    accepted.write(Buffer.alloc(8_000_000), callbacks[0]);
    accepted.write('second', callbacks[1]);
    accepted.end('third', callbacks[2]);
    client.resetAndDestroy();
    await failure(accepted);
    await settled();
    // As in node:net, the one under way is called back too: what became of it, the stream's 'error' says.
    expect(callbacks[0]).toHaveBeenCalledTimes(1);
    for (const callback of callbacks.slice(1)) {
      expect(callback.mock.calls).toEqual([[expect.objectContaining({ code: expect.any(String) })]]);
    }
  });
});

describe('Event: \'close\'', () => {
  test('"Emitted once the stream is fully closed."', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = [];
    accepted.on('close', () => events.push([accepted.readyState, accepted.fd, accepted.destroyed]));
    client.end();
    await once(accepted, 'close');
    await settled();
    expect(events).toEqual([['closed', null, true]]);
  });

  test('"The argument had_error is a boolean which says if the stream was closed due to a transmission error." (false)', async () => {
    const [client, accepted] = await pair();
    const [one, two] = [record(client, 'close'), record(accepted, 'close')];
    client.end();
    await once(accepted, 'close');
    await settled();
    expect([one, two]).toEqual([[['close', false]], [['close', false]]]);

    const [other, destroyed] = await pair();
    const three = record(destroyed, 'close');
    destroyed.destroy();
    await once(other, 'close');
    expect(three).toEqual([['close', false]]);
  });

  test('"The argument had_error is a boolean which says if the stream was closed due to a transmission error." (true)', async () => {
    const [client, accepted] = await pair({ client: nodeNet });
    const events = record(accepted, 'error', 'close');
    client.resetAndDestroy();
    await failure(accepted);
    expect(events).toEqual([
      ['error', expect.objectContaining({ code: 'ECONNRESET' })],
      ['close', true],
    ]);
  });

  test('D13: "Exactly one \'close\' for every stream that was opened, always last"', async () => {
    const endings = {
      'both end': ([client, accepted]) => [client.end(), accepted.end()],
      'one ends': ([client]) => client.end(),
      'destroyed': ([, accepted]) => accepted.destroy(),
      'destroyed twice': ([, accepted]) => [accepted.destroy(), accepted.destroy()],
      'ended and destroyed': ([, accepted]) => [accepted.end('x'), accepted.destroy()],
      'destroyed with an error': ([, accepted]) => accepted.destroy(new Error('Enough.')),
      'reset': ([client]) => client.resetAndDestroy(),
      'both reset': ([client, accepted]) => [client.resetAndDestroy(), accepted.resetAndDestroy()],
      'ended soon': ([, accepted]) => [accepted.write('x'), accepted.destroySoon()],
    };
    for (const [ending, end] of Object.entries(endings)) {
      const streams = await pair();
      const events = streams.slice(0, 2).map((stream) => {
        stream.resume();
        return record(stream, 'data', 'end', 'finish', 'drain', 'error', 'close');
      });
      end(streams);
      await settled();
      for (const seen of events) {
        const names = seen.map(([name]) => name);
        expect([ending, names.at(-1)]).toEqual([ending, 'close']);
        expect([ending, names.filter((name) => name === 'close').length]).toEqual([ending, 1]);
        const [, hadError] = seen.at(-1);
        expect([ending, hadError]).toEqual([ending, names.includes('error')]);
        if (names.includes('error')) expect(names.at(-2)).toBe('error');
      }
    }
  });

  test('a stream that an \'error\' listener throws for is closed none the less', async () => {
    const { exit, lines } = child(`
      process.on('uncaughtException', (error) => console.log(error.message));
      const stream = net.connect({ port: 1, host: 'x', lookup: (h, o, cb) => cb(new Error('no')) });
      stream.on('error', () => { throw new Error('thrown'); });
      stream.on('close', (hadError) => console.log('close', hadError));
    `);
    const seen = [];
    for await (const line of lines) seen.push(line);
    expect(seen).toEqual(['thrown', 'close true']);
    expect(await exit).toBe(0);
  });
});
