'use strict';

// Proxies on the way to a server: http-proxy and http-proxy-middleware in front of it, in the clear and over TLS, and
// https-proxy-agent through one with CONNECT, which is itself in the clear or over TLS.

const { once } = require('events');
const express = require('express');
const http = require('http');
const https = require('https');
const httpProxy = require('http-proxy');
const { createProxyMiddleware } = require('http-proxy-middleware');
const net = require('net');
const { WebSocket, WebSocketServer } = require('ws');
const { BINARY, HOST, TEXT, atOnce, closed, codeOf, collect, digest, identities, listening, report } = require('./common');

const create = (credentials, handler) => {
  return credentials ? https.createServer(credentials, handler) : http.createServer(handler);
};

/** The server behind the proxies. */
async function backend(credentials) {
  const server = create(credentials, async (request, response) => {
    if (request.url === '/gone') request.socket.destroy();
    else if (request.url === '/binary') response.end(BINARY);
    else if (request.method === 'POST') response.end(digest(await collect(request)));
    else response.end(JSON.stringify({ path: request.url, forwarded: request.headers['x-forwarded-for'] }));
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  return listening(server);
}

/** A request to `port` of HOST, or through `agent`. */
async function ask(isSecure, port, path, { body, ...options } = {}) {
  const { request } = isSecure ? https : http;
  const method = body ? 'POST' : 'GET';
  const outgoing = request({ host: HOST, port, path, method, servername: 'localhost', ...options }).end(body);
  const [response] = await once(outgoing, 'response');
  return (await collect(response)).toString('latin1');
}

/** Agents of a proxy: of it itself for requests, and for WebSockets, whose connections are not kept. */
function agents(isSecure) {
  const { Agent } = isSecure ? https : http;
  return { kept: new Agent({ keepAlive: true, servername: 'localhost' }), once: new Agent({ servername: 'localhost' }) };
}

/** Where a proxy finds `server`. */
function targetOf(server, isSecure) {
  return { host: HOST, port: server.address().port, protocol: isSecure ? 'https:' : 'http:' };
}

const latin1 = (data) => digest(Buffer.from(data, 'latin1'));

/** What goes through what listens on `port`. */
async function through(isSecure, port) {
  const agent = new (isSecure ? https : http).Agent({ keepAlive: true, maxSockets: 8 });
  const options = { agent };
  const first = JSON.parse(await ask(isSecure, port, '/first', options));
  const posted = (await ask(isSecure, port, '/', { ...options, body: BINARY })) === digest(BINARY);
  const got = latin1(await ask(isSecure, port, '/binary', options)) === digest(BINARY);
  const many = await atOnce(50, async (i) => JSON.parse(await ask(isSecure, port, `/${i}`, options)).path === `/${i}`);
  const gone = await ask(isSecure, port, '/gone', options).catch(codeOf);
  const socket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://${HOST}:${port}/`, { servername: 'localhost' });
  await once(socket, 'open');
  socket.send(BINARY);
  const [echo] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  agent.destroy();
  return { first, posted, got, manyAtOnce: many.every(Boolean), gone, webSocket: digest(echo) === digest(BINARY) };
}

async function viaHttpProxy(credentials) {
  const isSecure = credentials !== undefined;
  const behind = await backend(credentials);
  const target = targetOf(behind, isSecure);
  const { kept: agent, once: single } = agents(isSecure);
  const proxy = httpProxy.createProxyServer({ target, agent, xfwd: true });
  proxy.on('error', (error, request, response) => response.writeHead(502).end(error.code));
  const front = create(credentials, (request, response) => proxy.web(request, response));
  const tunnel = httpProxy.createProxyServer({ target, agent: single });
  front.on('upgrade', (request, socket, head) => tunnel.ws(request, socket, head));
  await listening(front);
  const { port } = front.address();
  const outcome = await through(isSecure, port);
  agent.destroy();
  await closed(behind);
  const refused = await ask(isSecure, port, '/nobody', { agent: false });
  await closed(front);
  return { ...outcome, refused };
}

async function viaMiddleware(credentials) {
  const isSecure = credentials !== undefined;
  const behind = await backend(credentials);
  const target = targetOf(behind, isSecure);
  const { kept: agent, once: single } = agents(isSecure);
  const proxy = createProxyMiddleware({ target, agent, xfwd: true, logger: undefined, ws: false });
  const tunnel = createProxyMiddleware({ target, agent: single, ws: true });
  const front = create(credentials, express().use(proxy));
  front.on('upgrade', tunnel.upgrade);
  await listening(front);
  const { port } = front.address();
  const outcome = await through(isSecure, port);
  agent.destroy();
  await closed(behind);
  const refused = await ask(isSecure, port, '/nobody', { agent: false });
  await closed(front);
  // In its words, there is the port.
  const words = (text) => text.replace(/:.*/, '');
  return { ...outcome, gone: words(outcome.gone), refused: words(refused) };
}

/** A proxy that only does CONNECT; it listens. */
function connector(credentials) {
  const server = create(credentials, (request, response) => response.writeHead(405).end());
  server.on('connect', (request, socket, head) => {
    const [host, port] = request.url.split(':');
    const onward = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => {});
    onward.on('close', () => socket.destroy());
    socket.on('error', () => {}).on('close', () => onward.destroy());
  });
  return listening(server);
}

async function viaAgent(credentials) {
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const behind = await backend(identities.server);
  const proxy = await connector(credentials);
  const url = `${credentials ? 'https' : 'http'}://${HOST}:${proxy.address().port}`;
  const agent = new HttpsProxyAgent(url, { servername: 'localhost', keepAlive: true });
  const options = { agent };
  const { port } = behind.address();
  const first = JSON.parse(await ask(true, port, '/first', options));
  const posted = (await ask(true, port, '/', { ...options, body: BINARY })) === digest(BINARY);
  const got = latin1(await ask(true, port, '/binary', options)) === digest(BINARY);
  const many = await atOnce(50, async (i) => JSON.parse(await ask(true, port, `/${i}`, options)).path === `/${i}`);
  const distrusted = await ask(true, port, '/', { ...options, ca: identities.untrusted.cert }).catch(codeOf);
  const single = new HttpsProxyAgent(url, { servername: 'localhost' });
  const socket = new WebSocket(`wss://${HOST}:${port}/`, { servername: 'localhost', agent: single });
  await once(socket, 'open');
  socket.send(TEXT);
  const [echo] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  agent.destroy();
  await closed(behind);
  await closed(proxy);
  const refused = await ask(true, port, '/', options).catch(codeOf);
  return {
    path: first.path,
    posted,
    got,
    manyAtOnce: many.every(Boolean),
    distrusted,
    webSocket: echo.toString() === TEXT,
    refused,
  };
}

report(async () => ({
  plain: { httpProxy: await viaHttpProxy(), middleware: await viaMiddleware(), agent: await viaAgent() },
  secure: {
    httpProxy: await viaHttpProxy(identities.server),
    middleware: await viaMiddleware(identities.server),
    agent: await viaAgent(identities.server),
  },
}));
