'use strict';

// One `net` in the process: what packages see that observe sockets, or mock them, with rust-net/register loaded before
// them or after them, is what they see without it.

const fs = require('fs');
const path = require('path');
const { MAJORS, nodes } = require('../../package/nodes');
const { DEADLINE, ROOT, run } = require('../../node/project');
const { identity } = require('../../tls/pki');
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

/** A program with nock, which mocks requests, lets others pass, and restores the network. */
const NOCK = {
  'nock.mjs': `
import { once } from 'events';
import http from 'http';
import https from 'https';
import { createRequire } from 'module';
import net from 'net';
import nock from 'nock';
const { Server, Socket } = createRequire(import.meta.url)(process.env.OURS);
const origin = { 'http:': 'http://example.test', 'https:': 'https://example.test' };

/** Status and text of an answer, or the code of the error, and with \`look\` what that returns of the socket. */
function ask(url, { look, body, ...options } = {}) {
  return new Promise((resolve) => {
    const request = (url.startsWith('https') ? https : http).request(url, options, async (response) => {
      const seen = look?.(response.socket);
      let text = '';
      for await (const data of response) text += data;
      resolve([response.statusCode, text, seen]);
    });
    request.on('error', ({ code }) => resolve(code)).end(body);
  });
}

async function inTurn(count, ask) {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await ask(i));
  return answers;
}

const certificateOf = (socket) => [socket.authorized, socket.getPeerCertificate().subject.CN, socket.getProtocol()];

async function mocked(url, Agent) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  nock(url).get('/x').reply(201, 'got');
  answers.push(await ask(url + '/x'));
  nock(url).post('/x', 'sent').reply(200, 'posted');
  answers.push(await ask(url + '/x', { method: 'POST', body: 'sent' }));
  nock(url).get('/x').delay(20).reply(200, 'late');
  answers.push(await ask(url + '/x'));
  nock(url).get('/x').replyWithError(Object.assign(new Error('made up'), { code: 'ETIMEDOUT' }));
  answers.push(await ask(url + '/x'));
  nock(url).get('/x').times(3).reply(200, 'again', { 'content-length': '5' });
  answers.push(await inTurn(3, () => ask(url + '/x', { agent })));
  nock(url).get('/x').reply(200, 'x'.repeat(1e6));
  answers.push((await ask(url + '/x'))[1].length);
  nock(url).get('/x').reply(200, 'fetched');
  answers.push(await (await fetch(url + '/x')).text());
  agent.destroy();
  return answers;
}

/** Requests that are not mocked, to a server of this process. */
async function passed(url, Agent, port, look) {
  const options = { rejectUnauthorized: false };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...options });
  const answers = [await ask(url + '/x', { ...options, method: 'POST', body: 'sent', look })];
  answers.push(await inTurn(3, (i) => ask(url + '/' + i, { agent })));
  answers.push(await ask(url + '/x', { ...options, look: (socket) => [socket.remotePort === port, socket.remoteAddress] }));
  nock(url, { allowUnmocked: true }).get('/mocked').reply(200, 'mocked');
  answers.push(await ask(url + '/mocked', options), await ask(url + '/other', options));
  agent.destroy();
  return answers;
}

async function answer(request, response) {
  let text = 'real ' + request.url;
  for await (const data of request) text += data;
  response.end(text);
}

const plain = http.createServer(answer).listen(0, '127.0.0.1');
const secure = https.createServer(JSON.parse(process.env.IDENTITY), answer).listen(0, '127.0.0.1');
const speaksFirst = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
const resets = net.createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
const servers = [plain, secure, speaksFirst, resets];
await Promise.all(servers.map((server) => once(server, 'listening')));
const ports = servers.map((server) => server.address().port);
const [url, secureUrl] = ['http://127.0.0.1:' + ports[0], 'https://127.0.0.1:' + ports[1]];

const seen = { plain: await mocked(origin['http:'], http.Agent), secure: await mocked(origin['https:'], https.Agent) };
nock.disableNetConnect();
seen.disabled = await ask('http://example.test/none');
nock.enableNetConnect();
let isOurs = plain instanceof Server;
const owner = (socket) => (isOurs &&= Object.getPrototypeOf(socket) === Socket.prototype);
seen.passed = await passed(url, http.Agent, ports[0], owner);
seen.passedSecure = await passed(secureUrl, https.Agent, ports[1], certificateOf);
seen.distrusted = await ask(secureUrl);
seen.fetched = await (await fetch(url + '/x')).text();
const socket = net.connect(ports[2], '127.0.0.1').setEncoding('utf8');
seen.hello = (await socket.toArray()).join('');
seen.reset = await ask('http://127.0.0.1:' + ports[3]);
resets.close();
await once(resets, 'close');
seen.refused = await ask('http://127.0.0.1:' + ports[3]);
nock.restore();
seen.restored = await ask(url + '/x');
for (const server of servers) server.close();
process.stdout.write(JSON.stringify({ isOurs, seen }));
`,
  // What a program has that is tested with the flag after nock.
  'has-nock.mjs': "import 'nock';",
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
  folder = withPackages({ ...FILES, ...NOCK, ...TESTED });
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

// It needs what Node 20 does not have.
describe.each(MAJORS.filter((major) => major > 20))('nock, on Node %i', (major) => {
  const hook = ['--import', REGISTER];
  const first = ['--import', './has-nock.mjs'];

  test.each([
    ['before it', [...hook, ...first]],
    ['after it', [...first, ...hook]],
  ])('with rust-net/register loaded %s', async (_, flags) => {
    const play = async (isOurs, ...args) => {
      const env = { OURS: isOurs ? path.join(ROOT, 'node.js') : 'net', IDENTITY: JSON.stringify(identity('p256')) };
      return JSON.parse(await run(folder, [...args, 'nock.mjs'], { node: binaries.get(major), env }));
    };
    const without = await play(false, ...first);
    expect(without.seen.plain.slice(0, 2)).toEqual([[201, 'got', null], [200, 'posted', null]]);
    expect(without.seen.passed[0]).toEqual([200, 'real /xsent', true]);
    expect(await play(true, ...flags)).toEqual(without);
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
