'use strict';

// ssh2: client and server, with commands, a subsystem of bytes and a forwarded port.

const { generateKeyPairSync } = require('crypto');
const { once } = require('events');
const net = require('net');
const { Client, Server } = require('ssh2');
const { BINARY, HOST, TEXT, collect, digest, event, report } = require('./common');

function serve(client) {
  client.on('error', () => {});
  client.on('authentication', (context) => {
    if (context.method === 'password' && context.password === TEXT) context.accept();
    else context.reject(['password']);
  });
  client.on('session', (accept) => {
    accept().on('exec', (acceptCommand, reject, { command }) => {
      const channel = acceptCommand();
      channel.on('error', () => {});
      if (command === 'digest') {
        collect(channel).then((data) => {
          channel.write(digest(data));
          channel.exit(0);
          channel.end();
        });
      } else {
        channel.write(command);
        channel.exit(3);
        channel.end();
      }
    });
  });
  client.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const stream = net.connect(destPort, destIP);
    const channel = accept();
    channel.pipe(stream).pipe(channel);
  });
}

async function open(port, password) {
  const client = new Client();
  const ready = once(client, 'ready');
  client.connect({ host: HOST, port, username: 'me', password });
  await ready;
  return client;
}

/** What a command prints, and its exit code. */
function run(client, command, input) {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      // At once: both may have come already.
      const exit = once(channel, 'exit');
      const output = collect(channel);
      if (input) channel.end(input);
      Promise.all([output, exit]).then(([text, [code]]) => resolve({ output: text.toString(), code }), reject);
    });
  });
}

/** A server, and how it is killed: its connections with it, without a word. */
async function listen(hostKey, port) {
  const sockets = new Set();
  const server = new Server({ hostKeys: [hostKey] }, serve);
  server._srv.on('connection', (socket) => sockets.add(socket));
  server.listen(port, HOST);
  await once(server, 'listening');
  const kill = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  return { port: server.address().port, kill };
}

report(async () => {
  // By Node's crypto: of the Ed25519 keys that ssh2 makes, it can't read one in some two hundred itself.
  const { privateKey: hostKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const { port, kill } = await listen(hostKey, 0);
  const refused = await open(port, 'wrong').catch((error) => error.level);
  const client = await open(port, TEXT);
  const command = await run(client, TEXT);
  const many = await Promise.all(Array.from({ length: 8 }, (_, i) => run(client, `${TEXT} ${i}`)));
  const bytes = await run(client, 'digest', BINARY);
  const echo = net.createServer((stream) => stream.pipe(stream)).listen(0, HOST);
  await once(echo, 'listening');
  const channel = await new Promise((resolve, reject) => {
    const place = [HOST, 1, HOST, echo.address().port];
    client.forwardOut(...place, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  channel.end(BINARY);
  const forwarded = digest(await collect(channel)) === digest(BINARY);
  echo.close();

  // With an error or without: there may be something that the server has not read.
  client.on('error', () => {});
  const closed = event(client, 'close');
  await kill();
  await closed;
  const nobody = await open(port, TEXT).catch((error) => error.code);
  const again = await listen(hostKey, port);
  const client2 = await open(port, TEXT);
  const { output } = await run(client2, TEXT);
  client2.end();
  await once(client2, 'close');
  await again.kill();
  return {
    refused,
    command,
    manyAtOnce: many.every(({ output }, i) => output === `${TEXT} ${i}`),
    bytes: bytes.output === digest(BINARY),
    forwarded,
    nobody,
    reconnected: output === TEXT,
  };
});
