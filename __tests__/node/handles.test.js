'use strict';

// Handles of Node's core become ours and ours go to other processes. "What can't be had outside Node's core (`_handle`)
// gives a clear error or a documented alternative, never silence."

const { fork } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Worker } = require('worker_threads');
const page = require('../..');
const net = require('../../node');
const { MAJORS, nodes } = require('../package/nodes');
const { atEnd, collect, destroyAtEnd, listening, pair, thrown } = require('../helpers');
const { DEADLINE, project, run } = require('./project');

jest.setTimeout(4 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

describe('a handle', () => {
  test('goes to a child process that has not loaded us: there, it is Node\'s', async () => {
    const [client, accepted, server] = await pair({ server: net, client: net });
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    child.send('greet', accepted);
    expect(accepted._handle).toBe(null);
    expect(String(await once(client, 'data'))).toBe('from the child');
    child.send('close', server);
    expect(await once(child, 'message')).toEqual([server.address().port, undefined]);
    expect(server.listening).toBe(true);
  });

  test.each(MAJORS)('goes to a child process that was there before us, on Node %i', async (major) => {
    const script = `
const { fork } = require('child_process');
const { once } = require('events');
if (process.argv[2]) process.on('message', (message, socket) => socket.end(message));
else {
  const child = fork(__filename, ['child']);
  const net = require('rust-net/node');
  const server = net.createServer((socket) => child.send('from the child', socket)).listen(0, '127.0.0.1', async () => {
    const [text] = await once(net.connect(server.address().port, '127.0.0.1'), 'data');
    process.stdout.write(text);
    child.disconnect();
    server.close();
  });
}
`;
    const output = await run(project({ 'app.js': script }), ['app.js'], { node: binaries.get(major) });
    expect(output).toBe('from the child');
  });

  test.each([
    ['page', page],
    ['today', net],
  ])('goes with all that is in flight, but for what has been received before: %s', async (_, from) => {
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    const server = await listening(from.createServer());
    for (const isRead of [false, true]) {
      const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      client.write('early; ');
      const [accepted] = await once(server, 'connection');
      destroyAtEnd(accepted);
      const received = isRead ? String((await once(accepted, 'data'))[0]) : '';
      accepted.write('before; ');
      child.send('echo', accepted);
      client.end('late');
      const echoed = String(await collect(client));
      expect([received, echoed]).toEqual([isRead ? 'early; ' : '', `before; ${isRead ? '' : 'early; '}late`]);
    }
  });

  test('goes without what the engine has received of it in the same turn, which is delivered here', async () => {
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    const server = await listening(net.createServer());
    const ends = [];
    for (let index = 0; index < 2; index++) {
      const client = destroyAtEnd(nodeNet.connect(server.address().port, '127.0.0.1'));
      const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
      ends.push({ client, accepted: destroyAtEnd(accepted), here: '' });
    }
    let moved = null;
    for (const [index, end] of ends.entries()) {
      end.accepted.on('data', (text) => {
        end.here += text;
        if (moved !== null) return;
        // Whichever comes first sends the other.
        moved = ends[1 - index];
        child.send('echo', moved.accepted);
      });
    }
    for (const { client } of ends) client.write('early; ');
    await Promise.race(ends.map(({ accepted }) => once(accepted, 'data')));
    moved.client.end('late');
    const echoed = String(await collect(moved.client));
    expect(moved.here + echoed).toBe('early; late');
    expect(echoed).toMatch(/late$/);
  });

  test('and its process has ended: getConnections() and close() do not wait for that', async () => {
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    const [client, accepted, server] = await pair({ server: net, client: nodeNet });
    client.on('error', () => {});
    child.send('keep', accepted);
    await once(child, 'message');
    expect(server._workers).toHaveLength(1);
    const count = () => new Promise((resolve) => server.getConnections((...answer) => resolve(answer)));
    expect(await count()).toEqual([null, 1]);
    child.kill();
    await once(child, 'exit');
    expect(server._workers).toHaveLength(0);
    expect(await count()).toEqual([null, 0]);
    const closed = once(server, 'close');
    server.close();
    await closed;
  });

  test('of a secure stream stays: ERR_INVALID_HANDLE_TYPE', async () => {
    const [client] = await pair({ server: net, client: net });
    client.setSecure();
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    expect(thrown(() => child.send('greet', client)).code).toBe('ERR_INVALID_HANDLE_TYPE');
    child.send('end');
    expect(await once(child, 'message')).toEqual(['end', undefined]);
  });

  test('of a BoundSocket stays: ERR_INVALID_HANDLE_TYPE', () => {
    const bound = new net.BoundSocket();
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    expect(thrown(() => child.send('greet', bound)).code).toBe('ERR_INVALID_HANDLE_TYPE');
    bound.close();
  });

  test('the alternative: a child is given the descriptor as one of its stdio', async () => {
    const [client, accepted] = await pair({ server: net, client: net });
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', accepted],
    });
    atEnd(() => child.kill());
    accepted.destroy();
    client.write('¿qué tal?');
    child.send('echo on 4');
    expect(String(await once(client, 'data'))).toBe('¿qué tal?');
  });

  test('is not transferred to a worker', async () => {
    const [client] = await pair({ server: net, client: net });
    const worker = new Worker('', { eval: true });
    atEnd(() => worker.terminate());
    expect(thrown(() => worker.postMessage(client)).name).toBe('DataCloneError');
    expect(() => worker.postMessage(client, [client])).toThrow();
  });

  test.each(MAJORS.filter((major) => major > 20))('nor is a server, on Node %i', async (major) => {
    const script = `
const { Worker } = require('worker_threads');
const server = require('rust-net/node').createServer().listen(0, '127.0.0.1', () => {
  const worker = new Worker('', { eval: true });
  try {
    worker.postMessage(server);
  } catch (error) {
    process.stdout.write(error.name);
  }
  server.close();
});
`;
    const output = await run(project({ 'app.js': script }), ['app.js'], { node: binaries.get(major) });
    expect(output).toBe('DataCloneError');
  });

  test.each(MAJORS)("of ours is not taken by listen() of Node's own modules, but has its descriptor (Node %d)", async (major) => {
    const script = `
const http = require('http');
const net = require('rust-net/node');
const own = process.getBuiltinModule?.('net');
const server = net.createServer().listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1', () => {
    for (const holder of [server, client]) {
      for (const other of [http.createServer(), own?.createServer() ?? http.createServer()]) {
        try {
          other.listen(holder);
          console.log('taken');
        } catch ({ code }) {
          console.log(code);
        }
      }
      console.log(holder._handle.fd > 2);
    }
    process.exit();
  });
});
`;
    const output = await run(project({ 'app.js': script }), ['app.js'], { node: binaries.get(major) });
    const refused = 'ERR_INVALID_ARG_VALUE';
    expect(output.trim().split('\n')).toEqual([refused, refused, 'true', refused, refused, 'true']);
  });

  test('of a stream of ours is not taken by listen(), and none is as an option: ERR_INVALID_ARG_VALUE', async () => {
    const running = await listening(net.createServer(), 0, '127.0.0.1');
    const connected = destroyAtEnd(net.connect(running.address().port, '127.0.0.1'));
    await once(connected, 'connect');
    const server = net.createServer();
    const error = thrown(() => server.listen(connected));
    expect([error.code, error.message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining('as the option "fd"')]);
    expect(server.listening).toBe(false);
    for (const holder of [running, connected]) {
      expect(thrown(() => new net.Socket({ handle: holder._handle })).code).toBe('ERR_INVALID_ARG_VALUE');
    }
  });

  test('whose descriptor a child has as its stdin, which libuv makes blocking: the loop goes on', async () => {
    const script = `
const { spawn } = require('child_process');
const net = require('rust-net/node');
const server = net.createServer((stream) => stream.end('answer')).listen(0, '127.0.0.1', () => {
  const child = spawn('sleep', ['20'], { stdio: [server.fd, 'ignore', 'ignore'] });
  child.on('spawn', () => {
    const ask = (left) => {
      if (left === 0) process.exit(child.kill() ? 0 : 1);
      let text = '';
      const client = net.connect(server.address().port, '127.0.0.1');
      client.on('data', (data) => (text += data)).on('close', () => {
        console.log(text);
        setImmediate(ask, left - 1);
      });
    };
    ask(3);
  });
});
`;
    expect(await run(project({ 'app.js': script }), ['app.js'])).toBe('answer\nanswer\nanswer\n');
  });

  test('of a server of ours, which listens again afterwards, and keeps the process then', async () => {
    const first = await listening(net.createServer((stream) => stream.end('the first')), 0, '127.0.0.1');
    const { port } = first.address();
    const second = await listening(net.createServer((stream) => stream.end('the second')), first);
    expect([second.address().port, first._handle.hasRef()]).toEqual([port, true]);
    expect(String(await collect(destroyAtEnd(net.connect(port, '127.0.0.1'))))).toBe('the second');
    second.close();
    await once(second, 'close');
    expect(first.listening).toBe(false);
    await listening(first, port, '127.0.0.1');
    expect(first._handle.hasRef()).toBe(true);
    expect(String(await collect(destroyAtEnd(net.connect(port, '127.0.0.1'))))).toBe('the first');
  });

  test.each([
    ['page', page],
    ['today', net],
  ])("of Node's is listened on, and closed with the server: %s", async (_, { createServer }) => {
    for (const wrap of [(handle) => handle, (_handle) => ({ _handle }), (handle) => ({ handle })]) {
      const handle = nodeNet._createServerHandle('127.0.0.1', 0, 4);
      const server = await listening(createServer((socket) => socket.end('hello')), wrap(handle));
      const { port } = server.address();
      expect(port).toBeGreaterThan(0);
      expect(String(await collect(destroyAtEnd(nodeNet.connect(port, '127.0.0.1'))))).toBe('hello');
      server.close();
      expect(handle.fd).toBe(-1);
    }
  });

  test('a descriptor that is bound and does not listen: today, it begins to (listensOnBound)', async () => {
    // In a process of its own, which ends without closing what then has two owners.
    const script = `
const { once } = require('events');
const nodeNet = require('net');
const net = require(process.argv[2]);
const { fd } = nodeNet._createServerHandle('127.0.0.1', 0, 4);
const server = net.createServer((socket) => socket.end('hello')).listen({ fd });
server.on('error', ({ code }) => process.stdout.write(code, () => process.exit()));
server.on('listening', async () => {
  const [data] = await once(nodeNet.connect(server.address().port, '127.0.0.1'), 'data');
  process.stdout.write(data, () => process.exit());
});
`;
    const folder = project({ 'app.js': script });
    const outcome = (name) => run(folder, ['app.js', name]);
    expect(await Promise.all(['net', 'rust-net/node', 'rust-net'].map(outcome))).toEqual(['hello', 'hello', 'EINVAL']);
  });

  test("of Node's that can't listen: EINVAL, and it is closed", async () => {
    const [client] = await pair({ server: nodeNet, client: nodeNet });
    const { _handle: handle } = client;
    const server = net.createServer();
    server.listen(handle);
    const [error] = await once(server, 'error');
    expect(error).toMatchObject({ code: 'EINVAL', syscall: 'listen' });
    expect(handle.fd).toBe(-1);
  });

  test.each([
    ['page', page],
    ['today', net],
  ])("of Node's becomes a stream, which reads unless `pauseOnCreate` is set: %s", async (_, { Socket }) => {
    for (const options of [{}, { pauseOnCreate: true }, { manualStart: true }]) {
      const serverOptions = { pauseOnConnect: true };
      const [client, accepted] = await pair({ server: nodeNet, client: nodeNet, serverOptions });
      const { _handle: handle } = accepted;
      const socket = destroyAtEnd(new Socket({ handle, ...options }));
      expect(handle.fd).toBe(-1);
      expect([socket.remotePort, socket.isPaused()]).toEqual([client.localPort, Boolean(options.pauseOnCreate)]);
      client.end('question');
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.resume();
      await once(socket, 'end');
      expect(String(Buffer.concat(chunks))).toBe('question');
    }
  });

  test("of Node's that has no descriptor is like none", async () => {
    const server = await listening(net.createServer((socket) => socket.end('hello')));
    const closed = nodeNet._createServerHandle('127.0.0.1', 0, 4);
    closed.close();
    const socket = destroyAtEnd(new net.Socket({ handle: closed }));
    expect(socket._handle).toBe(null);
    socket.connect(server.address().port, '127.0.0.1');
    expect(String(await collect(socket))).toBe('hello');
  });

  test('can be kept from native code of Node\'s core, which would read past what a program has read', async () => {
    const [, accepted] = await pair({ server: net, client: net });
    accepted._handle.isStreamBase = false;
    expect(accepted._handle.isStreamBase).toBe(false);
  });
});
