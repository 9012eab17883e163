'use strict';

// A worker runs out of descriptors: a connection that the primary passes on waits until there is one again.

const cluster = require('cluster');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const { ask, check, print } = require('./common');

function work() {
  const files = [];
  const server = check(net.createServer((socket) => socket.end('served')));
  server.on('acceptError', ({ code, syscall }) => {
    for (const file of files.splice(0, 5)) fs.closeSync(file);
    process.send([code, syscall]);
  });
  server.listen(0, '127.0.0.1', () => {
    try {
      for (;;) files.push(fs.openSync('/dev/null'));
    } catch {
      // One for the connection as it comes, and none for the copy of it that becomes ours.
      fs.closeSync(files.pop());
    }
    process.send(server.address().port);
  });
}

async function lead() {
  const worker = cluster.fork();
  const [port] = await once(worker, 'message');
  const reported = once(worker, 'message');
  const answer = await ask({ port, host: '127.0.0.1' });
  print([(await reported)[0], answer]);
  worker.disconnect();
}

if (cluster.isPrimary) lead();
else work();
