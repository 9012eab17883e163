'use strict';

// undici: the package has Node's net from `net`, as any other.

const { once } = require('events');
const http = require('http');
const { Agent, Pool, fetch, request } = require('undici');
const { BINARY, TEXT, collect, digest, listen, report } = require('./common');

report(async () => {
  const httpServer = http.createServer(async (incoming, response) => {
    const body = await collect(incoming);
    if (incoming.url === '/reset') incoming.socket.resetAndDestroy();
    else response.end(incoming.method === 'POST' ? body : TEXT);
  });
  const server = await listen(httpServer);
  const { port } = server.address();
  const origin = `http://127.0.0.1:${port}`;
  const agent = new Agent({ connections: 10 });
  const text = await (await fetch(origin, { dispatcher: agent })).text();
  const posted = await request(origin, { method: 'POST', body: BINARY, dispatcher: agent });
  const binary = digest(Buffer.from(await posted.body.arrayBuffer())) === digest(BINARY);
  const pool = new Pool(origin, { connections: 5, pipelining: 4 });
  const many = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const { body } = await pool.request({ path: '/', method: 'POST', body: `${TEXT} ${i}` });
      return (await body.text()) === `${TEXT} ${i}`;
    }),
  );
  const reset = await pool.request({ path: '/reset', method: 'GET' }).catch((error) => error.code);
  const after = await pool.request({ path: '/', method: 'GET' });
  const recovered = (await after.body.text()) === TEXT;
  const controller = new AbortController();
  const aborted = request(`${origin}/`, { signal: controller.signal, dispatcher: agent }).catch((error) => error.name);
  controller.abort();
  const abortedWith = await aborted;
  await pool.close();
  await agent.close();
  server.close();
  await once(server, 'close');
  const closed = new Agent();
  const refused = await request(origin, { dispatcher: closed }).catch((error) => error.code);
  await closed.close();
  return { text, binary, manyAtOnce: many.every(Boolean), reset, recovered, aborted: abortedWith, refused };
});
