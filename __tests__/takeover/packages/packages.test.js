'use strict';

// One `net` in the process: what packages see that observe sockets, or mock them, with rust-net/register loaded before
// them or after them, is what they see without it.

const fs = require('fs');
const path = require('path');
const { MAJORS, nodes } = require('../../package/nodes');
const { DEADLINE, ROOT, run } = require('../../node/project');
const { withPackages } = require('./install');

jest.setTimeout(10 * DEADLINE);

const REGISTER = path.join(ROOT, 'register.js');

const FILES = {
  'opentelemetry.js': `
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NetInstrumentation } = require('@opentelemetry/instrumentation-net');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
tracerProvider.register();
registerInstrumentations({ instrumentations: [new NetInstrumentation(), new HttpInstrumentation()], tracerProvider });
globalThis.seen = () => exporter.getFinishedSpans().map(({ name }) => name).sort();
`,
  'dd-trace.js': `
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
require('dd-trace').init({ url: 'http://127.0.0.1:1', startupLogs: false });
const { subscribe } = require('diagnostics_channel');
const names = [];
for (const name of ['net:tcp', 'http:client:request', 'http:server:request']) {
  subscribe('apm:' + name + ':start', () => names.push(name));
}
globalThis.seen = () => names.sort();
`,
  'require-in-the-middle.js': `
const { Hook } = require('require-in-the-middle');
const names = [];
new Hook(['net'], (exports) => {
  const { connect } = exports;
  exports.connect = (...args) => (names.push('connect'), connect(...args));
  return exports;
});
globalThis.seen = () => names;
`,
  'import-in-the-middle.mjs': `
import { createRequire, register } from 'module';
process.removeAllListeners('warning');
register('import-in-the-middle/hook.mjs', import.meta.url);
const names = [];
createRequire(import.meta.url)('import-in-the-middle')(['net'], (exported) => {
  const { connect } = exported;
  exported.connect = (...args) => (names.push('connect'), connect(...args));
});
globalThis.seen = () => names;
`,
  'app.js': `
const http = require('http');
const net = require('net');
const { Socket } = require(process.env.OURS);
const server = http.createServer((request, response) => response.end('hi')).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  http.get({ port, host: '127.0.0.1', agent: new http.Agent() }, (response) => {
    const isOurs = Object.getPrototypeOf(response.socket) === Socket.prototype;
    response.resume().on('end', () => {
      const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
      socket.on('close', () => server.close(() => setImmediate(() => {
        process.stdout.write(JSON.stringify({ isOurs, seen: globalThis.seen() }));
        process.exit();
      })));
    });
  });
});
`,
  'import.mjs': `
import { Socket, connect, createServer } from 'net';
import { createRequire } from 'module';
const ours = createRequire(import.meta.url)(process.env.OURS);
const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
  connect(server.address().port, '127.0.0.1').resume().on('close', () => {
    server.close();
    process.stdout.write(JSON.stringify({ isOurs: Socket === ours.Socket, seen: globalThis.seen() }));
  });
});
`,
  'msw.mjs': `
import nodeHttp from 'http';
import { createRequire } from 'module';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
const { Server } = createRequire(import.meta.url)(process.env.OURS);
const mocks = setupServer(http.get('http://example.test/x', () => HttpResponse.text('mocked')));
mocks.listen({ onUnhandledRequest: 'bypass' });
const get = (url) => new Promise((resolve, reject) => {
  nodeHttp.get(url, { agent: new nodeHttp.Agent() }, async (response) => {
    let text = '';
    for await (const data of response) text += data;
    resolve(text);
  }).on('error', reject);
});
const server = nodeHttp.createServer((request, response) => response.end('real')).listen(0, '127.0.0.1', async () => {
  const seen = [await get('http://example.test/x'), await (await fetch('http://example.test/x')).text()];
  seen.push(await get('http://127.0.0.1:' + server.address().port));
  server.close();
  mocks.close();
  const isOurs = server instanceof Server && Object.getPrototypeOf(nodeHttp.Server) === Server;
  process.stdout.write(JSON.stringify({ isOurs, seen }));
});
`,
};

/** Tests of a program, and how the runners load rust-net/register. */
const TESTED = {
  'mocha.spec.cjs': `
const http = require('http');
it('has http of ours', (done) => {
  const server = http.createServer().listen(0, () => {
    if (server._handle.constructor.name !== 'Handle') throw new Error('not ours');
    server.close(done);
  });
});
`,
  'vitest.test.mjs': `
import { createServer } from 'http';
import { createRequire } from 'module';
import { expect, test } from 'vitest';
test('has http of ours', async () => {
  const server = createServer((request, response) => response.end('ok'));
  expect(Object.getPrototypeOf(Object.getPrototypeOf(server)).constructor.name).toBe('Server');
  expect(createRequire(import.meta.url)(process.env.REGISTER).isRegistered()).toBe(true);
  await new Promise((resolve) => server.listen(0, resolve));
  expect(server._handle.constructor.name).toBe('Handle');
  expect(await (await fetch('http://127.0.0.1:' + server.address().port)).text()).toBe('ok');
  server.close();
});
`,
  'vitest.config.mjs': `
export default { test: { setupFiles: process.env.SETUP ? [process.env.SETUP] : [], pool: process.env.POOL } };
`,
};

/** Each observer with its flag and the program that it observes. */
const OBSERVERS = [
  ['opentelemetry', ['--require', './opentelemetry.js'], 'app.js'],
  ['dd-trace', ['--require', './dd-trace.js'], 'app.js'],
  ['require-in-the-middle', ['--require', './require-in-the-middle.js'], 'app.js'],
  ['import-in-the-middle', ['--import', './import-in-the-middle.mjs'], 'import.mjs'],
  ['msw', [], 'msw.mjs'],
];

let binaries;
let folder;

beforeAll(() => {
  binaries = new Map(nodes());
  folder = withPackages({ ...FILES, ...TESTED });
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

describe.each(MAJORS)('on Node %i', (major) => {
  test.each(OBSERVERS)('%s', async (name, flag, program) => {
    const play = async (isOurs, ...flags) => {
      const env = { OURS: isOurs ? path.join(ROOT, 'node.js') : 'net', NODE_NO_WARNINGS: '1' };
      return JSON.parse(await run(folder, [...flags, program], { node: binaries.get(major), env }));
    };
    const hook = ['--import', REGISTER];
    const without = await play(false, ...flag);
    expect(without.seen).not.toEqual([]);
    expect(await play(true, ...flag, ...hook)).toEqual(without);
    expect(await play(true, ...hook, ...flag)).toEqual(without);
  });
});

describe('test runners', () => {
  const bin = (...names) => path.join(folder, '..', 'node_modules', ...names);
  const node = () => binaries.get(MAJORS.at(-1));

  test('mocha, with --require', async () => {
    const args = [bin('mocha', 'bin', 'mocha.js'), '--exit', 'mocha.spec.cjs'];
    await run(folder, [...args, '--require', REGISTER], { node: node() });
    await expect(run(folder, args, { node: node() })).rejects.toThrow('not ours');
  });

  test.each(['forks', 'threads'])('vitest, with setupFiles, in %s', async (pool) => {
    const args = [bin('vitest', 'vitest.mjs'), 'run', 'vitest.test.mjs'];
    const env = { POOL: pool, REGISTER };
    await run(folder, args, { node: node(), env: { ...env, SETUP: REGISTER } });
  });
});
