'use strict';

// What a process holds: descriptors, and memory outside of JavaScript's heap.

const fs = require('fs');
const { setFlagsFromString } = require('v8');
const { runInNewContext } = require('vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const turn = () => new Promise(setImmediate);

const FOLDER = '/proc/self/fd';

/** What each descriptor of this process is; empty where that can't be known. */
function descriptors() {
  if (!fs.existsSync(FOLDER)) return [];
  return fs.readdirSync(FOLDER).map((fd) => {
    try {
      return `${fd} ${fs.readlinkSync(`${FOLDER}/${fd}`)}`;
    } catch {
      // The one by which the folder was read.
      return null;
    }
  }).filter((descriptor) => descriptor !== null);
}

/** Bytes outside of the heap after a collection: all of them, and those of ArrayBuffers. */
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
