'use strict';

// fastify behind a server of net, by its option `serverFactory`; http-proxy in front of it, with WebSockets through it.

const { once } = require('events');
const { fastify } = require('fastify');
const http = require('http');
const httpProxy = require('http-proxy');
const net = require('net');
const { WebSocket, WebSocketServer } = require('ws');
const { BINARY, HOST, TEXT, another, collect, digest, listen, report, sayBusy } = require('./common');

async function backend(port) {
  let httpServer;
  const app = fastify({
    bodyLimit: 20 << 20,
    serverFactory: (handler) => (httpServer = http.createServer(handler)),
  });
  app.get('/hello/:name', async (request) => ({ hello: request.params.name, ip: request.ip }));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, async (_, body) => body);
  app.post('/digest', async (request) => digest(request.body));
  app.get('/binary', async () => BINARY);
  app.get('/never', sayBusy);
  await app.ready();
  const sockets = new WebSocketServer({ server: httpServer });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return listen(httpServer, port);
}

report(async () => {
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = net.createConnection;
  const behind = await backend(0);
  const { port: behindPort } = behind.address();
  const target = `http://${HOST}:${behindPort}`;
  const proxy = httpProxy.createProxyServer({ target, agent });
  proxy.on('error', (error, request, response) => response.writeHead(502).end(error.code));
  const front = http.createServer((incoming, response) => proxy.web(incoming, response));
  front.on('upgrade', (incoming, socket, head) => proxy.ws(incoming, socket, head, { target, agent: false }));
  const server = await listen(front);
  const { port } = server.address();

  async function request(path, body) {
    const options = { host: HOST, port, path, agent, method: body ? 'POST' : 'GET' };
    if (body) options.headers = { 'content-type': 'application/octet-stream', 'content-length': body.length };
    const [response] = await once(http.request(options).end(body), 'response');
    return collect(response);
  }

  const hello = JSON.parse(await request(`/hello/${encodeURIComponent(TEXT)}`));
  const posted = (await request('/digest', BINARY)).toString() === digest(BINARY);
  const got = digest(await request('/binary')) === digest(BINARY);
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => request(`/hello/${i}`)));
  const client = new WebSocket(`ws://${HOST}:${port}/`);
  await once(client, 'open');
  client.send(BINARY);
  const [echo] = await once(client, 'message');
  client.close();
  await once(client, 'close');
  behind.close();
  agent.destroy();
  await once(behind, 'close');
  const failed = (await request('/hello/nobody')).toString();

  // What is behind the proxy is killed, and comes again in the same place; the agent stays.
  const doomed = await another(behindPort);
  await request('/hello/you');
  const waiting = request('/never');
  await doomed.busy();
  await doomed.kill();
  const killed = (await waiting).toString();
  const refused = (await request('/hello/nobody')).toString();
  const again = await another(behindPort);
  const reconnected = JSON.parse(await request('/hello/again')).hello;
  await again.kill();
  agent.destroy();
  server.close();
  await once(server, 'close');
  return {
    hello,
    posted,
    got,
    manyAtOnce: many.every((body, i) => JSON.parse(body).hello === String(i)),
    webSocket: digest(echo) === digest(BINARY),
    failed,
    killed,
    refused,
    reconnected,
  };
}, backend);
