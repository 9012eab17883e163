'use strict';

// What the scripts here share. Each uses a package and prints, as JSON, what came of it; it has to end by itself.

const { fork } = require('child_process');
const { createHash } = require('crypto');
const { once } = require('events');
const net = require('net');
const ours = require('../../../node');

/**
 * Where the servers of the scripts listen. A client whose port the system chooses comes from another address of
 * loopback, so that it never takes the port of a server that is to come again.
 */
const HOST = process.platform === 'linux' ? '127.77.0.1' : '127.0.0.1';

/** Text of every length of UTF-8. */
const TEXT = 'naïve Łódź 日本語 🦀';

/** 12 MB that do not repeat. */
const BINARY = Buffer.alloc(12 << 20);
for (let i = 0; i < BINARY.length; i += 4) BINARY.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);

function digest(data) {
  return createHash('sha1').update(data).digest('hex');
}

/** Has a server of `http` or `tls`, which have Node's net inside, take its connections from a server of `net`. */
async function listen(httpServer, port = 0) {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (stream) => httpServer.emit('connection', stream));
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

/** All that `stream` receives, as one Buffer. Leaves it open, unlike `for await`. */
async function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

/** Where the server is that the test has started, and what else is known of it. */
const peer = JSON.parse(process.env.PEER ?? '{}');

/** Whether Node had connections of its own when those to the server were open. */
let hasNodes;

/** Has the test `kill` the server, to which there are connections, or `start` it again in the same place. */
async function ask(what) {
  if (what === 'kill') hasNodes = process.getActiveResourcesInfo().includes('TCPSocketWrap');
  // Without a listener, the channel does not keep the process alive.
  const done = once(process, 'message');
  process.send(what);
  await done;
}

/** The argument of the next event `name` whose argument `suits`; an 'error' is an event like others. */
function event(emitter, name, suits = () => true) {
  return new Promise((resolve) => {
    emitter.on(name, function listener(argument) {
      if (!suits(argument)) return;
      emitter.off(name, listener);
      resolve(argument);
    });
  });
}

/** What `make(i)` resolves to, for `count` at once. */
function atOnce(count, make) {
  return Promise.all(Array.from({ length: count }, (_, i) => make(i)));
}

/**
 * Starts what `report` has been given as the server, in a process of its own over the same net. `busy()`: it says that
 * it has a request that it will not answer. `kill()`: it ends without a word.
 */
function another(port = 0) {
  return serving(port);
}

/** The same, with what `report` in that process gets as arguments. */
async function serving(...args) {
  const child = fork(process.argv[1], ['serve', ...args]);
  const [message] = await once(child, 'message');
  const busy = async () => void (await once(child, 'message'));
  const kill = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { port: message.port, busy, kill };
}

/** In the process of `another()`: the server has a request that it will not answer. */
function sayBusy() {
  process.send('busy');
}

/** Prints what `main` gives. `serve(port)` gives a server that listens, for `another()`. */
function report(main, serve) {
  if (process.argv[2] === 'serve') {
    // Not without who has started it.
    process.on('disconnect', () => process.exit());
    serve(Number(process.argv[3])).then((server) => process.send({ port: server.address().port }));
    return;
  }
  const isOurs = net.Socket === ours.Socket;
  main().then((outcome) => process.stdout.write(JSON.stringify({ isOurs, hasNodes, ...outcome })));
}

module.exports = {
  BINARY,
  HOST,
  TEXT,
  another,
  ask,
  atOnce,
  collect,
  digest,
  event,
  listen,
  peer,
  report,
  sayBusy,
  serving,
};
