'use strict';

// rust-net/http and rust-net/https: Node's modules on ours, without rust-net/register.

const { once } = require('events');
const nodesHttp = require('http');
const http = require('../../http');
const https = require('../../https');
const net = require('../../node');
const tls = require('../../tls');
const { atEnd } = require('../helpers');
const pki = require('../tls/pki');

const identity = pki.identity('selfSigned');

/** `server` listens. Returns its port. */
async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    if (server.listening) server.close();
    server.closeAllConnections();
  });
  return server.address().port;
}

async function text(response) {
  let all = '';
  for await (const data of response.setEncoding('utf8')) all += data;
  return all;
}

/** Each module with the options of its servers and clients, and the class of its sockets. */
const MODULES = [
  ['http', http, {}, {}, net.Socket],
  ['https', https, identity, { ca: identity.cert, servername: 'localhost' }, tls.TLSSocket],
];

describe.each(MODULES)('rust-net/%s', (_, module, ofServer, ofClient, Socket) => {
  const place = (port) => ({ port, host: '127.0.0.1', ...ofClient });

  test('both ends are sockets of ours', async () => {
    const accepted = [];
    const server = module.createServer(ofServer, (request, response) => {
      accepted.push([request.socket.constructor, request.socket.remoteAddress]);
      response.end(request.url);
    });
    const port = await listening(server);
    for (const agent of [false, new module.Agent({ keepAlive: true })]) {
      const [response] = await once(module.get({ ...place(port), path: '/a', agent }), 'response');
      expect(response.socket.constructor).toBe(Socket);
      expect(await text(response)).toBe('/a');
      if (agent) agent.destroy();
    }
    expect(accepted).toEqual([[Socket, '127.0.0.1'], [Socket, '127.0.0.1']]);
  });

  test('the server listens and closes as Node has it', async () => {
    const server = module.createServer(ofServer);
    expect(server).toBeInstanceOf(nodesHttp.Server);
    expect([server.listening, server.address()]).toEqual([false, null]);
    expect(server.unref().ref()).toBe(server);
    await listening(server);
    expect([server.listening, server.address().family]).toEqual([true, 'IPv4']);
    expect(await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(0);
    let closed = 0;
    server.on('close', () => closed++);
    await new Promise((resolve) => server.close(resolve));
    expect([closed, server.listening]).toEqual([1, false]);
    const error = await new Promise((resolve) => server.close(resolve));
    expect(error.code).toBe('ERR_SERVER_NOT_RUNNING');
  });

  test('the signal of listen() closes the server, and connections that have nothing to do, as close() does', async () => {
    const agent = new module.Agent({ keepAlive: true });
    atEnd(() => agent.destroy());
    const server = module.createServer(ofServer, (request, response) => response.end('x'));
    // By itself, it keeps them.
    server.keepAliveTimeout = 0;
    const controller = new AbortController();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    await once(server, 'listening');
    const [response] = await once(module.get({ ...place(server.address().port), agent }), 'response');
    const left = once(response.socket, 'close');
    expect(await text(response)).toBe('x');
    const closed = once(server, 'close');
    controller.abort();
    await Promise.all([closed, left]);
    expect(server.listening).toBe(false);
  });

  test('maxConnections, and an error of listen()', async () => {
    const server = module.createServer(ofServer);
    const port = await listening(server);
    server.maxConnections = 1;
    const held = net.connect(port, '127.0.0.1');
    await once(held, 'connect');
    const dropped = once(server, 'drop');
    const refused = net.connect(port, '127.0.0.1').on('error', () => {});
    await dropped;
    held.destroy();
    refused.destroy();
    const second = module.createServer(ofServer).listen(port, '127.0.0.1');
    const [{ code }] = await once(second, 'error');
    expect(code).toBe('EADDRINUSE');
  });

  test('upgrade', async () => {
    const server = module.createServer(ofServer);
    server.on('upgrade', (request, socket) => {
      socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nup');
    });
    const port = await listening(server);
    const headers = { connection: 'upgrade', upgrade: 'x' };
    const [, socket, head] = await once(module.get({ ...place(port), headers, agent: false }), 'upgrade');
    expect(head.toString() + (await text(socket))).toBe('up');
  });
});

test('rust-net/https does not trust a stranger, and its server hears of it', async () => {
  const server = https.createServer(identity);
  const port = await listening(server);
  const failed = once(server, 'clientError');
  const [{ code }] = await once(https.get({ port, host: '127.0.0.1', servername: 'localhost', agent: false }), 'error');
  expect(code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  await failed;
});
