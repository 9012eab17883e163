'use strict';

// Ends a server of http, https or http2 in the middle of an answer, while another connection has nothing to do. Prints
// what has come of it.

const { once } = require('events');
const { readFileSync } = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');

const { KEY, CERT } = process.env;
const [, , kind] = process.argv;
const isSecure = kind === 'https' || kind === 'http2s';
const secrets = isSecure ? { key: readFileSync(KEY), cert: readFileSync(CERT) } : {};
const make = {
  http: http.createServer,
  https: https.createServer,
  http2: http2.createServer,
  http2s: http2.createSecureServer,
}[kind];

const server = make(secrets, (request, response) => {
  if (request.url === '/at-once') return response.end('at once');
  if (request.url === '/begun') response.write('begun ');
  return process.once('answer', () => response.end('answer'));
});

/** Asks for `path` on a connection of its own: `{ answer, closed }`, promises. */
function ask(path) {
  const { port } = server.address();
  const address = `http${isSecure ? 's' : ''}://127.0.0.1:${port}`;
  if (kind.startsWith('http2')) {
    const session = http2.connect(address, { rejectUnauthorized: false });
    return { answer: body(session.request({ ':path': path })), closed: once(session, 'close') };
  }
  const { Agent, get } = isSecure ? https : http;
  const request = get(`${address}${path}`, { agent: new Agent({ keepAlive: true }), rejectUnauthorized: false });
  const answer = once(request, 'response').then(async ([response]) => `${await body(response)} ${response.headers.connection}`);
  return { answer, closed: once(request, 'socket').then(([socket]) => once(socket, 'close')) };
}

async function body(stream) {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

async function main() {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const idle = ask('/at-once');
  const first = await idle.answer;
  const asked = once(server, 'request');
  const open = ask('/wait');
  await asked;
  const askedAgain = once(server, 'request');
  const begun = ask('/begun');
  await askedAgain;
  const closes = once(server, 'close');
  const done = server.shutdown({ grace: 5000 });
  await idle.closed;
  process.emit('answer');
  const answers = [first, await open.answer, await begun.answer];
  await Promise.all([open.closed, begun.closed]);
  const { ended, destroyed } = await done;
  await closes;
  console.log(JSON.stringify({ answers, ended, destroyed, streams: [...server.streams].length }));
}

main();
