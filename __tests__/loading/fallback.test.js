'use strict';

// D31: "Where there is no engine, the entries that Node has a counterpart of are Node's own modules, with one warning."

const fs = require('fs');
const path = require('path');
const { nodes } = require('../package/nodes');
const { BINDING, DEADLINE, KNOWS_NET, addPackage, application, bundle, play } = require('./application');

const ENTRIES = { node: 'net', tls: 'tls', http: 'http', https: 'https' };

jest.setTimeout(20 * DEADLINE);

/** How many warnings of the fallback there are in the error output. */
const warnings = (stderr) => stderr.match(/\[RUST_NET_FALLBACK\] RustNetWarning/g)?.length ?? 0;

/** Runs a script that prints JSON: `{ result, stderr }`. */
function result(folder, script, options) {
  const { status, stdout, stderr } = play(folder, script, options);
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  return { result: JSON.parse(stdout), stderr };
}

const SURFACE = `
const report = {};
for (const [entry, name] of Object.entries(${JSON.stringify(ENTRIES)})) {
  const [ours, nodes] = [require('rust-net/' + entry), require(name)];
  const keys = (object) => Object.keys(object).filter((key) => key !== 'isAccelerated').sort();
  report[entry] = {
    isAccelerated: ours.isAccelerated,
    isSame: keys(nodes).every((key) => ours[key] === nodes[key]),
    isAll: keys(ours).join() === keys(nodes).join(),
    isLeftAlone: !('isAccelerated' in nodes),
  };
}
process.stdout.write(JSON.stringify(report));`;

const EXCHANGE = `
const http = require('rust-net/http');
const net = require('rust-net/node');
const server = http.createServer((request, response) => response.end('hello'));
server.listen(0, '127.0.0.1', () => {
  const socket = net.connect(server.address().port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => (text += data)).on('close', () => {
    server.close();
    const extras = ['setSecure', 'verifyPeer', 'tlsEngine'].filter((name) => name in socket);
    const { constructor } = Object.getPrototypeOf(socket);
    process.stdout.write(JSON.stringify({ text: text.slice(-5), extras, isNodes: constructor === require('net').Socket }));
  });
  socket.end('GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n');
});`;

const REGISTER = `
const net = require('net');
const before = { ...net };
const { isRegistered, unregister } = require('rust-net/register');
const registered = isRegistered();
const isSame = Object.keys(before).every((key) => net[key] === before[key]);
unregister();
process.stdout.write(JSON.stringify({ registered, isSame, after: isRegistered() }));`;

const MODULE = `
import { BlockList, BoundSocket, createServer, isAccelerated } from 'rust-net/node';
import { DEFAULT_MIN_VERSION, connect } from 'rust-net/tls';
import { METHODS, request } from 'rust-net/http';
import { Agent } from 'rust-net/https';
import { isRegistered } from 'rust-net/register';
import net from 'net';
import tls from 'tls';
import http from 'http';
import https from 'https';
process.stdout.write(JSON.stringify({
  isAccelerated, registered: isRegistered(),
  isSame: [
    BlockList === net.BlockList, BoundSocket === net.BoundSocket, createServer === net.createServer,
    DEFAULT_MIN_VERSION === tls.DEFAULT_MIN_VERSION, connect === tls.connect,
    METHODS === http.METHODS, request === http.request, Agent === https.Agent,
  ],
}));`;

const FAILS = `
const codes = {};
for (const entry of ['', '/node', '/tls', '/http', '/https', '/register']) {
  try {
    require('rust-net' + entry);
    codes[entry] = null;
  } catch ({ code, message }) {
    codes[entry] = code + ': ' + message.split('\\n')[1];
  }
}
process.stdout.write(JSON.stringify(codes));`;

const MISSING = expect.stringMatching(/^ERR_RUST_NET_BINDING: Cause: the optional dependency .* is not installed\.$/);

