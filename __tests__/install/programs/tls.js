'use strict';

// TLS, in place on both sides of a stream and as `rust-net/tls`, with Node's own as the peer: handshakes run on other
// threads, and all cryptography is the binding's. `SMOKE_KEY` and `SMOKE_CERT` name files for localhost.

const assert = require('assert');
const { once } = require('events');
const fs = require('fs');
const nodes = require('tls');
const net = require('rust-net');
const tls = require('rust-net/tls');

const key = fs.readFileSync(process.env.SMOKE_KEY);
const cert = fs.readFileSync(process.env.SMOKE_CERT);

const BYTES = Buffer.alloc(1 << 20, 'rust-net');

async function received(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** STARTTLS: a line in the clear, then both sides change over, and the client checks who has answered. */
async function inPlace() {
  const credentials = net.createCredentials({ key, cert });
  const server = net.createServer((stream) => {
    stream.once('data', () => {
      stream.write('go ahead');
      stream.setSecure(credentials);
      stream.on('secure', () => stream.end(BYTES));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.createConnection(server.address().port, '127.0.0.1');
  await once(client, 'connect');
  client.write('STARTTLS');
  await once(client, 'data');
  client.setSecure({ ca: cert, servername: 'localhost' });
  const [all] = await Promise.all([received(client), once(client, 'secure')]);
  assert.equal(client.verifyPeer(), true);
  assert.equal(client.truncated, false);
  assert(all.equals(BYTES));
  server.close();
}

/** A server of `from` and a client of `to`, each a `tls` module. */
async function between(from, to) {
  const server = from.createServer({ key, cert }, (socket) => socket.end(BYTES));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = to.connect({ port: server.address().port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
  await once(client, 'secureConnect');
  assert.equal(client.authorized, true);
  assert.equal(client.getProtocol(), 'TLSv1.3');
  assert((await received(client)).equals(BYTES));
  server.close();
}

async function main() {
  await inPlace();
  await between(tls, nodes);
  await between(nodes, tls);
  await between(tls, tls);
  console.log('ok');
}

main();
