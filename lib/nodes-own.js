'use strict';

// What Node's core makes for itself of the module `net` when that is ours (lib/takeover.js), and what must stay Node's
// own: terminals, pipes to child processes and Node's own TLS, which all stand on a handle of Node's core, the standard
// streams, and the server that the primary of a cluster distributes the connections of. Programs never pass what is
// recognised here, and get our classes.

const { BOOTSTRAP, DISTRIBUTOR, NODES_TLS, callingScript } = require('./callers');
const { Handle } = require('./handle');
const { isInstance } = require('./members');
const { isNodesHandle } = require('./nodes-handles');
const nodesNet = require('./nodes-net');
const { kAdopt, kInPlace } = require('./symbols');

/** Descriptors 0 to 2. */
const LAST_STANDARD = 2;

/** Whether `object` is of a class that extends Node's own `Class` of the module net. */
function extendsNodes(object, Class) {
  return isInstance(nodesNet[Class], object);
}

/**
 * Node's own socket, for the constructor of ours to return, if `options` ask for one; undefined if not. To be called by
 * the constructor itself. `isNew`: by `new`, without which Node's core makes the pipes to child processes.
 */
function standIn(options, isNew) {
  const handle = options?.handle;
  const isSocket = isNodesHandle(handle);
  if (isMadeUp(handle)) return new nodesNet.Socket(options);
  if (isSocket ? !isNew && handle.constructor.name === 'Pipe' : handle?.isStreamBase === true) {
    return new nodesNet.Socket(options);
  }
  const mayBeStandard = isSocket || options?.fd <= LAST_STANDARD;
  return mayBeStandard && callingScript(1) === BOOTSTRAP ? new nodesNet.Socket(options) : undefined;
}

/** Whether `handle` is an object of the program's that plays a handle of Node's core, as those that mock `net` make. */
function isMadeUp(handle) {
  const mayBe = typeof handle === 'object' && handle !== null && !handle[kAdopt] && !(handle instanceof Handle);
  return mayBe && !handle.isStreamBase && typeof handle.readStart === 'function';
}

/** Whether `net.createServer`, which calls this, is called for the connections that a cluster's primary distributes. */
function isForDistribution() {
  return callingScript(1) === DISTRIBUTOR;
}

/**
 * Whether it is Node's own TLS that asks if a stream is a socket, whose handle it would then take for one of Node's
 * core. To it, ours are streams like any other. To be called by what implements `instanceof`.
 */
function hidesFromNodesTls(stream) {
  return stream[kInPlace] && NODES_TLS.includes(callingScript(1));
}

module.exports = { extendsNodes, hidesFromNodesTls, isForDistribution, standIn };
