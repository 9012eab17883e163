'use strict';

// Section "stream.connect" and the event 'connect' of the `net` page; D13, D14, D16 and today's options of connect.

const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const net = require('..');
const {
  collect,
  destroyAtEnd,
  failure,
  listening,
  namesUntilClose,
  pair,
  record,
  refusingPort,
  scratch,
  settled,
  thrown,
} = require('./helpers');

/** A server of node:net that greets and ends, or does what `accept` says. */
async function greeter(greeting = 'hello', ...where) {
  return listening(
    nodeNet.createServer((stream) => {
      destroyAtEnd(stream).on('error', () => {});
      stream.end(greeting);
    }),
    ...where,
  );
}

/** A server of node:net that sends back what it gets. */
async function echo() {
  return listening(nodeNet.createServer((stream) => destroyAtEnd(stream).pipe(stream)));
}

function portOf(server) {
  return server.address().port;
}

describe('stream.connect(port, host=\'127.0.0.1\')', () => {
  test('"Opens a stream to the specified port and host."', async () => {
    const server = await greeter('over IPv6', 0, '::1');
    const stream = destroyAtEnd(new net.Stream());
    stream.connect(portOf(server), '::1');
    expect((await collect(stream)).toString()).toBe('over IPv6');
  });

  test.each([
    ['(port)', (port) => [port]],
    ['(port as a string)', (port) => [`${port}`]],
    ['(port, host)', (port) => [port, '127.0.0.1']],
    ['(port, name)', (port) => [port, 'localhost']],
    ['({ port })', (port) => [{ port }]],
    ['({ port, host })', (port) => [{ port, host: '127.0.0.1' }]],
    ['({ port, host: name, family: 4 })', (port) => [{ port, host: 'localhost', family: 4 }]],
    ['({ port, host: name, family: IPv4 })', (port) => [{ port, host: 'localhost', family: 'IPv4' }]],
    ['({ port, host: name, autoSelectFamily: false })', (port) => [{ port, family: 4, autoSelectFamily: false }]],
  ])('connect%s, without a callback and with one', async (_, where) => {
    const server = await greeter();
    const stream = destroyAtEnd(new net.Stream());
    expect(stream.connect(...where(portOf(server)))).toBe(stream);
    expect((await collect(stream)).toString()).toBe('hello');

    const callback = jest.fn();
    const other = destroyAtEnd(new net.Stream());
    other.connect(...where(portOf(server)), callback);
    expect((await collect(other)).toString()).toBe('hello');
    expect(callback.mock.calls).toEqual([[]]);
  });

  test('connect(path) and connect({ path })', async () => {
    const where = path.join(scratch(), 'é.sock');
    await greeter('over UNIX', where);
    for (const target of [where, { path: where }]) {
      const stream = destroyAtEnd(new net.Stream());
      stream.connect(target);
      expect((await collect(stream)).toString()).toBe('over UNIX');
    }
  });

  test('"This function is asynchronous. When the \'connect\' event is emitted the stream is established."', async () => {
    const server = await greeter();
    const stream = destroyAtEnd(new net.Stream());
    const states = [];
    stream.on('connect', () => states.push(['connect', stream.readyState, stream.connecting, stream.pending]));
    stream.on('ready', () => states.push(['ready', stream.readyState, stream.connecting, stream.pending]));
    stream.connect(portOf(server), '127.0.0.1');
    states.push(['called', stream.readyState, stream.connecting, stream.pending]);
    await once(stream, 'ready');
    expect(states).toEqual([
      ['called', 'opening', true, true],
      ['connect', 'open', false, false],
      ['ready', 'open', false, false],
    ]);
  });

  test('Event: \'connect\' "Emitted when a stream connection successfully is established. See connect()." (once)', async () => {
    const [client] = await pair({ accept: (stream) => stream.end('bye') });
    const events = record(client, 'connect');
    await once(client, 'close');
    expect(events).toEqual([]);
  });

  test('"If there is a problem connecting, the \'connect\' event will not be emitted, the \'error\' event will be emitted with the exception."', async () => {
    const port = await refusingPort();
    const stream = new net.Stream();
    const events = record(stream, 'connect', 'ready', 'data', 'end', 'error', 'close');
    const callback = jest.fn();
    stream.connect(port, '127.0.0.1', callback);
    const error = await failure(stream);
    expect(events).toEqual([
      ['error', error],
      ['close', true],
    ]);
    expect(error.code).toBe('ECONNREFUSED');
    expect(callback).not.toHaveBeenCalled();
    expect(stream.readyState).toBe('closed');
  });

  test('option `localAddress`, `localPort`: where the connection comes from', async () => {
    const server = await listening(nodeNet.createServer());
    const localPort = await refusingPort('::1');
    // An address that nothing else here connects from.
    const localAddress = '127.0.0.77';
    const accepted = once(server, 'connection');
    const stream = destroyAtEnd(new net.Stream());
    // The port is in use on ::1 only.
    stream.connect({ port: portOf(server), host: '127.0.0.1', localAddress, localPort });
    await once(stream, 'connect');
    const [other] = await accepted;
    destroyAtEnd(other);
    expect([other.remoteAddress, other.remotePort]).toEqual([localAddress, localPort]);
    expect([stream.localAddress, stream.localPort]).toEqual([localAddress, localPort]);
  });

  test('D13: a local address that is not ours', async () => {
    const server = await greeter();
    const stream = new net.Stream();
    stream.connect({ port: portOf(server), host: '127.0.0.1', localAddress: '198.51.100.1' });
    const error = await failure(stream);
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'bind', address: '198.51.100.1' });
  });

  test('option `timeout` of connect() of the module is the stream\'s timeout', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream)));
    const stream = destroyAtEnd(net.connect({ port: portOf(server), host: '127.0.0.1', timeout: 20 }));
    await once(stream, 'timeout');
    expect(stream.readyState).toBe('open');
  });

  test('option `signal` of the stream destroys it, while it connects and later', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})));
    for (const whenToAbort of ['connecting', 'connected']) {
      const controller = new AbortController();
      const stream = new net.Stream({ signal: controller.signal });
      stream.connect(portOf(server), '127.0.0.1');
      if (whenToAbort === 'connected') await once(stream, 'connect');
      controller.abort();
      const error = await failure(stream);
      expect([error.name, error.code]).toEqual(['AbortError', 'ABORT_ERR']);
    }
  });

  test('destroy() while it connects: \'close\' and nothing else', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})));
    const stream = new net.Stream();
    const names = namesUntilClose(stream);
    stream.connect(portOf(server), '127.0.0.1', () => {
      throw new Error('It was destroyed.');
    });
    stream.destroy();
    expect(await names).toEqual(['close']);
    await settled();
    expect(stream.readyState).toBe('closed');
  });

  test('end() while it connects: what was written arrives, then FIN', async () => {
    const server = await listening(nodeNet.createServer({ allowHalfOpen: true }));
    const accepted = once(server, 'connection');
    const stream = destroyAtEnd(new net.Stream());
    stream.connect(portOf(server), '127.0.0.1');
    stream.end('all of it');
    const [other] = await accepted;
    expect((await collect(destroyAtEnd(other))).toString()).toBe('all of it');
  });

  test('a connect() while it is connected fails with EISCONN', async () => {
    const [client, , server] = await pair();
    client.connect(portOf(server), '127.0.0.1');
    const error = await failure(client);
    expect(error).toMatchObject({ code: 'EISCONN', syscall: 'connect', address: '127.0.0.1', port: portOf(server) });
  });

  test('D26: ref() and unref() return the stream, in every state', async () => {
    const stream = destroyAtEnd(new net.Stream());
    expect([stream.unref(), stream.ref()]).toEqual([stream, stream]);
    const server = await greeter();
    stream.connect(portOf(server), '127.0.0.1');
    expect([stream.unref(), stream.ref()]).toEqual([stream, stream]);
    await once(stream, 'connect');
    expect([stream.unref(), stream.ref()]).toEqual([stream, stream]);
    stream.destroy();
    await once(stream, 'close');
    expect([stream.unref(), stream.ref()]).toEqual([stream, stream]);
  });
});

