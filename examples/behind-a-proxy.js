'use strict';

// An HTTP server behind a load balancer that speaks the PROXY protocol: it sees its clients' addresses.
//
//   node examples/behind-a-proxy.js [port] [addresses of the balancer]        (default: 8081 127.0.0.0/8)

const http = require('../http'); // require('rust-net/http') in a project of your own

const [port = 8081, ...from] = process.argv.slice(2);

// Only the balancer may say who a client is. All others are refused.
const proxyProtocol = { from: from.length > 0 ? from : ['127.0.0.0/8'] };

const server = http.createServer({ proxyProtocol }, ({ socket }, response) => {
  const { remoteAddress, remotePort, proxy } = socket;
  // A health check of the balancer's own, which is no client's.
  if (proxy.command === 'LOCAL') response.end('alive\n');
  else response.end(`you are ${remoteAddress}:${remotePort}, and have come by ${proxy.peer.address}\n`);
});

server.on('drop', ({ remoteAddress, reason }) => console.error(`behind-a-proxy: ${remoteAddress}: ${reason}`));
server.on('error', (error) => {
  console.error(`behind-a-proxy: ${error.message}`);
  process.exitCode = 1;
});
server.listen(port, '127.0.0.1', () => {
  console.log(`behind-a-proxy: http://127.0.0.1:${server.address().port}`);
});

// What has been asked is answered, and then the process ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.shutdown());
