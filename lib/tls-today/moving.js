'use strict';

// A TLSSocket over a socket of ours, or over one of Node's own (`nodes-plain.js`): the connection moves to the
// TLSSocket. The former owner gets no ciphertext, keeps its addresses, and shares the end: when one of the two is
// destroyed, so is the other.

const { AsyncResource } = require('async_hooks');
const { systemError } = require('../errors');
const { attach, receiveFrom } = require('../stream/connecting');
const { unlinkBoth } = require('../stream/pipes');
const { readAll } = require('../stream/reading');
const { takeUndelivered } = require('../stream/tls');
const { kTransport, kSecurity } = require('../symbols');
const { Socket } = require('../today');
const { borrow, restore } = require('./nodes-plain');
const { Lent } = require('./securing');

const isOurs = (socket) => Object.prototype.isPrototypeOf.call(Socket.prototype, socket);

/** Whose connection a TLSSocket takes, until it has it. */
const kFrom = Symbol('from');
/** The TLSSocket that has taken the connection, of its former owner. */
const kTaker = Symbol('taker');

/** `socket` is to take the connection of `plain`, once there is one. Nothing more is delivered to `plain`. */
function take(socket, plain) {
  socket._parent = plain;
  // What happens to the connection happens below the context in which the TLSSocket is made, as in Node.
  socket[kFrom] = { plain, scope: new AsyncResource('TLSWRAP') };
  if (isOurs(plain)) {
    socket[kTransport] = plain[kTransport];
    if (plain[kTransport].isOpen) stopReading(plain);
    plain[kSecurity] = new Lent();
  }
  socket.connecting = plain.connecting || !plain._handle;
  if (socket.connecting) {
    plain.once('connect', () => {
      socket.connecting = false;
      if (!isOurs(plain)) borrowFrom(socket, plain);
      if (!socket.destroyed) socket.emit('connect');
    });
  } else if (!isOurs(plain)) {
    borrowFrom(socket, plain);
  }
  plain[kTaker] = socket;
  plain.on('error', passErrorOn).on('close', closeTaker);
}

/** An 'error' listener of the former owner. */
function passErrorOn(error) {
  this[kTaker]._emitTLSError(error);
}

/** A 'close' listener of the former owner. */
function closeTaker() {
  this[kTaker].destroy();
}

/** The connection of `plain`, one of Node's own, is the TLSSocket's, too. */
function borrowFrom(socket, plain) {
  const id = borrow(plain);
  if (typeof id === 'number') socket[kFrom].scope.runInAsyncScope(attach, null, socket, id);
  else socket.destroy(systemError(id.errno, id.syscall));
}

/** Has nothing more delivered to `plain`. */
function stopReading(plain) {
  unlinkBoth(plain);
  plain[kTransport].want(false);
}

/**
 * The handshake is about to begin: the connection becomes the TLSSocket's, unless what has been written to its former
 * owner is still to be sent. Returns whether it is now; if not, `_start()` follows.
 */
function claimConnection(socket) {
  if (!socket[kFrom]) return true;
  const { plain, scope } = socket[kFrom];
  if (plain.writableLength > 0) {
    plain.write('', (error) => {
      if (error) socket.destroy(error);
      else socket._start();
    });
    return false;
  }
  socket[kFrom] = null;
  if (isOurs(plain)) {
    keepForHandshake(socket, takeUndelivered(plain));
    scope.runInAsyncScope(receiveInOwnContext, null, socket, plain[kTransport]);
  } else {
    keepForHandshake(socket, readAll(plain));
  }
  return true;
}

function receiveInOwnContext(socket, transport) {
  transport.renewContext();
  receiveFrom(socket, transport);
}

function keepForHandshake(socket, bytes) {
  if (bytes.length > 0) socket[kSecurity].received.push(bytes);
}

/** Takes the connection from a TLSSocket that has sent nothing. Returns its former owner, which has it again. */
function takeBack(socket) {
  const plain = socket._parent ?? new Socket({ allowHalfOpen: socket.allowHalfOpen });
  plain.removeListener('error', passErrorOn).removeListener('close', closeTaker);
  delete plain[kTaker];
  delete socket[kFrom];
  if (isOurs(plain)) {
    plain[kSecurity] = null;
    receiveFrom(plain, socket[kTransport]);
  } else {
    socket[kTransport].release();
    restore(plain);
  }
  return plain;
}

/** A TLSSocket has been destroyed: so is the socket whose connection it has taken, whose 'close' comes first. */
function closeFormerOwner(socket, resets) {
  const plain = socket._parent;
  if (!plain || plain.destroyed) return;
  if (resets) plain.resetAndDestroy();
  else plain.destroy();
}

module.exports = { claimConnection, closeFormerOwner, isOurs, stopReading, take, takeBack };
