'use strict';

// Pipes that the engine runs: `a.pipe(b)` between two streams of ours, while nothing in JavaScript observes the bytes.
// What a stream receives that flows and has no listener is seen by nothing, either: the engine drops it.
//
// Duplex's own `pipe()` stays in charge: its listeners, its events, the end and the errors. When the source asks for
// data and only `pipe()` would see them, the engine takes the pipe over and moves them without a call into JavaScript.
// Every member that would let JavaScript see or change the bytes gives the pipe back first: then Duplex moves them.

const { Duplex } = require('stream');
const { isSecuring } = require('../tls/secure');
const {
  kEarlySource,
  kHandle,
  kLender,
  kOnread,
  kReading,
  kSource,
  kTakesDescriptors,
  kTarget,
  kTransport,
} = require('./fields');

/** The methods that bytes pass through in JavaScript, as they are when the package is loaded. */
const { emit, push, read, write } = Duplex.prototype;
/** Those of net.Stream itself: `{ read, _read, write, _write, _writev, _writeGeneric }`. */
let own = null;

/** The members of net.Stream that give pipes back. */
class Pipes extends Duplex {
  pipe(destination, options) {
    unlink(this);
    return super.pipe(destination, options);
  }

  unpipe(destination) {
    unlink(this);
    return super.unpipe(destination);
  }

  pause() {
    unlink(this);
    return super.pause();
  }

  resume() {
    super.resume();
    linkAgain(this);
    return this;
  }

  cork() {
    unlinkSource(this);
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
    unlink(this);
    return arguments.length === 0 ? super.removeAllListeners() : super.removeAllListeners(event);
  }
}

/** In the place of the target, where the engine drops what is received. */
const NOWHERE = Symbol('nowhere');

/** Notes the methods of net.Stream itself that bytes pass through. */
function setOwnMethods(methods) {
  own = methods;
}

/** Has the engine move what `stream` receives, or drop it, where it may. Returns whether it does. */
function tryToHandOver(stream) {
  if (stream[kTarget] !== null) return true;
  if (stream[kOnread] !== null) return false;
  return stream._readableState.pipes.length === 1 ? link(stream) : discardIfUnread(stream);
}

/**
 * Has the engine drop what `stream` receives from now on, if nothing would see it: it flows, and has no listener.
 * Returns whether it does. As this is asked for each chunk, the listeners are looked up where Node keeps them, and
 * `discard` counts them.
 */
function discardIfUnread(stream) {
  return stream._readableState.flowing && stream._events.data === undefined && discard(stream);
}

/**
 * Called before what `stream` has received is pushed. Duplex would ask for more after each chunk, in a tick of its
 * own; but the engine goes on until there is no room. It has to ask only where a reader may have left something, for
 * which 'readable' is emitted again, where there is a pipe, which the engine may take over then, and where the program
 * has put a method in the place of one of ours.
 */
function readOn(stream) {
  const state = stream._readableState;
  const flows = state.flowing === true && state.pipes.length === 0;
  state.readingMore = flows && stream._read === own._read && isReadAsOurs(stream);
}

/** Has the engine drop what `source` receives, if nothing would see it. Returns whether it does. */
function discard(source) {
  if (!isReadyToFeed(source, 0) || isReadByOthers(source)) return false;
  if (!source[kTransport].discard()) return false;
  source[kTarget] = NOWHERE;
  return true;
}

/**
 * Has the engine move what `source` receives, if it is piped to one stream of the same engine and nothing observes it.
 * Called when the source asks for data: all that came before has been read. Returns whether the engine moves it.
 */
function link(source) {
  const [target] = source._readableState.pipes;
  const [from, to] = [source[kTransport], target[kTransport]];
  if (to === undefined || !isReadyToFeed(source, 1)) return false;
  if (!to.isOpen || isSecuring(target)) {
    target[kEarlySource] = source;
    return false;
  }
  if (from.engine !== to.engine || !isReadyToTake(target) || !from.pipe(to)) return false;
  source[kTarget] = target;
  target[kSource] = source;
  return true;
}

