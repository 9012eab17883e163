'use strict';

// One port, several cores: each worker thread has a server of its own on the same port (`reusePort`), and the kernel
// spreads the connections. Echoes what it receives, preceded by the number of the worker that serves it.
//
//   node examples/reuse-port.js [port] [workers]        (default: 8124, and one worker for each core)

const { once } = require('events');
const { availableParallelism } = require('os');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const net = require('..'); // require('rust-net') in a project of your own

if (isMainThread) run();
else serve();

async function run() {
  const [port = 8124, count = availableParallelism()] = process.argv.slice(2).map(Number);
  const first = start(1, port);
  const [actual] = await once(first, 'message');
  const others = Array.from({ length: count - 1 }, (_, i) => start(i + 2, actual));
  await Promise.all(others.map((worker) => once(worker, 'message')));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => [first, ...others].forEach((worker) => worker.postMessage('close')));
  }
  console.log(`reuse-port: ${count} workers on localhost:${actual}`);
}

function start(number, port) {
  const worker = new Worker(__filename, { workerData: { number, port } });
  worker.on('error', (error) => {
    console.error(`reuse-port: worker ${number}: ${error.message}`);
    process.exitCode = 1;
  });
  return worker;
}

function serve() {
  const { number, port } = workerData;
  const server = net.createServer((stream) => {
    stream.write(`${number}: `);
    stream.pipe(stream);
    stream.on('error', (error) => console.error(`reuse-port: worker ${number}: ${error.message}`));
  });
  server.listen({ port, host: 'localhost', reusePort: true }, () => parentPort.postMessage(server.address().port));
  // Open streams go on until they end; then the worker ends.
  parentPort.once('message', () => server.close());
}
