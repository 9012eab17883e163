'use strict';

// Section "stream.connect" of the `net` page, where the host is a name: `lookup`, `family`, `hints`, and several
// addresses, which are tried as RFC 8305 says (`autoSelectFamily`).

const { once } = require('events');
const nodeNet = require('net');
const net = require('..');
const { destroyAtEnd, failure, listening, namesUntilClose, record, refusingPort, settled } = require('./helpers');

/** A `lookup` that answers with `addresses`; remembers what it was asked. */
function answering(addresses) {
  const answer = addresses.map((address) => ({ address, family: net.isIP(address) }));
  return jest.fn((host, options, callback) => {
    if (options.all) process.nextTick(callback, null, answer);
    else process.nextTick(callback, null, answer[0].address, answer[0].family);
  });
}

async function quietServer(port = 0, host = '127.0.0.1') {
  return listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})), port, host);
}

describe('a host that is a name', () => {
  test('option `lookup` is asked for all addresses, and \'lookup\' tells of each', async () => {
    const server = await quietServer();
    const lookup = answering(['127.0.0.1', '::1']);
    const stream = destroyAtEnd(net.connect({ port: server.address().port, host: 'some.test', lookup }));
    const events = record(stream, 'lookup');
    await once(stream, 'connect');
    expect(lookup.mock.calls).toEqual([['some.test', expect.objectContaining({ all: true }), expect.any(Function)]]);
    expect(events).toEqual([
      ['lookup', null, '127.0.0.1', 4, 'some.test'],
      ['lookup', null, '::1', 6, 'some.test'],
    ]);
  });

  test.each([4, 6])('option `family: %i` asks for one address of that family', async (family) => {
    const address = family === 4 ? '127.0.0.1' : '::1';
    const server = await quietServer(0, address);
    const lookup = answering([address]);
    const stream = destroyAtEnd(net.connect({ port: server.address().port, host: 'some.test', family, lookup }));
    await once(stream, 'connect');
    const [, options] = lookup.mock.calls[0];
    expect(options.family).toBe(family);
    expect(options.all).not.toBe(true);
    expect(stream.remoteFamily).toBe(`IPv${family}`);
  });

  test('options `hints` goes to `lookup`', async () => {
    const server = await quietServer();
    const lookup = answering(['127.0.0.1']);
    const stream = destroyAtEnd(net.connect({ port: server.address().port, host: 'some.test', hints: 8, lookup }));
    await once(stream, 'connect');
    expect(lookup.mock.calls[0][1].hints).toBe(8);
  });

  test('an address is not looked up', async () => {
    const server = await quietServer();
    const lookup = answering(['127.0.0.1']);
    const stream = destroyAtEnd(net.connect({ port: server.address().port, host: '127.0.0.1', lookup }));
    await once(stream, 'connect');
    expect(lookup).not.toHaveBeenCalled();
  });

  test('D28: "A host that can\'t be resolved gives \'error\' and \'close\', and readyState closed."', async () => {
    const reason = Object.assign(new Error('getaddrinfo ENOTFOUND some.test'), {
      code: 'ENOTFOUND',
      errno: -3008,
      syscall: 'getaddrinfo',
      hostname: 'some.test',
    });
    const lookup = (_host, _options, callback) => process.nextTick(callback, reason);
    const stream = net.connect({ port: 1, host: 'some.test', lookup });
    expect(stream.readyState).toBe('opening');
    const names = namesUntilClose(stream);
    const events = record(stream, 'lookup');
    expect(await failure(stream)).toBe(reason);
    expect(await names).toEqual(['error', 'close']);
    expect(stream.readyState).toBe('closed');
    expect(events).toEqual([['lookup', reason, undefined, undefined, 'some.test']]);
  });

  test('D28: the system\'s own look-up, too', async () => {
    // Too long to be a name: no server has to be asked.
    const stream = net.connect({ port: 1, host: 'x'.repeat(300) });
    const error = await failure(stream);
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: 'x'.repeat(300), errno: expect.any(Number) });
    expect(stream.readyState).toBe('closed');
  });

  test('a `lookup` that answers at once', async () => {
    const server = await quietServer();
    const lookup = (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const stream = destroyAtEnd(net.connect({ port: server.address().port, host: 'some.test', lookup }));
    await once(stream, 'connect');
    const failing = (_host, _options, callback) => callback(new Error('At once.'));
    const other = net.connect({ port: 1, host: 'some.test', lookup: failing });
    expect((await failure(other)).message).toBe('At once.');
  });

  test.each([
    ['what is no address', [{ address: 'nonsense', family: 4 }], 'ERR_INVALID_IP_ADDRESS'],
    ['a family that there is not', [{ address: '127.0.0.1', family: 5 }], 'ERR_INVALID_ADDRESS_FAMILY'],
  ])('a `lookup` that answers with %s', async (_, answer, code) => {
    const lookup = (_host, _options, callback) => process.nextTick(callback, null, answer);
    const error = await failure(net.connect({ port: 1, host: 'some.test', lookup }));
    expect(error.code).toBe(code);
  });

  test('destroy() while it is looked up: \'close\', and the answer comes to nothing', async () => {
    const server = await quietServer();
    const connections = record(server, 'connection');
    let answer;
    const lookup = (_host, _options, callback) => (answer = callback);
    const stream = net.connect({ port: server.address().port, host: 'some.test', lookup });
    const names = namesUntilClose(stream);
    stream.destroy();
    expect(await names).toEqual(['close']);
    const late = record(stream, 'lookup', 'connect', 'error', 'close');
    answer(null, [{ address: '127.0.0.1', family: 4 }]);
    await settled();
    expect(late).toEqual([]);
    expect(connections).toEqual([]);
  });
});

