'use strict';

// The flag itself: what it says, where it can be given, and how it is taken back.

const fs = require('fs');
const path = require('path');
const { scratch } = require('../helpers');
const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, ROOT, project, run } = require('../node/project');
const { files, identity } = require('../tls/pki');

jest.setTimeout(20 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

const FLAG = ['--require', 'rust-net/register'];

describe.each(MAJORS)('on Node %i', (major) => {
  const play = async (files, ...args) => JSON.parse(await run(project(files), args, { node: binaries.get(major) }));

  test('isRegistered() says so, and unregister() gives everything back', async () => {
    const script = `
const modules = ['net', 'tls', 'http', 'https', 'http2'];
const snapshot = () => modules.map((name) => {
  const object = require(name);
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === 'function'));
});
const same = (before, now) => before.every((exports, index) =>
  Object.keys(exports).every((key) => exports[key] === now[index][key]) && Object.keys(now[index]).length > 0);
const classes = () => {
  const { Server } = require('http');
  const secure = require('https').Server;
  return [Server, secure].map((Class) => [Object.getPrototypeOf(Class), Object.getPrototypeOf(Class.prototype)]).flat();
};
const before = snapshot();
const bases = classes();
const { getBuiltinModule } = process;
const { isRegistered, unregister } = require('rust-net/register');
const first = isRegistered();
const during = require('net').Socket !== before[0].Socket && classes().every((one, index) => one !== bases[index]);
unregister();
const restored = same(before, snapshot()) && classes().every((one, index) => one === bases[index]);
const extra = modules.flatMap((name) => Object.getOwnPropertySymbols(require(name)));
const kept = process.getBuiltinModule === getBuiltinModule;
const second = isRegistered();
process.stdout.write(JSON.stringify({ first, during, restored, extra, kept, second }));
`;
    const expected = { first: true, during: true, restored: true, extra: [], kept: true, second: false };
    expect(await play({ 'app.js': script }, 'app.js')).toEqual(expected);
  });

  test.each(['before', 'meanwhile', 'with tls'])('stays whole where require.cache is emptied and put back: %s', async (when) => {
    const script = `
const drop = () => Object.keys(require.cache).forEach((key) => delete require.cache[key]);
const when = '${when}';
if (when === 'before') require('net').Socket;
const kept = { ...require.cache };
drop();
require('net').Socket;
if (when === 'with tls') require('tls').connect;
drop();
Object.assign(require.cache, kept);
const tls = require('tls');
const server = tls.createServer(${JSON.stringify(identity('selfSigned'))}, (socket) => socket.end('hello'));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const engine = client.tlsEngine;
  let text = '';
  client.on('data', (data) => (text += data)).on('close', () => server.close());
  server.on('close', () => {
    const own = Object.keys(require.cache).filter((key) => !kept[key] && key.endsWith('register.js'));
    process.stdout.write(JSON.stringify({ text, engine, own }));
  });
});
`;
    const expected = { text: 'hello', engine: 'rustls', own: [] };
    expect(await play({ 'app.js': script }, ...FLAG, 'app.js')).toEqual(expected);
  });

  test('what our servers have beside is the program\'s when it assigns it', async () => {
    const script = `
const Classes = ['net', 'tls', 'http', 'https'].map((name) => require(name).Server);
const servers = Classes.map((Server) => {
  class Own extends Server {
    constructor() {
      super();
      for (const name of ['streams', 'stats', 'limits', 'fd']) this[name] = [name];
    }
  }
  return new Own();
});
const assigned = { streams: ['streams'], stats: ['stats'], limits: ['limits'], fd: ['fd'] };
const http2 = Object.assign(require('http2').createServer(), assigned);
const seen = [...servers, http2].map(({ streams, stats, limits, fd }) => [streams, stats, limits, fd].flat());
process.stdout.write(JSON.stringify(seen));
`;
    const all = ['streams', 'stats', 'limits', 'fd'];
    expect(await play({ 'app.js': script }, ...FLAG, 'app.js')).toEqual([all, all, all, all, all]);
  });

  test('unregister() before anything has been used', async () => {
    const script = `
const { isRegistered, unregister } = require('rust-net/register');
const { getBuiltinModule } = process;
unregister();
const net = require('net');
const { get } = Object.getOwnPropertyDescriptor(net, 'connect');
const ours = require('rust-net/node');
const isBack = net.connect !== ours.connect && require('tls').connect !== require('rust-net/tls').connect;
process.stdout.write(JSON.stringify({ isRegistered: isRegistered(), isPlain: get === undefined, isBack }));
`;
    const expected = { isRegistered: false, isPlain: true, isBack: true };
    expect(await play({ 'app.js': script }, ...FLAG, 'app.js')).toEqual(expected);
  });

  test('named imports are ours, wherever they are loaded first', async () => {
    const files = {
      'app.mjs': `
import { connect } from 'tls';
import { Server } from 'net';
import http from 'http';
import https from 'https';
import ours from 'rust-net/node';
import { isRegistered } from 'rust-net/register';
import tls from 'rust-net/tls';
const servers = [http.createServer() instanceof ours.Server, https.createServer() instanceof tls.Server];
const { getBuiltinModule } = process;
const builtin = !getBuiltinModule || getBuiltinModule('net').connect === ours.connect;
process.stdout.write(JSON.stringify([connect === tls.connect, Server === ours.Server, ...servers, builtin, isRegistered()]));
`,
    };
    const all = [true, true, true, true, true, true];
    expect(await play(files, '--import', 'rust-net/register', 'app.mjs')).toEqual(all);
    expect(await play(files, ...FLAG, 'app.mjs')).toEqual(all);
  });

  test('it is loaded twice', async () => {
    const script = `
const { connect } = require('net');
const { isRegistered } = require('rust-net/register');
delete require.cache[require.resolve('rust-net/register')];
delete require.cache[require.resolve('rust-net/register').replace('register.js', 'lib/takeover.js')];
const again = require('rust-net/register');
process.stdout.write(JSON.stringify([isRegistered(), again.isRegistered(), require('net').connect === connect]));
`;
    expect(await play({ 'app.js': script }, ...FLAG, 'app.js')).toEqual([true, true, true]);
  });

  test('what stays of Node: terminals, pipes of processes, the standard streams', async () => {
    const script = `
const { exec, spawn } = require('child_process');
const net = require('net');
const ours = require('rust-net/node');
const tty = require('tty');
const of = (stream) => Object.getPrototypeOf(stream) === ours.Socket.prototype;
const isCounted = [process.stdin, process.stdout, process.stderr].map((stream) => stream instanceof net.Socket);
const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)']);
let text = '';
// As http does with each of its sockets.
net.Socket.prototype.on.call(child.stdout, 'data', (data) => (text += data));
net.Socket.prototype.prependListener.call(child.stdout, 'data', () => {});
child.stdout.on('end', () => {
  const are = [process.stdin, process.stdout, child.stdin, child.stdout].map(of);
  const extendsOurs = tty.ReadStream.prototype instanceof ours.Socket;
  process.stdout.write(JSON.stringify({ text, are, extendsOurs, isCounted }));
});
child.stdin.end('through pipes');
`;
    const are = [false, false, false, false];
    const isCounted = [true, true, true];
    const expected = { text: 'through pipes', are, extendsOurs: true, isCounted };
    expect(await play({ 'app.js': script }, ...FLAG, 'app.js')).toEqual(expected);
  });
});

/** What programs do to the process before they first look at a module. */
const PREPARED = {
  'Object.prototype, which is frozen': 'Object.freeze(Object.prototype);',
  'timers that stand still': `
const timers = require('timers');
for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) {
  timers[name] = globalThis[name] = () => ({ ref() {}, unref() {} });
}
`,
};

test.each(Object.entries(PREPARED))('%s', async (_, prepare) => {
  const script = `
${prepare}
const { readFileSync } = require('fs');
const key = readFileSync(process.env.KEY);
const cert = readFileSync(process.env.CERT);
const [http, https] = [require('http'), require('https')];
const answer = (request, response) => response.end('answer');
function ask(module, server, callback) {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    module.get({ port, host: '127.0.0.1', ca: cert, servername: 'localhost', agent: false }, (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () => server.close(() => callback(text)));
    });
  });
}
ask(http, http.createServer(answer), (first) => {
  ask(https, https.createServer({ key, cert }, answer), (second) => {
    const { createServer, createConnection, createCredentials } = require('rust-net');
    const credentials = createCredentials({ key, cert });
    const server = createServer((stream) => stream.setSecure(credentials).end('answer'));
    server.listen(0, () => {
      const stream = createConnection(server.address().port);
      stream.setSecure(createCredentials({ ca: cert }), { servername: 'localhost' });
      stream.setEncoding('utf8').on('data', (third) => {
        const isOurs = require('net').Socket === require('rust-net/node').Socket;
        process.stdout.write(JSON.stringify([first, second, third, isOurs]));
        stream.on('close', () => server.close());
      });
    });
  });
});
`;
  const { key, cert } = files('selfSigned', scratch());
  const outcome = await run(project({ 'app.js': script }), [...FLAG, 'app.js'], { env: { KEY: key, CERT: cert } });
  expect(JSON.parse(outcome)).toEqual(['answer', 'answer', 'answer', true]);
});

test('NODE_DEBUG=rust-net says what is replaced, and when', async () => {
  const folder = project({
    'app.js': `
require('http').createServer();
`,
    'run.js': `
const { spawnSync } = require('child_process');
const env = { ...process.env, NODE_DEBUG: 'rust-net' };
const flags = JSON.parse(process.argv[2]);
const { stderr } = spawnSync(process.execPath, [...flags, 'app.js'], { env });
process.stdout.write(stderr.toString().replace(/^RUST-NET \\d+: /gm, ''));
`,
  });
  const lines = async (...flags) => (await run(folder, ['run.js', JSON.stringify(flags)])).trim().split('\n');
  const waits = ['net: to be replaced when it is used', 'tls: to be replaced when it is used'];
  expect(await lines(...FLAG)).toEqual([...waits, 'net: replaced']);
  const late = 'http: had been loaded before, uses ours from now on';
  expect(await lines('--require', 'http', ...FLAG)).toEqual([...waits, late, 'net: replaced']);
});

test('a worker inherits the flag, or gets it in execArgv', async () => {
  const script = `
const { Worker } = require('worker_threads');
const { once } = require('events');
const code = \`
const ours = require('rust-net/node');
require('worker_threads').parentPort.postMessage(require('net').connect === ours.connect);
\`;
async function main() {
  const outcomes = [];
  for (const execArgv of [undefined, [], ['--require', 'rust-net/register']]) {
    const worker = new Worker(code, { eval: true, execArgv });
    outcomes.push((await once(worker, 'message'))[0]);
  }
  process.stdout.write(JSON.stringify(outcomes));
}
main();
`;
  const folder = project({ 'app.js': script });
  expect(JSON.parse(await run(folder, [...FLAG, 'app.js']))).toEqual([true, false, true]);
  expect(JSON.parse(await run(folder, ['app.js']))).toEqual([false, false, true]);
});

test('under jest, in setupFiles, for all files of tests', async () => {
  const suite = `
const http = require('http');
const net = require('net');
test('http is ours', (done) => {
  const server = http.createServer((request, response) => response.end('ok')).listen(0, () => {
    http.get({ port: server.address().port }, (response) => {
      expect(server._handle.constructor.name).toBe('Handle');
      expect(net.Socket.name).toBe('Socket');
      response.resume().on('end', () => server.close(done));
    });
  });
});
`;
  const folder = project({
    'jest.config.js': "module.exports = { setupFiles: process.env.SETUP ? ['rust-net/register'] : [] };",
    'one.test.js': suite,
    'two.test.js': suite,
    'package.json': '{}',
  });
  fs.symlinkSync(path.join(ROOT, 'node_modules', 'jest'), path.join(folder, 'node_modules', 'jest'));
  const jestBinary = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jestBinary, '--runInBand', '--rootDir', folder, '--silent', '--no-cache'];
  await run(folder, args, { env: { SETUP: 'yes' } });
  await expect(run(folder, args)).rejects.toThrow('Expected: "Handle"');
});

