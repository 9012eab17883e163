'use strict';

// A server of http that is ended by SIGTERM without losing an answer: what has been asked is answered, then the process
// exits.
//
//   node examples/graceful.js 8080
//   curl http://127.0.0.1:8080/ & kill %1

const http = require('../http'); // require('rust-net/http') in a project of your own

/** How long an answer takes here, in milliseconds: that of a database, say. */
const WORK = 20;

/** Below the time after which the process is killed: 10 seconds with Docker, 30 with Kubernetes, 1.6 with pm2. */
const GRACE = 5000;

const server = http.createServer((request, response) => {
  setTimeout(() => response.end(`${request.url}\n`), WORK);
});

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`graceful: listening on ${address}:${port}`);
});

process.once('SIGTERM', async () => {
  const { ended, destroyed, ms } = await server.shutdown({ grace: GRACE });
  console.log(`graceful: ${ended} connections have ended, ${destroyed} were destroyed after ${ms} ms`);
});
