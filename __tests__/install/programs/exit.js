'use strict';

// The end of a process: `process.exit()` in the middle of handshakes and transfers, and with all that was written sent.
// Without it, a process ends when all is closed, which every program here shows.

const assert = require('assert');
const fs = require('fs');
const net = require('rust-net');

const key = fs.readFileSync(process.env.SMOKE_KEY);
const cert = fs.readFileSync(process.env.SMOKE_CERT);

const server = net.createServer((stream) => {
  stream.setSecure({ key, cert });
  stream.on('error', () => {});
  stream.on('secure', () => {
    stream.write(Buffer.alloc(1 << 20));
    assert.equal(process.exitCode, undefined);
    console.log('ok');
    process.exit(0);
  });
});

server.listen(0, '127.0.0.1', () => {
  for (let i = 0; i < 10; i++) {
    const client = net.createConnection(server.address().port, '127.0.0.1');
    client.on('connect', () => client.setSecure({ ca: cert }));
    client.on('error', () => {});
  }
});
