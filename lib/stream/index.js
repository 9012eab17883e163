'use strict';

// net.Stream of the contract: a stream.Duplex over a stream of the engine.
//
// Duplex owns what the program sees: the readable and writable flags, the buffers, backpressure. The engine owns the
// connection: descriptor, addresses, counters, what is on its way to the kernel. This folder joins the two. Here is
// what Duplex asks for and what the engine reports; each other subject has a file of its own, with the members that
// belong to it. A class of members extends Duplex for its `super` and has no instances: `streamFor` puts the members of
// all of them onto the prototype of net.Stream.

const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const channels = require('../channels');
const engines = require('../engine');
const errors = require('../errors');
const events = require('../events');
const { lazy } = require('../lazy');
const { assignable, countInstances, isInstance, membersLike } = require('../members');
const { copy } = require('../memory');
const nodesNet = require('../nodes-net');
const { extendsNodes, hidesFromNodesTls, standIn } = require('../nodes-own');
const spans = require('../spans');
const { kAccept, kAttach, kInPlace, kKind } = require('../symbols');
const { nextTick, queueMicrotask } = require('../timers');
const { Agreement, MARK, isSecuring } = require('../tls/secure');
const { Addresses, OwnAddresses } = require('./addresses');
const { Connecting, attach, connected, emitClose } = require('./connecting');
const { construct, initialize } = require('./construct');
const { Descriptors, emitDescriptors } = require('./descriptors');
const { DuplexOptions } = require('./duplex-options');
const { Encodings, pushText } = require('./encodings');
const {
  SHARED_FIELDS,
  isOpenOrOpening,
  isTcp,
  kBound,
  kClosing,
  kContract,
  kFinal,
  kGiven,
  kIsStdio,
  kLeft,
  kLender,
  kOnread,
  kPending,
  kRace,
  kReading,
  kReset,
  kSecurity,
  kServer,
  kTimedOut,
  kTransport,
  release,
} = require('./fields');
const { Handles, dropHandle, endThrough, writeThrough } = require('./handles');
const { Moving, attachMoved } = require('./moving');
const { Passing } = require('./passing');
const { failsAlone } = require('./peers-end');
const { Pipes, discardIfUnread, readOn, setOwnMethods, unlinkBoth, unlinkSource } = require('./pipes');
const { pauseIfFull, receive, startReading } = require('./reading');
const {
  NOTHING,
  finish,
  send,
  sendPastDuplex,
  sendList,
  sendPending,
  sendString,
  sendWhenConnected,
} = require('./sending');
const { SocketOptions } = require('./socket-options');
const { Timeouts, rearmTimer, stopTimer } = require('./timeouts');

const tls = lazy(() => require('./tls'));

/** What a write gets that `destroy()` has cut short, as of Node 22. */
const ECANCELED = -ERRNO.ECANCELED;

class Stream extends Duplex {
  // How it opens.

  /** An attempt to connect has succeeded: its `transport` is this stream's from now on. */
  [kAttach](transport) {
    connected(this, transport);
  }

  /** A server has accepted `id` as this stream. */
  [kAccept](id, server, pauseOnConnect) {
    this.server = server;
    this[kServer] = server;
    attach(this, id);
    if (pauseOnConnect) this.pause();
    if (channels.accept.hasSubscribers) channels.accept.publish({ server, socket: this });
    if (channels.proxy.hasSubscribers) publishProxy(this);
    try {
      server.emit('connection', this);
      if (channels.serverSocket.hasSubscribers) channels.serverSocket.publish({ socket: this });
      if (this[kContract].connectOnAccept && !this.destroyed) this.emit('connect');
    } finally {
      // As in Node, only `pauseOnConnect` keeps the reading from starting: a stream that is paused in a 'connection'
      // listener still notices the peer's end and a reset.
      if (!pauseOnConnect && this.isPaused() && !this.destroyed && !this[kIsStdio]) this.read(0);
      else startReading(this);
    }
  }

  // What the engine reports.

  /** Data, in the memory for messages, which is used again afterwards. */
  [events.ondata](offset, length) {
    return deliver(this, engines.messageMemory(length), offset, offset + length);
  }

  /** Descriptors have come with the data of the next event. */
  [events.ondescriptors]() {
    emitDescriptors(this);
  }