describe.each(nodes())('without an engine, on Node %i', (_major, node) => {
  let folder;

  beforeEach(() => {
    folder = application();
  });

  test('every entry is the module of Node, of which nothing is changed, and warns once', () => {
    const { result: report, stderr } = result(folder, SURFACE, { node });
    const same = { isAccelerated: false, isSame: true, isAll: true, isLeftAlone: true };
    expect(report).toEqual(Object.fromEntries(Object.keys(ENTRIES).map((entry) => [entry, same])));
    expect(warnings(stderr)).toBe(1);
    expect(stderr).toMatch(/Cause: the optional dependency/);
    expect(stderr).toMatch(/Remedy: npm install/);
  });

  test('it serves and connects, without what rust-net adds', () => {
    const { result: report, stderr } = result(folder, EXCHANGE, { node });
    expect(report).toEqual({ text: 'hello', extras: [], isNodes: true });
    expect(warnings(stderr)).toBe(1);
  });

  test('rust-net/register leaves everything as it is, and says so', () => {
    const { result: report, stderr } = result(folder, REGISTER, { node });
    expect(report).toEqual({ registered: false, isSame: true, after: false });
    expect(warnings(stderr)).toBe(1);
    for (const flags of [['--require', 'rust-net/register'], ['--import', 'rust-net/register']]) {
      const ran = result(folder, EXCHANGE, { node, flags });
      expect(ran.result).toMatchObject({ text: 'hello', isNodes: true });
      expect(warnings(ran.stderr)).toBe(1);
    }
  });

  test('ES modules find all names', () => {
    const { result: report } = result(folder, MODULE, { node, name: 'app.mjs' });
    expect(report).toEqual({ isAccelerated: false, registered: false, isSame: Array(8).fill(true) });
  });

  test('workers do not warn again', () => {
    const script = `
const { Worker, isMainThread } = require('worker_threads');
require('rust-net/node');
if (isMainThread) new Worker(__filename).on('exit', () => process.stdout.write('null'));
else require('rust-net/tls');`;
    expect(warnings(result(folder, script, { node }).stderr)).toBe(1);
  });

  test('rust-net itself has no counterpart, and fails', () => {
    const { result: codes } = result(folder, FAILS, { node });
    expect(codes).toEqual({ '': MISSING, '/node': null, '/tls': null, '/http': null, '/https': null, '/register': null });
  });

  test('RUST_NET_FALLBACK=error makes it an error of every entry', () => {
    const { result: codes, stderr } = result(folder, FAILS, { node, env: { RUST_NET_FALLBACK: 'error' } });
    expect(codes).toEqual(Object.fromEntries(Object.keys(codes).map((entry) => [entry, MISSING])));
    expect(warnings(stderr)).toBe(0);
  });

  test('RUST_NET_FALLBACK=silent leaves the warning out', () => {
    const { result: report, stderr } = result(folder, EXCHANGE, { node, env: { RUST_NET_FALLBACK: 'silent' } });
    expect(report).toMatchObject({ text: 'hello', isNodes: true });
    expect(stderr).toBe('');
  });

  test('RUST_NET_FALLBACK has no other value', () => {
    const { result: codes } = result(folder, FAILS, { node, env: { RUST_NET_FALLBACK: 'quiet' } });
    expect(codes['/node']).toMatch(/^ERR_INVALID_ARG_VALUE/);
  });

  test('the defaults of tls are those of Node, wherever they are assigned', () => {
    const script = `
const [ours, nodes] = [require('rust-net/tls'), require('tls')];
ours.DEFAULT_MIN_VERSION = 'TLSv1.3';
const there = nodes.DEFAULT_MIN_VERSION;
nodes.DEFAULT_MIN_VERSION = 'TLSv1.2';
process.stdout.write(JSON.stringify([there, ours.DEFAULT_MIN_VERSION]));`;
    expect(result(folder, script, { node }).result).toEqual(['TLSv1.3', 'TLSv1.2']);
  });
});

/** A program that listens and connects with `rust-net/node`, and says what it is. */
const SAYS = `
const net = require('rust-net/node');
const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1', () => {
  net.connect(server.address().port, '127.0.0.1').on('data', (data) => {
    process.stdout.write(JSON.stringify([net.isAccelerated, String(data)]));
    server.close();
  });
});`;

/** Looks at `net`, and says whose it is and which accessors the flag has left in it. */
const FINDS_OUT = `
const net = require('net');
const isNodes = !('setSecure' in net.Socket.prototype);
const left = Object.keys(net).filter((key) => /^_?[A-Zcin]/.test(key) && Object.getOwnPropertyDescriptor(net, key).get)
  .filter((key) => !/^(BlockList|SocketAddress|BoundSocket|_setSimultaneousAccepts)$/.test(key));
const registered = require('rust-net/register').isRegistered();
process.stdout.write(JSON.stringify({ isNodes, registered, left }));`;

