'use strict';

// What the tests share: servers and streams that are closed after each test, waiting for events, child processes, and
// a witness for what only the kernel knows.

const { execFileSync, spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const os = require('os');
const path = require('path');
const readline = require('readline');
const net = require('..');

const ROOT = path.dirname(__dirname);

const [ofTest, ofFile] = [[], []];

async function run(cleanups) {
  while (cleanups.length > 0) await cleanups.pop()();
}

afterEach(() => run(ofTest));
afterAll(() => run(ofFile));

/** Runs `cleanup` when the test is over. */
function atEnd(cleanup) {
  ofTest.push(cleanup);
}

/** Runs `cleanup` when all tests of the file are over: for what they share. */
function atLast(cleanup) {
  ofFile.push(cleanup);
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
function scratch(cleanUp = atEnd) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rust-net-'));
  cleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The events `names` of `emitter` from now on, in order: `[name, ...arguments]` each. */
function record(emitter, ...names) {
  const events = [];
  for (const name of names) emitter.on(name, (...details) => events.push([name, ...details]));
  return events;
}

/** Destroys `accepted` with the first of much data from `client`: the names of its events, up to 'close' and after. */
async function destroyedInData(client, accepted) {
  client.on('error', () => {});
  const events = record(accepted, 'data', 'end', 'close');
  accepted.once('data', () => accepted.destroy());
  client.end(Buffer.alloc(3_000_000));
  await once(accepted, 'close');
  await settled();
  return events.map(([name]) => name);
}

/** The names of all events of a stream, as a user can see them. */
const STREAM_EVENTS = ['connect', 'data', 'end', 'timeout', 'drain', 'finish', 'error', 'close'];

/** Resolves at 'close', with the names of the events of `stream` from now on; does not mind an 'error'. */
function namesUntilClose(stream, names = STREAM_EVENTS) {
  return new Promise((resolve) => {
    const seen = [];
    for (const name of names) stream.on(name, () => seen.push(name));
    stream.on('close', () => resolve(seen));
  });
}

/** Resolves at 'close' of a stream that fails, with its error. */
function failure(stream) {
  return new Promise((resolve, reject) => {
    let error = new Error('The stream has closed without an error.');
    stream.once('error', (reason) => (error = reason));
    stream.once('close', (hadError) => (hadError ? resolve(error) : reject(error)));
  });
}

/** What `run` throws. */
function thrown(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

/** Resolves after the next tick, when what is due in this one has come. */
function nextTick() {
  return new Promise((resolve) => process.nextTick(resolve));
}

/**
 * Resolves when a byte has gone there and back on a connection of its own. What loopback carried before has been seen
 * by then, so that a test can say what has *not* come of it.
 */
async function settled() {
  const [client, accepted] = await pair();
  accepted.once('data', (data) => accepted.write(data));
  client.write('x');
  await once(client, 'data');
}

/**
 * An address of this machine that other programs do not use: they listen on 127.0.0.1 and connect from there, also with
 * a port that is free there. Only Linux has more than that one.
 */
function ownAddress() {
  return process.platform === 'linux' ? `127.77.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}` : '127.0.0.1';
}

/** A port of `host` that refuses connections, and that no other socket gets before the test is over. */
async function refusingPort(host = '127.0.0.1') {
  const server = await listening(nodeNet.createServer(), 0, host);
  const client = destroyAtEnd(nodeNet.connect(server.address().port, host));
  const [accepted] = await once(server, 'connection');
  destroyAtEnd(accepted);
  if (client.connecting) await once(client, 'connect');
  // There is no listener where a client has connected from.
  return client.localPort;
}

/**
 * Runs `script` in a node process of its own, with `net` in its scope. `descriptors` become its 3, 4, ...; `lines` is
 * what it writes to stdout, `exit` resolves to its exit code.
 */
function child(script, { descriptors = [], args = [] } = {}) {
  const source = `const net = require(process.argv[1]);\n${script}`;
  const running = spawn(process.execPath, ['-e', source, ROOT, ...args], {
    stdio: ['pipe', 'pipe', 'inherit', ...descriptors],
  });
  atEnd(() => running.kill('SIGKILL'));
  const exit = new Promise((resolve) => {
    running.on('close', (code, signal) => resolve(signal ?? code));
  });
  return { process: running, lines: readline.createInterface(running.stdout)[Symbol.asyncIterator](), exit };
}

/** What the kernel says of an option of the socket `fd`: `getsockopt(fd, level, name)`, the number at byte `offset`. */
function socketOption(fd, level, name, offset = 0) {
  // Node has no getsockopt; Perl comes with every system that we build on.
  const script = `open(my $socket, '+<&=', 3) or die $!;
    my $value = getsockopt($socket, ${level}, ${name}) // die $!;
    print unpack('i', substr($value, ${offset}));`;
  return Number(execFileSync('perl', ['-e', script], { stdio: ['ignore', 'pipe', 'inherit', fd] }).toString());
}

const isMac = process.platform === 'darwin';

/** Levels and names for `socketOption`, and offsets. */
const OPTIONS = {
  noDelay: [6, 1],
  keepAlive: isMac ? [0xffff, 8] : [1, 9],
  keepAliveIdle: isMac ? [6, 0x10] : [6, 4],
  keepAliveInterval: isMac ? [6, 0x101] : [6, 5],
  keepAliveCount: isMac ? [6, 0x102] : [6, 6],
  typeOfService: isMac ? [0, 3] : [0, 1],
  trafficClass: isMac ? [41, 36] : [41, 67],
  sendBufferSize: isMac ? [0xffff, 0x1001] : [1, 7],
  recvBufferSize: isMac ? [0xffff, 0x1002] : [1, 8],
  userTimeout: [6, 18],
  mark: [1, 36],
  // `tcpi_data_segs_out` of `TCP_INFO`, on Linux.
  dataSegmentsSent: [6, 11, 156],
};

/** What the kernel says of the option `name` of `stream`. */
function kernelOption(stream, name) {
  return socketOption(stream.fd, ...OPTIONS[name]);
}

module.exports = {
  atEnd,
  atLast,
  child,
  closeAtEnd,
  collect,
  destroyAtEnd,
  destroyedInData,
  failure,
  kernelOption,
  listening,
  namesUntilClose,
  nextTick,
  ownAddress,
  pair,
  record,
  refusingPort,
  scratch,
  settled,
  thrown,
};
