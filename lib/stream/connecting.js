'use strict';

// A stream's connection: how it gets one, and how it gets another after 'close'.

const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const { connectTarget } = require('../arguments');
const { MAX_QUEUE } = require('../binding');
const channels = require('../channels');
const errors = require('../errors');
const { lazy } = require('../lazy');
const nodesNet = require('../nodes-net');
const { readSocketOptions } = require('../kernel-options');
const { headerFor } = require('../proxy-protocol');
const { Race } = require('../race');
const spans = require('../spans');
const { nextTick } = require('../timers');
const { DuplexOptions } = require('./duplex-options');
const {
  kAgain,
  kBound,
  kClosing,
  kContract,
  kHost,
  kOutgoing,
  kRace,
  kSecurity,
  kTakesDescriptors,
  kTimer,
  kTransport,
  kSocketOptions,
  resetFields,
} = require('./fields');
const { restoreWrite } = require('./peers-end');
const { linkEarlySource } = require('./pipes');
const { goOnReading, startReading } = require('./reading');
const { firstBytes, takeFromPending } = require('./sending');
const { applySocketOptions, noteSettings, opensFast, settingsOf } = require('./socket-options');
const { rearmTimer, trackTraffic } = require('./timeouts');

const secureMembers = lazy(() => require('./secure-members'));
const tls = lazy(() => require('./tls'));

/** `errno` of a second `connect()`, by whether the first is over. */
const EALREADY = -ERRNO.EALREADY;
const EISCONN = -ERRNO.EISCONN;

/** The member of net.Stream that opens it. */
class Connecting extends Duplex {
  /**
   * Opens the stream: `connect(port[, host][, callback])`, `connect(path[, callback])` or
   * `connect(options[, callback])`. Contract: stream.connect.
   */
  connect(...args) {
    if (isDriven(this)) return connectByNodes(this, args);
    const { callback, target } = connectTarget(args, this[kBound]);
    const settings = readSocketOptions(target.socketOptions, 'connection');
    if (target.proxyProtocol != null) target.header = headerFor(target.proxyProtocol);
    if (settings !== undefined) noteSettings(this, settings);
    if (channels.clientSocket.hasSubscribers) channels.clientSocket.publish({ socket: this });
    if (callback !== null) this.once('connect', callback);
    const inUse = !this.destroyed && (this.connecting || this[kTransport].isOpen);
    if (inUse) {
      const failure = { errno: this.connecting ? EALREADY : EISCONN, syscall: 'connect' };
      const error = errors.connectError(failure, target.path ?? target.host, target.port);
      nextTick(() => this.destroy(error));
      return this;
    }
    if (this.destroyed) reopen(this, () => begin(this, target));
    else begin(this, target);
    return this;
  }
}

/** Whether the program has replaced what every write passes through, as those do that mock the network. */
function isDriven(stream) {
  return Object.hasOwn(stream, '_writeGeneric');
}

/** Has Node's own `connect(...args)` open `stream`, as the program may have replaced more of what that uses. */
function connectByNodes(stream, args) {
  const connect = () => nodesNet.Socket.prototype.connect.apply(stream, args);
  if (stream.destroyed) reopen(stream, connect);
  else connect();
  return stream;
}

function begin(stream, target) {
  stream.connecting = true;
  stream[kOutgoing] = true;
  if (stream[kTimer] !== null) rearmTimer(stream);
  if (stream[kSocketOptions] !== null) {
    target.settings = () => settingsOf(stream);
    // A header comes before what the program writes.
    if (opensFast(stream) && target.header === undefined) target.first = () => firstBytes(stream);
  }
  stream[kRace] = new Race(stream, target, stream[kBound]);
  stream[kBound] = null;
  stream[kHost] = target.host;
  if (spans.connect.hasSubscribers) {
    const { host, path, port } = target;
    spans.connect.begin(stream, path === undefined ? { socket: stream, host, port } : { socket: stream, path });
  }
  stream[kRace].start();
}

