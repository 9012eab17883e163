'use strict';

// What the engine has counted, as a program sees it. The engine counts (`src/statistics/`); here, its numbers get their
// names, and where there is no engine yet, they are 0.

const { getSystemErrorName } = require('util');
const { NativeTally, noStatistics } = require('./binding');
const engines = require('./engine');

/** What all sockets of this thread have come to. */
function stats() {
  return complete(engines.running()?.statistics() ?? noStatistics());
}

function complete({ common, origins, ...rest }) {
  const shared = named(common);
  return {
    ...shared,
    connections: { ...shared.connections, ...origins, failed: byName(origins.failed) },
    ...rest,
  };
}

/** What the server that counts in `tally` has come to; with null, one that has not counted anything. */
function serverStats(tally) {
  return named(tally === null ? noStatistics().common : engines.running().serverStatistics(tally));
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

module.exports = { createTally, serverStats, stats, sumOf };
