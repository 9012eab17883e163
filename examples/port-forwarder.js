'use strict';

// A port forwarder: relays connections from one port to another, in both directions, each until it ends.
//
//   node examples/port-forwarder.js [port] [to port] [to host]        (default: from 8125 to 8124 on localhost)

const net = require('..'); // require('rust-net') in a project of your own

const [port = 8125, toPort = 8124, toHost = 'localhost'] = process.argv.slice(2);

// With allowHalfOpen, an end is relayed like everything else, and the other direction stays open.
const server = net.createServer({ allowHalfOpen: true }, (inbound) => {
  const outbound = net.connect({ port: toPort, host: toHost, allowHalfOpen: true });
  // pipe() reads no faster than the other side takes the data, even while that is still connecting.
  inbound.pipe(outbound).pipe(inbound);
  tie(inbound, outbound, 'inbound');
  tie(outbound, inbound, 'outbound');
});

/** Destroys `other` when `stream` fails. */
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

// Open streams go on until they end. A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
