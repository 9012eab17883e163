'use strict';

// What the engine has counted, as a program sees it. The engine counts (`src/statistics/`); here, its numbers get their
// names, and where there is no engine yet, they are 0.

const { getSystemErrorName } = require('util');
const { NativeTally, noStatistics } = require('./binding');
const engines = require('./engine');

/** What all sockets of this thread have come to. */
function stats() {
  const { common, origins, ...rest } = engines.running()?.statistics() ?? noStatistics();
  const shared = named(common);
  return {
    ...shared,
    connections: { ...shared.connections, ...origins, failed: byName(origins.failed) },
    ...rest,
  };
}

/** What the server that counts in `tally` has come to; with null, one that has not counted anything. */
function serverStats(tally) {
  return named(tally === null ? noStatistics().common : engines.start().serverStatistics(tally));
}

/** Where a server is to count. */
function createTally() {
  return new NativeTally();
}

function named(common) {
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

module.exports = { createTally, serverStats, stats };
