'use strict';

// The guide "Behind a proxy", and examples/behind-a-proxy.js: the configurations there, with other ports.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const { listening, scratch } = require('../helpers');
const { STREAM_MODULE, configuration } = require('../peers/balancers');
const { describeWith, ownAddress, ownPort, start } = require('../peers/program');
const { example, portOf } = require('./run');

const GUIDE = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'guides', 'behind-a-proxy.md'), 'utf8');

/** The block of the guide in `language`, with the addresses of this test. */
function block(language, port, place) {
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(GUIDE);
  for (const expected of [/8080/, /127\.0\.0\.1:8081/]) expect(text).toMatch(expected);
  return text.replace('127.0.0.1:8081', `127.0.0.1:${port}`).replace(/(bind |listen )(?::)?8080/, `$1${place}`);
}

/** What is answered to a client of the balancer, and the client's port. */
async function ask(host, port) {
  const request = http.get({ host, port, agent: false });
  const [response] = await once(request, 'response');
  const { localPort } = response.socket;
  const chunks = await response.setEncoding('utf8').toArray();
  return { text: chunks.join(''), localPort };
}

/** Waits until `port` of `host` accepts connections: for a program that does not say when it does. */
async function accepting(host, port) {
  for (let i = 0; i < 1000; i++) {
    const client = net.connect(port, host);
    const isOpen = await once(client, 'connect').then(() => true, () => false);
    client.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Nothing listens on ${host}:${port}.`);
}

async function throughBalancer(language, launch) {
  const running = example('behind-a-proxy.js', '0');
  const [host, port] = [ownAddress(), await ownPort()];
  const folder = scratch();
  const text = block(language, await portOf(running), `${host}:${port}`);
  await launch(folder, text);
  await accepting(host, port);
  const { text: answer, localPort } = await ask(host, port);
  expect(answer).toBe(`you are 127.0.0.1:${localPort}, and have come by 127.0.0.1\n`);
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
}

describeWith(['haproxy'], 'HAProxy', () => {
  test('the configuration in the guide', () => throughBalancer('ini', (folder, text) => {
    start('haproxy', ['-db', '-f', configuration(folder, [text])]);
  }));
});

describeWith(['nginx'], 'nginx', () => {
  test('the configuration in the guide', () => throughBalancer('nginx', (folder, text) => {
    const own = ['daemon off;', 'master_process off;', `pid ${folder}/pid;`, 'error_log stderr;'];
    const module = fs.existsSync(STREAM_MODULE) ? [`load_module ${STREAM_MODULE};`] : [];
    start('nginx', ['-c', configuration(folder, [...module, ...own, text]), '-p', folder, '-e', 'stderr']);
  }));
});

test('the example answers health checks, and refuses what is no proxy', async () => {
  const running = example('behind-a-proxy.js', '0');
  const port = await portOf(running);
  const check = net.connect(port, '127.0.0.1');
  check.write(Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'));
  check.write('GET / HTTP/1.0\r\n\r\n');
  const chunks = await check.setEncoding('utf8').toArray();
  expect(chunks.join('')).toMatch(/alive\n$/);
  const direct = net.connect(port, '127.0.0.1').on('error', () => {});
  direct.write('GET / HTTP/1.0\r\n\r\n');
  await running.complained(/^behind-a-proxy: 127\.0\.0\.1: proxy-missing$/m);
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
});

test('the example believes the addresses that it was started with', async () => {
  const running = example('behind-a-proxy.js', '0', '10.0.0.0/8', '192.0.2.1');
  const client = net.connect(await portOf(running), '127.0.0.1').on('error', () => {});
  client.write('PROXY UNKNOWN\r\n');
  await running.complained(/^behind-a-proxy: 127\.0\.0\.1: proxy-untrusted$/m);
});

test('the example says that a port is taken', async () => {
  const server = await listening(net.createServer());
  const running = example('behind-a-proxy.js', String(server.address().port));
  await running.complained(/EADDRINUSE/);
  expect(await running.exit).toBe(1);
});
