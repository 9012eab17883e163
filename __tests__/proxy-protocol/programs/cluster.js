'use strict';

// A cluster whose workers expect headers: prints whom they have seen, and why they have refused others.

const cluster = require('cluster');
const { once } = require('events');
const net = require('net');

const COUNT = 20;

if (cluster.isPrimary) {
  main();
} else {
  const server = net.createServer({ proxyProtocol: { timeout: 200 } }, (socket) => {
    socket.end(`${socket.remoteAddress} ${socket.remotePort} ${socket.proxy.version}`);
  });
  server.on('drop', ({ reason }) => process.send(reason));
  server.listen(0, '127.0.0.1');
  process.on('disconnect', () => server.close());
}

async function main() {
  const workers = [cluster.fork(), cluster.fork()];
  const reasons = [];
  for (const worker of workers) worker.on('message', (reason) => reasons.push(reason));
  const places = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const [[{ port }]] = places;
  for (let i = 1; i <= COUNT; i++) {
    const socket = net.connect(port, '127.0.0.1');
    const header = `PROXY TCP4 192.0.2.1 192.0.2.2 ${i} 443\r\n`;
    socket.write(header.slice(0, i));
    socket.write(header.slice(i));
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    if (text !== `192.0.2.1 ${i} 1`) console.log(`${i}: ${text}`);
  }
  const refused = ['GET / HTTP/1.1\r\n\r\n', 'PROXY'].map((bytes) => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    socket.resume().write(bytes);
    return new Promise((resolve) => socket.on('close', resolve));
  });
  await Promise.all(refused);
  cluster.disconnect(() => console.log(reasons.sort().join(' ')));
}
