'use strict';

// Two workers listen on port 0, and say where.

const cluster = require('cluster');
const { once } = require('events');
const { check, net, print } = require('./common');

async function lead() {
  const workers = [cluster.fork(), cluster.fork()];
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  print(messages.map(([port]) => port));
  for (const worker of workers) worker.process.kill();
}

if (cluster.isPrimary) lead();
else check(net.createServer()).listen(0, '127.0.0.1', function () {
  process.send(this.address().port);
});