  /** Data, in the memory for bulk, which can be taken instead of a copy. */
  [events.onbulk](length) {
    if (this[kOnread] !== null || this._readableState.decoder || isSecuring(this)) {
      const outcome = deliver(this, engines.bulkMemory(), 0, length);
      engines.shrinkBulk();
      return outcome;
    }
    if (this[kTimedOut]) rearmTimer(this);
    if (!discardIfUnread(this)) {
      readOn(this);
      pauseIfFull(this, this.push(engines.takeBulk(length)));
    }
    const wants = this[kReading] && this._readableState.flowing && this[kTransport].isOpen && !isSecuring(this);
    if (wants && engines.readsLarge()) this[kTransport].want(true, true);
    return undefined;
  }

  /** The peer has ended its side. `isTruncated`: without a close_notify, so that something may be missing. */
  [events.onend](isTruncated) {
    if (this[kTimedOut]) rearmTimer(this);
    if (this[kSecurity] !== null) this[kSecurity].truncated = isTruncated;
    if (channels.end.hasSubscribers) channels.end.publish({ socket: this, truncated: isTruncated });
    this.push(null);
    // What flows finds its end by itself.
    if (!this._readableState.flowing) this.read(0);
  }

  /** There is room to send again. */
  [events.onroom]() {
    if (this[kTimedOut]) rearmTimer(this);
    sendPending(this);
  }

  /** The sending side has ended, or failed to (`errno`). */
  [events.onfinish](errno) {
    const callback = this[kFinal];
    this[kFinal] = null;
    callback(errno === 0 ? null : errors.systemError(errno, 'shutdown'));
  }

  [events.onfail](errno, syscall) {
    this.destroy(errors.systemError(errno, syscall));
  }

  /** A limit of the server ends the stream, which says so by 'drop'. */
  [events.onlimit]() {
    this.destroy();
  }

  [events.onsecure](...agreed) {
    tls().handshakeDone(this, new Agreement(...agreed));
  }

  [events.ontlsfail](code, message, alert) {
    this.destroy(errors.tlsError({ code, message, alert }));
  }

  /** A secret of the handshake: a line of the key log. */
  [events.onkeylog](line) {
    this.emit('keylog', line);
  }

  /** A session for a server to keep, under its id. */
  [events.onnewsession](id, data) {
    this.emit('newSession', id, data);
  }

  /** The server has given a session. */
  [events.onsession](session) {
    this.emit('session', session);
  }

  /** A client has asked for the server `name`. */
  [events.onservername](name) {
    tls().chooseCredentials(this, name);
  }

  /** The engine has failed internally while it served this stream. */
  [events.onpanic]() {
    this.destroy(new errors.InternalError());
  }

  // What Duplex asks for.

  _read(_size) {
    receive(this);
  }

  _write(chunk, encoding, callback) {
    if (chunk === MARK) tls().beginHandshake(this, callback);
    else this._writeGeneric(false, chunk, encoding, callback);
  }

  _writev(list, callback) {
    if (isSecuring(this) && tls().splitAtMark(this, list, callback)) return;
    this._writeGeneric(true, list, '', callback);
  }

  /** What every write passes through, as in Node: a chunk, or with `isList` the list that `_writev` takes. */
  _writeGeneric(isList, data, encoding, callback) {
    if (this[kTimedOut]) rearmTimer(this);
    if (this[kLender] !== null) writeThrough(this[kLender], isList, data, encoding, callback);
    else if (isList) sendList(this, data, callback);
    else if (typeof data === 'string') sendString(this, data, encoding, callback);
    else send(this, [data], callback);
  }

  _final(callback) {
    if (this[kLender] === null) finish(this, callback);
    else endThrough(this[kLender], callback);
  }

  _destroy(error, callback) {
    failSpans(this, error);
    unlinkBoth(this);
    const cut = cutWrites(this);
    const wasOpened = hasBegunToOpen(this);
    const staysOpen = this[kGiven] !== null && !dropHandle(this);
    stopOpening(this);
    stopTimer(this);
    const transport = this[kTransport];
    if (transport.isOpen && !staysOpen) {
      transport.close(this[kReset]);
      release(this);
    }
    this[kClosing] = true;
    callback(error);
    // After the error, if there is one.
    for (const { callback: done, isWrite } of cut) {
      nextTick(done, error ?? (isWrite ? errors.systemError(ECANCELED, 'write') : null));
    }
    if (!staysOpen) scheduleClose(this, wasOpened, Boolean(error));
  }

  /**
   * Changes over to TLS: what was written before goes out in the clear, what is written afterwards is encrypted. The
   * handshake begins at once, or with the connection. `options`: `isServer`, `servername`. Contract: stream.setSecure.
   */
  setSecure(credentials, options) {
    tls().changeOver(this, credentials, options);
    return this;
  }

  // Writing and ending.

