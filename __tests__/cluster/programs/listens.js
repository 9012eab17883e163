'use strict';

// One worker listens in many ways, and says what comes of it: on what is taken, on a descriptor, alone, with a limit
// for its connections, unreferenced, closed before it listens.

const cluster = require('cluster');
const { once } = require('events');
const net = require('net');
const { check, describe, print } = require('./common');

/** Where the primary distributes, Node 20 has no `dropMaxConnection`. */
const DROPS = process.env.NODE_CLUSTER_SCHED_POLICY === 'none' || !process.version.startsWith('v20.');

const HOST = '127.0.0.1';

async function outcome(options, server = check(net.createServer())) {
  server.listen(options);
  try {
    await once(server, 'listening');
  } catch (error) {
    return describe(error);
  }
  return { address: server.address(), key: server._connectionKey, server };
}

function shown({ address, key, text, code, ...error }, taken = {}) {
  const name = (port) => (port === taken.port ? 'taken' : port > 0 ? 'some' : port);
  const hide = (words) => words?.replaceAll(String(taken.port), 'taken');
  if (code) return { ...error, code, text: hide(text), address: error.address, port: name(error.port) };
  // Another address may well have the same port free.
  return { address: typeof address === 'object' ? { ...address, port: address.port > 0 } : address, key };
}

/** A server that is full, and drops a connection. */
async function drop() {
  const full = check(net.createServer((socket) => socket.resume()));
  full.maxConnections = 1;
  full.dropMaxConnection = true;
  await outcome({ port: 0, host: HOST }, full);
  const { port } = full.address();
  const first = net.connect(port, HOST);
  await once(full, 'connection');
  const second = net.connect(port, HOST);
  const [[data]] = await Promise.all([once(full, 'drop'), once(second, 'connect')]);
  const dropped = [data.localPort === port, data.remotePort === second.localPort, data.localFamily];
  full.close();
  first.destroy();
  second.destroy();
  return dropped;
}

async function work() {
  const results = {};
  const [taken] = await once(process, 'message');
  results.taken = shown(await outcome({ port: taken.port, host: HOST }), taken);
  results.takenPath = shown(await outcome({ path: taken.path }), taken);
  results.badHost = shown(await outcome({ port: 0, host: '192.0.2.1' }), taken);
  results.descriptor = shown(await outcome({ fd: 999 }), taken);

  const open = [];
  for (const [name, options] of Object.entries({
    any: { port: 0 },
    six: { port: 0, host: '::1', ipv6Only: true },
    named: { port: 0, host: 'localhost' },
    exclusive: { port: 0, host: HOST, exclusive: true },
    alone: { port: 0, host: HOST, exclusive: true },
  })) {
    const listening = await outcome(options);
    results[name] = shown(listening, taken);
    if (listening.server) open.push(listening.server);
  }
  results.differ = open.at(-1).address().port !== open.at(-2).address().port;

  const early = net.createServer().listen(0, HOST);
  results.early = await new Promise((resolve) => early.close(() => resolve(early.listening)));
  for (const server of open) server.close();
  await Promise.all(open.map((server) => once(server, 'close')));
  results.closed = open.map((server) => server.address());

  if (DROPS) results.dropped = await drop();

  // It keeps nothing alive, so the worker ends once it is disconnected.
  const idle = net.createServer();
  await outcome({ port: 0, host: HOST }, idle);
  idle.unref();
  process.send(results, () => cluster.worker.disconnect());
}

async function lead() {
  const holder = net.createServer().listen(0, HOST);
  const atPath = net.createServer().listen(process.env.PLACE);
  await Promise.all([once(holder, 'listening'), once(atPath, 'listening')]);
  const worker = cluster.fork();
  await once(worker, 'online');
  worker.send({ port: holder.address().port, path: process.env.PLACE });
  const [[results], exit] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  const alive = holder.listening;
  print({ results, exit, alive });
  holder.close();
  atPath.close();
}

if (cluster.isPrimary) lead();
else work();
