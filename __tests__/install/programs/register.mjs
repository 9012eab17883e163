// An application over Node's own modules, under the flag: an HTTP server, and `fetch`. To be started with
// `--import rust-net/register`.

import assert from 'node:assert';
import { createRequire } from 'node:module';
import http from 'node:http';
import net from 'node:net';

const require = createRequire(import.meta.url);
assert.equal(net.Socket, require('rust-net/node').Socket);

const server = http.createServer((request, response) => {
  assert(request.socket instanceof net.Socket);
  response.end(`${request.method} ${request.url}`);
});
server.listen(0, '127.0.0.1', async () => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/path`, { headers: { connection: 'close' } });
  assert.equal(await response.text(), 'GET /path');
  server.close(() => console.log('ok'));
});