describe.each(nodes())('where the engine may not be loaded, on Node %i', (major, node) => {
  const permission = major < 22 ? '--experimental-permission' : '--permission';
  const allowed = ['--allow-fs-read=*', ...(major < KNOWS_NET ? [] : ['--allow-net'])];

  test.each([
    ['--no-addons', ['--no-addons'], /--no-addons/],
    ['the permission model', [permission, ...allowed], /permission model/],
  ])('%s', (_what, flags, cause) => {
    const folder = application();
    addPackage(folder);
    const ran = result(folder, SAYS, { node, flags });
    expect(ran.result).toEqual([false, 'hello']);
    expect(warnings(ran.stderr)).toBe(1);
    expect(ran.stderr).toMatch(cause);
  });

  test('--no-addons, which the flag finds out when a socket is needed', () => {
    const folder = application();
    addPackage(folder);
    const flags = ['--no-addons', '--require', 'rust-net/register'];
    const ran = result(folder, FINDS_OUT, { node, flags });
    expect(ran.result).toEqual({ isNodes: true, registered: false, left: [] });
    expect(warnings(ran.stderr)).toBe(1);
    const strict = play(folder, FINDS_OUT, { node, flags, env: { RUST_NET_FALLBACK: 'error' } });
    expect(strict.status).not.toBe(0);
    expect(strict.stderr).toMatch(/ERR_RUST_NET_BINDING/);
  });

  test('a bundle without the binding', () => {
    const folder = application();
    fs.writeFileSync(path.join(folder, 'entry.js'), SAYS);
    bundle(folder, 'entry.js', 'dist/bundle.js');
    const ran = result(folder, "require('./dist/bundle.js');", { node });
    expect(ran.result).toEqual([false, 'hello']);
    expect(ran.stderr).toMatch(/was bundled, and its binding was not/);
    const named = result(folder, "require('./dist/bundle.js');", { node, env: { RUST_NET_BINDING: BINDING } });
    expect(named).toEqual({ result: [true, 'hello'], stderr: '' });
  });

  test('a system without an engine, such as Windows', () => {
    const folder = application();
    const preload = path.join(folder, 'preload.js');
    fs.writeFileSync(preload, "Object.defineProperty(process, 'platform', { value: 'sunos' });");
    const ran = result(folder, SAYS, { node, flags: ['--require', preload] });
    expect(ran.result).toEqual([false, 'hello']);
    expect(ran.stderr).toMatch(/does not support sunos-/);
  });
});

describe.each(nodes())('with an engine, on Node %i', (_major, node) => {
  test('every entry says so, warns of nothing, and ES modules find all names', () => {
    const folder = application();
    addPackage(folder);
    const script = `
import { isAccelerated as page } from 'rust-net';
import { BoundSocket, isAccelerated as today } from 'rust-net/node';
import { DEFAULT_MIN_VERSION, isAccelerated as tls } from 'rust-net/tls';
import { METHODS, get, isAccelerated as http } from 'rust-net/http';
import { Agent, isAccelerated as https } from 'rust-net/https';
import { isRegistered } from 'rust-net/register';
const found = [BoundSocket, DEFAULT_MIN_VERSION, METHODS, get, Agent].every((one) => one !== undefined);
process.stdout.write(JSON.stringify([page, today, tls, http, https, isRegistered(), found]));`;
    const ran = result(folder, script, { node, name: 'app.mjs' });
    expect(ran.result).toEqual(Array(7).fill(true));
    expect(ran.stderr).toBe('');
  });

  test('rust-net/register loads it when a socket is needed', () => {
    const folder = application();
    addPackage(folder);
    const script = `
const isLoaded = () => process.report.getReport().sharedObjects.some((file) => file.endsWith('.node'));
const net = require('net');
const early = isLoaded();
net.createServer();
process.stdout.write(JSON.stringify({ early, late: isLoaded() }));`;
    for (const flag of ['--require', '--import']) {
      const ran = result(folder, script, { node, flags: [flag, 'rust-net/register'] });
      expect(ran.result).toEqual({ early: false, late: true });
    }
  });

  test('what http has that is costly to make is made when it is used', () => {
    const folder = application();
    addPackage(folder);
    const script = `
const isLoaded = () => process.moduleLoadList.some((name) => /undici/.test(name));
const http = require('rust-net/http');
const [early, late] = [isLoaded(), http.WebSocket === require('http').WebSocket];
process.stdout.write(JSON.stringify({ early, late }));`;
    expect(result(folder, script, { node }).result).toEqual({ early: false, late: true });
  });
});
