'use strict';

// The graceful end of a server: `server.shutdown()` and `server.streams`, which the `net` page does not have (D4).

const { spawn } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const page = require('..');
const today = require('../node');
const {
  atEnd,
  child,
  closeAtEnd,
  collect,
  destroyAtEnd,
  listening,
  record,
  scratch,
  settled,
  thrown,
} = require('./helpers');
const { identity } = require('./tls/pki');

const DISPOSE = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
const LONG = 60_000;

/** A client of Node's own, connected. */
async function connected(server) {
  const address = server.address();
  const client = destroyAtEnd(typeof address === 'string' ? nodeNet.connect(address) : nodeNet.connect(address.port, '127.0.0.1'));
  await once(client, 'connect');
  return client.resume();
}

/** A client and the stream that `server` has of it. */
async function both(server) {
  const accepted = once(server, 'connection');
  const client = await connected(server);
  const [stream] = await accepted;
  stream.on('error', () => {});
  return [client, destroyAtEnd(stream)];
}

/** Sends `text` and waits until `stream` has received it. */
async function send(client, stream, text) {
  const received = once(stream, 'data');
  client.write(text);
  await received;
}

describe.each([['rust-net', page], ['rust-net/node', today]])('server.shutdown(): %s', (_name, net) => {
  test('close() meanwhile leaves nothing to wait for', async () => {
    const idle = await listening(net.createServer());
    const promise = idle.shutdown({ grace: Infinity });
    idle.close();
    expect(await promise).toMatchObject({ ended: 0, destroyed: 0 });

    const busy = await listening(net.createServer());
    const [client, stream] = await both(busy);
    const ended = busy.shutdown({ grace: Infinity });
    busy.close();
    stream.end();
    client.end();
    expect(await ended).toMatchObject({ ended: 1, destroyed: 0 });
  });

  test('accepts and serves the connections that the kernel has completed, and then no other', async () => {
    const server = await listening(net.createServer((stream) => stream.end('served')));
    const { port } = server.address();
    server.pause(LONG);
    const clients = [];
    // More than are accepted in one turn.
    for (let i = 0; i < 150; i++) clients.push(await connected(server));
    const answers = Promise.all(clients.map(collect));
    expect(await server.shutdown({ grace: LONG })).toMatchObject({ ended: 150, destroyed: 0 });
    expect((await answers).every((answer) => String(answer) === 'served')).toBe(true);
    expect(server.listening).toBe(false);
    const late = destroyAtEnd(nodeNet.connect(port, '127.0.0.1'));
    const [error] = await once(late, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('counts those, too, that have ended before all have been accepted', async () => {
    const server = await listening(net.createServer((stream) => stream.destroy()));
    server.pause(LONG);
    for (let i = 0; i < 3; i++) (await connected(server)).on('error', () => {});
    expect(await server.shutdown()).toMatchObject({ ended: 3, destroyed: 0 });
  });

  test('does not wait for a process that was sent a connection, and has none any more', async () => {
    const { lines, exit } = child(`
      const kid = require('child_process').spawn(process.execPath, ['-e', \`
        process.on('message', (_, stream) => stream.on('close', () => process.send('closed')).destroy());
      \`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const server = require(process.argv[1] + '/node').createServer((stream) => kid.send('take', stream));
      server.listen(0, '127.0.0.1', () => require('net').connect(server.address().port, '127.0.0.1').resume());
      kid.on('message', async () => {
        await server.shutdown({ grace: Infinity });
        console.log('over');
        kid.disconnect();
      });
    `);
    expect((await lines.next()).value).toBe('over');
    expect(await exit).toBe(0);
  });

  test('serves those of a UNIX socket, whose file is gone', async () => {
    const file = path.join(scratch(), 'socket');
    const server = await listening(net.createServer((stream) => stream.end('served')), file);
    server.pause(LONG);
    const clients = [await connected(server), await connected(server)];
    const answers = Promise.all(clients.map(collect));
    expect(await server.shutdown({ grace: LONG })).toMatchObject({ ended: 2, destroyed: 0 });
    expect((await answers).map(String)).toEqual(['served', 'served']);
    const [error] = await once(destroyAtEnd(nodeNet.connect(file)), 'error');
    expect(error.code).toBe('ENOENT');
  });

  test('each open stream emits \'shutdown\', also one that waited; the ones that listen are left alone', async () => {
    const server = await listening(net.createServer());
    const [first, stream] = await both(server);
    server.pause(LONG);
    await connected(server);
    const waited = once(server, 'connection');
    const events = record(stream, 'shutdown');
    const outcome = server.shutdown({ grace: LONG });
    const [other] = await waited;
    await once(other, 'shutdown');
    expect(events).toEqual([['shutdown']]);
    other.destroy();
    // Longer than it takes to close a stream that has nothing to do.
    await send(first, stream, 'still');
    stream.write('here');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(stream.destroyed).toBe(false);
    stream.end();
    expect(await outcome).toMatchObject({ ended: 2, destroyed: 0 });
  });

  test('a stream that has answered is closed, one that has not is waited for', async () => {
    const server = await listening(net.createServer());
    const [answered, answeredStream] = await both(server);
    await send(answered, answeredStream, 'one');
    const answer = collect(answered);
    answeredStream.write('1');
    const [asking, askingStream] = await both(server);
    await send(asking, askingStream, 'two');
    const [silent] = await both(server);
    const outcome = server.shutdown({ grace: LONG });
    const order = [];
    for (const [name, client] of Object.entries({ answered, silent })) client.on('end', () => order.push(name));
    expect(String(await answer)).toBe('1');
    await once(silent, 'end');
    expect(order).toEqual(['answered', 'silent']);
    expect(askingStream.destroyed).toBe(false);
    askingStream.write('2');
    expect(String(await collect(asking))).toBe('2');
    expect(await outcome).toMatchObject({ ended: 3, destroyed: 0 });
  });

  test('what is being sent is sent', async () => {
    const size = 20_000_000;
    const server = await listening(net.createServer());
    const [client, stream] = await both(server);
    stream.write(Buffer.alloc(size));
    const outcome = server.shutdown({ grace: LONG });
    expect((await collect(client)).length).toBe(size);
    expect(await outcome).toMatchObject({ ended: 1, destroyed: 0 });
  });

  test('destroys what is open after `grace` milliseconds', async () => {
    const server = await listening(net.createServer());
    const [client, stream] = await both(server);
    await send(client, stream, 'unanswered');
    const [other] = await both(server);
    other.end();
    const closed = once(stream, 'close');
    const outcome = await server.shutdown({ grace: 400 });
    await closed;
    expect(outcome).toEqual({ ended: 1, destroyed: 1, ms: expect.any(Number) });
    expect(outcome.ms).toBeGreaterThanOrEqual(399);
    expect(stream.destroyed).toBe(true);
  });

  test('with 0, at once; \'close\' of its streams comes before it is done', async () => {
    const server = await listening(net.createServer());
    const [, stream] = await both(server);
    const events = [];
    stream.on('close', () => events.push('close'));
    expect(await server.shutdown({ grace: 0 })).toMatchObject({ ended: 0, destroyed: 1 });
    expect(events).toEqual(['close']);
  });

  test('`signal` ends the time', async () => {
    const server = await listening(net.createServer());
    const [client, stream] = await both(server);
    await send(client, stream, 'unanswered');
    const controller = new AbortController();
    const outcome = server.shutdown({ grace: Infinity, signal: controller.signal });
    controller.abort();
    expect(await outcome).toMatchObject({ ended: 0, destroyed: 1 });
    const aborted = await listening(net.createServer());
    await both(aborted);
    expect(await aborted.shutdown({ signal: AbortSignal.abort() })).toMatchObject({ destroyed: 1 });
  });

  test('a second call is about the same end, and shortens its time', async () => {
    const server = await listening(net.createServer());
    const [client, stream] = await both(server);
    await send(client, stream, 'unanswered');
    const first = server.shutdown({ grace: LONG });
    expect(await server.shutdown({ grace: 0 })).toBe(await first);
    expect(await first).toMatchObject({ destroyed: 1 });
  });

  test('a server that is closed already: its streams are ended; one that never ran: nothing is', async () => {
    const server = await listening(net.createServer());
    await both(server);
    server.close();
    expect(await server.shutdown({ grace: 0 })).toMatchObject({ destroyed: 1 });
    expect(await net.createServer().shutdown()).toMatchObject({ ended: 0, destroyed: 0 });
  });

  test('one that is about to listen does not', async () => {
    const server = net.createServer();
    const events = record(server, 'listening', 'close');
    server.listen(0, 'localhost');
    expect(await server.shutdown()).toMatchObject({ ended: 0, destroyed: 0 });
    await settled();
    expect(events).toEqual([['close']]);
  });

  test('it listens and ends again', async () => {
    const server = net.createServer((stream) => stream.end('again'));
    for (let i = 0; i < 2; i++) {
      await listening(server);
      const client = await connected(server);
      expect(String(await collect(client))).toBe('again');
      client.end();
      expect(await server.shutdown({ grace: LONG })).toMatchObject({ destroyed: 0 });
    }
  });

  test('wrong arguments throw, and the server goes on', async () => {
    const server = await listening(net.createServer());
    expect(thrown(() => server.shutdown(5)).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrown(() => server.shutdown({ grace: '5' })).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrown(() => server.shutdown({ grace: -1 })).code).toBe('ERR_OUT_OF_RANGE');
    expect(thrown(() => server.shutdown({ signal: 5 })).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(server.listening).toBe(true);
    await both(server);
  });

  test('a stream in its handshake is waited for, and a secure one that has nothing to do is closed', async () => {
    const credentials = page.createCredentials(identity('p256'));
    const server = await listening(net.createServer((stream) => {
      stream.setSecure(credentials);
      stream.on('error', () => {});
      stream.on('data', (data) => stream.write(data));
    }));
    const outcome = once(server, 'connection').then(() => server.shutdown({ grace: LONG }));
    const client = destroyAtEnd(page.connect(server.address().port, '127.0.0.1'));
    client.setSecure({ ca: [] });
    await once(client, 'secure');
    client.write('hello');
    expect(String(await collect(client))).toBe('hello');
    expect(client.truncated).toBe(false);
    expect(await outcome).toMatchObject({ ended: 1, destroyed: 0 });
  });

  test('`streams`: those that are open', async () => {
    const server = await listening(net.createServer());
    const other = await listening(net.createServer());
    const { streams } = server;
    expect([...streams]).toEqual([]);
    const [, first] = await both(server);
    const [, second] = await both(server);
    await both(other);
    expect(new Set(streams)).toEqual(new Set([first, second]));
    first.destroy();
    expect([...streams]).toEqual([second]);
  });

  test('`fd`: another process can have it; connections that wait at the end are then that one\'s', async () => {
    const server = net.createServer();
    expect(server.fd).toBe(null);
    await listening(server);
    const script = 'require("net").createServer((s) => s.end("the other")).listen({ fd: 3 }, () => process.send("up"))';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', server.fd, 'ipc'] });
    atEnd(() => child.kill());
    server.pause(LONG);
    const { port } = server.address();
    await once(child, 'message');
    await server.shutdown();
    expect(server.fd).toBe(null);
    expect(String(await collect(destroyAtEnd(nodeNet.connect(port, '127.0.0.1'))))).toBe('the other');
  });
});

describe('what means the same', () => {
  test('in `rust-net`, of `shutdown()`: `Symbol.asyncDispose` and the `signal` of `listen()`', async () => {
    const controller = new AbortController();
    for (const end of [(server) => server[DISPOSE](), () => controller.abort()]) {
      const server = closeAtEnd(page.createServer());
      server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
      await once(server, 'listening');
      const [, stream] = await both(server);
      const told = once(stream, 'shutdown');
      const ended = end(server);
      await told;
      stream.end();
      await ended;
    }
  });

  test('in `rust-net/node`, they close the server as in Node (D4)', async () => {
    const server = await listening(today.createServer());
    const [client, stream] = await both(server);
    const events = record(stream, 'shutdown');
    const disposed = server[DISPOSE]();
    client.end();
    stream.end();
    await disposed;
    expect(events).toEqual([]);
  });
});

test('a connection that comes while the server is shut down is not reset', async () => {
  for (let round = 0; round < 5; round++) {
    const server = await listening(page.createServer((stream) => stream.end('served')));
    const { port } = server.address();
    const outcomes = [];
    const connect = () => {
      const client = destroyAtEnd(nodeNet.connect(port, '127.0.0.1'));
      outcomes.push(collect(client).then(String, ({ code }) => code));

    };
    for (let i = 0; i < 10; i++) connect();
    const done = server.shutdown({ grace: LONG });
    for (let i = 0; i < 10; i++) connect();
    await done;
    for (const outcome of await Promise.all(outcomes)) expect(['served', 'ECONNREFUSED']).toContain(outcome);
  }
});