describe('a name with several addresses', () => {
  test('when the first refuses, the next is tried', async () => {
    const port = await refusingPort('127.0.0.1');
    await quietServer(port, '::1');
    const stream = destroyAtEnd(net.connect({ port, host: 'some.test', lookup: answering(['127.0.0.1', '::1']) }));
    const events = record(stream, 'connectionAttempt', 'connectionAttemptFailed', 'error');
    await once(stream, 'connect');
    expect(stream.localAddress).toBe('::1');
    expect(events).toEqual([
      ['connectionAttempt', '127.0.0.1', port, 4],
      ['connectionAttemptFailed', '127.0.0.1', port, 4, expect.objectContaining({ code: 'ECONNREFUSED' })],
      ['connectionAttempt', '::1', port, 6],
    ]);
    expect(stream.autoSelectFamilyAttemptedAddresses).toEqual([`127.0.0.1:${port}`, `::1:${port}`]);
  });

  test('when the first answers, the others are left alone', async () => {
    const server = await quietServer(0, '::1');
    const { port } = server.address();
    const stream = destroyAtEnd(net.connect({ port, host: 'some.test', lookup: answering(['::1', '127.0.0.1']) }));
    const events = record(stream, 'connectionAttempt');
    await once(stream, 'connect');
    await settled();
    expect(events.length).toBe(1);
    expect(stream.localFamily).toBe('IPv6');
  });

  test('when all fail, the error is an AggregateError with each attempt\'s error', async () => {
    const port = await refusingPort('127.0.0.1');
    const stream = net.connect({ port, host: 'some.test', lookup: answering(['127.0.0.1', '::1']) });
    const names = namesUntilClose(stream);
    const error = await failure(stream);
    expect(error.name).toBe('AggregateError');
    expect(error.code).toBe('ECONNREFUSED');
    expect(error.errors).toEqual([
      expect.objectContaining({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port }),
      expect.objectContaining({ code: 'ECONNREFUSED', syscall: 'connect', address: '::1', port }),
    ]);
    expect(await names).toEqual(['error', 'close']);
  });

  test('when the only one fails, the error is its own', async () => {
    const port = await refusingPort('127.0.0.1');
    const error = await failure(net.connect({ port, host: 'some.test', lookup: answering(['127.0.0.1']) }));
    expect(error.errors).toBe(undefined);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port });
  });

  test('`autoSelectFamily: false` tries the first only', async () => {
    const port = await refusingPort('127.0.0.1');
    await quietServer(port, '::1');
    const lookup = answering(['127.0.0.1', '::1']);
    const stream = net.connect({ port, host: 'some.test', lookup, autoSelectFamily: false });
    expect((await failure(stream)).code).toBe('ECONNREFUSED');
    expect(lookup.mock.calls[0][1].all).not.toBe(true);
  });

  if (process.platform === 'linux') {
    // Only Linux has all of 127.0.0.0/8 on loopback.
    test('the families take turns, the first answer\'s family first, each address once', async () => {
      const port = await refusingPort('127.0.0.1');
      const addresses = ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.3', '::1'];
      const stream = net.connect({ port, host: 'some.test', lookup: answering(addresses) });
      const events = record(stream, 'connectionAttempt');
      const error = await failure(stream);
      expect(events.map(([, address]) => address)).toEqual(['127.0.0.1', '::1', '127.0.0.2', '127.0.0.3']);
      expect(error.errors.length).toBe(4);
    });

    /**
     * A server that does not answer: its queue is full, so that the kernel lets attempts hang. `answer()` empties it.
     */
    const silentServer = async (host) => {
      const server = net.createServer((stream) => destroyAtEnd(stream).on('error', () => {}));
      await listening(server, { port: 0, host, backlog: 1 });
      server.pause(60_000);
      const { port } = server.address();
      // One more than the backlog fits.
      for (let i = 0; i < 2; i++) {
        const client = destroyAtEnd(nodeNet.connect(port, host));
        await once(client, 'connect');
        client.on('error', () => {});
      }
      return server;
    };

    test('attempts overlap: when the first does not answer in time, the next starts beside it, and the first to succeed wins', async () => {
      const silent = await silentServer('127.0.0.1');
      const { port } = silent.address();
      await quietServer(port, '::1');
      const stream = destroyAtEnd(
        net.connect({
          port,
          host: 'some.test',
          lookup: answering(['127.0.0.1', '::1']),
          autoSelectFamilyAttemptTimeout: 20,
        }),
      );
      const events = record(stream, 'connectionAttempt', 'connectionAttemptTimeout', 'connectionAttemptFailed', 'error');
      await once(stream, 'connect');
      expect(stream.localAddress).toBe('::1');
      expect(events).toEqual([
        ['connectionAttempt', '127.0.0.1', port, 4],
        ['connectionAttemptTimeout', '127.0.0.1', port, 4],
        ['connectionAttempt', '::1', port, 6],
      ]);
    });

    test('an attempt whose time is over can still win', async () => {
      const silent = await silentServer('127.0.0.1');
      const { port } = silent.address();
      const stream = destroyAtEnd(
        net.connect({
          port,
          host: 'some.test',
          lookup: answering(['127.0.0.1', '::1']),
          autoSelectFamilyAttemptTimeout: 20,
        }),
      );
      const events = record(stream, 'connectionAttemptTimeout', 'connectionAttemptFailed', 'error');
      await once(stream, 'connectionAttemptFailed');
      expect(events).toEqual([
        ['connectionAttemptTimeout', '127.0.0.1', port, 4],
        ['connectionAttemptFailed', '::1', port, 6, expect.objectContaining({ code: 'ECONNREFUSED' })],
      ]);
      expect(stream.readyState).toBe('opening');
      // Accepting makes room in the queue, and the kernel tries again within a second.
      silent.close();
      const again = await listening(nodeNet.createServer((other) => destroyAtEnd(other)), port, '127.0.0.1');
      expect(again.address().port).toBe(port);
      await once(stream, 'connect');
      expect(stream.localAddress).toBe('127.0.0.1');
    });

    test('destroy() closes all attempts', async () => {
      const silent = await silentServer('127.0.0.1');
      const { port } = silent.address();
      const stream = net.connect({
        port,
        host: 'some.test',
        lookup: answering(['127.0.0.1', '127.0.0.1']),
        autoSelectFamilyAttemptTimeout: 20,
      });
      const names = namesUntilClose(stream);
      await once(stream, 'connectionAttempt');
      stream.destroy();
      expect(await names).toEqual(['close']);
      expect(stream.readyState).toBe('closed');
    });
  }
});
