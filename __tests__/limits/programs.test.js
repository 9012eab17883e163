'use strict';

// Limits under rust-net/register, in clusters, in worker threads, and of `rust-net/http` and `rust-net/https`.

const { spawnSync } = require('child_process');
const { once } = require('events');
const path = require('path');
const { Worker } = require('worker_threads');
const net = require('../..');
const http = require('../../http');
const https = require('../../https');
const { listening, scratch } = require('../helpers');
const { files, identity } = require('../tls/pki');
const { dial, dropped } = require('./ends');

const ROOT = path.join(__dirname, '..', '..');
const REGISTER = ['--require', path.join(ROOT, 'register.js')];

function run(program, args = [], env = {}) {
  const file = path.join(__dirname, 'programs', program);
  const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } };
  const { stdout, stderr } = spawnSync(process.execPath, [...REGISTER, file, ...args], options);
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

test('net, tls, http, https and http2 under rust-net/register', () => {
  const { key, cert } = files('p256', scratch());
  const servers = ['net', 'tls', 'http', 'http, later', 'https', 'http2', 'http2 over TLS'];
  const expected = servers.map((name) => `${name} idle-timeout idle-timeout max-connections-per-address`);
  expect(run('servers.js', [key, cert])).toEqual(expected);
});

test.each(['rr', 'none'])('the workers of a cluster, by the policy %s', (policy) => {
  expect(run('cluster.js', [], { NODE_CLUSTER_SCHED_POLICY: policy })).toEqual(['true true true true']);
});

test('a server in a worker thread', async () => {
  const source = `
    const { parentPort, workerData } = require('worker_threads');
    const server = require(workerData).createServer({ idleTimeout: 50, maxConnectionsPerAddress: 1 });
    server.on('drop', ({ reason }) => parentPort.postMessage(reason));
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address()));
  `;
  const worker = new Worker(source, { eval: true, workerData: ROOT });
  const [address] = await once(worker, 'message');
  const reason = once(worker, 'message');
  expect(await dial({ address: () => address }).isOver).toBe('end');
  expect(await reason).toEqual(['idle-timeout']);
  await worker.terminate();
});

test.each([
  ['rust-net/http', () => http.createServer({ maxConnectionsPerAddress: 1, idleTimeout: 60_000 })],
  ['rust-net/https', () => https.createServer({ ...identity('p256'), maxConnectionsPerAddress: 1, idleTimeout: 60_000 })],
])('%s', async (_name, make) => {
  const server = await listening(make());
  expect(server.limits).toMatchObject({ maxConnectionsPerAddress: 1, idleTimeout: 60_000 });
  server.on('tlsClientError', () => {}).on('clientError', () => {});
  const first = dial(server);
  await once(first, 'connect');
  const drop = dropped(server);
  dial(server);
  expect((await drop).reason).toBe('max-connections-per-address');
  server.setLimits({ idleTimeout: 50 });
  expect((await dropped(server)).reason).toBe('idle-timeout');
});

test('a request that comes slowly, and an answer that takes its time', async () => {
  const server = http.createServer({ minRate: 1000, minRateSpan: 100 }, (request, response) => {
    request.on('end', () => setTimeout(() => response.end('at last'), 500)).resume();
  });
  server.on('clientError', (error, socket) => socket.destroy());
  await listening(server);
  const patient = http.get({ port: server.address().port, host: '127.0.0.1', agent: false });
  const slow = dial(server, '127.0.0.2');
  await once(slow, 'connect');
  slow.write('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => slow.write('x: y\r\n'), 10);
  const { reason, remoteAddress } = await dropped(server);
  clearInterval(drip);
  expect([reason, remoteAddress]).toEqual(['min-rate', '127.0.0.2']);
  const [response] = await once(patient, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  expect(text).toBe('at last');
  expect(server.stats.connections.dropped).toEqual({ 'min-rate': 1 });
});

test('the connection that waits longest for its PROXY header makes room for another', async () => {
  const server = await listening(net.createServer({ proxyProtocol: { from: '127.0.0.0/8', maxWaiting: 2 } }));
  const [first, second] = [dial(server, '127.0.0.2'), dial(server, '127.0.0.3')];
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  const drop = dropped(server);
  const third = dial(server, '127.0.0.4');
  third.write('PROXY TCP4 192.0.2.1 198.51.100.1 5000 443\r\n');
  const [stream] = await once(server, 'connection');
  expect(stream.remoteAddress).toBe('192.0.2.1');
  const { reason, remoteAddress } = await drop;
  expect([reason, remoteAddress]).toEqual(['proxy-max-waiting', '127.0.0.2']);
  expect(await first.isOver).toBe('ECONNRESET');
  expect(second.destroyed).toBe(false);
  stream.destroy();
});
