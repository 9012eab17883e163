'use strict';

// Sends two million bytes over a link that loses packets, and prints what the kernel says of it: by `stream.stats`, and
// by `ss`. The program of tcp.test.js.

const { execFileSync } = require('child_process');
const net = require('../..');

const LENGTH = 2_000_000;

/** `[segments, bytes]` that were sent again, by `ss`. */
function witnessed(port) {
  const text = execFileSync('ss', ['-tinH', 'sport', '=', `:${port}`], { encoding: 'utf8' });
  const [, segments = 0] = / retrans:\d+\/(\d+)/.exec(text) ?? [];
  const [, bytes = 0] = / bytes_retrans:(\d+)/.exec(text) ?? [];
  return [Number(segments), Number(bytes)];
}

const server = net.createServer((stream) => {
  let received = 0;
  stream.on('data', (data) => {
    received += data.length;
    if (received === LENGTH) stream.write('!');
  });
});
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1', () => {
    const clean = client.stats.tcp.retransmits;
    client.setNoDelay();
    client.write(Buffer.alloc(LENGTH));
    client.once('data', () => {
      const { tcp } = client.stats;
      const { bytesRead: received } = server.stats;
      console.log(JSON.stringify({ received, clean, tcp, theirs: witnessed(client.localPort) }));
      client.destroy();
      server.close();
    });
  });
});