describe('D14: wrong arguments of connect() throw at once, and nothing is half-done', () => {
  test.each([
    ['nothing', [], 'ERR_MISSING_ARGS'],
    ['undefined', [undefined], 'ERR_MISSING_ARGS'],
    ['{}', [{}], 'ERR_MISSING_ARGS'],
    ['{ port: undefined }', [{ port: undefined }], 'ERR_MISSING_ARGS'],
    ['null', [null], 'ERR_INVALID_ARG_TYPE'],
    ['true', [true], 'ERR_INVALID_ARG_TYPE'],
    ['a symbol', [Symbol('port')], 'ERR_INVALID_ARG_TYPE'],
    ['{ port: null }', [{ port: null }], 'ERR_INVALID_ARG_TYPE'],
    ['{ port: true }', [{ port: true }], 'ERR_INVALID_ARG_TYPE'],
    ['a negative port', [-1], 'ERR_SOCKET_BAD_PORT'],
    ['a port above 65535', [65536], 'ERR_SOCKET_BAD_PORT'],
    ['a string above 65535', ['65536'], 'ERR_SOCKET_BAD_PORT'],
    ['a broken port', [1.5], 'ERR_SOCKET_BAD_PORT'],
    ['NaN', [NaN], 'ERR_SOCKET_BAD_PORT'],
    ['{ path: number }', [{ path: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['{ path: object }', [{ path: {} }], 'ERR_INVALID_ARG_TYPE'],
    ['{ host: number }', [{ port: 1, host: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['{ localAddress: a name }', [{ port: 1, localAddress: 'localhost' }], 'ERR_INVALID_IP_ADDRESS'],
    ['{ localPort: a word }', [{ port: 1, localPort: 'word' }], 'ERR_INVALID_ARG_TYPE'],
    ['{ lookup: number }', [{ port: 1, host: 'localhost', lookup: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['{ autoSelectFamily: number }', [{ port: 1, autoSelectFamily: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ['{ autoSelectFamilyAttemptTimeout: 0 }', [{ port: 1, autoSelectFamilyAttemptTimeout: 0 }], 'ERR_OUT_OF_RANGE'],
    [
      '{ autoSelectFamilyAttemptTimeout: string }',
      [{ port: 1, autoSelectFamilyAttemptTimeout: '9' }],
      'ERR_INVALID_ARG_TYPE',
    ],
    ['{ hints: -1 }', [{ port: 1, host: 'localhost', hints: -1 }], 'ERR_INVALID_ARG_VALUE'],
    ['{ family: 7 }', [{ port: 1, host: 'localhost', family: 7 }], 'ERR_INVALID_ARG_VALUE'],
  ])('%s', async (_, where, code) => {
    const stream = destroyAtEnd(new net.Stream());
    const events = record(stream, 'error');
    const callback = jest.fn();
    const args = where.length === 0 ? [] : [...where, callback];
    expect(thrown(() => stream.connect(...args)).code).toBe(code);
    expect(stream.listenerCount('connect')).toBe(0);
    expect([stream.readyState, stream.connecting, stream.destroyed]).toEqual(['closed', false, false]);
    const server = await greeter();
    stream.connect(portOf(server), '127.0.0.1');
    expect((await collect(stream)).toString()).toBe('hello');
    expect(events).toEqual([]);
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('D16: "Use this only if a stream is closed and you want to reuse the object to connect to another server."', () => {
  test('after \'close\', connect() opens the same object to another server', async () => {
    const [one, two] = [await greeter('first'), await greeter('second')];
    const stream = destroyAtEnd(new net.Stream());
    for (const [server, greeting] of [[one, 'first'], [two, 'second'], [one, 'first']]) {
      stream.connect(portOf(server), '127.0.0.1');
      expect(stream.readyState).toBe('opening');
      const closed = once(stream, 'close');
      expect((await collect(stream)).toString()).toBe(greeting);
      expect(stream.bytesRead).toBe(greeting.length);
      await closed;
      expect(stream.readyState).toBe('closed');
      stream.removeAllListeners();
    }
  });

  test('counters, encoding and readyState start anew; listeners stay', async () => {
    const server = await echo();
    const stream = destroyAtEnd(new net.Stream());
    const seen = [];
    stream.on('connect', () => seen.push(['connect', stream.bytesRead, stream.bytesWritten, stream.readyState]));
    stream.on('data', (data) => seen.push(['data', typeof data, data.toString()]));
    stream.on('end', () => seen.push(['end']));
    stream.on('close', (hadError) => seen.push(['close', hadError, stream.readyState]));

    stream.setEncoding('utf8');
    stream.connect(portOf(server), '127.0.0.1');
    await once(stream, 'connect');
    stream.write('one');
    await once(stream, 'data');
    stream.end();
    await once(stream, 'close');
    expect([stream.bytesRead, stream.bytesWritten]).toEqual([3, 3]);

    stream.connect(portOf(server), '127.0.0.1');
    expect(stream.readableEncoding).toBe(null);
    expect([stream.bytesRead, stream.bytesWritten]).toEqual([0, 0]);
    await once(stream, 'connect');
    stream.write('other');
    await once(stream, 'data');
    stream.end();
    await once(stream, 'close');
    expect([stream.bytesRead, stream.bytesWritten]).toEqual([5, 5]);

    expect(seen).toEqual([
      ['connect', 0, 0, 'open'],
      ['data', 'string', 'one'],
      ['end'],
      ['close', false, 'closed'],
      ['connect', 0, 0, 'open'],
      ['data', 'object', 'other'],
      ['end'],
      ['close', false, 'closed'],
    ]);
  });

  test('in \'close\' already', async () => {
    const server = await greeter();
    const stream = destroyAtEnd(net.connect(portOf(server), '127.0.0.1'));
    stream.resume();
    stream.once('close', () => stream.connect(portOf(server), '127.0.0.1'));
    await once(stream, 'close');
    await once(stream, 'connect');
    await once(stream, 'close');
  });

  test('in \'close\', it is as good as new as soon as connect() has been called', async () => {
    const server = await echo();
    const stream = destroyAtEnd(net.connect(portOf(server), '127.0.0.1'));
    await once(stream, 'connect');
    stream.destroy();
    const states = [];
    stream.once('close', () => {
      states.push([stream.destroyed, stream.readyState, stream.localPort > 0]);
      stream.connect(portOf(server), '127.0.0.1');
      states.push([stream.destroyed, stream.readyState, stream.writable, stream.readable]);
      stream.end('at once');
    });
    expect((await collect(stream)).toString()).toBe('at once');
    expect(states).toEqual([[true, 'closed', true], [false, 'opening', true, true]]);
  });

  test('after destroy(), before its \'close\': that comes first', async () => {
    const server = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).on('error', () => {})));
    const stream = destroyAtEnd(net.connect(portOf(server), '127.0.0.1'));
    await once(stream, 'connect');
    const events = record(stream, 'connect', 'close');
    stream.destroy();
    stream.connect(portOf(server), '127.0.0.1');
    await once(stream, 'connect');
    expect(events).toEqual([['close', false], ['connect']]);
    expect(stream.readyState).toBe('open');
  });

  test('after a failure to connect', async () => {
    const server = await greeter();
    const stream = destroyAtEnd(new net.Stream());
    stream.connect(await refusingPort(), '127.0.0.1');
    await failure(stream);
    stream.connect(portOf(server), '127.0.0.1');
    const names = namesUntilClose(stream);
    expect((await collect(stream)).toString()).toBe('hello');
    expect(await names).toEqual(['connect', 'data', 'end', 'finish', 'close']);
  });

  test('from TCP to UNIX and back', async () => {
    const where = path.join(scratch(), 's');
    const [tcp] = [await greeter('tcp'), await greeter('unix', where)];
    const stream = destroyAtEnd(new net.Stream());
    const types = [];
    for (const target of [{ port: portOf(tcp), host: '127.0.0.1' }, { path: where }, { port: portOf(tcp) }]) {
      stream.connect(target);
      await once(stream, 'connect');
      types.push(stream.type);
      stream.resume();
      await once(stream, 'close');
    }
    expect(types).toEqual(['tcp4', 'unix', 'tcp4']);
  });

  test('what a former life left unread or unsent does not come back', async () => {
    const quiet = await listening(nodeNet.createServer((stream) => destroyAtEnd(stream).pause().write('stale')));
    const server = await echo();
    const stream = destroyAtEnd(net.connect(portOf(quiet), '127.0.0.1'));
    stream.on('connect', () => stream.pause());
    await once(stream, 'connect');
    await settled();
    stream.on('error', () => {});
    stream.write(Buffer.alloc(8_000_000));
    stream.destroy();
    await once(stream, 'close');
    stream.removeAllListeners();
    stream.connect(portOf(server), '127.0.0.1');
    stream.end('fresh');
    expect((await collect(stream)).toString()).toBe('fresh');
  });

  test('a paused stream, one with a \'readable\' listener and one with an end of its own start anew too', async () => {
    const server = await echo();
    const stream = destroyAtEnd(net.connect(portOf(server), '127.0.0.1'));
    await once(stream, 'connect');
    const chunks = [];
    stream.on('readable', () => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(chunk.toString());
    });
    stream.end('first');
    await once(stream, 'close');
    stream.connect(portOf(server), '127.0.0.1');
    expect([stream.writableEnded, stream.writableFinished, stream.readableEnded]).toEqual([false, false, false]);
    stream.end('second');
    await once(stream, 'close');
    expect(chunks).toEqual(['first', 'second']);
  });

  test('an accepted stream can be used again as a client', async () => {
    const server = await greeter();
    const [client, accepted] = await pair();
    client.end();
    await once(accepted, 'close');
    accepted.connect(portOf(server), '127.0.0.1');
    expect((await collect(accepted)).toString()).toBe('hello');
    expect(accepted.server).toBe(null);
  });
});