/** As `link`, where Duplex has asked for data before and does not ask again. */
function linkAgain(source) {
  if (source[kReading] && source[kTarget] === null && source._readableState.pipes.length === 1) link(source);
}

/** `target` is connected, or secure: has the engine take over a pipe into it that was too early for that. */
function linkEarlySource(target) {
  const source = target[kEarlySource];
  if (source === null) return;
  target[kEarlySource] = null;
  linkAgain(source);
}

/**
 * Whether something else than `stream` gets what its connection receives: its `onread`, the stream that has lent the
 * connection, or the guard of an `http.Agent`, to which all that comes is an offence.
 */
function isReadByOthers(stream) {
  return stream[kOnread] !== null || stream[kLender] !== null || Boolean(stream[kHandle]?.onread);
}

/** Whether nothing but `listeners` of 'data' sees what is received. */
function isReadyToFeed(source, listeners) {
  const state = source._readableState;
  return (
    source[kTransport].isOpen &&
    !isSecuring(source) &&
    state.flowing &&
    state.length === 0 &&
    hasReaders(source, listeners)
  );
}

/** Whether what is received has one reader, a listener of 'data', and nothing else sees it. */
function isRead(source) {
  return hasReaders(source, 1);
}

/** Whether nothing sees what is received. */
function isUnobserved(source) {
  return hasReaders(source, 0) && !isReadByOthers(source);
}

function hasReaders(source, listeners) {
  return (
    !source._readableState.decoder &&
    !source[kTakesDescriptors] &&
    source.listenerCount('data') === listeners &&
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
  return source.read === own.read && source.push === push && source.emit === emit && Duplex.prototype.read === read;
}

function isWrittenAsOurs(target) {
  return (
    target.write === own.write &&
    target._write === own._write &&
    target._writev === own._writev &&
    target._writeGeneric === own._writeGeneric &&
    target.emit === emit &&
    Duplex.prototype.write === write
  );
}

/** Ends what `link` or `discard` has begun: JavaScript sees again what `source` receives. */
function unlink(source) {
  const target = source[kTarget];
  // Undefined for a socket of Node's own: http calls members of what `net.Socket` is on each of its sockets.
  if (!target) return;
  source[kTarget] = null;
  if (target !== NOWHERE) target[kSource] = null;
  source[kTransport].unpipe();
}

/** As `unlink`, for the source that the engine moves to `target`. */
function unlinkSource(target) {
  if (target[kSource]) unlink(target[kSource]);
}

/** `unlink` and `unlinkSource` of one stream. */
function unlinkBoth(stream) {
  unlink(stream);
  unlinkSource(stream);
}

/** A listener of `event` is being added to `source`. */
function reveal(source, event) {
  if (event === 'fd') takeDescriptors(source);
  // Only these see what is received. Most listeners are for others, and come with each connection.
  if (event === 'data' || event === 'readable') unlink(source);
  // From now on, what is received waits in Duplex. Above the high-water mark, 'readable' would not be emitted again for
  // a reader that leaves something.
  if (event === 'readable' && source[kReading] && source[kTransport].isOpen && !isSecuring(source)) {
    source[kTransport].want(true);
  }
}

/** What `source` receives is seen from now on: descriptors may come with it. */
function takeDescriptors(source) {
  unlink(source);
  source[kTakesDescriptors] = true;
  if (source[kTransport]?.isOpen) source[kTransport].takeDescriptors();
}

module.exports = {
  Pipes,
  discardIfUnread,
  isRead,
  isReadyToTake,
  isUnobserved,
  linkEarlySource,
  readOn,
  setOwnMethods,
  tryToHandOver,
  unlink,
  unlinkBoth,
  unlinkSource,
};
