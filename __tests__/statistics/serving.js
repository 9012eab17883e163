'use strict';

// Answers one request on a connection that stays, and prints what has been counted then.

const { once } = require('events');
const { readFileSync } = require('fs');

const { KEY, CERT } = process.env;
const [, , kind, name = kind.replace('http2s', 'http2')] = process.argv;
const isSecure = kind.endsWith('s');
const secrets = isSecure ? { key: readFileSync(KEY), cert: readFileSync(CERT) } : {};
const { createSecureServer, createServer, ...client } = require(name);

const server = (kind === 'http2s' ? createSecureServer : createServer)(secrets, (_request, response) => {
  response.end('x'.repeat(1000));
});

async function ask(address) {
  if (kind.startsWith('http2')) {
    const session = client.connect(address, { rejectUnauthorized: false });
    await once(session.request({ ':path': '/' }).resume(), 'end');
    return session;
  }
  const agent = new client.Agent({ keepAlive: true });
  const [response] = await once(client.get(address, { agent, rejectUnauthorized: false }), 'response');
  await once(response.resume(), 'end');
  return agent;
}

server.listen(0, '127.0.0.1', async () => {
  const accepted = once(server, isSecure ? 'secureConnection' : 'connection');
  const end = await ask(`http${isSecure ? 's' : ''}://127.0.0.1:${server.address().port}`);
  const [socket] = await accepted;
  // What is left to send of either side, such as settings that are acknowledged, is sent by then.
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  console.log(JSON.stringify({ server: server.stats, socket: socket.stats, thread: require('../..').stats() }));
  end.destroy();
  server.close();
});
