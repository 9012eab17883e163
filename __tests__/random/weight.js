'use strict';

// What a process holds: descriptors, and memory outside of JavaScript's heap.

const fs = require('fs');
const { setFlagsFromString } = require('v8');
const { runInNewContext } = require('vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const turn = () => new Promise(setImmediate);

/** Descriptors of this process; -1 where that can't be known. */
function descriptors() {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : -1;
}

/** Bytes outside of the heap behind a collection: all of them, and those of ArrayBuffers. */
async function memory() {
  for (let i = 0; i < 3; i++) {
    collect();
    await turn();
  }
  const { external, arrayBuffers } = process.memoryUsage();
  return { external, arrayBuffers };
}

/** Bytes of ArrayBuffers that can be reached now. */
function reachable() {
  collect();
  return process.memoryUsage().arrayBuffers;
}

module.exports = { descriptors, memory, reachable };
