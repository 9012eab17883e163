'use strict';

// The option `listen` of net.serve(): what is honoured in each thread, and what is refused.

const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const net = require('../..');
const { atEnd, destroyAtEnd, scratch } = require('../helpers');

const LOCAL = { port: 0, host: '127.0.0.1' };
const HEADER = 'PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n';

const fixture = (name) => path.join(__dirname, 'fixtures', name);

async function serve(listen, options) {
  const service = await net.serve({ workers: 1, handler: fixture('address.js'), listen, ...options });
  atEnd(() => service.shutdown({ grace: 0 }));
  return service;
}

/** What a client is answered that sends `text`; the code of its error, or '' without an answer. */
function ask(service, text) {
  const { address: host, port } = service.address();
  const client = destroyAtEnd(nodeNet.connect({ host, port }));
  client.write(text);
  return new Promise((resolve) => {
    client.once('data', (data) => resolve(String(data)));
    client.on('error', ({ code }) => resolve(code));
    client.on('close', () => resolve(''));
  });
}

const local = new nodeNet.BlockList();
local.addSubnet('127.0.0.0', 8, 'ipv4');
const others = new nodeNet.BlockList();
others.addRange('192.0.2.0', '192.0.2.255', 'ipv4');

test.each([
  ['a mode', 'require', '192.0.2.1'],
  ['addresses', { from: ['127.0.0.0/8'] }, '192.0.2.1'],
  ['a BlockList', { mode: 'accept', from: local }, '192.0.2.1'],
  ['a BlockList of others', { from: others }, 'ECONNRESET'],
])('`proxyProtocol`, %s: of all threads', async (_, proxyProtocol, expected) => {
  const service = await serve({ ...LOCAL, proxyProtocol }, { workers: 2 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(service, HEADER)));
  expect(new Set(answers)).toEqual(new Set([expected]));
});

test.each(['address.js', 'http.mjs', 'copy.js'])('limits, with %s: each thread has its own', async (name) => {
  const service = await serve({ ...LOCAL, maxConnectionsPerAddress: 1 }, { handler: fixture(name) });
  const request = 'GET / HTTP/1.1\r\nhost: here\r\n\r\n';
  expect(await ask(service, request)).toMatch(/^(127|HTTP)/);
  expect(await ask(service, request)).toBe('ECONNRESET');
});

test('`readableAll` and `writableAll`', async () => {
  const file = path.join(scratch(), 'socket');
  await serve({ path: file, readableAll: true, writableAll: true });
  expect((fs.statSync(file).mode & 0o666).toString(8)).toBe('666');
});

(process.platform === 'linux' ? test : test.skip)('`reusePort`: another service has the port, too', async () => {
  const service = await serve({ ...LOCAL, reusePort: true });
  const { port } = service.address();
  const other = await serve({ ...LOCAL, port, reusePort: true });
  expect(other.address()).toEqual(service.address());
});

test.each([
  ['proxyProtocol', 'require'],
  ['idleTimeout', 1000],
])("`%s` is refused with a server of Node's own", async (name, value) => {
  const serving = serve({ ...LOCAL, [name]: value }, { handler: fixture('nodes.js') });
  await expect(serving).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_VALUE',
    message: expect.stringContaining(`'options.listen.${name}'`),
  });
});

describe('refused by its name', () => {
  const bound = new net.BoundSocket(LOCAL);
  afterAll(() => bound.close());

  test.each([
    ['handle', { handle: bound }],
    ['signal', { ...LOCAL, signal: new AbortController().signal }],
    ['port', { fd: 3, port: 0 }],
    ['host', { fd: 3, host: '127.0.0.1' }],
    ['path', { fd: [3], path: '/tmp/socket' }],
    ['ipv6Only', { fd: 3, ipv6Only: true }],
    ['reusePort', { fd: 3, reusePort: true }],
    ['readableAll', { fd: 3, readableAll: true }],
    ['writableAll', { fd: 3, writableAll: true }],
    ['socketOptions', { fd: 3, socketOptions: {} }],
    ['proxyProtocol.mode', { ...LOCAL, proxyProtocol: 'both' }],
    ['proxyProtocol', { ...LOCAL, proxyProtocol: 5 }],
    ['idleTimeout', { ...LOCAL, idleTimeout: -1 }],
  ])('%s', async (name, listen) => {
    await expect(serve(listen)).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(INVALID_ARG_VALUE|INVALID_ARG_TYPE|OUT_OF_RANGE)$/),
      message: expect.stringContaining(`options.listen.${name}`),
    });
  });
});
