'use strict';

// A relay between both sides of a sequence, in this thread or in a thread of its own: the bytes pass through two
// streams that pipe to each other.

const { once } = require('events');
const path = require('path');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

/** A server that connects everything it accepts to `target`. */
function createHub(net, target) {
  return net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.createConnection({ ...target, allowHalfOpen: true });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('error', () => {});
      one.on('close', (hadError) => {
        if (hadError || !one.readableEnded || !one.writableFinished) other.destroy();
      });
      one.pipe(other);
    }
  });
}

/** The thread for each entry of the package, started when it is needed. */
const threads = new Map();

function threadOf(entry) {
  if (!threads.has(entry)) {
    const thread = new Worker(__filename, { workerData: { hubOf: entry } });
    thread.setMaxListeners(0);
    thread.unref();
    threads.set(entry, thread);
  }
  return threads.get(entry);
}

let requests = 0;

/** A hub in a thread of its own, with what a sequence uses of a server. */
class RemoteHub {
  #id = ++requests;
  #thread;
  #address = null;
  listening = false;

  constructor(entry, target) {
    this.#thread = threadOf(entry);
    this.#thread.postMessage({ id: this.#id, command: 'create', target });
  }

  async #ask(command, where) {
    this.#thread.ref();
    this.#thread.postMessage({ id: this.#id, command, where });
    let answer;
    do [answer] = await once(this.#thread, 'message');
    while (answer.id !== this.#id);
    this.#thread.unref();
    return answer.address;
  }

  async listen(where) {
    this.#address = await this.#ask('listen', where);
    this.listening = true;
  }

  address() {
    return this.#address;
  }

  close(callback) {
    this.listening = false;
    this.#ask('close').then(callback);
  }
}

/** Ends the threads. */
async function closeHubs() {
  await Promise.all([...threads.values()].map((thread) => thread.terminate()));
  threads.clear();
}

/** The path of the package's entry whose exports `net` is, for another thread; undefined for node:net. */
function entryOf(net) {
  const entries = { [path.join(__dirname, '../../index.js')]: require('../..'), [path.join(__dirname, '../../node.js')]: require('../../node') };
  return Object.keys(entries).find((file) => entries[file] === net);
}

function serveRequests() {
  const net = require(workerData.hubOf);
  const servers = new Map();
  parentPort.on('message', async ({ id, command, target, where }) => {
    if (command === 'create') servers.set(id, createHub(net, target));
    const server = servers.get(id);
    if (command === 'listen') {
      server.listen(where, () => parentPort.postMessage({ id, address: server.address() }));
    } else if (command === 'close') {
      servers.delete(id);
      server.close(() => parentPort.postMessage({ id }));
    }
  });
}

if (!isMainThread && workerData?.hubOf !== undefined) serveRequests();

module.exports = { RemoteHub, closeHubs, createHub, entryOf };
