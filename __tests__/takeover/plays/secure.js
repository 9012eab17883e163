'use strict';

// Node's https, in both roles.

const { AsyncLocalStorage } = require('async_hooks');
const { readFileSync } = require('fs');
const https = require('https');
const net = require('net');
const tls = require('tls');
const { HOST, once } = require('./tools');

const cert = readFileSync(process.env.CERT);
const key = readFileSync(process.env.KEY);

const hello = (request, response) => response.end(`hello ${request.url}`);

/** A server of https that listens: `[server, port]`. */
async function serve(tools, handler, options) {
  const server = https.createServer({ key, cert, ...options }, handler);
  return [server, await tools.listen(server)];
}

module.exports = {
  'https: a request': async (tools) => {
    const [, port] = await serve(tools, hello);
    return tools.ask({ port, ca: cert, servername: 'localhost' }, undefined, https);
  },

  'https: what the sockets are': async (tools) => {
    const [server, port] = await serve(tools, (request, response) => {
      const { socket } = request;
      response.end(JSON.stringify([socket.encrypted, socket.remoteAddress, socket instanceof tls.TLSSocket]));
    });
    const request = https.get({ port, host: HOST, ca: cert, servername: 'localhost', agent: false });
    const [response] = await once(request, 'response');
    const { socket } = response;
    const client = [socket.authorized, socket.encrypted, socket.remoteAddress, socket instanceof net.Socket];
    const { body } = await tools.readAll(response);
    return { client, server: JSON.parse(body), isServer: [server instanceof net.Server, server instanceof tls.Server] };
  },

  'https: a certificate that is not trusted': async (tools) => {
    const [, port] = await serve(tools, hello);
    return tools.ask({ port, servername: 'localhost' }, undefined, https);
  },

  'https: a name that does not match': async (tools) => {
    const [, port] = await serve(tools, hello);
    return tools.ask({ port, ca: cert, servername: 'other.name' }, undefined, https);
  },

  'https: an agent that keeps connections': async (tools) => {
    const [server, port] = await serve(tools, hello);
    let connections = 0;
    server.on('secureConnection', () => connections++);
    const agent = new https.Agent({ keepAlive: true, ca: cert, servername: 'localhost' });
    tools.atEnd(() => agent.destroy());
    const bodies = [];
    for (const path of ['/1', '/2']) bodies.push((await tools.ask({ port, agent, path }, undefined, https)).body);
    return { bodies, connections };
  },

  'https: a large body, both ways': async (tools) => {
    const [, port] = await serve(tools, (request, response) => request.pipe(response));
    const sent = 'x'.repeat(3_000_000);
    const options = { port, ca: cert, servername: 'localhost', method: 'POST' };
    return (await tools.ask(options, sent, https)).body === sent;
  },

  'https: a client in the clear': async (tools) => {
    const [server, port] = await serve(tools, hello);
    const failed = once(server, 'tlsClientError');
    await tools.raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [{ code }] = await failed;
    return code;
  },

  'https: upgrade': async (tools) => {
    const [server, port] = await serve(tools, hello);
    server.on('upgrade', (request, socket, head) => {
      socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    const headers = { connection: 'upgrade', upgrade: 'x' };
    const request = https.get({ port, host: HOST, ca: cert, servername: 'localhost', headers, agent: false });
    const [, socket] = await once(request, 'upgrade');
    socket.end('there and back');
    let received = '';
    for await (const data of socket) received += data;
    return received;
  },

  'https: through a CONNECT proxy': async (tools) => {
    const [, port] = await serve(tools, hello);
    const [proxy, proxyPort] = await tools.serve(() => {});
    proxy.on('connect', (request, socket) => {
      const target = net.connect(port, HOST, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    const request = require('http').request({ port: proxyPort, host: HOST, method: 'CONNECT', path: 'a:1' });
    const connected = once(request, 'connect');
    request.end();
    const [, socket] = await connected;
    return tools.ask({ socket, ca: cert, servername: 'localhost', path: '/tunnel' }, undefined, https);
  },

  'https: fetch of a certificate that is not trusted': async (tools) => {
    const [, port] = await serve(tools, hello);
    const error = await fetch(`https://localhost:${port}/`).catch((failure) => failure);
    return error.cause.code;
  },

  'a listener of the secure connection that throws': async (tools) => {
    const seen = [];
    const note = ({ message }) => seen.push(message);
    process.on('uncaughtException', note);
    tools.atEnd(() => process.off('uncaughtException', note));
    const accepted = [];
    const server = tls.createServer({ key, cert }, (socket) => {
      accepted.push(socket);
      socket.on('data', (data) => socket.end(`echo ${data}`));
      throw new Error('thrown by the server');
    });
    const port = await tools.listen(server);
    for (let i = 0; i < 3; i++) {
      const client = tls.connect({ port, host: HOST, ca: cert, servername: 'localhost' });
      client.on('secureConnect', () => {
        client.write('hello');
        if (i === 2) throw new Error('thrown by the client');
      });
      const [data] = await once(client, 'data');
      seen.push(String(data));
      client.on('error', () => {});
      const closed = new Promise((resolve) => client.on('close', resolve));
      client.destroy();
      await closed;
    }
    await new Promise((resolve) => server.close(resolve));
    return { seen: seen.sort(), accepted: accepted.map(({ destroyed }) => destroyed) };
  },

  'AsyncLocalStorage: what the sockets of TLS are made in': async (tools) => {
    const storage = new AsyncLocalStorage();
    const seen = {};
    const note = (name) => (seen[name] ??= storage.getStore());
    const server = storage.run('server', () => {
      const made = https.createServer({ key, cert }, (request, response) => {
        note('request');
        response.end('answer');
      });
      return made.on('secureConnection', () => note('secureConnection'));
    });
    const port = await storage.run('listen', () => tools.listen(server));
    const pooled = storage.run('pool', () => net.connect(port, HOST));
    await once(pooled, 'connect');
    const over = (socket, name) => storage.run(name, () => {
      const client = tls.connect({ socket, ca: cert, servername: 'localhost' });
      client.on('secureConnect', () => {
        note(`${name}: secureConnect`);
        client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', () => note(`${name}: written`));
      });
      client.on('data', () => note(`${name}: data`)).on('end', () => note(`${name}: end`));
      return once(client, 'close');
    });
    await over(pooled, 'request over a connection');
    await over(storage.run('pool', () => net.connect(port, HOST)), 'request over one that connects');
    return seen;
  },
};
