'use strict';

// Statistics of this thread for other processes of the same user, such as `npx rust-net top`. `publishStats()` opens a
// UNIX socket in a folder that no other user can enter; each connection to it is sent one snapshot, as JSON, and is
// closed. `readStats()` reads those of all threads of a process. Nothing is open before the program asks for it.
//
// The sockets are Node's own, so that they are not among what is counted.

const fs = require('fs');
const os = require('os');
const { errno: ERRNO } = require('os').constants;
const path = require('path');
const { text } = require('stream/consumers');
const { isMainThread, threadId } = require('worker_threads');
const { showEnd } = require('./address');
const { validateInteger } = require('./arguments');
const engines = require('./engine');
const errors = require('./errors');
const nodesNet = require('./nodes-net');
const { kListener, kTally } = require('./server/fields');
const { serverStats, stats } = require('./statistics');
const { OwnAddresses } = require('./stream/addresses');
const { kOutgoing, kTransport } = require('./stream/fields');

const ETIMEDOUT = -ERRNO.ETIMEDOUT;

/** How long a process may take to answer, or a reader to take the answer, in milliseconds. */
const PATIENCE = 5000;

/** So many streams are in a snapshot: those that have moved most since the last one. */
const STREAMS_MOST = 20;

/** The code of the warning where `RUST_NET_TOP` asks for what can't be. */
const WARNING = 'RUST_NET_STATS';

/** Not the member of a stream: that is the program's to assign. */
const { get: streamStats } = Object.getOwnPropertyDescriptor(OwnAddresses.prototype, 'stats');

/** The numbers of servers and streams. */
const numbers = new WeakMap();
let lastNumber = 0;

/** How many bytes a stream had moved at the last snapshot. */
const moved = new WeakMap();

function numberOf(owner) {
  if (!numbers.has(owner)) numbers.set(owner, ++lastNumber);
  return numbers.get(owner);
}

/** What is published of a server. */
function describeServer(server) {
  return { id: numberOf(server), address: showEnd(server.address()), stats: serverStats(server[kTally] ?? null) };
}

/** What is published of a stream. */
function describeStream(stream) {
  const { local, peer } = stream[kTransport];
  return {
    id: numberOf(stream),
    local: showEnd(local),
    peer: showEnd(peer),
    isServer: !stream[kOutgoing],
    protocol: stream.encrypted ? stream.getProtocol() : null,
    stats: streamStats.call(stream),
  };
}

/** Those of `streams` that have moved most since this was last asked for. */
function busiest(streams) {
  const ranked = streams.map((stream) => {
    const all = stream.bytesRead + stream.bytesWritten;
    const recent = all - (moved.get(stream) ?? 0);
    moved.set(stream, all);
    return { stream, recent };
  });
  ranked.sort((one, other) => other.recent - one.recent);
  return ranked.slice(0, STREAMS_MOST).map(({ stream }) => stream);
}

/** What is published of this thread. */
function snapshot() {
  const owners = [...engines.owners()];
  return {
    pid: process.pid,
    thread: threadId,
    process: {
      version: process.version,
      uptime: process.uptime(),
      rss: process.memoryUsage.rss(),
      cpu: process.cpuUsage(),
    },
    stats: stats(),
    servers: owners.filter((owner) => owner[kListener]?.isOpen).map(describeServer),
    streams: busiest(owners.filter((owner) => owner[kTransport]?.isOpen && !owner.destroyed)).map(describeStream),
  };
}

/** The folder of this user's sockets. */
function folder() {
  return path.join(os.tmpdir(), `rust-net-${process.getuid()}`);
}

/** Makes the folder, if there is none. */
function makeFolder() {
  try {
    fs.mkdirSync(folder(), { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  expectPrivate(folder());
}

/** Throws unless `place` is a folder that only this user can enter. */
function expectPrivate(place) {
  const found = fs.lstatSync(place);
  const isPrivate = found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0;
  if (!isPrivate) throw errors.notPrivate(place);
}

/** Listens at `place`, where a socket of an earlier process of the same number may have been left. */
function listen(place) {
  fs.rmSync(place, { force: true });
  const server = nodesNet.createServer((socket) => {
    socket.setTimeout(PATIENCE, () => socket.destroy()).on('error', () => {}).unref();
    try {
      socket.end(JSON.stringify(snapshot()));
    } catch {
      // The program has changed members of its sockets: that may end this, but not the program.
      socket.destroy();
    }
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(place, () => {
      server.unref();
      fs.chmodSync(place, 0o600);
      resolve(server);
    });
  });
}

let publication = null;

/**
 * Publishes the statistics of this thread for other processes of the same user. Returns a promise of
 * `{ path, close() }`: the path of a UNIX socket, and what ends it. A second call returns the same.
 */
async function publishStats() {
  publication ??= publish();
  try {
    return await publication;
  } catch (error) {
    publication = null;
    throw error;
  }
}

async function publish() {
  makeFolder();
  const place = path.join(folder(), isMainThread ? `${process.pid}.sock` : `${process.pid}-${threadId}.sock`);
  const server = await listen(place);
  const remove = () => fs.rmSync(place, { force: true });
  process.on('exit', remove);
  return {
    path: place,
    async close() {
      if (!server.listening) return;
      process.removeListener('exit', remove);
      publication = null;
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the socket at `place` answers. */
async function ask(place) {
  const socket = nodesNet.connect({ path: place });
  socket.setTimeout(PATIENCE, () => socket.destroy(errors.systemError(ETIMEDOUT, 'read')));
  return JSON.parse(await text(socket));
}

/** The sockets of all threads of process `pid`; that of its main thread if there is none. */
function placesOf(pid) {
  expectPrivate(folder());
  const names = fs.readdirSync(folder()).filter((name) => new RegExp(`^${pid}(-\\d+)?\\.sock$`).test(name));
  return (names.length > 0 ? names : [`${pid}.sock`]).map((name) => path.join(folder(), name));
}

/**
 * Reads what the threads of a process publish: `subject` is the number of the process, or the path of a socket. Returns
 * a promise of a list, with an item for each thread.
 */
async function readStats(subject) {
  if (typeof subject !== 'string') validateInteger(subject, 'subject', 1);
  const places = typeof subject === 'string' ? [subject] : placesOf(subject);
  const answers = await Promise.allSettled(places.map(ask));
  // A thread that was terminated leaves its socket behind.
  const threads = answers.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  if (threads.length === 0) throw answers[0].reason;
  return threads.sort((one, other) => one.thread - other.thread);
}

/** Publishes because the environment asks for it. */
function publishForTop() {
  publishStats().catch(({ message }) => {
    process.emitWarning(`The statistics can't be published: ${message}`, { code: WARNING });
  });
}

module.exports = { publishForTop, publishStats, readStats };
