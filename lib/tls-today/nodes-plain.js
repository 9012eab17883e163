'use strict';

// TLS over a socket of Node's own `net`: the engine gets a copy of its descriptor, and Node stops reading. What it has
// read by then belongs to the handshake. The socket stays open beside the TLSSocket, as below one of Node's own, and
// neither receives nor reports anything more.

const { isInstance } = require('../members');
const { copyConnection, isNodesHandle } = require('../nodes-handles');
const nodesNet = require('../nodes-net');

/** Methods that bytes pass through. A program that has put its own in their place wants to see them. */
const METHODS = ['_final', '_read', '_write', '_writeGeneric', '_writev', 'end', 'push', 'read', 'write'];

/** Whether the connection of `socket`, or the one that it will have, is a plain one that Node can stop reading. */
function canBorrow(socket) {
  if (!isInstance(nodesNet.Socket, socket) || socket.destroyed || socket.encrypted) return false;
  const { _handle: handle } = socket;
  if (handle && !(isNodesHandle(handle) && !handle._consumed && (socket.connecting || handle.fd >= 0))) return false;
  const isAsNodes = METHODS.every((name) => socket[name] === nodesNet.Socket.prototype[name]);
  // Text can't always be turned back; a time limit would count what passes below it.
  return isAsNodes && socket.readableEncoding === null && !socket.timeout && socket.readable && socket.writable;
}

/** Has Node stop reading. Returns the id of the connection in the engine, or `{ errno, syscall }`. */
function borrow(plain) {
  const { _handle: handle } = plain;
  const id = copyConnection(handle);
  if (typeof id === 'number') {
    handle.readStop();
    // Whatever is asked of the socket, Node does not begin to read what it takes itself to be reading.
    handle.reading = true;
  }
  return id;
}

/** Lets Node read again. */
function restore(plain) {
  if (plain._handle) plain._handle.reading = false;
}

module.exports = { borrow, canBorrow, restore };
