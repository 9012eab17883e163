'use strict';

// What the tests share: servers and streams that are closed after each test, and waiting for events.

const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const net = require('..');

const cleanups = [];

afterEach(async () => {
  while (cleanups.length > 0) await cleanups.pop()();
});

/** Runs `cleanup` when the test is over. */
function atEnd(cleanup) {
  cleanups.push(cleanup);
}

/** Destroys `stream` when the test is over, whatever its state. */
function destroyAtEnd(stream) {
  atEnd(() => {
    stream.on('error', () => {});
    stream.destroy();
  });
  return stream;
}

/** Closes `server` when the test is over, if it runs by then. */
function closeAtEnd(server) {
  atEnd(() => {
    if (server.listening) server.close();
  });
  return server;
}

/** A server of ours (or of `from`, another net module) that listens on 127.0.0.1, or on `listenArguments`. */
async function listening(server, ...listenArguments) {
  closeAtEnd(server);
  server.listen(...(listenArguments.length > 0 ? listenArguments : [0, '127.0.0.1']));
  await once(server, 'listening');
  return server;
}

/**
 * Both ends of one connection: `[client, accepted, server]`. `options`: `server` and `client` are net modules (ours by
 * default), `serverOptions` and `clientOptions` go to createServer and connect, `accept(stream)` runs in 'connection'.
 */
async function pair({ server = net, client = net, serverOptions = {}, clientOptions = {}, accept = () => {} } = {}) {
  const listener = server.createServer(serverOptions);
  await listening(listener);
  const accepted = new Promise((resolve) => {
    listener.once('connection', (stream) => {
      destroyAtEnd(stream);
      accept(stream);
      resolve(stream);
    });
  });
  const connecting = destroyAtEnd(
    client.connect({ port: listener.address().port, host: '127.0.0.1', ...clientOptions }),
  );
  await once(connecting, 'connect');
  return [connecting, await accepted, listener];
}

/** All that `stream` receives until its end, as one Buffer (or string, if it has an encoding). */
async function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  await once(stream, 'end');
  return typeof chunks[0] === 'string' ? chunks.join('') : Buffer.concat(chunks);
}

/** A fresh folder, removed after the test; short enough for socket paths. */
function scratch() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-'));
  atEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

module.exports = { atEnd, closeAtEnd, collect, destroyAtEnd, listening, pair, scratch };
