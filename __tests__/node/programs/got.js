'use strict';

// got: promises, streams and HTTP/2, to servers of http, https and http2.

const http2 = require('http2');
const { buffer } = require('stream/consumers');
const { BINARY, atOnce, closed, codeOf, digest, identities, listening, report } = require('./common');
const { at, failures, serve, start } = require('./origin');

async function exercise(credentials) {
  const { default: got } = await import('got');
  const isSecure = credentials !== undefined;
  const server = await start(credentials);
  const client = got.extend({ prefixUrl: at(server.address().port, isSecure), retry: { limit: 0 } });
  const text = await client('text').text();
  const binary = digest(await client('binary').buffer()) === digest(BINARY);
  const posted = digest(await client.post('echo', { body: BINARY }).buffer()) === digest(BINARY);
  const streamed = digest(await buffer(client.stream('zipped'))) === digest(BINARY);
  const moved = await client('moved').text();
  const whom = await client('whom').json();
  const missing = await client('nowhere').catch((error) => error.response.statusCode);
  const many = await atOnce(100, async (i) => (await client.post('echo', { body: `${i}` }).text()) === `${i}`);
  const half = await client('half').catch(codeOf);
  const reset = await client('reset').catch(codeOf);
  const { timings } = await client('text');
  const phases = timings.phases.tcp !== undefined && (timings.phases.tls !== undefined) === isSecure;
  await closed(server);
  return {
    text,
    binary,
    posted,
    streamed,
    moved,
    remoteAddress: whom.remoteAddress,
    missing,
    manyAtOnce: many.every(Boolean),
    half,
    reset,
    phases,
    ...(await failures((url) => got(url, { retry: { limit: 0 } }), isSecure, codeOf)),
  };
}

/** Over HTTP/2, as ALPN has it. */
async function overHttp2() {
  const { default: got } = await import('got');
  const server = http2.createSecureServer({ ...identities.server, allowHTTP1: true }, (request, response) => {
    response.end(`${request.httpVersion} ${request.headers['x-name'] ?? ''}`);
  });
  const sessions = [];
  server.on('session', (session) => sessions.push(session));
  await listening(server, 0, '127.0.0.1');
  const url = at(server.address().port, true);
  const old = await got(url).text();
  const recent = await atOnce(20, (i) => got(url, { http2: true, headers: { 'x-name': `${i}` } }).text());
  // Those of the client are of an agent of its own.
  for (const session of sessions) session.close();
  await closed(server);
  return { old, recent: recent.every((text, i) => text === `2.0 ${i}`) };
}

report(async () => ({
  plain: await exercise(),
  secure: await exercise(identities.server),
  http2: await overHttp2(),
}), serve);
