'use strict';

// rust-net/register: "make every net/node:net import of the application and its dependencies ours".

const { MAJORS, nodes } = require('../package/nodes');
const { DEADLINE, project, run } = require('./project');

jest.setTimeout(20 * DEADLINE);

let binaries;

beforeAll(() => {
  binaries = new Map(nodes());
});

const DEPENDENCIES = {
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0" }',
  'node_modules/old/index.js': "exports.nets = [require('net'), require('node:net')];",
  'node_modules/new/package.json': '{ "name": "new", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/new/index.js': `
import net, { createServer } from 'net';
import * as everything from 'node:net';
const later = (await import('net')).default;
export const nets = [net, everything.default, later];
export const functions = [createServer, everything.createServer];
`,
};

const TELL = `
const names = Object.keys(nets[0]).filter((name) => Object.hasOwn(ours, name));
const isOurs = nets.every((net) => names.every((name) => net[name] === ours[name]));
const areTheirs = functions.every((createServer) => createServer === ours.createServer);
const server = nets[0].createServer((stream) => stream.end('¿qué tal?')).listen(0, '127.0.0.1', () => {
  const client = nets[0].connect(server.address().port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  client.on('data', (data) => (text += data));
  client.on('close', () => {
    server.close();
    const builtin = process.getBuiltinModule?.('net') ?? nets[0];
    process.stdout.write(JSON.stringify({ nets: nets.length, isOurs, areTheirs, text, isOne: builtin === nets[0] }));
  });
});
`;

const SCRIPTS = {
  'app.cjs': `
const { createRequire } = require('module');
const ours = require('rust-net/node');
const functions = [];
const nets = [require('net'), require('node:net'), createRequire(__filename)('net'), ...require('old').nets];
${TELL}`,
  'app.mjs': `
import ours from 'rust-net/node';
import net from 'node:net';
import * as dependency from 'new';
import old from 'old';
const { functions } = dependency;
const nets = [net, ...dependency.nets, ...old.nets];
${TELL}`,
};

const FILES = { ...DEPENDENCIES, ...SCRIPTS };

const EXPECTED = { isOurs: true, areTheirs: true, text: '¿qué tal?', isOne: true };

describe.each(MAJORS)('on Node %i', (major) => {
  test.each([
    ['--import', 'app.cjs', 5],
    ['--import', 'app.mjs', 6],
    ['--require', 'app.cjs', 5],
    ['--require', 'app.mjs', 6],
  ])('%s rust-net/register %s: every net is ours', async (flag, app, count) => {
    const output = await run(project(FILES), [flag, 'rust-net/register', app], { node: binaries.get(major) });
    expect(JSON.parse(output)).toEqual({ ...EXPECTED, nets: count });
  });
});

test('without it, net is that of Node', async () => {
  const folder = project(FILES);
  expect(JSON.parse(await run(folder, ['app.cjs']))).toMatchObject({ isOurs: false });
  expect(JSON.parse(await run(folder, ['app.mjs']))).toMatchObject({ isOurs: false, areTheirs: false });
});

test('NODE_OPTIONS carries it to worker threads and child processes', async () => {
  const folder = project({
    'check.mjs': `
import { parentPort } from 'node:worker_threads';
import net from 'net';
import ours from 'rust-net/node';
const isOurs = net.Socket === ours.Socket;
if (parentPort) parentPort.postMessage(isOurs);
else process.send(isOurs);
`,
    'app.mjs': `
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
const worker = new Worker(new URL('./check.mjs', import.meta.url));
const child = fork('./check.mjs');
const answers = await Promise.all([once(worker, 'message'), once(child, 'message')]);
process.stdout.write(JSON.stringify(answers.map(([answer]) => answer)));
if (child.connected) child.disconnect();
`,
  });
  const output = await run(folder, ['app.mjs'], { env: { NODE_OPTIONS: '--import rust-net/register' } });
  expect(JSON.parse(output)).toEqual([true, true]);
});

test.each(MAJORS)('it warns of nothing on Node %i', async (major) => {
  const folder = project({ 'app.mjs': "import 'net';" });
  const flags = ['--throw-deprecation', '--import', 'rust-net/register'];
  expect(await run(folder, [...flags, 'app.mjs'], { node: binaries.get(major) })).toBe('');
});

test('a socket of a handle that a program has made up is Node\'s own, as it is for programs that mock `net`', async () => {
  const folder = project({
    'app.js': `
const net = require('net');
const socket = new net.Socket({
  handle: {
    readStart() {},
    close(callback) { setImmediate(callback); },
    setNoDelay(value) { console.log('setNoDelay', value); },
  },
});
console.log(socket instanceof net.Socket, socket.setNoDelay() === socket);
socket.on('close', () => console.log('close')).destroy();
`,
  });
  const printed = await run(folder, ['--require', 'rust-net/register', 'app.js']);
  expect(printed).toBe(await run(folder, ['app.js']));
  expect(printed).toContain('close');
});

test('a server that looks at the first bytes passes a connection on to http or http2', async () => {
  const folder = project({
    'app.js': `
const http = require('http');
const http2 = require('http2');
const net = require('net');

const plain = http.createServer((request, response) => response.end('http'));
const multiplexed = http2.createServer((request, response) => response.end('http2'));
const server = net.createServer(function sniff(socket) {
  const first = socket.read(3);
  if (first === null) {
    socket.once('readable', () => sniff(socket));
    return;
  }
  socket.unshift(first);
  (String(first) === 'PRI' ? multiplexed : plain).emit('connection', socket);
});
server.listen(0, '127.0.0.1', () => {
  const url = 'http://127.0.0.1:' + server.address().port;
  http.get(url, { agent: false }, async (response) => {
    for await (const text of response) console.log(String(text));
    const session = http2.connect(url);
    for await (const text of session.request()) console.log(String(text));
    session.close(() => server.close());
  });
});
`,
  });
  expect(await run(folder, ['--require', 'rust-net/register', 'app.js'])).toBe('http\nhttp2\n');
});