/** One of the attempts to connect has succeeded. */
function connected(stream, transport) {
  stream[kTransport].takeOver(transport, stream);
  const { header, sendsFirst } = stream[kRace];
  if (sendsFirst) takeFromPending(stream, stream[kTransport].bytesWritten);
  if (header !== undefined) stream[kTransport].sendHeader(header);
  opened(stream);
  stream.connecting = false;
  stream[kRace] = null;
  if (stream[kSecurity] !== null) tls().startDeadline(stream);
  if (spans.connect.isAwaited(stream)) spans.connect.end(stream, { address: stream[kTransport].peer?.address });
  try {
    stream.emit('connect');
    stream.emit('ready');
  } finally {
    startReading(stream);
    linkEarlySource(stream);
  }
}

/** From now on the stream is open, as source `id` of the engine. */
function attach(stream, id) {
  stream[kTransport].open(id, stream);
  opened(stream);
}

/** From now on the stream is what gets the events of `transport`, which is open. */
function receiveFrom(stream, transport) {
  stream[kTransport] = transport;
  transport.passTo(stream);
  opened(stream);
}

/** Passes on what has been asked of the stream before it had a connection. */
function opened(stream) {
  if (stream[kSocketOptions] !== null) applySocketOptions(stream);
  const mark = stream.writableHighWaterMark;
  // Only a lower mark than the default makes a difference.
  if (mark < MAX_QUEUE) stream[kTransport].limitQueue(mark);
  if (stream[kTimer] !== null) trackTraffic(stream);
  if (stream[kTakesDescriptors]) stream[kTransport].takeDescriptors();
  goOnReading(stream);
}

/** Emits 'close', after all that is due in this tick; then opens the stream again if that has been asked for. */
function emitClose(stream, details) {
  stream[kClosing] = false;
  try {
    stream.emit('close', ...details);
  } finally {
    stream[kSecurity]?.known?.keep();
    stream[kTransport].detach();
    const again = stream[kAgain];
    if (again !== null) {
      stream[kAgain] = null;
      stream.connecting = false;
      reopen(stream, again);
    }
  }
}

/**
 * Makes a destroyed stream as good as new: Duplex's state is made afresh, the listeners stay. `then` runs once the
 * 'close' of its former life has come.
 */
function reopen(stream, then) {
  if (stream[kClosing]) {
    stream.connecting = true;
    stream[kAgain] = then;
    return;
  }
  // Where 'close' is being emitted, the id has not been given back yet.
  stream[kTransport].detach();
  const keepsModes = stream[kContract].keepsModesWhenReopened;
  const { encoding, flowing } = stream._readableState;
  const staysPaused = keepsModes && stream.isPaused();
  if (stream[kSecurity] !== null) secureMembers().hideSecureMembers(stream);
  renewDuplex(stream, keepsModes);
  resetFields(stream);
  restoreWrite(stream);
  // Duplex notes these listeners when they are added, and has forgotten them.
  const listeners = stream.rawListeners('readable');
  for (const listener of listeners) stream.removeListener('readable', listener).on('readable', listener);
  if (staysPaused) stream.pause();
  else if (keepsModes && flowing) stream.resume();
  else if (stream.listenerCount('data') > 0 && listeners.length === 0) stream.resume();
  if (keepsModes && encoding) stream.setEncoding(encoding);
  then();
}

/**
 * Has Duplex forget the former life. Its state objects stay the same, because pipes, iterators and others keep them,
 * and get the fields of new ones.
 */
function renewDuplex(stream, keepsModes) {
  const { _readableState: readable, _writableState: writable } = stream;
  const { pipes } = readable;
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark } = stream;
  const options = { allowHalfOpen, readableHighWaterMark, writableHighWaterMark };
  if (keepsModes) options.defaultEncoding = writable.defaultEncoding;
  Duplex.call(stream, new DuplexOptions(stream[kContract], options));
  stream._readableState = renewed(readable, stream._readableState);
  stream._writableState = renewed(writable, stream._writableState);
  // The listeners of a pipe stay, and so does the pipe.
  readable.pipes = pipes;
  if (pipes.length > 1) {
    readable.multiAwaitDrain = true;
    readable.awaitDrainWriters = new Set();
  }
}

/** `state` with all fields of `fresh`, and no others. */
function renewed(state, fresh) {
  for (const key of Reflect.ownKeys(state)) if (!Object.hasOwn(fresh, key)) delete state[key];
  return Object.assign(state, fresh);
}

module.exports = { Connecting, attach, connected, emitClose, isDriven, opened, receiveFrom };
