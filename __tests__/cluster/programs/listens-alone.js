'use strict';

// Two workers listen for themselves, and say where: on port 0, or with `REUSE` on one port, which the primary has, too.

const cluster = require('cluster');
const { once } = require('events');
const { check, net, print } = require('./common');

const HOST = '127.0.0.1';

async function lead() {
  const holder = check(net.createServer()).listen({ port: 0, host: HOST, reusePort: true });
  await once(holder, 'listening');
  const { port } = holder.address();
  const workers = [cluster.fork({ PORT: port }), cluster.fork({ PORT: port })];
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  print({ port, ports: messages.map(([answer]) => answer) });
  for (const worker of workers) worker.process.kill();
  holder.close();
}

function work() {
  const reusePort = process.env.REUSE === '1';
  const server = check(net.createServer());
  server.on('error', ({ code }) => process.send(code));
  server.listen({ port: reusePort ? Number(process.env.PORT) : 0, host: HOST, reusePort });
  server.on('listening', () => process.send(server.address().port));
}

if (cluster.isPrimary) lead();
else work();
