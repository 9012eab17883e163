'use strict';

// "What can't be had outside Node's core (passing a handle to a child process, `cluster`'s shared handles, `_handle`)
// gives a clear error or a documented alternative, never silence."

const { fork } = require('child_process');
const { once } = require('events');
const nodeNet = require('net');
const path = require('path');
const { Worker } = require('worker_threads');
const net = require('../../node');
const { MAJORS, nodes } = require('../package/nodes');
const { atEnd, destroyAtEnd, listening, pair, scratch, thrown } = require('../helpers');
const { DEADLINE, project, run } = require('./project');

jest.setTimeout(4 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

describe('in a worker of a cluster', () => {
  /** Two workers, each of which listens in all ways and says what came of it. */
  const APPLICATION = {
    'app.js': `
const cluster = require('cluster');
const { once } = require('events');
const net = require('net');

async function outcome(options) {
  const server = net.createServer((stream) => stream.end(String(process.pid)));
  server.listen(options);
  const { code, message } = await once(server, 'listening').catch((error) => error);
  return { server, port: server.address()?.port, code, message };
}

async function work() {
  const shared = await outcome({ port: 0, host: '127.0.0.1' });
  const atPath = await outcome({ path: process.env.SOCKET });
  const exclusive = await outcome({ port: 0, host: '127.0.0.1', exclusive: true });
  const { code, message } = shared;
  const told = once(process, 'message');
  process.send({ shared: code, atPath: atPath.code, message, port: exclusive.port });
  const [port] = await told;
  const reusing = await outcome({ port, host: '127.0.0.1', reusePort: true });
  process.send({ reusing: reusing.port === port });
  await once(process, 'message');
  exclusive.server.close();
  reusing.server.close();
  process.disconnect();
}

async function lead() {
  const workers = [cluster.fork(), cluster.fork()];
  const first = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
  const holder = net.createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true });
  await once(holder, 'listening');
  const { port } = holder.address();
  const second = await Promise.all(workers.map((worker) => {
    const answer = once(worker, 'message');
    worker.send(port);
    return answer;
  }));
  const [pid] = await once(net.connect(first[1].port, '127.0.0.1'), 'data');
  const isAlone = String(pid) === String(workers[1].process.pid);
  const exits = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.send('done');
  holder.close();
  const codes = (await Promise.all(exits)).map(([code]) => code);
  process.stdout.write(JSON.stringify({ first, second: second.map(([answer]) => answer), isAlone, codes }));
}

if (cluster.isPrimary) lead();
else work();
`,
  };

  test.each(MAJORS)('sharing is an error, and reusePort and exclusive work, on Node %i', async (major) => {
    const env = { SOCKET: path.join(scratch(), 'socket') };
    const flags = ['--require', 'rust-net/register', 'app.js'];
    const output = JSON.parse(await run(project(APPLICATION), flags, { node: binaries.get(major), env }));
    const CODE = 'ERR_RUST_NET_CLUSTER';
    const message = expect.stringMatching(/reusePort: true.*exclusive: true/);
    const answer = { shared: CODE, atPath: CODE, message, port: expect.any(Number) };
    const second = [{ reusing: true }, { reusing: true }];
    expect(output).toEqual({ first: [answer, answer], second, isAlone: true, codes: [0, 0] });
    expect(output.first[0].port).not.toBe(output.first[1].port);
  });
});

describe('a handle', () => {
  test('is not sent to a child process: ERR_INVALID_HANDLE_TYPE', async () => {
    const [client, accepted, server] = await pair({ server: net, client: net });
    const child = fork(path.join(__dirname, 'fixtures', 'listens-to-parent.js'));
    atEnd(() => child.kill());
    for (const handle of [client, accepted, server]) {
      expect(thrown(() => child.send('take', handle)).code).toBe('ERR_INVALID_HANDLE_TYPE');
    }
    // Nothing of it has gone out, and both the channel and the connection are as before.
    child.send('end');
    expect(await once(child, 'message')).toEqual(['end', undefined]);
    accepted.end('still here');
    expect(String(await once(client, 'data'))).toBe('still here');
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

  test.each([
    ['ours', net],
    ["Node's", nodeNet],
  ])('of %s is not taken by listen() or as an option: ERR_INVALID_ARG_VALUE', async (_, from) => {
    const running = await listening(from.createServer(), 0, '127.0.0.1');
    const connected = destroyAtEnd(from.connect(running.address().port, '127.0.0.1'));
    await once(connected, 'connect');
    for (const holder of [running, connected]) {
      const server = net.createServer();
      const error = thrown(() => server.listen(holder));
      expect([error.code, error.message]).toEqual(['ERR_INVALID_ARG_VALUE', expect.stringContaining('as the option "fd"')]);
      expect(server.listening).toBe(false);
      expect(thrown(() => new net.Socket({ handle: holder._handle })).code).toBe('ERR_INVALID_ARG_VALUE');
    }
  });
});
