'use strict';

// Conversations between a server and a client, which may be of different modules and in different processes. Each has
// `serve(modules, tools)`, which returns where the server listens, and `talk(modules, place)`, which returns what the
// client has seen. `modules` are `net`, `tls`, `http` and `https`: those of rust-net, or Node's.

const { createHash } = require('crypto');
const { once } = require('events');
const { readFileSync } = require('fs');
const os = require('os');
const path = require('path');

const HOST = '127.0.0.1';
const cert = readFileSync(process.env.CERT);
const key = readFileSync(process.env.KEY);
const clientsCert = readFileSync(process.env.CLIENT_CERT);
const clientsKey = readFileSync(process.env.CLIENT_KEY);
const ca = readFileSync(process.env.CA);

const BULK = 3_000_000;
const bulk = Buffer.alloc(BULK, 'bulk ');

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

async function listen(server, tools, ...where) {
  server.listen(...(where.length > 0 ? where : [0, HOST]));
  tools.atEnd(() => server.close());
  await once(server, 'listening');
  return server.address().port ?? server.address();
}

async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function textOf(stream) {
  return String(await bytesOf(stream));
}

/** Answers with what it has received, once that has ended. */
function answerAtEnd(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => socket.end(Buffer.concat(chunks)));
}

/** What the server of a STARTTLS conversation does, with `secure(socket)` to change over. */
function starttls(server, secure) {
  server.on('connection', (socket) => {
    socket.once('data', (data) => {
      socket.write(`go ahead, ${data}`);
      answerAtEnd(secure(socket));
    });
  });
}

/** What the client of it does. */
async function talkStarttls(socket, secure) {
  socket.write('STARTTLS');
  const [answer] = await once(socket, 'data');
  const secured = secure(socket);
  secured.end('a secret');
  return [String(answer), await textOf(secured)];
}

