'use strict';

// A primary of sticky-session passes each connection, before anything is read, to the worker that its address stands
// for, which has an HTTP server.

const cluster = require('cluster');
const http = require('http');
const sticky = require(process.env.STICKY);
const { check, print } = require('./common');

const server = check(http.createServer((request, response) => {
  let length = 0;
  request.on('data', (chunk) => (length += chunk.length));
  request.on('end', () => response.end(`${length} ${check(request.socket).remoteAddress} ${process.pid}`));
}));

/** The package does not report the port that it listens on in the primary, so a wrapper of `listen` does. */
function findPort() {
  return new Promise((resolve) => {
    const { listen } = require('net').Server.prototype;
    require('net').Server.prototype.listen = function (...args) {
      this.once('listening', () => resolve(this.address().port));
      return Reflect.apply(listen, this, args);
    };
  });
}

function post(port, agent, size) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text.split(' ')));
    });
    request.on('error', reject);
    request.end(Buffer.alloc(size));
  });
}

async function lead() {
  const found = findPort();
  sticky.listen(server, 0, { workers: 2, env: process.env });
  const port = await found;
  const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  for (const agent of [false, false, keepAlive, keepAlive]) answers.push(await post(port, agent, 300_000));
  const workers = new Set(answers.map(([, , pid]) => pid));
  print({ answers: answers.map(([length, address]) => [length, address]), workers: workers.size });
  keepAlive.destroy();
  for (const worker of Object.values(cluster.workers)) {
    worker.removeAllListeners('exit');
    worker.process.kill();
  }
  process.exitCode = 0;
  setImmediate(() => process.exit());
}

if (cluster.isPrimary) lead();
else sticky.listen(server, 0);
