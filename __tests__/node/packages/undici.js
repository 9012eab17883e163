'use strict';

// undici: the package has Node's net from `net`, as any other.

const { once } = require('events');
const http = require('http');
const { Agent, Pool, fetch, request } = require('undici');
const { BINARY, HOST, TEXT, another, collect, digest, listen, report, sayBusy } = require('./common');

const serve = (port) => {
  const httpServer = http.createServer(async (incoming, response) => {
    const body = await collect(incoming);
    if (incoming.url === '/reset') incoming.socket.resetAndDestroy();
    else if (incoming.url === '/never') sayBusy();
    else response.end(incoming.method === 'POST' ? body : TEXT);
  });
  return listen(httpServer, port);
};

report(async () => {
  const server = await serve(0);
  const { port } = server.address();
  const origin = `http://${HOST}:${port}`;
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

  // The server is killed, and comes again in the same place; the pool stays.
  const doomed = await another();
  const lasting = new Pool(`http://${HOST}:${doomed.port}`, { connections: 1 });
  const get = async (path) => (await lasting.request({ path, method: 'GET' })).body.text();
  await get('/');
  const waiting = get('/never').catch((error) => error.code);
  await doomed.busy();
  await doomed.kill();
  const killed = await waiting;
  const nobody = await get('/').catch((error) => error.code);
  const again = await another(doomed.port);
  const reconnected = (await get('/')) === TEXT;
  await lasting.close();
  await again.kill();
  return {
    text,
    binary,
    manyAtOnce: many.every(Boolean),
    reset,
    recovered,
    aborted: abortedWith,
    refused,
    killed,
    nobody,
    reconnected,
  };
}, serve);
