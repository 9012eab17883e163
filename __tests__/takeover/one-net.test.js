'use strict';

// One `net` in the process: who wraps `Socket.prototype.connect` and `Server.prototype.listen`, as guards and
// instrumentation do, sees every socket and server, those of Node's own http and fetch, too, loaded before
// rust-net/register or after it.

const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, project, run } = require('../node/project');

jest.setTimeout(20 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

const FILES = {
  'guard.js': `
const net = require('net');
const { connect } = net.Socket.prototype;
const { listen } = net.Server.prototype;
const seen = (globalThis.seen = []);
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  seen.push(options.path ? 'connect to a path' : 'connect');
  // As in Node, what is written to a socket that does not even connect is an error.
  if (options.headers?.forbidden) return this;
  return connect.apply(this, args);
};
net.Server.prototype.listen = function (...args) {
  seen.push('listen');
  return listen.apply(this, args);
};
`,
  'later.js': `
const net = require('net');
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  setImmediate(() => connect.apply(this, args));
  return this;
};
`,
  'changing.js': `
const net = require('net');
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function ([options, callback]) {
  return connect.call(this, { ...options }, callback);
};
`,
  'function.js': `
const net = require('net');
const { connect } = net;
net.connect = net.createConnection = (...args) => {
  (globalThis.seen ??= []).push('net.connect');
  return connect(...args);
};
`,
  'app.js': `
const { once } = require('events');
const http = require('http');
const net = require('net');
const path = require('path');
const ours = require('rust-net/node');

async function main() {
  const isOurs = net.Socket === ours.Socket && http.createServer() instanceof ours.Server;

  const atPath = net.createServer((stream) => stream.end()).listen(path.join(__dirname, 'socket'));
  await once(atPath, 'listening');
  const called = new Promise((resolve) => net.connect(atPath.address(), resolve).resume());
  await called;
  atPath.close();

  const server = http.createServer((request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const agent = new http.Agent();
  const [response] = await once(http.get({ port, host: '127.0.0.1', agent }), 'response');
  const areOurs = Object.getPrototypeOf(response.socket) === ours.Socket.prototype;
  response.resume();
  await once(response, 'end');
  const text = await (await fetch('http://127.0.0.1:' + port)).text();

  const forbidden = http.get({ port, host: '127.0.0.1', agent, headers: { forbidden: 'yes' } });
  const error = await new Promise((resolve) => forbidden.on('error', resolve));
  server.close();
  server.closeAllConnections();
  process.stdout.write(JSON.stringify({ isOurs, areOurs, text, error: error.code, seen: globalThis.seen }));
}

main();
`,
  'connects.js': `
const net = require('net');
const ours = require('rust-net/node');
const server = net.createServer((stream) => stream.end()).listen(0, 'localhost', () => {
  const stream = net.connect(server.address().port, 'localhost', () => done('connect'));
  stream.on('error', ({ code }) => done(code));
  function done(outcome) {
    server.close();
    stream.destroy();
    const isOurs = Object.getPrototypeOf(stream) === ours.Socket.prototype;
    process.stdout.write(JSON.stringify({ outcome, isOurs, seen: globalThis.seen }));
  }
});
`,
};

const SEEN = ['listen', 'connect to a path', 'listen', 'connect', 'connect', 'connect'];
const EXPECTED = { isOurs: true, areOurs: true, text: 'hello', error: 'ERR_SOCKET_CLOSED', seen: SEEN };

describe.each(MAJORS)('on Node %i', (major) => {
  const play = async (...args) => JSON.parse(await run(project(FILES), args, { node: binaries.get(major) }));

  test.each([
    ['before it', ['--require', './guard.js', '--require', 'rust-net/register']],
    ['after it', ['--require', 'rust-net/register', '--require', './guard.js']],
  ])('a guard that is loaded %s sees everything', async (_, flags) => {
    expect(await play(...flags, 'app.js')).toEqual(EXPECTED);
  });

  test('http and http2 that were loaded before make servers of ours', async () => {
    const flags = ['--require', 'http', '--require', 'http2', '--require', 'rust-net/register'];
    expect(await play(...flags, '--require', './guard.js', 'app.js')).toEqual(EXPECTED);
  });

  test('one from before that goes on later', async () => {
    const flags = ['--require', './later.js', '--require', 'rust-net/register'];
    expect(await play(...flags, 'connects.js')).toEqual({ outcome: 'connect', isOurs: true });
  });

  test('one from before that replaces the arguments, which we can not see', async () => {
    const flags = ['--require', './changing.js', '--require', 'rust-net/register'];
    expect(await play(...flags, 'connects.js')).toEqual({ outcome: 'connect', isOurs: true });
  });

  test('an export that was replaced before stays as it is, with a warning', async () => {
    const flags = ['--require', './function.js', '--require', 'rust-net/register', '--no-warnings'];
    const given = { outcome: 'connect', isOurs: false, seen: ['net.connect'] };
    expect(await play(...flags, 'connects.js')).toEqual(given);
    const script = "process.on('warning', ({ code }) => process.stdout.write(JSON.stringify(code))); require('net').Socket;";
    expect(await play(...flags, '--eval', script)).toBe('RUST_NET_LATE');
  });
});
