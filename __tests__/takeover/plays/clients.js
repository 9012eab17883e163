'use strict';

// Clients of Node's http, its agents, and fetch.

const http = require('http');
const net = require('net');
const { HOST, once } = require('./tools');

const hello = (request, response) => response.end(`hello ${request.url}`);

module.exports = {
  'events of a request and its socket': async (tools) => {
    const [, port] = await tools.serve(hello);
    const request = http.request({ port, host: HOST, agent: false });
    const seen = tools.trace(request, 'socket', 'finish', 'response', 'close');
    request.on('socket', (socket) => {
      for (const name of ['lookup', 'connect', 'ready', 'close']) socket.on(name, () => seen.push(`socket ${name}`));
    });
    request.end();
    const [response] = await once(request, 'response');
    await tools.readAll(response);
    await new Promise((resolve) => request.socket.on('close', resolve));
    return seen;
  },

  'an agent that keeps connections': async (tools) => {
    const [server, port] = await tools.serve(hello);
    let connections = 0;
    server.on('connection', () => connections++);
    const agent = tools.agent({ keepAlive: true, maxSockets: 2 });
    const bodies = [];
    for (const path of ['/1', '/2', '/3']) bodies.push((await tools.ask({ port, agent, path })).body);
    const both = await Promise.all(['/4', '/5', '/6'].map((path) => tools.ask({ port, agent, path })));
    await new Promise(setImmediate);
    const free = Object.values(agent.freeSockets).flat().length;
    return { bodies, both: both.map(({ body }) => body), connections, free };
  },

  'reusedSocket, and a server that closes an idle connection': async (tools) => {
    const [server, port] = await tools.serve(hello);
    const agent = tools.agent({ keepAlive: true });
    await tools.ask({ port, agent });
    await new Promise(setImmediate);
    const again = http.get({ port, host: HOST, agent });
    const [response] = await once(again, 'response');
    await tools.readAll(response);
    await new Promise(setImmediate);
    const [idle] = Object.values(agent.freeSockets).flat();
    const closed = once(idle, 'close');
    server.closeIdleConnections();
    await closed;
    return { reused: again.reusedSocket, left: Object.keys(agent.freeSockets).length };
  },

  'createConnection of the request': async (tools) => {
    const [, port] = await tools.serve(hello);
    const createConnection = () => net.connect(port, HOST);
    return tools.ask({ createConnection, port: 1 });
  },

  'createConnection of an agent, with a callback': async (tools) => {
    const [, port] = await tools.serve(hello);
    class Later extends http.Agent {
      createConnection(options, callback) {
        setImmediate(() => callback(null, net.connect(port, HOST)));
      }
    }
    const agent = new Later({ keepAlive: true });
    tools.atEnd(() => agent.destroy());
    return [await tools.ask({ agent, port: 1 }), (await tools.ask({ agent, port: 1, path: '/2' })).body];
  },

  'nobody listens': async (tools) => {
    const [server, port] = await tools.serve(hello);
    await new Promise((resolve) => server.close(resolve));
    const request = http.get({ port, host: HOST, agent: false });
    const [{ code, syscall, address, message }] = await once(request, 'error');
    return { code, syscall, address, message: message.replace(String(port), ''), destroyed: request.destroyed };
  },

  'a name that is not found': async () => {
    const lookup = (name, options, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const [{ code }] = await once(http.get({ host: 'nowhere.invalid', lookup, agent: false }), 'error');
    return code;
  },

  'lookup, family and localAddress': async (tools) => {
    const [server, port] = await tools.serve(hello);
    const asked = [];
    const lookup = (name, options, callback) => {
      asked.push(name);
      if (options.all) callback(null, [{ address: HOST, family: 4 }]);
      else callback(null, HOST, 4);
    };
    let remoteAddress;
    server.on('connection', (socket) => ({ remoteAddress } = socket));
    const { body } = await tools.ask({ host: 'some.where', port, lookup, family: 4, localAddress: '127.0.0.2' });
    return { asked, body, remoteAddress };
  },

  'abort by a signal': async (tools) => {
    const [, port] = await tools.serve(() => {});
    const controller = new AbortController();
    const request = http.get({ port, host: HOST, agent: false, signal: controller.signal });
    request.on('socket', (socket) => socket.on('connect', () => controller.abort()));
    const [{ name, code }] = await once(request, 'error');
    return { name, code };
  },

  'destroy before there is a connection': async (tools) => {
    const [, port] = await tools.serve(hello);
    const request = http.get({ port, host: HOST, agent: false });
    const seen = tools.trace(request, 'abort', 'error', 'close');
    request.destroy();
    await new Promise((resolve) => request.on('close', resolve));
    return { seen, code: request.errored?.code };
  },

  'the timeout of a request': async (tools) => {
    const [, port] = await tools.serve(() => {});
    const request = http.get({ port, host: HOST, agent: false, timeout: 20 });
    await once(request, 'timeout');
    request.destroy();
    const [{ code }] = await once(request, 'error');
    return code;
  },

  'setNoDelay and setSocketKeepAlive': async (tools) => {
    const [, port] = await tools.serve(hello);
    const request = http.request({ port, host: HOST, agent: false });
    request.setNoDelay(true);
    request.setSocketKeepAlive(true, 1000);
    request.end();
    const [response] = await once(request, 'response');
    return tools.readAll(response);
  },

  'a response that is cut': async (tools) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    });
    const port = await tools.listen(server);
    return tools.ask({ port });
  },

  'a response that is no HTTP': async (tools) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('NONSENSE\r\n\r\n'));
    });
    const port = await tools.listen(server);
    return tools.ask({ port });
  },

  'a response until the end': async (tools) => {
    const server = net.createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    });
    const port = await tools.listen(server);
    return tools.ask({ port });
  },

  'an early answer to a large request': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.writeHead(413, { connection: 'close' });
      response.end('too large');
    });
    const request = http.request({ port, host: HOST, method: 'POST', agent: false });
    request.on('error', () => {});
    const answered = once(request, 'response');
    request.write(Buffer.alloc(100_000));
    const [response] = await answered;
    const { status, body } = await tools.readAll(response);
    request.destroy();
    return { status, body };
  },

  'upgrade': async (tools) => {
    const [server, port] = await tools.serve(hello);
    server.on('upgrade', (request, socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nfirst');
      socket.on('data', (data) => socket.end(`got ${data}`));
    });
    const request = http.get({ port, host: HOST, headers: { connection: 'upgrade', upgrade: 'x' }, agent: false });
    const [response, socket, head] = await once(request, 'upgrade');
    socket.write('second');
    let received = head.toString();
    for await (const data of socket) received += data;
    return { status: response.statusCode, received };
  },

  'CONNECT, and a request through the tunnel': async (tools) => {
    const [, port] = await tools.serve(hello);
    const [proxy, proxyPort] = await tools.serve(() => {});
    proxy.on('connect', (request, socket, head) => {
      const target = net.connect(port, HOST, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.write(head);
        target.pipe(socket).pipe(target);
      });
    });
    const request = http.request({ port: proxyPort, host: HOST, method: 'CONNECT', path: 'a:1', agent: false });
    const connected = once(request, 'connect');
    request.end();
    const [{ statusCode }, socket] = await connected;
    const answer = await tools.ask({ createConnection: () => socket, path: '/tunnel', headers: { connection: 'close' } });
    return { statusCode, answer };
  },

  'addresses of the socket': async (tools) => {
    const [, port] = await tools.serve(hello);
    const request = http.get({ port, host: HOST, agent: false });
    const [response] = await once(request, 'response');
    const { remoteAddress, remotePort, remoteFamily, localAddress, localPort, encrypted } = response.socket;
    const isSocket = response.socket instanceof net.Socket;
    const ports = [remotePort === port, localPort > 0];
    await tools.readAll(response);
    return { remoteAddress, remoteFamily, localAddress, encrypted, isSocket, ports };
  },

  'fetch': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.setHeader('x-a', 'b');
      request.pipe(response);
    });
    const response = await fetch(`http://${HOST}:${port}/`, { method: 'POST', body: 'x'.repeat(100_000) });
    return { status: response.status, header: response.headers.get('x-a'), length: (await response.text()).length };
  },

  'fetch where nobody listens': async (tools) => {
    const [server, port] = await tools.serve(hello);
    await new Promise((resolve) => server.close(resolve));
    const error = await fetch(`http://${HOST}:${port}/`).catch((failure) => failure);
    return { name: error.name, code: error.cause.code };
  },

  'fetch that is aborted': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    const controller = new AbortController();
    const asked = once(server, 'request');
    const failed = fetch(`http://${HOST}:${port}/`, { signal: controller.signal }).catch((failure) => failure);
    const [request] = await asked;
    const closed = once(request, 'close').catch(() => {});
    controller.abort();
    const { name } = await failed;
    await closed;
    return name;
  },
};
