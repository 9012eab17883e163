'use strict';

// What the programs here share. Each uses a package as its users do and prints, as JSON, what came of it; it has to end
// by itself.

const { createHook } = require('async_hooks');
const { once } = require('events');
const net = require('net');
const ours = require('../../../node');
const { BINARY, HOST, TEXT, ask, atOnce, collect, digest, event, peer, sayBusy, serving } = require('../packages/common');

/** What the test has made: `server`, `untrusted` and `client`, as options of TLS, and `ca`, which is trusted. */
const identities = JSON.parse(process.env.IDENTITIES);

/** The handles that Node's own sockets are made of. Ours have the same types, but not the classes. */
const NODES_HANDLES = new Set(['TCP', 'TLSWrap']);

/** Those of them that there have been in this process. */
const seen = new Set();

createHook({
  init(id, type, trigger, resource) {
    const { name } = resource.constructor;
    if (NODES_HANDLES.has(name)) seen.add(name);
  },
}).enable();

/** Emits 'listening' on `server` before this resolves. */
async function listening(server, port = 0, host = HOST) {
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

/** Closes `server`, and resolves when it is closed. */
function closed(server) {
  return new Promise((resolve) => server.close(resolve));
}

/**
 * Starts what `report` has been given as `serve[kind]`, in a process of its own. `busy()`: it says that it has a
 * request that it will not answer. `kill()`: it ends without a word.
 */
function another(kind, port = 0) {
  return serving(kind, port);
}

/** Prints what `main` resolves to. `serve[kind](port)` resolves to a server that listens, for `another()`. */
function report(main, serve = {}) {
  if (process.argv[2] === 'serve') {
    // Not without the process that has started it.
    process.on('disconnect', () => process.exit());
    const [kind, port] = process.argv.slice(3);
    serve[kind](Number(port)).then((server) => process.send({ port: server.address().port }));
    return;
  }
  main().then((outcome) => {
    const made = { isOurs: net.Socket === ours.Socket, nodesHandles: [...seen].sort() };
    process.stdout.write(JSON.stringify({ ...made, ...outcome }));
  });
}

/** The code of the error that `promise` rejects with, or that of its cause; undefined if it resolves. */
function failure(promise) {
  return promise.then(() => undefined, codeOf);
}

function codeOf(error) {
  return error.code ?? (error.cause && codeOf(error.cause)) ?? error.message;
}

module.exports = {
  BINARY,
  HOST,
  TEXT,
  another,
  ask,
  atOnce,
  closed,
  codeOf,
  collect,
  digest,
  event,
  failure,
  identities,
  listening,
  peer,
  report,
  sayBusy,
};
