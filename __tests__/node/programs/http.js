'use strict';

// What each HTTP framework is put through, in the clear and over TLS, by Node's client with an agent. The framework
// serves: `/hello/:name`, `{ hello, ip, secure }`; POST `/digest`; `/binary`; `/chunks`; `/gone`, which destroys the
// socket; `/never`, which only calls `sayBusy`.

const { once } = require('events');
const http = require('http');
const https = require('https');
const { BINARY, HOST, TEXT, another, atOnce, closed, codeOf, collect, digest, identities } = require('./common');

/** A client of servers on HOST, with an agent. `request(port, path, body)`: `{ status, body, outgoing }`. */
function client(isSecure, options = {}) {
  const { Agent, request: start } = isSecure ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 8, servername: 'localhost', ...options });

  async function request(port, path, body) {
    const headers = body ? { 'content-type': 'application/octet-stream', 'content-length': body.length } : {};
    const outgoing = start({ host: HOST, port, path, agent, headers, method: body ? 'POST' : 'GET' });
    outgoing.end(body);
    const [response] = await once(outgoing, 'response');
    return { status: response.statusCode, outgoing, body: await collect(response) };
  }

  return { agent, request };
}

/** The error of a connection on which nothing can be resumed, as its code. */
async function distrusted(port) {
  const { agent, request } = client(true, { ca: [] });
  const code = await request(port, '/hello/you').catch(codeOf);
  agent.destroy();
  return code;
}

/** Runs the server `kind` in a process that is killed with a request open, and comes again in the same place. */
async function interrupted(kind, request) {
  const { port, busy, kill } = await another(kind);
  await request(port, '/hello/you');
  const waiting = request(port, '/never').catch(codeOf);
  await busy();
  await kill();
  const killed = await waiting;
  const refused = await request(port, '/hello/nobody').catch(codeOf);
  const again = await another(kind, port);
  const reconnected = JSON.parse((await request(port, '/hello/again')).body).hello;
  await again.kill();
  return { killed, refused, reconnected };
}

/** What comes of a framework that `start(credentials, port)` has listen; `kind` is its name for `another()`. */
async function exercise(start, kind, credentials) {
  const isSecure = credentials !== undefined;
  const server = await start(credentials, 0);
  const { port } = server.address();
  const { agent, request } = client(isSecure);

  const hello = await request(port, `/hello/${encodeURIComponent(TEXT)}`);
  const posted = await request(port, '/digest', BINARY);
  const got = await request(port, '/binary');
  const chunks = await request(port, '/chunks');
  const missing = await request(port, '/nowhere');
  const many = await atOnce(100, (i) => request(port, `/hello/${i}`));
  const gone = await request(port, '/gone').catch(codeOf);
  agent.destroy();
  const anew = await request(port, '/hello/anew');
  const secured = isSecure && {
    resumed: anew.outgoing.socket.isSessionReused(),
    protocol: anew.outgoing.socket.getProtocol(),
    distrusted: await distrusted(port),
  };
  agent.destroy();
  await closed(server);
  const lasting = await interrupted(kind, request);
  agent.destroy();
  return {
    hello: JSON.parse(hello.body),
    posted: posted.body.toString() === digest(BINARY),
    got: digest(got.body) === digest(BINARY),
    chunks: chunks.body.toString() === `${TEXT}\n`.repeat(100),
    missing: missing.status,
    reused: missing.outgoing.reusedSocket,
    manyAtOnce: many.every(({ body }, i) => JSON.parse(body).hello === String(i)),
    gone,
    ...secured,
    ...lasting,
  };
}

/** `exercise` in the clear and over TLS, and what `report` wants for `another()`. */
function bothWays(start) {
  const serve = {
    plain: (port) => start(undefined, port),
    secure: (port) => start(identities.server, port),
  };
  const run = async () => ({
    plain: await exercise(start, 'plain'),
    secure: await exercise(start, 'secure', identities.server),
  });
  return { run, serve };
}

module.exports = { bothWays, client };
