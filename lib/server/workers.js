'use strict';

// The processes that a server's connections have been sent to: Node's core names them to the server, which asks them
// how many connections they have, and waits for these when it is closed. And the server itself, when it is sent.

const { EventEmitter } = require('events');
const { lend } = require('../nodes-handles');
const nodesNet = require('../nodes-net');
const { kShown, show } = require('../passing');
const { nextTick } = require('../timers');
const { kConnections, kListener, kWorkers } = require('./fields');

class Workers extends EventEmitter {
  /** Called by Node's core with the list of the sockets that it is sending to another process. */
  _setupWorker(list) {
    this[kWorkers].push(list);
    list.once('exit', () => this[kWorkers].splice(this[kWorkers].indexOf(list), 1));
  }

  /** Node's name of these lists. */
  get _workers() {
    return this[kWorkers];
  }

  /** What Node's core is shown of the server, in order to send it: the server goes on listening. */
  [kShown]() {
    return show(this, nodesNet.Server, () => lend(this[kListener]));
  }
}

/** Calls `callback(error, count)` with the number of connections here and in other processes. */
function countConnections(server, callback) {
  let total = server[kConnections];
  let left = server[kWorkers].length;
  if (left === 0) {
    nextTick(callback, null, total);
    return;
  }
  const note = (error, count) => {
    if (left <= 0) return;
    left = error ? 0 : left - 1;
    total += count;
    if (left === 0) nextTick(callback, error, error ? undefined : total);
  };
  for (const list of server[kWorkers]) list.getConnections(note);
}

/** Calls `callback` when the other processes have none of the connections any more. */
function waitForWorkers(server, callback) {
  const lists = [...server[kWorkers]];
  let left = lists.length;
  const note = () => {
    left--;
    if (left === 0) callback();
  };
  for (const list of lists) list.close(note);
}

module.exports = { Workers, countConnections, waitForWorkers };
