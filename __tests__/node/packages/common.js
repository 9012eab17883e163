'use strict';

// What the scripts here share. Each uses a package and prints, as JSON, what came of it; it has to end by itself.

const { createHash } = require('crypto');
const { once } = require('events');
const net = require('net');
const ours = require('../../../node');

/** Text of every length of UTF-8. */
const TEXT = 'naïve Łódź 日本語 🦀';

/** 12 MB that do not repeat. */
const BINARY = Buffer.alloc(12 << 20);
for (let i = 0; i < BINARY.length; i += 4) BINARY.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);

function digest(data) {
  return createHash('sha1').update(data).digest('hex');
}

/** Has a server of `http` or `tls`, which have Node's net inside, take its connections from a server of `net`. */
async function listen(httpServer, port = 0) {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (stream) => httpServer.emit('connection', stream));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** All that `stream` receives, as one Buffer. Leaves it open, unlike `for await`. */
async function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** Prints what `main` gives. */
function report(main) {
  main().then((outcome) => process.stdout.write(JSON.stringify({ isOurs: net === ours, ...outcome })));
}

module.exports = { BINARY, TEXT, collect, digest, listen, report };
