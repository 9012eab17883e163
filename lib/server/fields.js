'use strict';

// The private fields of a Server, each with what it means.

const { Listener } = require('./listener');

/** The class of the streams that are accepted. On the prototype. */
const kStream = Symbol('stream class');
/** Streams accepted and not destroyed. */
const kConnections = Symbol('connections');
/** `listen()` waits for an address, or for its error to be emitted; changes with every `listen()` and `close()`. */
const kListening = Symbol('listening');
/** `close()` has been called, and 'close' is still to come. */
const kClosing = Symbol('closing');
/** Runs during `pause()`; null otherwise. */
const kPauseTimer = Symbol('pause timer');
/** Runs until accepting is tried again; null if it has not failed. */
const kRetryTimer = Symbol('retry timer');
/** Accepting has failed, 'acceptError' has been emitted, and connections wait. */
const kStalled = Symbol('stalled');
/** What stands in for Node's `_handle`, once it has been asked for. */
const kHandle = Symbol('handle');
/** The source of the engine that listens. */
const kListener = Symbol('listener');
/** The path that `listen()` was called with; null for other kinds of address. */
const kPath = Symbol('path');
/** The options of accepted streams. */
const kStreamOptions = Symbol('stream options');
/** The options of the listening socket that its connections inherit: `{ keepAlive, noDelay }`. */
const kInherited = Symbol('inherited');

/** What `listen()` asks of connections that begin with a header of the PROXY protocol; null if they have none. */
const kProxyPolicy = Symbol('proxy policy');
/** The same as the server was made with, for calls of `listen()` that say nothing of it. */
const kOwnProxyPolicy = Symbol('own proxy policy');

/** How many connections may wait, for calls of `listen()` that say nothing of it; undefined without. */
const kOwnBacklog = Symbol('own backlog');
/** What its connections may do, as long as it listens: see `limits.js`. */
const kLimits = Symbol('limits');
/** The same without what the call of `listen()` has asked for. */
const kOwnLimits = Symbol('own limits');

/** What Node's core has for each process that connections of this server have been sent to. */
const kWorkers = Symbol('workers');

/** Where the engine counts for this server; null before it has listened. */
const kTally = Symbol('tally');

/** The graceful end that `shutdown()` has begun; null without one. */
const kShutdown = Symbol('shutdown');

const NOTHING_INHERITED = Object.freeze({ keepAlive: false, noDelay: false });

/** Gives `server` its fields, as they are before it listens. */
function setFields(server) {
  server[kListener] = new Listener();
  server[kConnections] = 0;
  server[kListening] = null;
  server[kClosing] = false;
  server[kPauseTimer] = null;
  server[kRetryTimer] = null;
  server[kStalled] = false;
  server[kPath] = null;
  server[kHandle] = null;
  server[kStreamOptions] = null;
  server[kInherited] = NOTHING_INHERITED;
  server[kWorkers] = [];
  server[kShutdown] = null;
  server[kTally] = null;
  server[kProxyPolicy] = null;
  server[kOwnProxyPolicy] = null;
}

/** The spans of `setKeepAlive` for the streams of `server`. */
function keepAliveSpans({ keepAliveInitialDelay, keepAliveInterval, keepAliveCount }) {
  return [keepAliveInitialDelay * 1000, keepAliveInterval, keepAliveCount];
}

module.exports = {
  NOTHING_INHERITED,
  kClosing,
  kConnections,
  kHandle,
  kInherited,
  kLimits,
  kListener,
  kListening,
  kOwnBacklog,
  kOwnLimits,
  kOwnProxyPolicy,
  kPath,
  kPauseTimer,
  kProxyPolicy,
  kRetryTimer,
  kShutdown,
  kStalled,
  kStream,
  kStreamOptions,
  kTally,
  kWorkers,
  keepAliveSpans,
  setFields,
};
