'use strict';

// @socket.io/sticky: the primary reads the first bytes of a connection, and sends both to a worker. Without long
// polling: its second request may come before the primary knows which worker has the session.

const cluster = require('cluster');
const { once } = require('events');
const http = require('http');
const path = require('path');
const { check, print } = require('./common');

const from = (name) => require(path.join(process.env.PACKAGES, name));
const { setupMaster, setupWorker } = from('@socket.io/sticky');

const SIZE = 200_000;

function work() {
  const server = check(http.createServer());
  const { Server } = from('socket.io');
  const io = new Server(server, { maxHttpBufferSize: 2 * SIZE });
  setupWorker(io);
  io.on('connection', (session) => {
    session.on('echo', (text, answer) => {
      check(session.conn.transport.socket._socket);
      answer({ text, pid: process.pid });
    });
  });
  process.send('ready');
}

async function lead() {
  const server = check(http.createServer());
  setupMaster(server, { loadBalancingMethod: 'round-robin' });
  cluster.setupPrimary({ serialization: 'advanced' });
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { io } = from('socket.io-client');
  const answeredBy = new Set();
  for (let index = 0; index < 6; index++) {
    const options = { transports: ['websocket'], forceNew: true, reconnection: false };
    const client = io(`http://127.0.0.1:${server.address().port}`, options);
    await new Promise((resolve, reject) => client.on('connect', resolve).on('connect_error', reject));
    const text = String(index).repeat(SIZE);
    const answer = await client.emitWithAck('echo', text);
    if (answer.text !== text) throw new Error('not what was sent');
    answeredBy.add(answer.pid);
    client.close();
  }
  print({ workers: answeredBy.size });
  for (const worker of workers) worker.process.kill();
  setImmediate(() => process.exit());
}

if (cluster.isPrimary) lead();
else work();