  /**
   * Sends data. True: nothing of this stream waits in user memory. False: something waits, and one 'drain' follows
   * when nothing does any more. Contract: stream.write.
   */
  write(chunk, encoding, callback) {
    if (typeof callback !== 'function' && (encoding == null || typeof encoding === 'string')) {
      chunk = sendPastDuplex(this, chunk, encoding);
      if (chunk === NOTHING) return true;
    }
    if (!this[kContract].writeTellsWhatWaits) return super.write(chunk, encoding, callback);
    if (this.writableEnded && failsAlone(callback ?? encoding)) return false;
    const state = this._writableState;
    const drainIsDue = state.needDrain;
    const belowMark = super.write(chunk, encoding, callback);
    const nothingWaits = state.length === 0 && !this.connecting;
    if (belowMark === nothingWaits || this.destroyed || this.errored || this.writableEnded) return belowMark;
    // The high-water mark says one thing, what waits another: what waits counts.
    state.needDrain = nothingWaits ? drainIsDue : true;
    return nothingWaits;
  }

  /** Half-closes the stream: sends a FIN after all that was written. Contract: stream.end. */
  end(chunk, encoding, callback) {
    unlinkSource(this);
    super.end(chunk, encoding, callback);
    return this;
  }

  /** Destroys the stream once all that was written is sent. */
  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /** Closes a TCP connection by a reset (RST). */
  resetAndDestroy() {
    if (!isOpenOrOpening(this)) return this.destroy(errors.socketClosed());
    if (!isTcp(this)) throw errors.invalidHandleType();
    if (this.connecting) {
      this.once('connect', () => this.resetAndDestroy());
      return this;
    }
    return this._reset();
  }

  /** Node's name of what `resetAndDestroy()` does with an open connection. */
  _reset() {
    this[kReset] = true;
    return this.destroy();
  }
}

/**
 * The bytes of `memory` from `start` to `end` were received. Returns a function if native code of Node's core is to
 * read them: see `SessionFeed`.
 */
function deliver(stream, memory, start, end) {
  if (stream[kTimedOut]) rearmTimer(stream);
  // Only a hook of async_hooks can have called setSecure() since these bytes were taken from the socket (D22).
  if (isSecuring(stream)) stream.destroy(errors.receivedInTheClear());
  else if (stream[kOnread] !== null) return stream[kOnread].deliver(memory, start, end);
  else if (!discardIfUnread(stream)) {
    readOn(stream);
    const hasDecoder = Boolean(stream._readableState.decoder);
    pauseIfFull(stream, hasDecoder ? pushText(stream, memory, start, end) : stream.push(copy(memory, start, end)));
  }
  return undefined;
}

/** What is awaited of `stream`, which is being destroyed, has failed. */
function failSpans(stream, error) {
  if (spans.connect.isAwaited(stream)) spans.connect.fail(stream, error ?? errors.closedBeforeConnection());
  if (spans.secure.isAwaited(stream)) spans.secure.fail(stream, error ?? errors.socketClosed());
}

/**
 * What is to be called as no write is done any more: `{ callback, isWrite }`. The callback of the mark, which holds
 * back the others and the end, may have no write behind it. The first write to a stream that is connecting fails with
 * 'close'.
 */
function cutWrites(stream) {
  const pending = stream[kPending];
  const mark = stream[kSecurity]?.takeCallback();
  if (stream.connecting) {
    stream.removeListener('connect', sendWhenConnected);
    if (mark) failFirstWithClose(stream, mark);
    return [];
  }
  const cut = [];
  if (pending !== null) cut.push({ callback: pending.callback, isWrite: true });
  if (mark) cut.push({ callback: mark, isWrite: stream.writableLength > 0 });
  return cut;
}

/** Has the first write after the mark fail with 'close'. The others fail as Duplex has it. */
function failFirstWithClose(stream, mark) {
  const [first] = stream._writableState.getBuffer();
  if (first !== undefined) {
    const { callback } = first;
    first.callback = () => callback(errors.closedBeforeConnection());
  }
  stream.once('close', () => mark(errors.closedBeforeConnection()));
}

/** Whether `stream` has been open, or was about to be. */
function hasBegunToOpen(stream) {
  const transport = stream[kTransport];
  const isOpening = stream.connecting || stream[kBound] !== null;
  return isOpening || stream[kGiven] !== null || transport.isOpen || transport.hasMoved;
}

/** Gives up what would open `stream`. */
function stopOpening(stream) {
  stream.connecting = false;
  stream[kFinal] = null;
  stream[kRace]?.cancel();
  stream[kRace] = null;
  stream[kBound]?.transport.release();
  stream[kBound] = null;
}

