'use strict';

// What the tests of the statistics share: differences between two looks, and streams that they have counted themselves.

const { once } = require('events');
const net = require('../..');

/** What has been added from `before` to `after`: numbers by their names, those that are the same left out. */
function added(before, after) {
  const found = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[name] ?? 0, after[name] ?? 0];
    if (typeof to === 'number') {
      if (from !== to) found[name] = to - from;
    } else if (!Array.isArray(to)) {
      const inner = added(from || {}, to);
      if (Object.keys(inner).length > 0) found[name] = inner;
    }
  }
  return found;
}

/** What has been added to `look()` by the time that `work` is done. */
async function during(look, work) {
  const before = look();
  await work();
  return added(before, look());
}

/** The connections of this thread that `work` has added. */
function connections(work) {
  return during(() => net.stats().connections, work);
}

/** Resolves when all `streams` have closed, whether by an error or not. */
function closed(...streams) {
  return Promise.all(streams.map(async (stream) => {
    stream.on('error', () => {});
    stream.resume();
    if (!stream.closed) await once(stream, 'close').catch(() => {});
  }));
}

/** The number of all that were dropped. */
function droppedOf({ dropped }) {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

module.exports = { added, closed, connections, droppedOf, during };
