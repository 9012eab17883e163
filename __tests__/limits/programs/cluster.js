'use strict';

// A cluster whose workers have limits, each of its own: prints whether the connections from one address were let in by
// them, and the others refused.

const cluster = require('cluster');
const { once } = require('events');
const net = require('net');

const WORKERS = 2;
const COUNT = 10;

if (cluster.isPrimary) {
  main();
} else {
  const server = net.createServer({ maxConnectionsPerAddress: 2, maxLifetime: 1000 }, () => process.send('in'));
  server.on('drop', ({ reason, count }) => {
    for (let number = 0; number < count; number++) process.send(reason);
  });
  server.listen(0, '127.0.0.1');
  process.on('disconnect', () => server.close());
}

async function main() {
  const counts = {};
  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  for (const worker of workers) worker.on('message', (word) => (counts[word] = (counts[word] ?? 0) + 1));
  const [[{ port }]] = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const clients = Array.from({ length: COUNT }, () => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    return new Promise((resolve) => socket.resume().on('close', resolve));
  });
  await Promise.all(clients);
  cluster.disconnect(() => {
    const { in: entered, 'max-connections-per-address': refused, 'max-lifetime': ended } = counts;
    // Without round robin, one worker may get more of them than the other.
    console.log(entered + refused === COUNT, entered <= 2 * WORKERS, entered >= 2, ended === entered);
  });
}
