'use strict';

// A worker of a cluster that serves three clients of its primary, and what it has counted by then.

const cluster = require('cluster');
const nodeNet = require('net');
const net = require('../../node');

cluster.schedulingPolicy = process.argv[2] === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;

function ask(port) {
  return new Promise((resolve) => {
    const client = nodeNet.connect(port, '127.0.0.1', () => client.end('hello'));
    client.resume().on('close', resolve);
  });
}

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (stats) => {
    console.log(JSON.stringify(stats));
    worker.disconnect();
  });
  worker.on('listening', async ({ port }) => {
    for (let i = 0; i < 3; i++) await ask(port);
  });
} else {
  let count = 0;
  const server = net.createServer((socket) => {
    socket.resume().on('close', () => {
      count++;
      if (count === 3) process.send({ server: server.stats, thread: net.stats() });
    });
  });
  server.listen(0, '127.0.0.1');
}
