'use strict';

// An engine in each of several threads: two that serve and end by themselves, one that is terminated with connections
// open.

const assert = require('assert');
const { once } = require('events');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const net = require('rust-net');

async function main() {
  const workers = ['ends', 'ends', 'is terminated'].map((role) => new Worker(__filename, { workerData: role }));
  await Promise.all(workers.map(async (worker) => {
    const exited = once(worker, 'exit');
    const [port] = await once(worker, 'message');
    const stream = net.createConnection(port, '127.0.0.1');
    const [data] = await once(stream, 'data');
    assert.equal(data.toString(), 'from a thread');
    if (worker === workers[2]) await worker.terminate();
    else stream.end();
    if (!stream.destroyed) await once(stream, 'close');
    await exited;
  }));
  console.log('ok');
}

function serve() {
  const server = net.createServer((stream) => {
    stream.on('connect', () => stream.write('from a thread'));
    if (workerData === 'ends') stream.on('end', () => server.close());
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}

if (isMainThread) main();
else serve();
