'use strict';

// A thread of net.serve(): loads the program's handler, listens, and ends when the first thread says so.

const { once } = require('events');
const { syncBuiltinESMExports } = require('module');
const { pathToFileURL } = require('url');
const threads = require('worker_threads');
const { BoundSocket } = require('../bound');
const contract = require('../contract');
const errors = require('../errors');
const { createNet } = require('../net');
const { kListener, kShutdown } = require('../server/fields');
const { stats } = require('../statistics');
const { kAdopt, kContract, kCopyOf, kInner } = require('../symbols');
const { Guests } = require('./guests');

const { handler, index, data, place, accepting, port } = threads.workerData;
// What the program finds there is what it has passed to `serve()`.
threads.workerData = data;
syncBuiltinESMExports();

/** The server of the program: what its `createServer()` returns, or one of ours with its listener of 'connection'. */
async function serverOf({ createServer, default: exported }) {
  const create = createServer ?? exported?.createServer;
  if (typeof create === 'function') return create({ index, workerData: data });
  const listener = exported?.default ?? exported;
  if (typeof listener === 'function') return createNet(contract.page).createServer(listener);
  throw new TypeError(`${handler} must export a function: createServer(), or a listener of 'connection'`);
}

async function start() {
  const guests = new Guests();
  const server = await serverOf(await import(pathToFileURL(handler)));
  listen(server);
  await once(server, 'listening');
  port.postMessage({ type: 'listening' });
  const time = new AbortController();
  port.on('message', async ({ type, isShared }) => {
    const reply = (answer) => port.postMessage({ type, answer });
    if (type === 'expire') return time.abort();
    if (type === 'stats') return reply(stats());
    if (type === 'accepts') return reply(accepts(server));
    // The thread stays until its outcome has been read.
    port.ref();
    // The first thread has closed its copy of the socket.
    if (!isShared) (server[kInner] ?? server)[kListener]?.ownAlone();
    return reply(await endAll(server, guests, time.signal));
  });
  port.unref();
}

function listen(server) {
  // A server of http has the one that listens inside.
  const isOurs = (server[kInner] ?? server)[kContract] !== undefined;
  const name = Object.keys(accepting).find((option) => accepting[option] !== null);
  if (name !== undefined && !isOurs && typeof server.setLimits !== 'function') {
    const reason = 'is only for servers of rust-net, and createServer() has returned another one';
    throw errors.invalidArgumentValue(`options.listen.${name}`, accepting[name], reason);
  }
  const bound = new BoundSocket({ [kCopyOf]: place });
  if (isOurs) server.listen({ ...accepting, handle: bound }, place.backlog);
  else server.listen({ ...accepting, fd: descriptorOf(bound) }, place.backlog);
}

/** A descriptor of the socket, for a server of Node's, or of another copy of this package, to adopt. */
function descriptorOf(bound) {
  const { transport } = bound[kAdopt]();
  const fd = transport.lend();
  transport.release();
  return fd;
}

/** Whether the server accepts what waits, and does not end by itself. */
function accepts(server) {
  return server.listening && !(server[kInner] ?? server)[kShutdown];
}

/** Ends the server, and the streams that have come from other threads: also those that come meanwhile. */
async function endAll(server, guests, signal) {
  const outcomes = await Promise.all([end(server, signal), guests.shutdown(signal)]);
  outcomes.push(await guests.shutdown(signal));
  const sum = (name) => outcomes.reduce((total, outcome) => total + outcome[name], 0);
  return { ended: sum('ended'), destroyed: sum('destroyed') };
}

/** Ends the server: gracefully, if it is one of ours. Its time is over with `signal`. */
async function end(server, signal) {
  if (typeof server.shutdown === 'function') return server.shutdown({ grace: Infinity, signal });
  await new Promise((resolve) => {
    server.close(resolve);
    if (signal.aborted) resolve();
    signal.addEventListener('abort', resolve, { once: true });
  });
  return { ended: 0, destroyed: 0 };
}

start();