/** Has 'close' emitted when it is due. */
function scheduleClose(stream, wasOpened, hadError) {
  const details = wasOpened || stream[kContract].unopenedTellsOfErrors ? [hadError] : [];
  if (!wasOpened) nextTick(closeAfterTicks, stream, emitClose, details);
  else if (stream[kContract].finishesAtOnce) nextTick(closeAfterTicks, stream, closeOpened, details);
  else engines.whenClosing(stream[kTransport].id, closeOpened, stream, details);
}

/** 'close' comes last: after what this tick has left to emit. */
function closeAfterTicks(stream, close, details) {
  queueMicrotask(() => close(stream, details));
}

/** Emits 'close' of a stream that was opened, or was about to be. */
function closeOpened(stream, details) {
  if (channels.close.hasSubscribers) publishClose(stream);
  emitClose(stream, details);
}

/** A TLSSocket publishes for the socket whose connection it has taken; that one does for a TLSSocket of Node's own. */
function publishClose(stream) {
  const socket = stream[kLeft]?.secure ?? stream;
  if (socket[kSecurity]?.isLent) return;
  const { errored: error, bytesRead, bytesWritten } = socket;
  channels.close.publish({ socket, error, bytesRead, bytesWritten });
}

function publishProxy(stream) {
  const { proxy } = stream;
  if (proxy) channels.proxy.publish({ socket: stream, proxy });
}

/** The classes whose members net.Stream has, in the order in which they are listed on the prototype. */
const PARTS = [
  Connecting, Stream, Handles, Passing, Moving, Descriptors, Pipes, Encodings, Timeouts, SocketOptions, Addresses,
];

setOwnMethods({
  read: Encodings.prototype.read,
  _read: Stream.prototype._read,
  write: Stream.prototype.write,
  _write: Stream.prototype._write,
  _writev: Stream.prototype._writev,
  _writeGeneric: Stream.prototype._writeGeneric,
});

/** The members of Node's prototype `nodes` under symbols of its core. */
function privateMembersOf(nodes) {
  const names = Object.getOwnPropertySymbols(nodes).filter((name) => !(name in Duplex.prototype));
  return Object.fromEntries(names.map((name) => {
    const descriptor = Object.getOwnPropertyDescriptor(nodes, name);
    return [name, { ...descriptor, enumerable: false, configurable: true }];
  }));
}

/** The members of the public prototype for one contract. */
function membersOf(contract) {
  const members = membersLike(PARTS, contract.countsNodesOwn ? nodesNet.Socket.prototype : {});
  // For Node's own `connect()`, and Node's own TLS, which finds some of its members on what `net.Socket` is.
  if (contract.countsNodesOwn) Object.assign(members, privateMembersOf(nodesNet.Socket.prototype));
  Object.assign(members, assignable(membersLike([OwnAddresses], {})));
  return contract.showsTlsInTheClear ? Object.assign(members, require('./secure-members').MEMBERS) : members;
}

/** The constructor of net.Stream for one contract. It can be called without `new`, and inherited from either way. */
function streamFor(contract) {
  /**
   * @param {object | number} [options] options, or a descriptor
   */
  function PublicStream(options) {
    if (options instanceof DuplexOptions) {
      initialize(this, options);
      return;
    }
    const isNew = isInstance(PublicStream, this);
    if (PublicStream.prototype[kInPlace]) {
      // Node's own TLS and terminals call it as the constructor of what they extend, which is Node's own.
      if (!isNew && extendsNodes(this, 'Socket')) return nodesNet.Socket.call(this, options);
      const nodes = standIn(options, isNew);
      if (nodes !== undefined) return nodes;
    }
    if (!isNew) return new PublicStream(options);
    construct(this, options);
  }
  Object.setPrototypeOf(PublicStream, Duplex);
  PublicStream.prototype = Object.create(Duplex.prototype, {
    ...membersOf(contract),
    ...Object.getOwnPropertyDescriptors(SHARED_FIELDS),
    constructor: { value: PublicStream, writable: true, configurable: true },
    [kContract]: { value: contract },
    [kKind]: { value: contract.streamName },
  });
  Object.defineProperty(PublicStream, 'name', { value: contract.streamName });
  /** Makes a stream of a connection that `detach()` has taken out of another one, on this thread or another. */
  PublicStream.attach = function attach(moved) {
    return attachMoved(this, moved);
  };
  if (contract.countsNodesOwn) countInstances(PublicStream, nodesNet.Socket, hidesFromNodesTls);
  return PublicStream;
}

module.exports = { DuplexOptions, streamFor };
