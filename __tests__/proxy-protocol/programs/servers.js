'use strict';

// Servers of Node's modules that expect headers, and clients that send one: prints whom the servers have seen.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const tls = require('tls');

const [keyFile, certFile, caFile] = process.argv.slice(2);
const secure = { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) };
const trusting = { ca: fs.readFileSync(caFile), servername: 'localhost' };
const header = {
  source: { address: '192.0.2.1', port: 5000 },
  destination: { address: '198.51.100.2', port: 443 },
  authority: 'example.org',
};

const answer = ({ socket }, response) => response.end(describe(socket));

function describe({ remoteAddress, remotePort, localPort, proxy }) {
  return `${remoteAddress} ${remotePort} ${localPort} ${proxy.authority}`;
}

async function listening(server, options) {
  await once(server.listen({ port: 0, host: '127.0.0.1', ...options }), 'listening');
  return server.address().port;
}

async function textOf(stream) {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}

async function main() {
  const required = { proxyProtocol: 'require' };
  const servers = {
    net: [net.createServer(required, (socket) => socket.end(describe(socket))), {}],
    tls: [tls.createServer({ ...secure, ...required }, (socket) => socket.end(describe(socket))), {}],
    http: [http.createServer(answer), required],
    https: [https.createServer({ ...secure, ...required }, answer), {}],
    http2: [http2.createSecureServer({ ...secure, ...required }, ({ stream }, response) =>
      response.end(describe(stream.session.socket))), {}],
  };
  for (const [name, [server, options]] of Object.entries(servers)) {
    const place = { port: await listening(server, options), host: '127.0.0.1', proxyProtocol: header };
    if (name === 'net') {
      console.log(name, await textOf(net.connect(place)));
    } else if (name === 'tls') {
      console.log(name, await textOf(tls.connect({ ...place, ...trusting })));
    } else if (name === 'http2') {
      const createConnection = () => tls.connect({ ...place, ...trusting, ALPNProtocols: ['h2'] });
      const session = http2.connect('https://localhost', { createConnection });
      console.log(name, await textOf(session.request()));
      session.close();
    } else {
      const module = name === 'http' ? http : https;
      const [response] = await once(module.get({ ...place, ...trusting, agent: false }), 'response');
      console.log(name, await textOf(response));
    }
    server.close();
  }
}

main();