test('under jest, with fake timers, required by the file of tests itself', async () => {
  const suite = `
const net = require('rust-net/node');
test('bytes pass', async () => {
  jest.useFakeTimers();
  const server = net.createServer((stream) => stream.pipe(stream));
  await new Promise((resolve) => server.listen(0, resolve));
  const stream = net.connect(server.address().port).setEncoding('utf8');
  const data = await new Promise((resolve) => {
    stream.on('connect', () => stream.end('hello')).on('data', resolve);
  });
  expect(data).toBe('hello');
  await new Promise((resolve) => server.close(resolve));
  expect(setTimeout.clock).toBeDefined();
});
`;
  const folder = project({ 'jest.config.js': 'module.exports = {};', 'one.test.js': suite, 'package.json': '{}' });
  fs.symlinkSync(path.join(ROOT, 'node_modules', 'jest'), path.join(folder, 'node_modules', 'jest'));
  const jestBinary = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  await run(folder, [jestBinary, '--runInBand', '--rootDir', folder, '--silent', '--no-cache']);
});

test.each([
  ['Bun', 'bun'],
  ['Deno', 'deno'],
])('in %s, it says that it can not', async (name, version) => {
  const script = `
Object.defineProperty(process.versions, '${version}', { value: '1.0.0' });
try {
  require('rust-net/register');
} catch ({ code, message }) {
  process.stdout.write(JSON.stringify([code, message.includes('${name}')]));
}
`;
  expect(JSON.parse(await run(project({ 'app.js': script }), ['app.js']))).toEqual(['ERR_RUST_NET_REGISTER', true]);
});
