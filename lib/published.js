'use strict';

// Statistics of this thread for other processes of the same user, such as `npx rust-net top`. `publishStats()` opens a
// socket that only they can reach; each connection to it is sent one snapshot, as JSON, and is closed. `readStats()`
// reads those of all threads of a process. Nothing is open before the program asks for it.
//
// The sockets are Node's own, so that they are not among what is counted.

const { isMainThread, threadId } = require('worker_threads');
const { showEnd } = require('./address');
const { validateAbortSignal, validateInteger, validateObject } = require('./arguments');
const engines = require('./engine');
const { ask, open, socketsOf } = require('./published-sockets');
const { kListener, kTally } = require('./server/fields');
const { serverStats, stats } = require('./statistics');
const { OwnAddresses } = require('./stream/addresses');
const { kOutgoing, kTransport } = require('./stream/fields');

/** So many streams are in a snapshot: those that have moved most since the last one. */
const MAX_STREAMS = 20;

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
  const statistics = serverStats(server, server[kTally] ?? null);
  return { id: numberOf(server), address: showEnd(server.address()), stats: statistics };
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
  return ranked.slice(0, MAX_STREAMS).map(({ stream }) => stream);
}

/** What is published of this thread. */
function snapshot() {
  const owners = [...engines.owners()];
  return {
    pid: process.pid,
    thread: threadId,
    time: performance.now(),
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

/** Answers what has connected to the socket. */
function answer(socket) {
  try {
    socket.end(JSON.stringify(snapshot()));
  } catch {
    // The program has changed members of its sockets: that may end this, but not the program.
    socket.destroy();
  }
}

/** A promise of what is published, as long as it is. */
let publication = null;

/**
 * Publishes the statistics of this thread for other processes of the same user. Returns a promise of
 * `{ path, close() }`: the path of a UNIX socket, and what ends it. A second call returns the same.
 */
function publishStats() {
  if (publication === null) {
    const own = publish(() => publication === own && (publication = null));
    publication = own;
  }
  return publication;
}

/** Opens the socket. `forget` is called when it is closed, or could not be opened. */
async function publish(forget) {
  let socket;
  try {
    socket = await open(isMainThread ? `${process.pid}` : `${process.pid}-${threadId}`, answer);
  } catch (error) {
    forget();
    throw error;
  }
  let closing = null;
  return {
    path: socket.path,
    close() {
      forget();
      closing ??= socket.close();
      return closing;
    },
  };
}

/** Whether a socket has failed because its thread is gone. */
const isGone = ({ code }) => code === 'ECONNREFUSED' || code === 'ENOENT';

/**
 * Reads what the threads of a process publish: `subject` is the number of the process, or the path of a socket. Returns
 * a promise of a list, with an item for each thread, and in `silent` the numbers of those that do not answer.
 */
async function readStats(subject, options = {}) {
  if (typeof subject !== 'string') validateInteger(subject, 'subject', 1);
  validateObject(options, 'options');
  const { signal } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  const sockets = typeof subject === 'string' ? [{ place: subject, thread: null }] : socketsOf(subject);
  const answers = await Promise.allSettled(sockets.map(({ place }) => ask(place, signal)));
  signal?.throwIfAborted();
  const threads = answers.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const failures = answers.flatMap(({ reason }, at) => (reason === undefined ? [] : [{ ...sockets[at], reason }]));
  // A process that was killed, and had the same number, may have left a socket behind.
  const silent = failures.filter(({ reason }) => !isGone(reason));
  if (threads.length === 0) throw (silent[0] ?? failures[0]).reason;
  threads.sort((one, other) => one.thread - other.thread);
  return Object.assign(threads, { silent: silent.map(({ thread }) => thread) });
}

/** Publishes because the environment asks for it. */
function publishForTop() {
  publishStats().catch(({ message }) => {
    process.emitWarning(`The statistics can't be published: ${message}`, { code: WARNING });
  });
}

module.exports = { publishForTop, publishStats, readStats };
