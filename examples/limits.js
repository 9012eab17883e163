'use strict';

// A server of http with limits: floods, slow clients and silent ones do not keep it from serving the others.
//
//   node examples/limits.js 8080
//   curl http://127.0.0.1:8080/

const http = require('../http'); // require('rust-net/http') in a project of your own

const server = http.createServer(
  {
    maxConnectionsPerAddress: 20,
    idleTimeout: 2000, // of a connection that is kept for the next request, too
    maxLifetime: 60 * 60 * 1000,
    minRate: 500, // bytes a second
    minRateSpan: 1000,
  },
  (request, response) => response.end(`${request.url}\n`),
);

server.on('drop', ({ reason, remoteAddress = 'several addresses', count }) => {
  console.log(`limits: ${count} from ${remoteAddress}: ${reason}`);
});

// A request that is cut off is an error of its client.
server.on('clientError', (error, socket) => socket.destroy());

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`limits: listening on ${address}:${port}`);
});
