'use strict';

// The handles of Node's core over stream sockets (`TCP`, `Pipe`), which processes pass each other connections and
// listening sockets as. A copy of the descriptor goes over: from such a handle into our engine, or from a source of our
// engine into such a handle. So each side closes what is its own.

const engines = require('./engine');
const nodesNet = require('./nodes-net');

/** The names of the classes of Node's core that have a descriptor the engine can have a copy of. */
const CLASSES = new Set(['TCP', 'Pipe']);

/** Whether `object` is a handle of Node's core over a stream socket or a pipe. */
function isNodesHandle(object) {
  return typeof object === 'object' && object?.isStreamBase === true && CLASSES.has(object.constructor.name);
}

/**
 * Makes a stream of the engine of a connection of Node's, which stays. Returns its id, or `{ errno, syscall }`. With
 * `tally`, a server that counts there has accepted it.
 */
function copyConnection(handle, tally) {
  return engines.attempt('open', (engine) => engine.copyStream(handle.fd, tally));
}

/** As `copyConnection`, of a connection of Node's that is closed. */
function takeConnection(handle, tally) {
  const outcome = copyConnection(handle, tally);
  if (typeof outcome === 'number') handle.close();
  return outcome;
}

/** Makes a listener of the engine of a bound socket of Node's, which stays. Returns its id, or `{ errno, syscall }`. */
function shareListener(handle, backlog) {
  return engines.attempt('listen', (engine) => engine.copyListener(handle.fd, backlog));
}

/**
 * A handle of Node's core over the socket of `transport`, after all that was written; null if there can't be one. It
 * is closed with the transport, unless that gives it away.
 */
function lend(transport) {
  return (transport.nodesHandle ??= open(transport.lend()));
}

function open(fd) {
  if (typeof fd !== 'number') return null;
  const handle = nodesNet._createServerHandle(null, null, null, fd);
  return isNodesHandle(handle) ? handle : null;
}

/** Sets what Node's core takes for the owner of any of its handles, and of what stands in for one. */
function setOwner(handle, owner) {
  setOwnerOf ??= findSetter();
  setOwnerOf.call(handle, owner);
}

let setOwnerOf = null;

/** The setter sits on the prototype of `TCP`, which only an instance leads to. */
function findSetter() {
  const handle = anyTcpHandle();
  const { set } = Object.getOwnPropertyDescriptor(handle.constructor.prototype, 'owner');
  handle.close();
  return set;
}

/** A machine may have no IPv4, or no IPv6. */
function anyTcpHandle() {
  const handle = nodesNet._createServerHandle('127.0.0.1', 0, 4);
  return isNodesHandle(handle) ? handle : nodesNet._createServerHandle('::1', 0, 6);
}

module.exports = { copyConnection, isNodesHandle, lend, setOwner, shareListener, takeConnection };
