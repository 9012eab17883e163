'use strict';

// Counting the sockets of one test. A process opens and closes descriptors for its own reasons (jest runs many files in
// one), so that the number of them all says nothing about a test.

const fs = require('fs');

/** The inodes of the TCP sockets of this machine that have `port` at either end. */
function inodesAt(port) {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['tcp', 'tcp6'].flatMap((table) => fs.readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1));
  return new Set(sockets.map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote]) => local?.endsWith(end) || remote?.endsWith(end))
    .map((fields) => fields[9]));
}

/** What the descriptor `fd` of this process refers to: '' if it is closed by now. */
function target(fd) {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** How many descriptors of this process are TCP sockets with `port` at either end, a listener included. Linux only. */
function socketsAt(port) {
  const inodes = inodesAt(port);
  return fs.readdirSync('/proc/self/fd')
    .filter((fd) => inodes.has(/^socket:\[(\d+)\]$/.exec(target(fd))?.[1]))
    .length;
}

module.exports = { socketsAt };
