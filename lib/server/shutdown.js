'use strict';

// The graceful end of a server: what waits is accepted, the listening socket is closed, streams that have nothing to do
// are closed, and the others have some time to finish.
//
// Whether a stream has something to do is known to its protocol, not here. So each emits 'shutdown' first, and those
// that have a listener for it are left to that. Of the others, the engine knows whether what was received has been
// answered; a stream is closed once that stays so for a while. Servers of http and http2 know more: see `activityOf`.

const { validateAbortSignal, validateInteger, validateObject } = require('../arguments');
const { BUSY, FRESH } = require('../binding');
const engines = require('../engine');
const { readOptions } = require('../options');
const { kGuestOf, kLeft, kServer } = require('../stream/fields');
const spans = require('../spans');
const { kSecurity, kTransport } = require('../symbols');
const { clearTimeout, nextTick, setImmediate, setTimeout } = require('../timers');
const { isSecuring } = require('../tls/secure');
const { kConnections, kListener, kShutdown } = require('./fields');
const { isRunning } = require('./listening');

/** The default of `grace`, in milliseconds: how long `docker stop` waits before it kills a process. */
const GRACE = 10_000;

/** The longest time of a timer. */
const MAX_TIMER = 2 ** 31 - 1;

/** So often, in milliseconds, the streams are looked at. */
const INTERVAL = 50;

/** For so many looks in a row, a stream has to be idle. One that has received nothing yet may be about to. */
const LOOKS = 5;
const LOOKS_WHEN_FRESH = 20;

/** Events of a server of http whose listeners answer a request. */
const REQUESTS = ['request', 'checkContinue', 'checkExpectation'];

/** The end of one server, or of the guests of a thread, from `shutdown()` on. */
class Shutdown {
  #server;
  /** What the program knows as the server: another one for `rust-net/http`. Null for guests, which have none. */
  #face;
  #begun = performance.now();
  #isDrained = false;
  #isExpired = false;
  /** Streams that were open when the end began, or have been accepted since. */
  #total = 0;
  #destroyed = 0;
  /** By stream: `{ read, written, looks }`, since when it is idle. */
  #idle = new WeakMap();
  /** Those of `grace`: of each call of `shutdown()`. */
  #timers = new Set();
  #lookTimer = null;
  #undo = [];
  #resolve;

