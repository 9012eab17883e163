'use strict';

// A ClientHello that is left to OpenSSL: rustls has no answer to it, or the program has chosen a context that rustls
// can't use. Nothing has been sent by then, so Node's own TLS goes on with what was received. The TLSSocket, which the
// program may know already, stays the same object and becomes one of Node's own, as if it had been made as one.

const { EventEmitter } = require('events');
const { socketClosed } = require('../errors');
const spans = require('../spans');
const { kSecurity } = require('../symbols');
const { dropFields } = require('../stream/fields');
const { setImmediate } = require('../timers');
const { takeBack } = require('./moving');
const { becomeNodes, prototypeLike } = require('./nodes-socket');

/** So many connections are handed over in one turn of the loop: OpenSSL answers each ClientHello within the turn. */
const MOST_PER_TURN = 2;

/** What is still to be handed over: arguments of `handOverNow`. */
const waiting = [];

/** Hands `socket` over in a turn that has not handed over many yet. See `handOverNow`. */
function handOver(socket, ...details) {
  waiting.push([socket, ...details]);
  if (waiting.length === 1) setImmediate(handOverSome);
}

function handOverSome() {
  for (const [socket, ...details] of waiting.splice(0, MOST_PER_TURN)) {
    if (socket.destroyed) continue;
    try {
      handOverNow(socket, ...details);
    } catch (error) {
      socket.destroy(error);
    }
  }
  if (waiting.length > 0) setImmediate(handOverSome);
}

/**
 * Hands `socket` over, whose handshake the engine has declined with what was `received`. `isOwn(listener)`: whether a
 * listener is one that the constructor of a TLSSocket adds.
 */
function handOverNow(socket, received, reason, isOwn) {
  const { _readableState: readable, _writableState: writable, _tlsOptions: options } = socket;
  const mark = socket[kSecurity].takeCallback();
  const { chosen } = socket[kSecurity];
  const timeout = socket.timeout === options.handshakeTimeout ? undefined : socket.timeout;
  socket.setTimeout(0);
  const plain = takeBack(socket);
  const listeners = takeListeners(socket, isOwn);
  dropFields(socket);
  Object.setPrototypeOf(socket, prototypeLike(Object.getPrototypeOf(socket)));
  becomeNodes(socket, plain, { ...options, signal: undefined }, { chosen, received, reason });
  // What has been written waits there, pipes and the program's listeners have marked the other.
  Object.assign(socket, { _readableState: readable, _writableState: writable });
  readable.reading = false;
  for (const [event, listener] of listeners) EventEmitter.prototype.on.call(socket, event, listener);
  if (timeout !== undefined) socket.setTimeout(timeout);
  if (spans.secure.isAwaited(socket)) socket.once('close', publishFailure);
  mark?.();
}

/** A 'close' listener: it was not the end of the handshake if that was done before. */
function publishFailure() {
  if (spans.secure.isAwaited(this)) spans.secure.fail(this, this.errored ?? socketClosed());
}

/** Takes all listeners of `socket`. Returns those of the program, in their order: `[event, listener]`. */
function takeListeners(socket, isOwn) {
  const taken = [];
  for (const event of socket.eventNames()) {
    for (const listener of socket.rawListeners(event)) {
      if (!isOwn(listener.listener ?? listener)) taken.push([event, listener]);
    }
  }
  // As on an object that has never had any.
  socket._events = undefined;
  socket._eventsCount = 0;
  // Else they would be called for all others.
  const isAboutListeners = ([event]) => event === 'newListener';
  return [...taken.filter((entry) => !isAboutListeners(entry)), ...taken.filter(isAboutListeners)];
}

module.exports = { handOver };
