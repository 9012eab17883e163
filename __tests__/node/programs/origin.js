'use strict';

// The server that the clients of HTTP talk to, in the clear and over TLS. It listens on 127.0.0.1, as `localhost`: a
// client that takes URLs can't be told another name for the certificate.

const http = require('http');
const https = require('https');
const { BINARY, TEXT, another, collect, identities, listening, sayBusy } = require('./common');

const ROUTES = {
  '/text': (_, response) => response.end(TEXT),
  '/binary': (_, response) => response.end(BINARY),
  '/echo': async (request, response) => response.end(await collect(request)),
  '/whom': ({ socket }, response) => {
    const { remoteAddress, encrypted = false } = socket;
    response.end(JSON.stringify({ remoteAddress, encrypted, resumed: encrypted && socket.isSessionReused() }));
  },
  '/moved': (_, response) => response.writeHead(302, { location: '/text' }).end(),
  '/zipped': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(require('zlib').gzipSync(BINARY));
  },
  // Node resets no connection over TLS.
  '/reset': ({ socket }) => (socket.encrypted ? socket.destroy() : socket.resetAndDestroy()),
  '/half': ({ socket }, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(TEXT, () => socket.destroy());
  },
  '/never': sayBusy,
};

function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const route = ROUTES[pathname];
  if (route) route(request, response);
  else response.writeHead(404).end();
}

/** A server that listens; with TLS, if it is given `credentials`. */
function start(credentials, port = 0) {
  const server = credentials ? https.createServer(credentials, answer) : http.createServer(answer);
  return listening(server, port, '127.0.0.1');
}

/** What `report` wants for `another()`. */
const serve = { plain: (port) => start(undefined, port), secure: (port) => start(identities.server, port) };

/** The origin of a server that listens on `port`. */
function at(port, isSecure) {
  return `${isSecure ? 'https' : 'http'}://localhost:${port}`;
}

/**
 * How `get(url)` fails: with a server whose certificate is not trusted, with one that is killed while it is asked for
 * something, and with none.
 */
async function failures(get, isSecure, codeOf) {
  const fail = (url) => get(url).then(() => undefined, codeOf);
  let distrusted;
  if (isSecure) {
    const server = await start(identities.untrusted);
    distrusted = await fail(`${at(server.address().port, true)}/text`);
    server.close();
  }
  const { port, busy, kill } = await another(isSecure ? 'secure' : 'plain');
  const waiting = fail(`${at(port, isSecure)}/never`);
  await busy();
  await kill();
  const killed = await waiting;
  const refused = await fail(`${at(port, isSecure)}/text`);
  return { ...(isSecure && { distrusted }), killed, refused };
}

module.exports = { at, failures, serve, start };
