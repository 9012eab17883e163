'use strict';

// What the engine has counted, as a program sees it. The engine counts (`src/statistics/`); here, its numbers get their
// names, and where there is no engine yet, they are 0. What the engine does not see is added: that is of connections
// whose TLS is Node's own, and of those that a session of http2 in the clear has.

const { getSystemErrorName } = require('util');
const { NativeTally, noStatistics } = require('./binding');
const engines = require('./engine');

/** What the engine does not see, of one server or of all. */
class Unseen {
  /** Handshakes that were left to Node's own TLS before the engine knew of them. */
  declined = 0;
  /** Sockets of Node's own that are open, and have such a connection. */
  sockets = new Set();
  /** The bytes of those that were. */
  #read = 0;
  #written = 0;

  /** `socket` is closed. */
  leave(socket) {
    if (!this.sockets.delete(socket)) return;
    this.#read += socket.bytesRead;
    this.#written += socket._bytesDispatched;
  }

  /** `common`, as the engine has it, with these. */
  addTo({ bytesRead, bytesWritten, handshakes, ...rest }) {
    let [read, written] = [bytesRead + this.#read, bytesWritten + this.#written];
    for (const socket of this.sockets) {
      read += socket.bytesRead;
      written += socket._bytesDispatched;
    }
    const declined = handshakes.declined + this.declined;
    return { bytesRead: read, bytesWritten: written, handshakes: { ...handshakes, declined }, ...rest };
  }
}

const unseen = new Unseen();
const unseenByServer = new WeakMap();

/** Where to count what the engine does not see of a connection that `server` has accepted, or that none has (null). */
function unseenOf(server) {
  if (server === null) return [unseen];
  if (!unseenByServer.has(server)) unseenByServer.set(server, new Unseen());
  return [unseen, unseenByServer.get(server)];
}

/** A handshake is left to Node's own TLS before the engine knows of it. `server`: that of the connection, or null. */
function noteDeclined(server) {
  for (const counts of unseenOf(server)) counts.declined++;
}

/** Counts the bytes of `socket`, one of Node's own. Returns a function to call when it is closed. */
function countUnseen(server, socket) {
  const all = unseenOf(server);
  for (const { sockets } of all) sockets.add(socket);
  return () => all.forEach((counts) => counts.leave(socket));
}

/** What all sockets of this thread have come to. */
function stats() {
  return complete(engines.running()?.statistics() ?? noStatistics(), unseen);
}

function complete({ common, origins, ...rest }, counts) {
  const shared = named(common, counts);
  return {
    ...shared,
    connections: { ...shared.connections, ...origins, failed: byName(origins.failed) },
    ...rest,
  };
}

/** What `server` has come to, which counts in `tally`; with null, it has not counted anything. */
function serverStats(server, tally) {
  const common = tally === null ? noStatistics().common : engines.running().serverStatistics(tally);
  return named(common, unseenByServer.get(server));
}

/** Where a server is to count. */
function createTally() {
  return new NativeTally();
}

function named(seen, counts) {
  const common = counts?.addTo(seen) ?? seen;
  const { handshakes } = common;
  return { ...common, handshakes: { ...handshakes, failed: byName(handshakes.failed) } };
}

/** Counts by the code of an error: the engine has some of them by the number. */
function byName(counts) {
  const found = {};
  for (const [key, count] of Object.entries(counts)) {
    const code = key.startsWith('-') ? getSystemErrorName(Number(key)) : key;
    found[code] = (found[code] ?? 0) + count;
  }
  return found;
}

/** The sum of what several threads have counted, or of nothing. */
function sumOf(all) {
  return all.reduce(plus, complete(noStatistics()));
}

/** `one` and `other`, added up number by number. Bounds of histograms are the same in both. */
function plus(one = 0, other = 0) {
  if (typeof one === 'number') return one + other;
  const sum = Array.isArray(one) ? [] : {};
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    sum[key] = key === 'bounds' ? one[key] : plus(one[key], other[key]);
  }
  return sum;
}

module.exports = { countUnseen, createTally, noteDeclined, serverStats, stats, sumOf };
