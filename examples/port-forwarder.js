'use strict';

// A port forwarder: what comes in at one port goes on to another, and back, each direction until it ends.
//
//   node examples/port-forwarder.js [port] [to port] [to host]        (from 8125 to 8124 of localhost unless given)

const net = require('..'); // require('rust-net') in a project of your own

const [port = 8125, toPort = 8124, toHost = 'localhost'] = process.argv.slice(2);

// With allowHalfOpen, an end is passed on like everything else, and the other direction stays as it is.
const server = net.createServer({ allowHalfOpen: true }, (inbound) => {
  const outbound = net.connect({ port: toPort, host: toHost, allowHalfOpen: true });
  // pipe() reads no faster than the other side takes it, also as long as that is not connected yet.
  inbound.pipe(outbound).pipe(inbound);
  tie(inbound, outbound, 'inbound');
  tie(outbound, inbound, 'outbound');
});

/** Has `other` break when `stream` does. */
function tie(stream, other, name) {
  stream.on('error', (error) => console.error(`port-forwarder: ${name}: ${error.message}`));
  stream.on('close', (hadError) => {
    if (hadError) other.destroy();
  });
}

server.on('error', (error) => {
  console.error(`port-forwarder: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, 'localhost', () => {
  console.log(`port-forwarder: to ${toHost}:${toPort} from localhost:${server.address().port}`);
});

// Streams that are open live on until they end. The second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
