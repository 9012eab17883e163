'use strict';

// Node's https and http2, in both roles.

const { readFileSync } = require('fs');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const { setImmediate } = require('timers/promises');
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

/** A server and a client of http2 that talk to each other: `[server, session]`. */
async function talk(tools, handler, { isSecure = false, ...options } = {}) {
  const create = isSecure ? http2.createSecureServer : http2.createServer;
  const server = create({ ...(isSecure && { key, cert }), ...options }, handler);
  const port = await tools.listen(server);
  const scheme = isSecure ? 'https' : 'http';
  const session = http2.connect(`${scheme}://${HOST}:${port}`, { ca: cert, servername: 'localhost' });
  tools.atEnd(() => session.destroy());
  return [server, session, port];
}

/** The answer to a request over http2. */
async function ask(session, headers = {}, body) {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined });
  const answered = once(stream, 'response');
  if (body !== undefined) stream.end(body);
  const [{ ':status': status }] = await answered;
  let text = '';
  for await (const data of stream.setEncoding('utf8')) text += data;
  return { status, text };
}

/** `length` bytes that differ from place to place. */
function pattern(length) {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255));
}

/** Reads `stream`, which stops for a turn of the loop at each chunk. Returns whether it got `expected`. */
async function readSlowly(stream, expected) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    await setImmediate();
  }
  return Buffer.concat(chunks).equals(expected);
}

/** An upload of several windows to a server that reads slowly, and answers whether it got all. */
async function pausedUpload(tools, options) {
  const body = pattern(3 << 20);
  const [, session] = await talk(tools, async (request, response) => {
    response.end(JSON.stringify(await readSlowly(request, body)));
  }, options);
  return ask(session, { ':method': 'POST' }, body);
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

  'http2: a request': async (tools) => {
    const [, session] = await talk(tools, hello);
    return ask(session);
  },

  'http2: a connection whose first bytes were looked at': async (tools) => {
    const inner = http2.createServer(hello);
    const looked = [];
    const outer = net.createServer(function look(socket) {
      const first = socket.read(3);
      if (first === null) return socket.once('readable', () => look(socket));
      looked.push(first.toString());
      socket.unshift(first);
      return inner.emit('connection', socket);
    });
    const session = http2.connect(`http://${HOST}:${await tools.listen(outer)}`);
    tools.atEnd(() => session.destroy());
    return { ...(await ask(session)), looked };
  },

  'http2: over TLS': async (tools) => {
    const [, session] = await talk(tools, hello, { isSecure: true });
    return { ...(await ask(session)), encrypted: session.encrypted, protocol: session.alpnProtocol };
  },

  'http2: addresses of the session': async (tools) => {
    const [, session] = await talk(tools, (request, response) => {
      const { remoteAddress, remoteFamily, encrypted } = request.socket;
      response.end(JSON.stringify({ remoteAddress, remoteFamily, encrypted }));
    }, { isSecure: true });
    const { text } = await ask(session);
    return { text, client: [session.socket.remoteAddress, session.socket.authorized] };
  },

  'http2: many streams at once': async (tools) => {
    const [, session] = await talk(tools, (request, response) => request.pipe(response));
    const sizes = [1, 100, 10_000, 100_000, 1_000_000];
    const answers = await Promise.all(sizes.map((size) => ask(session, { ':method': 'POST' }, 'x'.repeat(size))));
    return answers.map(({ status, text }) => [status, text.length]);
  },

  'http2: many streams at once over TLS': async (tools) => {
    const [, session] = await talk(tools, (request, response) => request.pipe(response), { isSecure: true });
    const sizes = [1, 100, 10_000, 100_000, 1_000_000];
    const answers = await Promise.all(sizes.map((size) => ask(session, { ':method': 'POST' }, 'x'.repeat(size))));
    return answers.map(({ status, text }) => [status, text.length]);
  },

  'http2: an upload whose reader stops now and then': async (tools) => pausedUpload(tools),

  'http2: an upload over TLS whose reader stops now and then': async (tools) => pausedUpload(tools, { isSecure: true }),

  'http2: a download whose reader stops now and then': async (tools) => {
    const body = pattern(3 << 20);
    const [, session] = await talk(tools, (request, response) => response.end(body), { isSecure: true });
    return readSlowly(session.request({ ':path': '/' }), body);
  },

  'http2: a session that is destroyed while it writes': async (tools) => {
    const [, session] = await talk(tools, (request, response) => response.end(Buffer.alloc(1_000_000)));
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'data');
    const closed = once(session, 'close');
    session.destroy();
    await closed;
    return [session.destroyed, stream.destroyed];
  },

  'http2: close() of a session waits for its streams': async (tools) => {
    let finish;
    const [server, session] = await talk(tools, (request, response) => (finish = () => response.end('late')));
    const asked = once(server, 'request');
    const answer = ask(session);
    await asked;
    const closed = once(session, 'close');
    session.close();
    finish();
    const { text } = await answer;
    await closed;
    return text;
  },

  'http2: the connection is lost': async (tools) => {
    const [server, session] = await talk(tools, () => {});
    server.on('session', (one) => one.on('error', () => {}));
    const stream = session.request({ ':path': '/' });
    const failed = once(stream, 'error').catch((error) => [error]);
    session.on('error', () => {});
    const [one] = await once(server, 'session');
    await once(server, 'stream');
    one.destroy();
    // It may be a write that finds out: then there is an 'error' before it.
    const closed = once(session, 'close').catch(() => {});
    await Promise.race([failed, closed]);
    return [session.destroyed];
  },

  'http2: allowHTTP1': async (tools) => {
    const server = http2.createSecureServer({ key, cert, allowHTTP1: true }, (request, response) =>
      response.end(request.httpVersion),
    );
    const port = await tools.listen(server);
    const { body } = await tools.ask({ port, ca: cert, servername: 'localhost' }, undefined, https);
    const session = http2.connect(`https://${HOST}:${port}`, { ca: cert, servername: 'localhost' });
    tools.atEnd(() => session.destroy());
    return [body, (await ask(session)).text];
  },

  'http2: nobody listens': async (tools) => {
    const [server, port] = await tools.serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    const session = http2.connect(`http://${HOST}:${port}`);
    const [{ code }] = await once(session, 'error');
    return code;
  },

  'http2: ping and settings': async (tools) => {
    const [, session] = await talk(tools, hello);
    const [settings] = await once(session, 'remoteSettings');
    const pong = await new Promise((resolve) => session.ping((error, _, payload) => resolve(error ?? payload.length)));
    return { pong, streams: settings.maxConcurrentStreams };
  },
};
