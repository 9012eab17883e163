'use strict';

// Servers of Node's modules with limits, under rust-net/register: prints why each has refused a connection.

const { once } = require('events');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const tls = require('tls');

const [keyFile, certFile] = process.argv.slice(2);
const secure = { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile) };
const limits = { maxConnectionsPerAddress: 1, idleTimeout: 300 };

/** A connection from `localAddress` that sends nothing: resolves when it is over. */
function silent(port, localAddress) {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {}).resume();
  return new Promise((resolve) => socket.on('close', resolve));
}

async function main() {
  const servers = {
    net: [net.createServer(limits), {}],
    tls: [tls.createServer({ ...secure, ...limits }), {}],
    http: [http.createServer(), limits],
    'http, later': [http.createServer(), {}],
    https: [https.createServer({ ...secure, ...limits }), {}],
    http2: [http2.createServer(limits), {}],
    'http2 over TLS': [http2.createSecureServer({ ...secure, ...limits }), {}],
  };
  for (const [name, [server, options]] of Object.entries(servers)) {
    const reasons = [];
    server.on('drop', ({ reason }) => reasons.push(reason)).on('tlsClientError', () => {});
    await once(server.listen({ port: 0, host: '127.0.0.1', ...options }), 'listening');
    if (name === 'http, later') server.setLimits(limits);
    const { port } = server.address();
    await Promise.all([silent(port, '127.0.0.1'), silent(port, '127.0.0.1'), silent(port, '127.0.0.2')]);
    console.log(name, reasons.sort().join(' '));
    server.close();
  }
}

main();
