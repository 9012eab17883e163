'use strict';

// fastify: in the clear, with `https`, and with `http2`, whose clients are of HTTP/2 and of HTTP/1.1.

const { once } = require('events');
const { fastify } = require('fastify');
const http2 = require('http2');
const { Readable } = require('stream');
const { BINARY, HOST, TEXT, atOnce, closed, collect, digest, identities, report, sayBusy } = require('./common');
const { bothWays, client } = require('./http');

async function listening(options, port) {
  // It would wait for connections that are kept alive.
  const app = fastify({ bodyLimit: 20 << 20, forceCloseConnections: true, ...options });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, async (_, body) => body);
  app.get('/hello/:name', async ({ params, ip, protocol }) => ({ hello: params.name, ip, secure: protocol === 'https' }));
  app.post('/digest', async (request) => digest(request.body));
  app.get('/binary', async () => BINARY);
  app.get('/chunks', async () => Readable.from(Array.from({ length: 100 }, () => `${TEXT}\n`), { objectMode: false }));
  app.get('/gone', (request) => request.socket.destroy());
  app.get('/never', sayBusy);
  await app.listen({ port, host: HOST });
  return app.server;
}

const { run, serve } = bothWays((credentials, port) => listening(credentials ? { https: credentials } : {}, port));

/** What comes of one session of HTTP/2, and of a client of HTTP/1.1. */
async function overHttp2() {
  const server = await listening({ http2: true, https: { ...identities.server, allowHTTP1: true } }, 0);
  const { port } = server.address();
  const session = http2.connect(`https://${HOST}:${port}`, { servername: 'localhost' });

  async function request(path, body) {
    const headers = { ':path': path, ':method': body ? 'POST' : 'GET' };
    if (body) headers['content-type'] = 'application/octet-stream';
    const stream = session.request(headers, { endStream: !body });
    if (body) stream.end(body);
    return collect(stream);
  }

  const hello = JSON.parse(await request(`/hello/${encodeURIComponent(TEXT)}`));
  const posted = (await request('/digest', BINARY)).toString() === digest(BINARY);
  const got = digest(await request('/binary')) === digest(BINARY);
  const many = await atOnce(100, (i) => request(`/hello/${i}`));
  const { remoteAddress } = session.socket;
  session.close();
  await once(session, 'close');
  const older = client(true);
  const first = await older.request(port, '/hello/you');
  older.agent.destroy();
  await closed(server);
  return {
    hello,
    posted,
    got,
    manyAtOnce: many.every((body, i) => JSON.parse(body).hello === String(i)),
    protocol: session.alpnProtocol,
    remoteAddress,
    olderClient: JSON.parse(first.body).hello,
  };
}

report(async () => ({ ...(await run()), http2: await overHttp2() }), serve);
