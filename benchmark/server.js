'use strict';

// The server that is measured: `node server.js MODULE WORK [--path PATH] [--identity FILE]`, where MODULE is `net` or
// `rust-net`. It prints the port or path that it listens on. With an identity (a key and a certificate), it speaks TLS:
// `net` becomes `tls` for that, and a stream of ours is secured in place. Nothing else in it depends on the module.
//
// With an IPC channel it answers questions about its own process and ends with the channel.

const fs = require('fs');
const { parseArgs } = require('util');

const {
  positionals: [moduleName, work],
  values: { identity, path },
} = parseArgs({
  allowPositionals: true,
  options: { identity: { type: 'string' }, path: { type: 'string' } },
});

/** Byte number n of what is sent is n modulo 256. */
const CHUNK = Buffer.from(Array.from({ length: 64 << 10 }, (_, index) => index & 255));

const REPLIES = 16;

/** What is done with a connection, by work. */
const listeners = {
  __proto__: null,

  echo(stream) {
    stream.on('data', (data) => stream.write(data));
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

process.on('message', (question) => process.send(questions[question]()));
process.on('disconnect', () => process.exit());

/** A server whose connections are handled by `listener`, in the clear or over TLS. */
function create(options, listener) {
  if (identity === undefined) return require(moduleName).createServer(options, listener);
  const pem = fs.readFileSync(identity, 'utf8');
  const secrets = { key: pem, cert: pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')) };
  if (moduleName === 'net') return require('tls').createServer({ ...options, ...secrets }, listener);
  const { createCredentials, createServer } = require(moduleName);
  const credentials = createCredentials(secrets);
  return createServer(options, (stream) => listener(stream.setSecure(credentials)));
}

// Without Nagle's algorithm, as a server of small messages is set up. With it, the second small write of node:net waits
// up to 40 ms for the client's acknowledgement, and the rate would tell nothing else.
const server = create({ noDelay: true }, listeners[work]);
server.listen(path ?? { port: 0, host: '127.0.0.1' }, () => {
  console.log(path ?? server.address().port);
});