const conversations = {
  'half-close': {
    serve({ net }, tools) {
      return listen(net.createServer({ allowHalfOpen: true }, answerAtEnd), tools);
    },
    async talk({ net }, port) {
      const socket = net.connect(port, HOST);
      socket.end('¿qué tal?', 'utf8');
      return textOf(socket);
    },
  },

  'bulk, in both directions': {
    serve({ net }, tools) {
      return listen(net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)), tools);
    },
    async talk({ net }, port) {
      const socket = net.connect(port, HOST);
      socket.end(bulk);
      return digest(await bytesOf(socket)) === digest(bulk);
    },
  },

  'a client that pauses': {
    serve({ net }, tools) {
      return listen(net.createServer((socket) => socket.end(bulk)), tools);
    },
    async talk({ net }, port) {
      const socket = net.connect(port, HOST);
      let [bytes, pauses] = [0, 0];
      socket.on('data', (chunk) => {
        bytes += chunk.length;
        if (pauses++ % 4 > 0) return;
        socket.pause();
        setImmediate(() => socket.resume());
      });
      await once(socket, 'end');
      return [bytes, pauses > 4];
    },
  },

  'UNIX': {
    serve({ net }, tools) {
      const place = path.join(os.tmpdir(), `rust-net-talk-${process.pid}.sock`);
      return listen(net.createServer((socket) => socket.pipe(socket)), tools, place);
    },
    async talk({ net }, place) {
      const socket = net.connect(place);
      socket.end('through a file');
      return textOf(socket);
    },
  },

  'a timeout': {
    serve({ net }, tools) {
      return listen(net.createServer((socket) => {
        socket.setTimeout(20, () => socket.end('waited'));
      }), tools);
    },
    async talk({ net }, port) {
      return textOf(net.connect(port, HOST));
    },
  },

  'a connection that is reset': {
    serve({ net }, tools) {
      return listen(net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.resetAndDestroy());
      }), tools);
    },
    async talk({ net }, port) {
      const socket = net.connect(port, HOST);
      socket.write('x');
      socket.resume();
      const [{ code }] = await once(socket, 'error');
      return code;
    },
  },

  'TLS': {
    serve({ tls }, tools) {
      const asks = { requestCert: true, rejectUnauthorized: false };
      const server = tls.createServer({ key, cert, ca, ALPNProtocols: ['b', 'a'], ...asks });
      server.on('secureConnection', (socket) => {
        const { subject } = socket.getPeerCertificate();
        socket.end(`${socket.servername} ${socket.authorized} ${subject?.CN} ${socket.alpnProtocol}`);
      });
      return listen(server, tools);
    },
    async talk({ tls }, port) {
      const seen = [];
      for (const identity of [{}, { key: clientsKey, cert: clientsCert }]) {
        const options = { port, host: HOST, ca, servername: 'localhost', ALPNProtocols: ['a', 'b'], ...identity };
        const socket = tls.connect(options);
        await once(socket, 'secureConnect');
        const { CN } = socket.getPeerCertificate().subject;
        seen.push([socket.authorized, socket.getProtocol(), socket.alpnProtocol, CN, await textOf(socket)]);
      }
      return seen;
    },
  },

  'TLS, a stranger': {
    serve({ tls }, tools) {
      return listen(tls.createServer({ key, cert }, (socket) => socket.resume()), tools);
    },
    async talk({ tls }, port) {
      const [{ code }] = await once(tls.connect({ port, host: HOST, servername: 'localhost' }), 'error');
      const [{ code: name }] = await once(tls.connect({ port, host: HOST, ca, servername: 'elsewhere.test' }), 'error');
      return [code, name];
    },
  },

  'TLS, bulk': {
    serve({ tls }, tools) {
      return listen(tls.createServer({ key, cert, allowHalfOpen: true }, (socket) => socket.pipe(socket)), tools);
    },
    async talk({ tls }, port) {
      const socket = tls.connect({ port, host: HOST, ca, servername: 'localhost' });
      socket.end(bulk);
      return digest(await bytesOf(socket)) === digest(bulk);
    },
  },

  'STARTTLS, with tls': {
    async serve({ net, tls }, tools) {
      const server = net.createServer();
      const secureContext = tls.createSecureContext({ key, cert });
      starttls(server, (socket) => new tls.TLSSocket(socket, { isServer: true, secureContext }));
      return listen(server, tools);
    },
    async talk({ net, tls }, port) {
      const connect = (socket) => tls.connect({ socket, ca, servername: 'localhost' });
      return talkStarttls(net.connect(port, HOST), connect);
    },
  },

  'STARTTLS, with setSecure()': {
    async serve({ page, net, tls }, tools) {
      const server = (page ?? net).createServer();
      const credentials = page?.createCredentials({ key, cert });
      const options = { isServer: true, key, cert };
      starttls(server, (socket) => (page ? socket.setSecure(credentials) : new tls.TLSSocket(socket, options)));
      return listen(server, tools);
    },
    async talk({ page, net, tls }, port) {
      const secure = (socket) => (
        page ? socket.setSecure({ ca, rejectUnauthorized: true }, { servername: 'localhost' }) :
          tls.connect({ socket, ca, servername: 'localhost' })
      );
      return talkStarttls((page ?? net).connect(port, HOST), secure);
    },
  },
};

/** The same for http and https. */
for (const [name, ofServer, ofClient] of [['http', {}, {}], ['https', { key, cert }, { ca, servername: 'localhost' }]]) {
  conversations[name] = {
    async serve(modules, tools) {
      const server = modules[name].createServer(ofServer, async (request, response) => {
        const body = await textOf(request);
        response.setHeader('x-length', body.length);
        response.end(`${request.method} ${request.url} ${body.slice(0, 9)}`);
      });
      server.on('upgrade', (request, socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nupgraded');
      });
      tools.atEnd(() => server.closeAllConnections());
      return listen(server, tools);
    },
    async talk(modules, port) {
      const agent = new modules[name].Agent({ keepAlive: true });
      const options = { port, host: HOST, agent, ...ofClient };
      const seen = [];
      for (const [method, body] of [['GET', ''], ['POST', 'a body'], ['POST', 'b'.repeat(200_000)]]) {
        const request = modules[name].request({ ...options, method, path: `/${method}` });
        request.end(body);
        const [response] = await once(request, 'response');
        seen.push([response.statusCode, response.headers['x-length'], await textOf(response)]);
      }
      const headers = { connection: 'upgrade', upgrade: 'x' };
      const upgrading = modules[name].get({ ...options, agent: false, headers });
      const [, socket, head] = await once(upgrading, 'upgrade');
      seen.push(String(head) + (await textOf(socket)));
      agent.destroy();
      return seen;
    },
  };
}

module.exports = conversations;