  constructor(server, face) {
    this.#server = server;
    this.#face = face;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  begin() {
    if (this.#face !== null && spans.shutdown.hasSubscribers) {
      spans.shutdown.begin(this.#server, { server: this.#server });
    }
    if (this.#server.listening) this.#server[kListener].drain(this.#server);
    else this.drained();
  }

  /** The time that streams have is over in `grace` milliseconds, or with `signal`. */
  limit(grace, signal) {
    const expire = () => this.#expire();
    if (grace <= MAX_TIMER) this.#timers.add(setTimeout(expire, grace));
    if (signal === undefined) return;
    if (signal.aborted) nextTick(expire);
    signal.addEventListener('abort', expire, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', expire));
  }

  /** All connections that waited have been accepted: the listening socket is closed. */
  drained() {
    if (this.#isDrained) return;
    this.#isDrained = true;
    const server = this.#server;
    this.#total += server[kConnections];
    const isHttp = typeof this.#face?.closeIdleConnections === 'function';
    if (isHttp) this.#endKeepingAlive();
    this.#endAnswers();
    if (this.#face !== null && isRunning(server)) this.#face.close();
    for (const stream of streamsOf(server)) nextTick(announce, stream);
    if (server[kConnections] === 0) this.#finish();
    else setImmediate(() => this.#look());
  }

  /** A guest has come. */
  arrived(stream) {
    this.#total++;
    nextTick(announce, stream);
  }

  /** A stream of the server is gone. */
  released() {
    if (!this.#isDrained) this.#total++;
    else if (this.#server[kConnections] === 0) this.#finish();
  }

  /**
   * Answers of a server of http are the last ones of their connections from now on. What is between two requests is not
   * closed with the server: the next request may be on its way.
   */
  #endKeepingAlive() {
    const face = this.#face;
    Object.defineProperty(face, 'closeIdleConnections', { value() {}, writable: true, configurable: true });
    this.#undo.push(() => delete face.closeIdleConnections);
    for (const event of REQUESTS.filter((name) => face.listenerCount(name) > 0)) {
      face.prependListener(event, answerLast);
      this.#undo.push(() => face.removeListener(event, answerLast));
    }
  }

  /** The answers of http that are being written are the last ones of their connections. */
  #endAnswers() {
    for (const { _httpMessage: response, parser } of streamsOf(this.#server)) {
      // After the last answer, those to requests that have come before would be lost.
      const isNewest = !parser?.incoming || parser.incoming === response?.req;
      if (response && isNewest) answerLast(null, response);
    }
  }

  #look() {
    if (this.#resolve === null) return;
    for (const stream of streamsOf(this.#server)) {
      if (this.#isIdle(stream)) stream.destroySoon();
    }
    if (this.#resolve !== null) this.#lookTimer = setTimeout(() => this.#look(), INTERVAL);
  }

  /** Whether `stream` has had nothing to do for long enough. */
  #isIdle(stream) {
    const activity = activityOf(stream, this.#face);
    if (activity === BUSY) {
      this.#idle.delete(stream);
      return false;
    }
    const { bytesRead: read, bytesWritten: written } = stream;
    const known = this.#idle.get(stream);
    const isSame = known !== undefined && known.read === read && known.written === written;
    const looks = isSame ? known.looks + 1 : 0;
    this.#idle.set(stream, { read, written, looks });
    return looks >= (activity === FRESH ? LOOKS_WHEN_FRESH : LOOKS);
  }

  /** The time is over: what is still open is destroyed. */
  #expire() {
    if (this.#isExpired || this.#resolve === null) return;
    this.#isExpired = true;
    this.drained();
    if (this.#resolve === null) return;
    for (const stream of streamsOf(this.#server)) {
      this.#destroyed++;
      stream.destroy();
    }
    // Connections that were sent to other processes are theirs to end.
    this.#finish();
  }

  #finish() {
    const resolve = this.#resolve;
    if (resolve === null) return;
    this.#resolve = null;
    this.#server[kShutdown] = null;
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#lookTimer);
    for (const undo of this.#undo) undo();
    const ended = Math.max(0, this.#total - this.#destroyed);
    const outcome = { ended, destroyed: this.#destroyed, ms: Math.round(performance.now() - this.#begun) };
    if (spans.shutdown.isAwaited(this.#server)) spans.shutdown.end(this.#server, { ended, destroyed: this.#destroyed });
    // After the 'close' of the streams, which comes in this turn or the next, and of the server.
    setImmediate(setImmediate, resolve, outcome);
  }
}

/** The options of the program, checked. */
function shutdownOptions(given) {
  validateObject(given, 'options');
  const { grace = GRACE, signal } = readOptions(given, ['grace', 'signal']);
  if (grace !== Infinity) validateInteger(grace, 'options.grace', 0);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  return { grace, signal };
}

/**
 * Ends `server` gracefully. Returns a promise of what came of it: `{ ended, destroyed, ms }`. A second call shortens
 * the time of the first.
 */
function shutDown(server, given = {}, face = server) {
  const { grace, signal } = shutdownOptions(given);
  const isFirst = server[kShutdown] === null;
  const shutdown = (server[kShutdown] ??= new Shutdown(server, face));
  shutdown.limit(grace, signal);
  if (isFirst) shutdown.begin();
  return shutdown.promise;
}

/** The streams that `server` has accepted, or the guests: those that are open and have a connection of the engine. */
function* ownersOf(server) {
  const belongs = (owner) => owner?.[kServer] === server || owner?.[kGuestOf] === server;
  for (const owner of engines.owners()) {
    const isOwn = belongs(owner) || belongs(owner._parent);
    if (isOwn && !owner.destroyed) yield owner;
  }
}

/** The same as the program knows them: what is left to Node's own TLS is one of Node's own. */
function* streamsOf(server) {
  for (const owner of ownersOf(server)) {
    const stream = owner[kLeft]?.secure ?? owner;
    if (!stream.destroyed) yield stream;
  }
}

function announce(stream) {
  if (!stream.destroyed) stream.emit('shutdown');
}

/** A listener of requests: the answer is the last one of its connection. */
function answerLast(request, response) {
  if (!response.headersSent) response.shouldKeepAlive = false;
}

/** What `stream` has to do: what the engine says, if nothing else is known. `face`: the server that has it. */
function activityOf(stream, face) {
  const isAlone = stream.listenerCount('shutdown') > 0 || stream.writableEnded;
  const isWaiting = stream.writableLength > 0 || stream.readableLength > 0;
  if (isAlone || isWaiting || stream._httpMessage || isMoving(stream)) return BUSY;
  // A server of http2, and no connection of HTTP/1.
  if (typeof face?.updateSettings === 'function' && !stream.parser) {
    endSession(stream);
    return BUSY;
  }
  return (stream[kLeft] ?? stream[kTransport]).activity;
}

/** Whether a handshake of `stream` is under way, or it has no connection. */
function isMoving(stream) {
  if (stream[kLeft]) return !stream[kLeft].isEstablished;
  return isSecuring(stream) || stream[kSecurity]?.isLent || !stream[kTransport].isOpen;
}

/** Has the session of http2 on `stream` answer what has been asked, and end, as later versions of Node do. */
function endSession(stream) {
  // The name of the property depends on the version of Node.
  for (const key of Reflect.ownKeys(stream)) {
    const { value } = Object.getOwnPropertyDescriptor(stream, key);
    if (typeof value?.goaway === 'function' && !value.closed) value.close();
  }
}

module.exports = { GRACE, MAX_TIMER, ownersOf, shutDown, shutdownOptions, streamsOf };
