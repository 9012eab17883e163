'use strict';

// Servers of Node's http: what their requests, responses and sockets show.

const { spawn } = require('child_process');
const { createServer } = require('http');
const net = require('net');
const { HOST, once } = require('./tools');

module.exports = {
  'a request and its response': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.setHeader('x-method', request.method);
      response.end(`hello ${request.url}`);
    });
    return tools.ask({ port, path: '/there' });
  },

  'a body is echoed': async (tools) => {
    const [, port] = await tools.serve((request, response) => request.pipe(response));
    const sent = 'ü'.repeat(200_000);
    const { body } = await tools.ask({ port, method: 'POST' }, sent);
    return body === sent;
  },

  'small writes of texts and Buffers': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.write('latin é', 'latin1');
      response.write(Buffer.from(' utf8 ü '));
      response.write('aGV4', 'base64');
      response.end('end');
    });
    return tools.ask({ port });
  },

  'trailers': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('data');
      response.addTrailers({ 'x-sum': '4' });
      response.end();
    });
    return tools.ask({ port });
  },

  'informational responses': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      response.writeProcessing();
      response.end('done');
    });
    return tools.raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  },

  'Expect: 100-continue': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    server.on('checkContinue', (request, response) => {
      response.writeContinue();
      request.resume().on('end', () => response.end('thanks'));
    });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n';
    return tools.raw(port, `${head}ok`);
  },

  'pipelined requests': async (tools) => {
    const [, port] = await tools.serve((request, response) => setImmediate(() => response.end(request.url)));
    const one = (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    return tools.raw(port, `${one('/1')}${one('/2')}GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  },

  'a request in pieces': async (tools) => {
    const [, port] = await tools.serve((request, response) => response.end(request.headers['x-long']));
    const socket = net.connect(port, HOST);
    tools.atEnd(() => socket.destroy());
    socket.setNoDelay();
    for (const piece of ['GET / HT', 'TP/1.1\r\nHost: a\r\nX-Lo', 'ng: 12', '3\r\nConnection: close\r\n', '\r\n']) {
      socket.write(piece);
      await new Promise(setImmediate);
    }
    let received = '';
    for await (const data of socket.setEncoding('latin1')) received += data;
    return received.replace(/Date: .*\r\n/, '');
  },

  'a bad request': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    const failed = once(server, 'clientError');
    server.on('clientError', (error, socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'));
    const { received } = await tools.raw(port, 'NONSENSE\r\n\r\n');
    const [{ code, rawPacket, bytesParsed }] = await failed;
    return { received, code, rawPacket: rawPacket.toString(), bytesParsed };
  },

  'a bad request without a listener': async (tools) => {
    const [, port] = await tools.serve(() => {});
    return tools.raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n');
  },

  'headers that are too large': async (tools) => {
    const [, port] = await tools.serve({ maxHeaderSize: 1000 }, () => {});
    return tools.raw(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`);
  },

  'upgrade': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    let seen;
    server.on('upgrade', (request, socket, head) => {
      seen = { head: head.toString(), url: request.url, address: socket.remoteAddress };
      socket.write('HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    const head = 'GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
    const { received } = await tools.raw(port, `${head}first`, { halfOpen: true });
    return { seen, received };
  },

  'an upgraded socket is read later': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    server.on('upgrade', (request, socket, head) => {
      socket.write('HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n');
      setImmediate(async () => {
        let text = head.toString();
        for await (const data of socket) text += data;
        socket.end(`got ${text.length}`);
      });
    });
    const socket = net.connect(port, HOST);
    tools.atEnd(() => socket.destroy());
    socket.write('GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    const [data] = await once(socket, 'data');
    socket.end('x'.repeat(300_000));
    let received = data.toString();
    socket.on('data', (more) => (received += more));
    await once(socket, 'end');
    return received;
  },

  'CONNECT': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    server.on('connect', (request, socket, head) => {
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${request.url} ${head}`);
    });
    return tools.raw(port, 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nmore');
  },

  'a listener of data on the socket of a request': async (tools) => {
    const seen = [];
    const [, port] = await tools.serve((request, response) => {
      request.socket.once('data', (data) => seen.push(data.toString().split('\r\n')[0]));
      response.end(request.url);
    });
    const agent = tools.agent({ keepAlive: true, maxSockets: 1 });
    const first = await tools.ask({ port, agent, path: '/1' });
    const second = await tools.ask({ port, agent, path: '/2', headers: { 'x-a': 'b' } });
    return { bodies: [first.body, second.body], seen };
  },

  'addresses and state of the socket of a request': async (tools) => {
    const [server, port] = await tools.serve((request, response) => {
      const { socket } = request;
      response.end(JSON.stringify({
        address: socket.remoteAddress,
        family: socket.remoteFamily,
        isPort: socket.localPort === port,
        isServers: socket.server === server,
        isSocket: socket instanceof net.Socket,
        states: [socket.readyState, socket.connecting, socket.destroyed, socket.pending, socket.encrypted],
        bytes: socket.bytesRead > 0,
      }));
    });
    return JSON.parse((await tools.ask({ port })).body);
  },

  'a server is a net.Server': async (tools) => {
    const server = createServer();
    const before = [server instanceof net.Server, server.listening, server.address()];
    await tools.listen(server);
    const { family, address } = server.address();
    return { before, now: [server.listening, family, address, server.ref() === server, server.unref() === server] };
  },

  'getConnections and maxConnections': async (tools) => {
    const [server, port] = await tools.serve((request, response) => response.end('ok'));
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    const held = net.connect(port, HOST);
    tools.atEnd(() => held.destroy());
    await once(server, 'connection');
    const { error } = await tools.ask({ port });
    await dropped;
    const count = await new Promise((resolve) => server.getConnections((_, number) => resolve(number)));
    return { isRefused: error !== undefined, count };
  },

  'close() waits for a request, and ends idle connections': async (tools) => {
    let finish;
    const [server, port] = await tools.serve((request, response) => (finish = () => response.end('late')));
    const agent = tools.agent({ keepAlive: true });
    const asked = once(server, 'request');
    const answer = tools.ask({ port, agent });
    await asked;
    const seen = tools.trace(server, 'close');
    const closed = once(server, 'close');
    server.close();
    await new Promise(setImmediate);
    const before = [...seen];
    finish();
    const { body } = await answer;
    agent.destroy();
    await closed;
    return { before, body, listening: server.listening };
  },

  'closeAllConnections': async (tools) => {
    const [server, port] = await tools.serve(() => server.closeAllConnections());
    return tools.ask({ port });
  },

  'closeIdleConnections leaves what is busy': async (tools) => {
    const [server, port] = await tools.serve((request, response) => {
      if (request.url === '/busy') setImmediate(() => (server.closeIdleConnections(), response.end('busy')));
      else response.end('idle');
    });
    const agent = tools.agent({ keepAlive: true });
    const idle = await tools.ask({ port, agent, path: '/' });
    const busy = await tools.ask({ port, agent, path: '/busy' });
    return [idle.body, busy.body];
  },

  'close() that is called twice': async (tools) => {
    const [server] = await tools.serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    return new Promise((resolve) => server.close((error) => resolve(error.code)));
  },

  'listen on a port in use': async (tools) => {
    const [, port] = await tools.serve(() => {});
    const second = createServer();
    const failed = once(second, 'error');
    second.listen(port, HOST);
    const [{ code, syscall }] = await failed;
    return { code, syscall };
  },

  'the timeout of a socket': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    server.setTimeout(30);
    const timedOut = once(server, 'timeout');
    server.on('timeout', (socket) => socket.end('HTTP/1.1 408 Late\r\n\r\n'));
    const answer = await tools.ask({ port });
    await timedOut;
    return answer;
  },

  'keepAliveTimeout closes an idle connection': async (tools) => {
    const [, port] = await tools.serve({ keepAliveTimeout: 20, keepAliveTimeoutBuffer: 0 }, (request, response) =>
      response.end('x'),
    );
    const { received } = await tools.raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    return received.replace(/Keep-Alive:.*/, '');
  },

  'requestTimeout': async (tools) => {
    const options = { requestTimeout: 50, headersTimeout: 20, connectionsCheckingInterval: 10 };
    const [, port] = await tools.serve(options, () => {});
    return tools.raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n');
  },

  'maxRequestsPerSocket': async (tools) => {
    const [server, port] = await tools.serve((request, response) => response.end(request.url));
    server.maxRequestsPerSocket = 2;
    const one = (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    return tools.raw(port, one('/1') + one('/2') + one('/3'));
  },

  'a client that goes away': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    const asked = once(server, 'request');
    const socket = net.connect(port, HOST, () => socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx'));
    const [request, response] = await asked;
    const seen = [...['aborted', 'close', 'error']].reduce((list, name) => {
      request.on(name, (error) => list.push(`request ${name} ${error?.code ?? ''}`));
      return list;
    }, []);
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    await new Promise(setImmediate);
    return { seen, ended: response.writableEnded, destroyed: request.destroyed };
  },

  'response.socket.destroy()': async (tools) => {
    const [, port] = await tools.serve((request, response) => response.socket.destroy());
    return tools.ask({ port });
  },

  'events of a connection': async (tools) => {
    const seen = [];
    const [server, port] = await tools.serve((request, response) => response.end());
    server.on('connection', (socket) => {
      for (const name of ['end', 'finish', 'close', 'timeout', 'error']) socket.on(name, () => seen.push(name));
    });
    const { received } = await tools.raw(port, 'GET / HTTP/1.0\r\n\r\n');
    await new Promise((resolve) => server.close(resolve));
    return { seen, received };
  },

  'backpressure of a response': async (tools) => {
    let wrote;
    const [, port] = await tools.serve((request, response) => {
      wrote = response.write(Buffer.alloc(4_000_000));
      response.on('drain', () => response.end('end'));
    });
    const { body } = await tools.ask({ port });
    return { wrote, length: body.length };
  },

  'a request that is paused': async (tools) => {
    const [, port] = await tools.serve((request, response) => {
      setTimeout(async () => {
        let length = 0;
        for await (const data of request) length += data.length;
        response.end(String(length));
      }, 20);
    });
    return tools.ask({ port, method: 'POST' }, Buffer.alloc(1_000_000));
  },

  'emit(connection) of a socket of another server': async (tools) => {
    const inner = createServer((request, response) => response.end(`inner ${request.url}`));
    const outer = net.createServer({ allowHalfOpen: true }, (socket) => inner.emit('connection', socket));
    const port = await tools.listen(outer);
    return tools.ask({ port, path: '/x' });
  },

  'bytes that were read before http': async (tools) => {
    const inner = createServer((request, response) => response.end(request.url));
    const outer = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('data', (data) => {
        socket.pause();
        inner.emit('connection', socket);
        socket.unshift(data);
        process.nextTick(() => socket.resume());
      });
    });
    const port = await tools.listen(outer);
    return tools.ask({ port, path: '/peeked' });
  },

  'over a UNIX socket': async (tools) => {
    const socketPath = require('path').join(require('fs').mkdtempSync(`${require('os').tmpdir()}/rust-net-`), 's');
    const server = createServer((request, response) => response.end(`${request.url} ${request.socket.remoteAddress}`));
    await tools.listen(server, socketPath);
    return tools.ask({ socketPath, host: undefined, path: '/unix' });
  },

  'listen() on the socket of another server': async (tools) => {
    const seen = [];
    for (const place of [(server) => server, ({ _handle }) => _handle, ({ _handle }) => ({ _handle })]) {
      const first = net.createServer((socket) => socket.end('the first one'));
      const port = await tools.listen(first);
      const second = createServer((request, response) => response.end('the second one'));
      await tools.listen(second, place(first));
      const isSame = second.address().port === port;
      const answers = [];
      for (let i = 0; i < 5; i++) answers.push((await tools.ask({ port })).body);
      await new Promise((resolve) => second.close(resolve));
      seen.push([isSame, answers, (await tools.ask({ port })).error]);
    }
    return seen;
  },

  'a socket as the stdio of a child': async (tools) => {
    const heard = [];
    const server = net.createServer((socket) => {
      const script = 'while read line; do echo "the child has $line"; done';
      const child = spawn('sh', ['-c', script], { stdio: [socket, socket, 'inherit'] });
      socket.on('data', (data) => heard.push(String(data)));
      child.on('exit', () => socket.destroy());
    });
    const client = net.connect(await tools.listen(server), HOST);
    const lines = [];
    // The next line only after the answer to the last one: nothing may be taken by the parent in between.
    for (let i = 0; i < 20; i++) {
      client.write(`${i}\n`);
      lines.push(String((await once(client, 'data'))[0]));
    }
    client.end();
    await once(client.resume(), 'close');
    return { lines, heard };
  },
};
