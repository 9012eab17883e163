'use strict';

// express behind a server of net, and Node's http client over connections of net.

const { once } = require('events');
const http = require('http');
const net = require('net');
const { BINARY, HOST, TEXT, another, collect, digest, listen, report } = require('./common');
const application = require('./express-application');

const serve = (port) => listen(http.createServer(application()), port);

report(async () => {
  const server = await serve(0);
  let { port } = server.address();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  agent.createConnection = net.createConnection;

  async function request(path, body) {
    const options = { host: HOST, port, path, agent, method: body ? 'POST' : 'GET' };
    if (body) options.headers = { 'content-type': 'application/octet-stream' };
    const outgoing = http.request(options).end(body);
    const [response] = await once(outgoing, 'response');
    return { status: response.statusCode, reused: outgoing.reusedSocket, body: await collect(response) };
  }

  const hello = await request(`/hello/${encodeURIComponent(TEXT)}`);
  const posted = await request('/digest', BINARY);
  const got = await request('/binary');
  const chunks = await request('/chunks');
  const missing = await request('/nowhere');
  const many = await Promise.all(Array.from({ length: 100 }, (_, i) => request(`/hello/${i}`)));
  const gone = await request('/gone').catch((error) => error.code);
  server.close();
  const closed = once(server, 'close');

  // The server is killed, and comes again in the same place; the agent stays.
  const doomed = await another();
  port = doomed.port;
  await request('/hello/you');
  const waiting = request('/never').catch((error) => error.code);
  await doomed.busy();
  await doomed.kill();
  const killed = await waiting;
  const refused = await request('/hello/nobody').catch((error) => error.code);
  const again = await another(port);
  const reconnected = await request('/hello/again');
  agent.destroy();
  await again.kill();
  await closed;
  return {
    hello: JSON.parse(hello.body),
    posted: posted.body.toString() === digest(BINARY),
    got: digest(got.body) === digest(BINARY),
    chunks: chunks.body.toString() === `${TEXT}\n`.repeat(100),
    missing: missing.status,
    reused: missing.reused,
    manyAtOnce: many.every(({ body }, i) => JSON.parse(body).hello === String(i)),
    gone,
    killed,
    refused,
    reconnected: JSON.parse(reconnected.body).hello,
  };
}, serve);
