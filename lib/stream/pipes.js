'use strict';

// Pipes that the engine runs: `a.pipe(b)` between two streams of ours, while nothing in JavaScript observes the bytes.
//
// Duplex's own `pipe()` stays in charge: its listeners, its events, the end and the errors. When the source asks for
// data and only `pipe()` would see them, the engine takes the pipe over and moves them without a call into JavaScript.
// Every member that would let JavaScript see or change the bytes gives the pipe back first: then Duplex moves them.

const { Duplex } = require('stream');
const { isSecuring } = require('../tls/secure');
const { kOnread, kSource, kTarget, kTransport } = require('./fields');

/** The methods that bytes pass through in JavaScript, as they are when the package is loaded. */
const { emit, push, read, write } = Duplex.prototype;
/** Those of net.Stream itself: `{ read, write, _write, _writev, _writeGeneric }`. */
let own = null;

/** The members of net.Stream that give pipes back. */
class Pipes extends Duplex {
  pipe(destination, options) {
    giveBack(this);
    return super.pipe(destination, options);
  }

  unpipe(destination) {
    giveBack(this);
    return super.unpipe(destination);
  }

  pause() {
    giveBack(this);
    return super.pause();
  }

  // Node's prototype has `resume` of its own, for programs that redefine it.
  resume() {
    return super.resume();
  }

  cork() {
    stopFeeding(this);
    super.cork();
  }

  on(event, listener) {
    reveal(this, event);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    reveal(this, event);
    return super.addListener(event, listener);
  }

  prependListener(event, listener) {
    reveal(this, event);
    return super.prependListener(event, listener);
  }

  removeAllListeners(event) {
    giveBack(this);
    return arguments.length === 0 ? super.removeAllListeners() : super.removeAllListeners(event);
  }
}

/** Notes the methods of net.Stream itself that bytes pass through. */
function watch(methods) {
  own = methods;
}

/** Lets the engine move what `stream` receives, where it may. Returns whether it does. */
function isPipedByEngine(stream) {
  return stream._readableState.pipes.length === 1 && stream[kOnread] === null && takeOver(stream);
}

/**
 * Has the engine move what `source` receives, if it is piped to one stream of the same engine and nothing observes it.
 * Called when the source asks for data: all that came before has been read. Returns whether the engine moves it.
 */
function takeOver(source) {
  if (source[kTarget] !== null) return true;
  const [target] = source._readableState.pipes;
  const [from, to] = [source[kTransport], target[kTransport]];
  if (from.engine !== to?.engine || !isReadyToFeed(source) || !isReadyToTake(target)) return false;
  if (Duplex.prototype.read !== read || Duplex.prototype.write !== write) return false;
  if (!from.pipe(to)) return false;
  source[kTarget] = target;
  target[kSource] = source;
  return true;
}

function isReadyToFeed(source) {
  const state = source._readableState;
  return (
    source[kTransport].isOpen &&
    !isSecuring(source) &&
    state.flowing &&
    state.length === 0 &&
    isRead(source)
  );
}

/** Whether what is received has one reader, a listener of 'data', and nothing else sees it. */
function isRead(source) {
  return (
    !source._readableState.decoder &&
    source.listenerCount('data') === 1 &&
    source.listenerCount('readable') === 0 &&
    isReadAsOurs(source)
  );
}

/** Whether what is written to `target` goes straight to the engine, and nothing sees it on the way. */
function isReadyToTake(target) {
  const state = target._writableState;
  return (
    target[kTransport].isOpen &&
    !isSecuring(target) &&
    target[kSource] === null &&
    target.writable &&
    state.length === 0 &&
    state.corked === 0 &&
    isWrittenAsOurs(target)
  );
}

// A program that replaces a method wants to see the bytes. These are asked for each write, and so have no loop.

function isReadAsOurs(source) {
  return source.read === own.read && source.push === push && source.emit === emit;
}

function isWrittenAsOurs(target) {
  return (
    target.write === own.write &&
    target._write === own._write &&
    target._writev === own._writev &&
    target._writeGeneric === own._writeGeneric &&
    target.emit === emit
  );
}

/** Has JavaScript see again what `source` receives. */
function giveBack(source) {
  const target = source[kTarget];
  // Undefined for a socket of Node's own: http calls members of what `net.Socket` is on each of its sockets.
  if (!target) return;
  source[kTarget] = null;
  target[kSource] = null;
  source[kTransport].unpipe();
}

/** Has JavaScript see again what is sent to `target`. */
function stopFeeding(target) {
  if (target[kSource]) giveBack(target[kSource]);
}

/** A listener of `event` is being added to `source`. */
function reveal(source, event) {
  // Only these see what is received. Most listeners are for others, and come with each connection.
  if (event === 'data' || event === 'readable') giveBack(source);
}

module.exports = { Pipes, giveBack, isPipedByEngine, isReadyToTake, isRead, stopFeeding, watch };
