'use strict';

// The server that is measured: `node server.js MODULE WORK [--path PATH] [--identity FILE] [--backend PORT]
// [--replies COUNT]`, where MODULE is `net`, `rust-net`, `rust-net/node` or the folder of a checkout. It prints the
// port or path that it listens on. With an identity (a key and a certificate), it speaks TLS: `net` becomes `tls` for
// that, and a stream of ours is secured in place. A proxy passes everything on to the backend. Nothing else in it
// depends on the module.
//
// `http`, `http2` and `client` (a proxy that is a TLS client of its backend) are written for Node's own modules: with a
// module of ours, `register` of the same package takes their place first.
//
// With `--port PORT` (0 for the first) it shares the port with other processes; with `--workers COUNT`, that many
// worker threads of its own share one.
//
// With an IPC channel it answers questions about its own process and ends with the channel.

const { once } = require('events');
const fs = require('fs');
const path = require('path');
const { createHistogram } = require('perf_hooks');
const { parseArgs } = require('util');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const {
  positionals: [moduleName, workload],
  values: { backend, identity, path: socketPath, port, replies, workers },
} = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string' },
    identity: { type: 'string' },
    path: { type: 'string' },
    port: { type: 'string' },
    replies: { type: 'string', default: '1' },
    workers: { type: 'string' },
  },
});

/** Byte number n of what is sent is n modulo 256. */
const CHUNK = Buffer.from(Array.from({ length: 64 << 10 }, (_, index) => index & 255));

const REPLIES = Number(replies);

/** About a tenth of a millisecond of JavaScript. */
const STEPS = 25_000;

/** What is done with a connection, by workload. */
const listeners = {
  __proto__: null,

  echo(stream) {
    stream.on('data', (data) => stream.write(data));
  },

  strings(stream) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => stream.write(text));
  },

  compute(stream) {
    stream.on('data', (data) => {
      let sum = 0;
      for (let i = 0; i < STEPS; i++) sum = (sum * 31 + data[i % data.length]) | 0;
      // What comes back is what came, and the sum could not be left out.
      stream.write(sum === 0.5 ? 'never' : data);
    });
  },

  replies(stream) {
    stream.on('data', (data) => {
      for (let i = 0; i < REPLIES; i++) stream.write(data);
    });
  },

  sink(stream) {
    let received = 0;
    stream.on('data', (data) => {
      received += data.length;
    });
    stream.on('end', () => stream.end(String(received)));
  },

  source(stream) {
    const fill = () => {
      while (stream.write(CHUNK));
    };
    stream.on('drain', fill);
    // The client goes away in the middle of it.
    stream.on('error', () => {});
    fill();
  },

  proxy(stream) {
    const options = { port: Number(backend), host: '127.0.0.1', noDelay: true, allowHalfOpen: true };
    const behind = require(moduleName).connect(options);
    stream.pipe(behind).pipe(stream);
    stream.on('error', () => behind.destroy());
    behind.on('error', () => stream.destroy());
  },
};

/** Answers a request with its path, so that the load can check what it gets. */
function respond(request, response) {
  response.setHeader('Content-Type', 'text/plain');
  response.end(request.url.slice(1));
}

/** Servers of Node's own modules, by workload. `secrets` are a key and a certificate; null in the clear. */
const servers = {
  __proto__: null,

  http(options, secrets) {
    if (secrets === null) return require('http').createServer(options, respond);
    return require('https').createServer({ ...options, ...secrets }, respond);
  },

  http2(options, secrets) {
    const http2 = require('http2');
    if (secrets === null) return http2.createServer(options, respond);
    return http2.createSecureServer({ ...options, ...secrets }, respond);
  },

  client(options) {
    const tls = require('tls');
    return require('net').createServer(options, (stream) => {
      // The load sees to it that what comes back is what was sent.
      const place = { port: Number(backend), host: '127.0.0.1' };
      const behind = tls.connect({ ...place, rejectUnauthorized: false, allowHalfOpen: true });
      behind.setNoDelay();
      stream.pipe(behind).pipe(stream);
      stream.on('error', () => behind.destroy());
      behind.on('error', () => stream.destroy());
    });
  },
};

const questions = {
  __proto__: null,

  /** CPU time so far, in nanoseconds. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  },

  /** Resident memory in bytes, without garbage. */
  memory() {
    for (let i = 0; i < 3; i++) global.gc();
    return process.memoryUsage.rss();
  },
};

/** Another thread that posts the time once a millisecond: how late it is read is how long the loop was busy. */
const WATCH = `
  const { parentPort } = require('worker_threads');
  setInterval(() => parentPort.postMessage(process.hrtime.bigint()), 1);
`;

let delays = null;

/** The 99th percentile of the loop's delay since the last question, in milliseconds. */
questions.delay = () => {
  if (delays === null) {
    delays = createHistogram();
    const watch = new Worker(WATCH, { eval: true });
    watch.on('message', (sent) => delays.record(process.hrtime.bigint() - sent + 1n));
    watch.unref();
  }
  const delay = delays.count > 0 ? delays.percentile(99) / 1e6 : 0;
  delays.reset();
  return delay;
};

process.on('message', (question) => process.send(questions[question]()));
process.on('disconnect', () => process.exit());

/** A key and a certificate; null in the clear. */
function readSecrets() {
  if (identity === undefined) return null;
  const pem = fs.readFileSync(identity, 'utf8');
  return { key: pem, cert: pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')) };
}

/** The server of the workload, in the clear or over TLS. */
function create(options) {
  const secrets = readSecrets();
  if (workload in servers) {
    if (moduleName !== 'net') require(registerOf(moduleName));
    return servers[workload](options, secrets);
  }
  const listener = listeners[workload];
  if (secrets === null) return require(moduleName).createServer(options, listener);
  if (moduleName === 'net') return require('tls').createServer({ ...options, ...secrets }, listener);
  const credentials = require(mainOf(moduleName)).createCredentials(secrets);
  return require(moduleName).createServer(options, (stream) => listener(stream.setSecure(credentials)));
}

/** What has the credentials for TLS in place: the entry of today's net has none of its own. */
function mainOf(name) {
  return name.startsWith('rust-net') ? 'rust-net' : name;
}

/** What puts a package in the place of Node's own modules. */
function registerOf(name) {
  return name.startsWith('rust-net') ? 'rust-net/register' : path.join(name, 'register.js');
}

function serve() {
  // Without Nagle's algorithm, as a server of small messages is set up. With it, the second small write of node:net
  // waits up to 40 ms for the client's acknowledgement, and the rate would tell nothing else.
  const server = create({ noDelay: true, allowHalfOpen: ['proxy', 'client'].includes(workload) });
  const reusePort = port !== undefined;
  server.listen(socketPath ?? { port: Number(port ?? 0), host: '127.0.0.1', reusePort }, () => tell(socketPath ?? server.address().port));
}

function tell(place) {
  if (isMainThread) console.log(place);
  else parentPort.postMessage(place);
}

/** Worker threads that serve on one port. The first one gets it from the system. */
async function share(count) {
  let shared = 0;
  for (let i = 0; i < count; i++) {
    const worker = new Worker(__filename, { argv: [moduleName, workload, '--port', String(shared)] });
    [shared] = await once(worker, 'message');
  }
  tell(shared);
}

if (workers === undefined) serve();
else share(Number(workers));
