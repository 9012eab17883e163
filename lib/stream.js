'use strict';

// net.Stream of the contract: a stream.Duplex over a stream of the engine.
//
// Duplex owns what the user sees: the readable and writable flags, the buffers, backpressure. The engine owns the
// transport: descriptor, addresses, counters, what is on its way to the kernel. What is kept here only joins the two:
// the id, the one write that the engine has not taken whole, the callback of `_final`.

const { AsyncResource } = require('async_hooks');
const { X509Certificate } = require('crypto');
const { fstatSync } = require('fs');
const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const { clearTimeout, setTimeout } = require('timers');
const { isatty } = require('tty');
const {
  boundSocket,
  bytesOf,
  connectTarget,
  keepAliveArguments,
  keepAliveSettings,
  socketOptions,
  validateBlockList,
  validateFd,
  validateFunction,
  validateInteger,
  validateString,
  validateTimeout,
} = require('./arguments');
const channels = require('./channels');
const { TextBytes, Utf16Decoder, isOurs, restOf } = require('./decoder');
const engines = require('./engine');
const errors = require('./errors');
const { Handle, assignHandle } = require('./handle');
const { copy, join, sizeOf, sizeOfAll, view } = require('./memory');
const nodesNet = require('./nodes-net');
const { Onread, isOnread } = require('./onread');
const { giveBack, kSource, kTarget, reveal, stopFeeding, takeOver } = require('./pipe');
const { Race } = require('./race');
const { MARK, Security, afterTicks, describe, describeAsToday, isSecuring, secureArguments } = require('./secure');
const {
  NONE,
  kAccept,
  kAdopt,
  kAttach,
  kContract,
  kEngine,
  kId,
  kOnAsks,
  kOnBulk,
  kOnData,
  kOnEnd,
  kOnFail,
  kOnFinish,
  kOnRoom,
  kOnSecure,
  kOnTlsFail,
  kReferenced,
  kReleased,
  kSecurity,
} = require('./symbols');

/** Where there is an encoding: the `TextBytes` of the text that waits in Duplex's buffer. Null if none does. */
const kBytes = Symbol('bytes');
/** Duplex has asked for data, and the engine has been told as soon as there is a connection. */
const kReading = Symbol('reading');
/** The write that the engine has not taken whole: `{ chunks, callback }`. */
const kPending = Symbol('pending');
/** Bytes of writes that have failed, which `bytesWritten` counts as Node does. */
const kFailed = Symbol('failed');
/** The callback of `_final` while the end of the sending side is on its way. */
const kFinal = Symbol('final');
/** What the engine does on close: reset instead of end. */
const kReset = Symbol('reset');
/** Destroyed, and 'close' is still to come. */
const kClosing = Symbol('closing');
/** What to do once 'close' has come: `connect()` has been called before. */
const kAgain = Symbol('again');
const kRace = Symbol('race');
/** The BoundSocket to connect from, `{ id, path }`, until `connect()` is called. */
const kBound = Symbol('bound');
const kTimer = Symbol('timer');
/** 'timeout' has been emitted, and waits for traffic to be due again. */
const kTimedOut = Symbol('timed out');
/** The server that has accepted the stream. `server` is the user's to change, as http does. */
const kServer = Symbol('server');
/** The option `onread`. */
const kOnread = Symbol('onread');
const kHandle = Symbol('handle');
/** Socket options asked for before there is a socket. */
const kWanted = Symbol('wanted');
/** This side has connected, not accepted. */
const kOutgoing = Symbol('outgoing');
/** The host that was connected to, by name or address. */
const kHost = Symbol('host');
/** What the engine knew when the stream was closed and its id given back. */
const kLast = Symbol('last');

/** Strings of these encodings are read straight into the send buffer; the numbers are the engine's. */
const LATIN1 = 0;
const UTF8 = 1;
const NATIVE_ENCODINGS = {
  __proto__: null,
  'ascii': LATIN1,
  'latin1': LATIN1,
  'binary': LATIN1,
  'utf8': UTF8,
  'utf-8': UTF8,
};

/** What the engine gathers at the most, and all it gathers by default. */
const QUEUE_MOST = 16 << 10;

/** Longer strings become a Buffer first: only short writes are gathered. */
const NATIVE_STRING_MOST = 4096;

const NO_COUNTERS = Object.freeze({ bytesRead: 0, bytesWritten: 0 });

/** `errno` of a second `connect()`, by whether the first is over. */
const EALREADY = -ERRNO.EALREADY;
const EISCONN = -ERRNO.EISCONN;

/** What a write gets before `connect()` from a BoundSocket. */
const EPIPE = -ERRNO.EPIPE;

/** What a write that `destroy()` has cut short gets, as of Node 22. */
const ECANCELED = -ERRNO.ECANCELED;

/** The methods and properties of net.Stream. Instances are made by the functions of `streamFor`. */
class StreamMethods extends Duplex {
  // Connecting.

  /**
   * Opens the stream: `connect(port[, host][, callback])`, `connect(path[, callback])` or
   * `connect(options[, callback])`. Contract: stream.connect.
   */
  connect(...args) {
    const { callback, target } = connectTarget(args, this[kBound]);
    if (channels.clientSocket.hasSubscribers) channels.clientSocket.publish({ socket: this });
    if (callback !== null) this.once('connect', callback);
    const inUse = !this.destroyed && (this.connecting || this[kId] !== NONE);
    if (inUse) {
      const failure = { errno: this.connecting ? EALREADY : EISCONN, syscall: 'connect' };
      const error = errors.connectError(failure, target.path ?? target.host, target.port);
      process.nextTick(() => this.destroy(error));
      return this;
    }
    if (this.destroyed) reopen(this, () => begin(this, target));
    else begin(this, target);
    return this;
  }

  /** The race is won: `id` is this stream's from now on. */
  [kAttach](id) {
    attach(this, id);
    this.connecting = false;
    this[kRace] = null;
    if (this[kSecurity] !== null) startDeadline(this);
    try {
      this.emit('connect');
      this.emit('ready');
    } finally {
      startReading(this);
    }
  }

  /** A server has accepted `id` as this stream. */
  [kAccept](id, server, pauseOnConnect) {
    this.server = server;
    this[kServer] = server;
    attach(this, id);
    if (pauseOnConnect) this.pause();
    try {
      server.emit('connection', this);
      if (channels.serverSocket.hasSubscribers) channels.serverSocket.publish({ socket: this });
      if (this[kContract].connectOnAccept && !this.destroyed) this.emit('connect');
    } finally {
      // As in Node, only `pauseOnConnect` keeps the reading from starting: a stream that is paused in a 'connection'
      // listener still notices the peer's end and a reset.
      if (!pauseOnConnect && this.isPaused() && !this.destroyed) this.read(0);
      else startReading(this);
    }
  }

  // The engine's events.

  /** The bytes of `memory` from `start` to `end` were received. The memory is used again afterwards. */
  [kOnData](memory, start, end) {
    if (this[kTimedOut]) rearmTimer(this);
    // Only a hook of async_hooks can have called setSecure() since these bytes were taken from the socket (D22).
    if (isSecuring(this)) this.destroy(errors.receivedInTheClear());
    else if (this[kOnread] !== null) this[kOnread].deliver(memory, start, end);
    else if (this._readableState.decoder) pauseIfFull(this, pushText(this, memory, start, end));
    else pauseIfFull(this, this.push(copy(memory, start, end)));
  }

  /** Likewise, of the first `length` bytes of `memory`; but these can be taken instead of a copy. */
  [kOnBulk](memory, length) {
    if (this[kOnread] !== null || this._readableState.decoder || isSecuring(this)) {
      this[kOnData](memory, 0, length);
      return;
    }
    if (this[kTimedOut]) rearmTimer(this);
    pauseIfFull(this, this.push(engines.takeBulk(length)));
  }

  [kOnEnd]() {
    if (this[kTimedOut]) rearmTimer(this);
    if (this[kSecurity] !== null) this[kSecurity].truncated = this[kEngine].isTruncated(this[kId]);
    this.push(null);
    this.read(0);
  }

  [kOnRoom]() {
    if (this[kTimedOut]) rearmTimer(this);
    sendPending(this);
  }

  [kOnFinish](errno) {
    const callback = this[kFinal];
    this[kFinal] = null;
    callback(errno === 0 ? null : errors.systemError(errno, 'shutdown'));
  }

  [kOnFail](errno, syscall) {
    this.destroy(errors.systemError(errno, syscall));
  }

  [kOnSecure]() {
    const security = this[kSecurity];
    let hasObjected = true;
    try {
      const refused = security.complete(this[kEngine], this[kId]);
      if (refused !== null) {
        this.destroy(refused);
        return;
      }
      this.emit('secure');
      this.emit('secureConnect');
      hasObjected = false;
    } finally {
      // A listener that throws may have found that the peer is not trusted: nothing is sent to it.
      if (hasObjected) this.destroy();
    }
    afterTicks(() => {
      if (this.destroyed || this[kSecurity] !== security) return;
      security.open();
      if (this[kReading] && !this.destroyed && !isPipedByEngine(this)) this[kEngine].want(this[kId], true);
      // What it had been full of has been taken by setSecure().
      if (this.listenerCount('readable') > 0) this.read(0);
    });
  }

  [kOnTlsFail]() {
    this.destroy(errors.tlsError(this[kEngine].tlsFailure(this[kId])));
  }

  [kOnAsks]() {
    const { [kEngine]: engine, [kId]: id } = this;
    this[kSecurity].ask(engine.askedName(id), (error, credentials) => {
      if (this.destroyed || this[kId] !== id) return;
      if (error) this.destroy(error);
      else engine.answerName(id, credentials?.native);
    });
  }

  // What Duplex asks for.

  _read() {
    const isReading = this[kReading];
    this[kReading] = true;
    if (this[kId] === NONE || isSecuring(this)) return;
    if (!isPipedByEngine(this) && !isReading) this[kEngine].want(this[kId], true);
  }

  _write(chunk, encoding, callback) {
    if (this[kTimedOut]) rearmTimer(this);
    if (chunk === MARK) return beginHandshake(this, callback);
    if (typeof chunk === 'string') {
      const native = NATIVE_ENCODINGS[encoding];
      const { length } = chunk;
      if (native !== undefined && length <= NATIVE_STRING_MOST && this[kId] !== NONE) {
        const taken = this[kEngine].writeString(this[kId], chunk, length, native);
        if (taken > 0) return callback();
        if (taken < 0) {
          this[kFailed] += Buffer.byteLength(chunk, encoding);
          return callback(errors.systemError(taken, 'write'));
        }
      }
      chunk = Buffer.from(chunk, encoding);
    }
    send(this, [chunk], callback);
  }

  _writev(list, callback) {
    if (this[kTimedOut]) rearmTimer(this);
    if (isSecuring(this) && splitAtMark(this, list, callback)) return;
    const chunks = list.map(({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk));
    send(this, chunks, callback);
  }

  _final(callback) {
    if (this[kId] === NONE) {
      if (!this.connecting) return callback();
      this[kFinal] = callback;
      this.once('connect', sendWhenConnected);
      return;
    }
    const outcome = this[kEngine].shutdown(this[kId], closesNext(this));
    // Later, even if it is done: an error of this tick is to come before 'finish', as in Node.
    if (outcome === 1) this[kFinal] = AsyncResource.bind(callback);
    else later(this)(callback, outcome === 0 ? null : errors.systemError(outcome, 'shutdown'));
  }

  _destroy(error, callback) {
    giveBack(this);
    stopFeeding(this);
    const pending = this[kPending];
    const mark = this[kSecurity]?.takeCallback();
    if (pending !== null) {
      if (this.connecting) {
        this.removeListener('connect', sendWhenConnected);
        this.once('close', () => pending.callback(errors.closedBeforeConnection()));
      }
    }
    const isCut = pending !== null && !this.connecting;
    const wasOpened = this.connecting || this[kId] !== NONE || this[kBound] !== null;
    this.connecting = false;
    this[kFinal] = null;
    this[kRace]?.cancel();
    this[kRace] = null;
    if (this[kBound] !== null) engines.release(this[kBound].id);
    this[kBound] = null;
    clearTimeout(this[kTimer]);
    this[kTimer] = null;
    if (this[kId] !== NONE) {
      this[kEngine].close(this[kId], this[kReset]);
      this[kServer]?.[kReleased]();
    }
    this[kClosing] = true;
    callback(error);
    // Behind the error, if there is one.
    if (isCut) process.nextTick(pending.callback, error ?? errors.systemError(ECANCELED, 'write'));
    if (mark) process.nextTick(mark, error ?? errors.systemError(ECANCELED, 'write'));
    const details = wasOpened || this[kContract].unopenedTellsOfErrors ? [Boolean(error)] : [];
    if (wasOpened) later(this)(closeBehindTicks, this, details);
    else process.nextTick(closeBehindTicks, this, details);
  }

  // Writing and ending.

  /**
   * Sends data. True: nothing of this stream waits in user memory. False: something waits, and one 'drain' follows
   * when nothing does any more. Contract: stream.write.
   */
  write(chunk, encoding, callback) {
    if (!this[kContract].writeTellsWhatWaits) return super.write(chunk, encoding, callback);
    const state = this._writableState;
    const drainIsDue = state.needDrain;
    const belowMark = super.write(chunk, encoding, callback);
    const nothingWaits = state.length === 0 && !this.connecting;
    if (belowMark === nothingWaits || this.destroyed || this.errored || this.writableEnded) return belowMark;
    // The high-water mark says one thing, what waits another: what waits counts.
    state.needDrain = nothingWaits ? drainIsDue : true;
    return nothingWaits;
  }

  /** Half-closes the stream: sends a FIN behind all that was written. Contract: stream.end. */
  end(chunk, encoding, callback) {
    stopFeeding(this);
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
    this[kReset] = true;
    return this.destroy();
  }

  // Pipes: whatever lets JavaScript see the bytes gives them back first.

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

  // Node's prototype has these two of its own, for programs that redefine them.

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

  // Reading.

  /** Sets the encoding of received data; null gives Buffers again. Contract: stream.setEncoding. */
  setEncoding(encoding = null) {
    giveBack(this);
    const state = this._readableState;
    if (encoding !== null) {
      const chunks = state.decoder ? [] : buffered(state);
      const unfinished = state.decoder && isOurs(state.decoder) && !state.ended ? restOf(state.decoder) : null;
      renewDecoder(this, encoding);
      if (chunks.length > 0) keepBytes(this, chunks, state.length);
      // What the old decoder has held back belongs to the next text.
      if (unfinished !== null && unfinished.length > 0) {
        deferred(state, () => pauseIfFull(this, pushText(this, unfinished, 0, unfinished.length)));
      }
      return this;
    }
    if (!state.decoder) return this;
    const bytes = undecode(this);
    state.decoder = null;
    state.encoding = null;
    if (bytes.length > 0 && !state.endEmitted) deferred(state, () => this.unshift(bytes));
    return this;
  }

  read(size) {
    const data = super.read(size);
    if (this[kBytes] !== null) forgetReadText(this);
    return data;
  }

  // TLS.

  /**
   * Changes over to TLS: what was written before goes out in the clear, what is written afterwards is encrypted. The
   * handshake begins at once, or with the connection. `options`: `isServer`, `servername`. Contract: stream.setSecure.
   */
  setSecure(credentials, options) {
    const checked = secureArguments(credentials, options, this[kServer] !== null);
    if (this[kAgain] !== null) {
      const again = this[kAgain];
      if (again.secures) throw errors.alreadySecure();
      this[kAgain] = Object.assign(() => {
        again();
        this.setSecure(credentials, options);
      }, { secures: true });
      return this;
    }
    if (this.destroyed) throw errors.socketClosed();
    if (this[kSecurity] !== null) throw errors.alreadySecure();
    if (this.writableEnded) throw errors.writeAfterEnd();
    giveBack(this);
    stopFeeding(this);
    if (this[kId] !== NONE) this[kEngine].want(this[kId], false);
    if (!this[kContract].showsTlsInTheClear) Object.defineProperties(this, SECURE_MEMBERS);
    this[kSecurity] = new Security(checked.credentials, checked.options, takeUndelivered(this));
    if (this[kId] !== NONE) startDeadline(this);
    super.write(MARK);
    return this;
  }

  /** Whether the peer's certificate is trusted. Contract: stream.verifyPeer. */
  verifyPeer() {
    return sessionOf(this).agreement.verdict === undefined;
  }

  /** The peer's certificate, or an empty object. Contract: stream.getPeerCertificate. */
  getPeerCertificate() {
    return certificate(this, sessionOf(this).peer);
  }

  /** The peer's certificate as Node's `crypto.X509Certificate`; undefined without one. */
  getPeerX509Certificate() {
    const { peer } = sessionOf(this);
    return peer === null ? undefined : new X509Certificate(peer);
  }

  /** Our own certificate, as `getPeerCertificate()` shows the peer's. */
  getCertificate() {
    return certificate(this, sessionOf(this).own);
  }

  /** The cipher suite: `{ name, standardName, version }`; undefined in the clear. */
  getCipher() {
    const agreement = agreementOf(this);
    if (agreement === undefined) return undefined;
    const { cipher: name, standardCipher: standardName, cipherVersion: version } = agreement;
    return { name, standardName, version };
  }

  /** 'TLSv1.2' or 'TLSv1.3'; null in the clear. */
  getProtocol() {
    return agreementOf(this)?.protocol ?? null;
  }

  /** Whether the handshake has resumed a former session. */
  isSessionReused() {
    return agreementOf(this)?.isResumed ?? false;
  }

  /** Keying material that both ends can derive and nobody else (RFC 5705). */
  exportKeyingMaterial(length, label, context) {
    validateInteger(length, 'length', 1);
    validateString(label, 'label');
    const bytes = context === undefined ? undefined : bytesOf(context, 'context');
    sessionOf(this);
    const { [kEngine]: engine, [kId]: id } = this;
    if (id === NONE || this.destroyed) throw errors.socketClosed();
    const material = engine.exportKeyingMaterial(id, length, Buffer.from(label), bytes);
    if (material === null) throw errors.outOfRange('length', 'what can be derived', length);
    return material;
  }

  /** Whether the stream is secure. */
  get encrypted() {
    return this[kSecurity]?.isDone ?? false;
  }

  /** What `verifyPeer()` says; false before it can say anything. */
  get authorized() {
    return this.encrypted && this.verifyPeer();
  }

  /** Why the peer is not trusted, in Node's codes; null if it is, or if nothing is known. */
  get authorizationError() {
    return agreementOf(this)?.verdict ?? null;
  }

  /** The application protocol that was agreed on, or false. */
  get alpnProtocol() {
    return agreementOf(this)?.alpn?.toString('latin1') ?? false;
  }

  /** The name that the client has asked for, or false. */
  get servername() {
    return agreementOf(this)?.serverName ?? false;
  }

  /** Whether the peer's FIN has come without its close_notify: what was received may not be all that was sent. */
  get truncated() {
    return this[kSecurity]?.truncated ?? false;
  }

  // Timeouts and socket options.

  /** Emits 'timeout' after `msecs` without traffic; 0 turns that off. Contract: stream.setTimeout. */
  setTimeout(msecs, callback) {
    msecs = validateTimeout(msecs);
    if (callback !== undefined) validateFunction(callback, 'callback');
    this.timeout = msecs;
    if (this.destroyed) return this;
    clearTimeout(this[kTimer]);
    this[kTimer] = null;
    this[kTimedOut] = false;
    trackTraffic(this);
    if (msecs > 0) startTimer(this, msecs);
    if (callback !== undefined) {
      if (msecs > 0) this.once('timeout', callback);
      else this.removeListener('timeout', callback);
    }
    return this;
  }

  /** Turns Nagle's algorithm off (true) or on. Contract: stream.setNoDelay. */
  setNoDelay(noDelay = true) {
    if (this[kId] === NONE) want(this).noDelay = Boolean(noDelay);
    else this[kEngine].setNoDelay(this[kId], Boolean(noDelay));
    return this;
  }

  /**
   * Turns keep-alive on or off; spans in milliseconds, 0 leaves what is set. Instead of the arguments, an object with
   * their names is taken. Contract: stream.setKeepAlive.
   */
  setKeepAlive(...args) {
    const settings = keepAliveSettings(...keepAliveArguments(args));
    if (this[kId] === NONE) want(this).keepAlive = settings;
    else this[kEngine].setKeepAlive(this[kId], ...settings);
    return this;
  }

  /** Sets the type of service (DSCP and ECN, 0 to 255) of what is sent over TCP, now or once it is connected. */
  setTypeOfService(tos) {
    if (Number.isNaN(tos)) throw errors.invalidArgumentType('tos', 'number', tos);
    validateInteger(tos, 'tos', 0, 255);
    want(this).typeOfService = tos;
    if (this[kId] !== NONE) {
      const errno = this[kEngine].setTypeOfService(this[kId], tos);
      if (errno !== 0) throw errors.systemError(errno, 'setTypeOfService');
    }
    return this;
  }

  /** What the kernel has as the type of service; of what is not connected over TCP, what it has been set to. */
  getTypeOfService() {
    const found = this[kId] === NONE ? null : this[kEngine].typeOfService(this[kId]);
    if (found === null) return this[kWanted]?.typeOfService ?? 0;
    if (found < 0) throw errors.systemError(found, 'getTypeOfService');
    return found;
  }

  /** Lets the stream keep the process alive (the default). */
  ref() {
    return reference(this, true);
  }

  /** Lets the process exit while the stream is open. */
  unref() {
    return reference(this, false);
  }

  // What the stream is.

  /** The address of our end: `{ address, family, port }`, empty for what has none. */
  address() {
    return lookAt(this, 'local') ?? {};
  }

  get localAddress() {
    return lookAt(this, 'local')?.address;
  }

  get localPort() {
    return lookAt(this, 'local')?.port;
  }

  get localFamily() {
    return lookAt(this, 'local')?.family;
  }

  get remoteAddress() {
    if (this[kOutgoing] && !this[kContract].remoteAddressOfClients) return undefined;
    return lookAt(this, 'peer')?.address;
  }

  get remotePort() {
    return lookAt(this, 'peer')?.port;
  }

  get remoteFamily() {
    return lookAt(this, 'peer')?.family;
  }

  /** 'tcp4', 'tcp6' or 'unix' ('pipe' for an adopted pipe); null without a connection. */
  get type() {
    return lookAt(this, 'kind') ?? null;
  }

  /** The number of the descriptor while the stream is open, else null. */
  get fd() {
    return fdOf(this);
  }

  /** 'closed', 'opening', 'open', 'readOnly' or 'writeOnly'. Contract: stream.readyState. */
  get readyState() {
    if (this.connecting) return 'opening';
    if (this.destroyed || (this[kId] === NONE && this[kContract].unopenedIsClosed)) return 'closed';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** What stands in for Node's private object: null unless the stream is open or opening. */
  get _handle() {
    return isOpenOrOpening(this) ? (this[kHandle] ??= new Handle(this, () => fdOf(this))) : null;
  }

  /** What is assigned is kept as the instance's own, and means nothing to the stream. */
  set _handle(value) {
    assignHandle(this, value);
  }

  /** Node's old name of `connecting`. */
  get _connecting() {
    return this.connecting;
  }

  /** Node's old name of what `bytesWritten` counts, without what waits. */
  get _bytesDispatched() {
    if (!this._writableState) return undefined;
    const taken = this[kId] === NONE ? counters(this).bytesWritten : this[kEngine].bytesWritten(this[kId]);
    return taken + this[kFailed];
  }

  /** Not connected yet, or no more. */
  get pending() {
    return (this[kId] === NONE && this[kBound] === null) || this.destroyed;
  }

  /** Bytes received. */
  get bytesRead() {
    if (!this._readableState) return undefined;
    return this[kId] === NONE ? counters(this).bytesRead : this[kEngine].bytesRead(this[kId]);
  }

  /** Bytes written, whether they have been sent yet or not. */
  get bytesWritten() {
    if (!this._writableState) return undefined;
    return this._bytesDispatched + waitingBytes(this);
  }

  /** Bytes that wait in user memory to be sent; undefined without a connection. */
  get bufferSize() {
    if (!isOpenOrOpening(this)) return undefined;
    const queued = this[kId] === NONE ? 0 : this[kEngine].waitingBytes(this[kId]);
    return queued + waitingBytes(this);
  }
}

/** What TLS adds. In today's contract a stream in the clear has none of it, because programs look for it to tell. */
const SECURE_NAMES = [
  'verifyPeer',
  'getPeerCertificate',
  'getPeerX509Certificate',
  'getCertificate',
  'getCipher',
  'getProtocol',
  'isSessionReused',
  'exportKeyingMaterial',
  'encrypted',
  'authorized',
  'authorizationError',
  'alpnProtocol',
  'servername',
  'truncated',
];

/** Names that Node's streams in the clear do not have, either, and that programs use for their own. */
const ASSIGNABLE_NAMES = ['type', 'fd'];

/** Property descriptors of the members `names`; accessors can be assigned, which puts the value in their place. */
function assignableMembers(names) {
  const descriptors = {};
  for (const name of names) {
    const descriptor = Object.getOwnPropertyDescriptor(StreamMethods.prototype, name);
    if (descriptor.get) {
      descriptor.set = function replace(value) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      };
    }
    descriptors[name] = descriptor;
  }
  return descriptors;
}

const SECURE_MEMBERS = assignableMembers(SECURE_NAMES);

/** The members of the public prototype for one contract. */
function membersOf(contract) {
  const members = membersLike(StreamMethods.prototype, contract.countsNodesOwn ? nodesNet.Socket.prototype : {});
  if (contract.showsTlsInTheClear) return members;
  for (const name of SECURE_NAMES) delete members[name];
  return Object.assign(members, assignableMembers(ASSIGNABLE_NAMES));
}

/** The constructor of net.Stream for one contract. It can be called without `new`, and inherited from either way. */
function streamFor(contract) {
  /**
   * @param {object | number} [options] options, or a descriptor
   */
  function Stream(options) {
    if (!(this instanceof Stream)) return new Stream(options);
    if (options instanceof DuplexOptions) initialize(this, options);
    else construct(this, options);
  }
  Object.setPrototypeOf(Stream, Duplex);
  Stream.prototype = Object.create(Duplex.prototype, {
    ...membersOf(contract),
    constructor: { value: Stream, writable: true, configurable: true },
    [kContract]: { value: contract },
  });
  Object.defineProperty(Stream, 'name', { value: contract.streamName });
  if (contract.countsNodesOwn) countInstances(Stream, nodesNet.Socket);
  return Stream;
}

/**
 * The property descriptors of `members`, an object's own: a name that `model` has too is as enumerable and as
 * configurable as there. Programs redefine and assign the members of the public prototypes, and list them.
 */
function membersLike(members, model) {
  const descriptors = Object.getOwnPropertyDescriptors(members);
  for (const name of Object.keys(descriptors)) {
    const like = Object.getOwnPropertyDescriptor(model, name);
    if (like) Object.assign(descriptors[name], { enumerable: like.enumerable, configurable: like.configurable });
  }
  return descriptors;
}

/** Makes `instanceof Class` true of instances of `Other` as well; not so for classes that extend `Class`. */
function countInstances(Class, Other) {
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(object) {
      const isOne = Function.prototype[Symbol.hasInstance].call(this, object);
      return isOne || (this === Class && object instanceof Other);
    },
  });
}

function construct(stream, options) {
  if (typeof options === 'number') options = { fd: options };
  // Duplex takes null for its default; a server does not.
  else if (options?.highWaterMark === null) options = { ...options, highWaterMark: undefined };
  options = socketOptions(options);
  for (const mode of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    if (options[mode]) throw errors.invalidArgumentValue(`options.${mode}`, options[mode], 'is not supported');
  }
  if (options.blockList) validateBlockList(options.blockList, 'options.blockList');
  const bound = boundSocket(options.handle, 'options.handle');
  const { typeOfService } = options;
  if (typeOfService !== undefined) validateInteger(typeOfService, 'options.typeOfService', 0, 255);
  const adoptsDescriptor = options.fd !== undefined && bound === null;
  if (adoptsDescriptor) limitToAccess(options);
  initialize(stream, new DuplexOptions(stream[kContract], options));
  if (isOnread(options.onread)) readInto(stream, options.onread);
  if (options.blockList) stream.blockList = options.blockList;
  if (options.noDelay) stream.setNoDelay();
  if (options.keepAlive) {
    stream.setKeepAlive(true, options.keepAliveInitialDelay, options.keepAliveInterval, options.keepAliveCount);
  }
  if (typeOfService !== undefined) stream.setTypeOfService(typeOfService);
  // Last, when nothing else can throw: what a constructor that throws was given is still the caller's.
  if (bound !== null) connectFrom(stream, bound[kAdopt]());
  if (adoptsDescriptor) {
    attach(stream, adopt(options.fd));
    if (options.readable !== false) process.nextTick(startReading, stream);
  }
}

/**
 * What most streams never change: on the prototype, where it takes no memory for each of them, until one does. Only
 * what every stream has, or is asked for with each chunk, is a field of its own from the start.
 */
Object.assign(StreamMethods.prototype, {
  // So that accessors can be read on the prototype, too.
  [kId]: NONE,
  [kPending]: null,
  [kFailed]: 0,
  [kRace]: null,
  [kBound]: null,
  [kTimer]: null,
  [kTimedOut]: false,
  [kOnread]: null,
  [kHandle]: null,
  [kWanted]: null,
  [kLast]: null,
  [kReset]: false,
  [kAgain]: null,
  [kOutgoing]: false,
  [kHost]: undefined,
  [kSecurity]: null,
  [kBytes]: null,
  [kTarget]: null,
  [kSource]: null,
  [kReferenced]: true,
});

/** The fields of a new stream, and Duplex's. */
function initialize(stream, options) {
  stream.connecting = false;
  stream.server = null;
  stream.timeout = undefined;
  stream[kId] = NONE;
  stream[kEngine] = null;
  stream[kReading] = false;
  stream[kPending] = null;
  stream[kFinal] = null;
  stream[kServer] = null;
  stream[kClosing] = false;
  // An aborted signal destroys the stream in here.
  Duplex.call(stream, options);
  if (stream[kContract].writeAfterPeersEndBreaks) stream.on('end', onReadableStreamEnd);
}

/** Has the name that it has in Node: programs count and list the listeners of a stream. */
function onReadableStreamEnd() {
  if (!this.allowHalfOpen) this.write = writeAfterPeersEnd;
}

/** What `write()` does where the peer has ended the stream, and ours with it. */
function writeAfterPeersEnd(chunk, encoding, callback) {
  if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
  const error = errors.peerHasEnded();
  if (typeof encoding === 'function') callback = encoding;
  if (typeof callback === 'function') process.nextTick(callback, error);
  this.destroy(error);
  return false;
}

/** What Duplex is told. One set serves all streams that a server accepts. */
class DuplexOptions {
  constructor({ defaultEncoding }, options) {
    Object.assign(this, options);
    this.allowHalfOpen = Boolean(options.allowHalfOpen);
    this.autoDestroy = true;
    this.decodeStrings = false;
    this.defaultEncoding = options.defaultEncoding ?? defaultEncoding;
    // 'close' says whether there was an error, which Duplex does not.
    this.emitClose = false;
  }
}

/** Takes from `options` what the descriptor can't do. It remains the caller's; throws if it can't be adopted. */
function limitToAccess(options) {
  const fd = validateFd(options.fd);
  const access = engines.attempt('open', (engine) => engine.accessOf(fd));
  if (access.errno !== undefined) throw adoptionError(fd, access);
  options.readable = options.readable !== false && access.readable;
  options.writable = options.writable !== false && access.writable;
}

/** The id of a descriptor that the user has opened, and that is the engine's from now on. */
function adopt(fd) {
  const id = engines.attempt('open', (engine) => engine.adoptStream(fd));
  if (typeof id !== 'number') throw adoptionError(fd, id);
  return id;
}

function adoptionError(fd, { errno, syscall }) {
  const error = errors.systemError(errno, syscall);
  const type = kindOf(fd, error);
  return type === null ? error : errors.invalidFdType(type);
}

/** What Node calls a descriptor that is of the wrong type; null if `error` is of another kind. */
function kindOf(fd, { code }) {
  if (code === 'EPROTOTYPE') return 'UDP';
  if (code === 'EBADF' || code === 'EAFNOSUPPORT') return 'UNKNOWN';
  if (code !== 'ENOTSOCK') return null;
  if (isatty(fd)) return 'TTY';
  const file = fstatSync(fd);
  return file.isFile() || file.isCharacterDevice() ? 'FILE' : 'UNKNOWN';
}

/** The stream is to connect from what has been bound. */
function connectFrom(stream, bound) {
  stream[kBound] = bound;
  if (bound.path !== undefined) stream[kLast] = { local: { address: bound.path } };
  // An aborted signal has destroyed the stream.
  if (stream.destroyed) {
    stream[kBound] = null;
    engines.release(bound.id);
  }
}

/** From now on the stream is open, as `id`. */
function attach(stream, id) {
  stream[kEngine] = engines.start();
  stream[kId] = id;
  engines.own(id, stream);
  if (stream[kWanted] !== null) {
    const { noDelay, keepAlive, typeOfService } = stream[kWanted];
    if (noDelay !== undefined) stream[kEngine].setNoDelay(id, noDelay);
    if (keepAlive !== undefined) stream[kEngine].setKeepAlive(id, ...keepAlive);
    if (typeOfService !== undefined) stream[kEngine].setTypeOfService(id, typeOfService);
  }
  if (!stream[kReferenced]) stream[kEngine].reference(id, false);
  const mark = stream.writableHighWaterMark;
  if (mark < QUEUE_MOST) stream[kEngine].limitQueue(id, mark);
  if (stream[kTimer] !== null) trackTraffic(stream);
  if (stream[kReading] && !isSecuring(stream) && !isPipedByEngine(stream)) stream[kEngine].want(id, true);
}

function begin(stream, target) {
  stream.connecting = true;
  stream[kOutgoing] = true;
  if (stream[kTimer] !== null || stream[kTimedOut]) rearmTimer(stream);
  stream[kRace] = new Race(stream, target, stream[kBound]);
  stream[kBound] = null;
  stream[kHost] = target.host;
  stream[kRace].start();
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
  // 'close' is being told.
  detach(stream);
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark } = stream;
  const options = { allowHalfOpen, readableHighWaterMark, writableHighWaterMark };
  const { pipes, encoding } = stream._readableState;
  const keepsModes = stream[kContract].keepsModesWhenReopened;
  const staysPaused = keepsModes && stream.isPaused();
  if (keepsModes) options.defaultEncoding = stream._writableState.defaultEncoding;
  Duplex.call(stream, new DuplexOptions(stream[kContract], options));
  // The listeners of a pipe stay, and so does it.
  stream._readableState.pipes = pipes;
  stream.server = null;
  stream[kServer] = null;
  stream[kReading] = false;
  stream[kReset] = false;
  stream[kLast] = null;
  stream[kFailed] = 0;
  if (stream.write === writeAfterPeersEnd) delete stream.write;
  stream[kPending] = null;
  stream[kSecurity] = null;
  if (!stream[kContract].showsTlsInTheClear) for (const name of SECURE_NAMES) delete stream[name];
  stream[kBytes] = null;
  // Duplex learns of these listeners when they are added, and has forgotten.
  const listeners = stream.rawListeners('readable');
  for (const listener of listeners) stream.removeListener('readable', listener).on('readable', listener);
  if (staysPaused) stream.pause();
  else if (stream.listenerCount('data') > 0 && listeners.length === 0) stream.resume();
  if (keepsModes && encoding) stream.setEncoding(encoding);
  then();
}

/** Reads, unless somebody has said not to. */
function startReading(stream) {
  if (stream.destroyed || stream[kId] === NONE || stream.isPaused()) return;
  if (stream.readableFlowing === null && stream[kContract].readsWithoutConsumer) stream.resume();
  else stream.read(0);
}

function send(stream, chunks, callback) {
  if (stream[kId] === NONE) {
    if (stream.connecting) {
      stream[kPending] = { chunks: rest(chunks, 0), callback: AsyncResource.bind(callback) };
      stream.once('connect', sendWhenConnected);
    } else {
      callback(stream[kBound] === null ? errors.socketClosed() : errors.systemError(EPIPE, 'write'));
    }
    return;
  }
  const taken = engines.write(stream[kId], chunks);
  if (taken < 0) {
    stream[kFailed] += sizeOfAll(chunks);
    callback(errors.systemError(taken, 'write'));
    return;
  }
  // The engine sees traffic; in Node, a write that moves nothing restarts the timer, too.
  if (taken === 0 && stream[kTimer] !== null) rearmTimer(stream);
  if (chunks.length === 1 && taken === sizeOf(chunks[0])) {
    callback();
    return;
  }
  const left = rest(chunks, taken);
  if (left.length === 0) callback();
  else stream[kPending] = { chunks: left, callback: AsyncResource.bind(callback) };
}

/** `chunks` without their first `taken` bytes, and without empty ones. */
function rest(chunks, taken) {
  const left = [];
  for (const chunk of chunks) {
    const size = sizeOf(chunk);
    if (taken < size) left.push(taken === 0 ? chunk : chunk.subarray(taken));
    taken = Math.max(taken - size, 0);
  }
  return left;
}

/** Goes on with the write that the engine had no room for, or that came before the connection, and with the end. */
function sendPending(stream) {
  const pending = stream[kPending];
  if (stream.destroyed) return;
  if (pending !== null) {
    stream[kPending] = null;
    // Nothing empty is kept: what is empty now has had its memory transferred away.
    if (pending.chunks.length === 0) {
      pending.callback();
    } else if (pending.chunks.some(({ byteLength }) => byteLength === 0)) {
      pending.callback(errors.detachedWhileWriting());
    } else {
      send(stream, pending.chunks, pending.callback);
    }
    return;
  }
  const final = stream[kFinal];
  if (final !== null) {
    stream[kFinal] = null;
    stream._final(final);
  }
}

/**
 * Whether destroy() follows as soon as the sending side has ended: 'end' has been emitted, and there is no listener
 * that could throw before.
 */
function closesNext(stream) {
  return stream.readableEnded && stream.listenerCount('finish') === 0 && stream.listenerCount('prefinish') === 0;
}

/** What calls a function when its time has come by the contract: in this turn of the loop, or in the next. */
function later(stream) {
  return stream[kContract].finishesAtOnce ? process.nextTick : engines.later;
}

/** A 'connect' listener: sends what was written, and the end, before the connection was there. */
function sendWhenConnected() {
  sendPending(this);
}

/** 'close' comes last: behind whatever this tick has left to say. */
function closeBehindTicks(stream, details) {
  queueMicrotask(() => emitClose(stream, details));
}

function emitClose(stream, details) {
  stream[kClosing] = false;
  try {
    stream.emit('close', ...details);
  } finally {
    detach(stream);
    const again = stream[kAgain];
    if (again !== null) {
      stream[kAgain] = null;
      stream.connecting = false;
      reopen(stream, again);
    }
  }
}

/** Gives the id back, keeping what is asked for after 'close'. */
function detach(stream) {
  const id = stream[kId];
  if (id === NONE) return;
  const engine = stream[kEngine];
  const counted = { bytesRead: engine.bytesRead(id), bytesWritten: engine.bytesWritten(id) };
  stream[kLast] = stream[kLast] === null ? counted : Object.assign(stream[kLast], counted);
  // To be asked for while there is an id.
  knownOf(stream);
  stream[kId] = NONE;
  engines.release(id);
}

/** Has the engine move what `stream` receives, if it may. `true` if it does. */
function isPipedByEngine(stream) {
  const mayBe = stream._readableState.pipes.length === 1 && stream[kOnread] === null;
  return mayBe && takeOver(stream, StreamMethods.prototype);
}

/** The mark of `setSecure()` has come to be written: all before it has been. */
function beginHandshake(stream, callback) {
  if (stream.destroyed) return;
  if (stream[kId] !== NONE) {
    stream[kSecurity].begin(stream[kEngine], stream[kId], stream[kHost], callback);
    return;
  }
  const security = stream[kSecurity];
  const begin = () => {
    stream.removeListener('connect', begin).removeListener('close', begin);
    // The stream may have been closed, and opened again, since.
    if (stream[kSecurity] === security) beginHandshake(stream, callback);
  };
  stream.on('connect', begin).on('close', begin);
}

/** The time that the handshake may take begins: with `setSecure()`, or with the connection if that comes later. */
function startDeadline(stream) {
  stream[kSecurity].startDeadline(() => stream.destroy(errors.handshakeTimeout()));
}

/** Writes what is in `list` before the mark, the mark, and what is behind it. False if it has no mark. */
function splitAtMark(stream, list, callback) {
  const at = list.findIndex(({ chunk }) => chunk === MARK);
  if (at === -1) return false;
  const [before, after] = [list.slice(0, at), list.slice(at + 1)];
  const secure = () =>
    beginHandshake(stream, (error) => {
      if (error || after.length === 0) callback(error);
      else stream._writev(after, callback);
    });
  if (before.length === 0) secure();
  else stream._writev(before, (error) => (error ? callback(error) : secure()));
  return true;
}

/** Takes what was received and not delivered: it will not be, since it came before the stream was secure. */
function takeUndelivered(stream) {
  const state = stream._readableState;
  const bytes = [undecode(stream)];
  if (stream[kOnread] !== null) bytes.push(stream[kOnread].take());
  if (stream[kId] !== NONE) bytes.push(engines.takeBack(stream[kId]));
  // With an encoding, the unfinished character is among what was taken.
  if (state.decoder) renewDecoder(stream, state.encoding);
  return join(bytes);
}

/** What is known of a secure stream's session: `{ agreement, peer, own }`; undefined in the clear. */
function knownOf(stream) {
  return stream[kSecurity]?.known(stream[kEngine], stream[kId]) ?? undefined;
}

function agreementOf(stream) {
  return knownOf(stream)?.agreement;
}

/** Like `knownOf`; throws in the clear (D24). */
function sessionOf(stream) {
  const known = knownOf(stream);
  if (known === undefined) throw errors.notSecure();
  return known;
}

function certificate(stream, der) {
  return stream[kContract].describesCertificatesBriefly ? describe(der) : describeAsToday(der);
}

/** What the engine says of `name` ('local', 'peer', 'kind'), kept once it has been asked for. */
function lookAt(stream, name) {
  const known = stream[kLast]?.[name];
  if (known !== undefined) return known;
  if (stream[kId] === NONE) {
    const bound = stream[kBound] ?? stream[kRace]?.bound ?? null;
    return bound === null || name !== 'local' ? undefined : (engines.start().local(bound.id) ?? undefined);
  }
  const found = stream[kEngine][name](stream[kId]) ?? undefined;
  stream[kLast] ??= {};
  stream[kLast][name] = found;
  return found;
}

function fdOf(stream) {
  return stream[kId] === NONE ? null : (stream[kEngine].fd(stream[kId]) ?? null);
}

function counters(stream) {
  return stream[kLast]?.bytesRead === undefined ? NO_COUNTERS : stream[kLast];
}

/** Bytes of writes that the engine has not taken. */
function waitingBytes(stream) {
  let bytes = 0;
  for (const { chunk, encoding } of stream._writableState.getBuffer()) {
    bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
  }
  for (const chunk of stream[kPending]?.chunks ?? []) bytes += chunk.byteLength;
  return bytes;
}

/** Stops receiving if `push()` has said that there is no room. */
function pauseIfFull(stream, isRoom) {
  if (isRoom) return;
  stream[kReading] = false;
  if (stream[kId] !== NONE) stream[kEngine].want(stream[kId], false);
}

/** Gives `stream` a decoder that holds nothing back but what it finds in Duplex's buffer. */
function renewDecoder(stream, encoding) {
  const state = stream._readableState;
  Duplex.prototype.setEncoding.call(stream, encoding);
  if (state.encoding === 'utf16le') state.decoder = new Utf16Decoder(restOf(state.decoder));
}

/** Has what `add` adds to Duplex's buffer emitted in a later tick: the caller may be a 'data' listener. */
function deferred(state, add) {
  const { sync } = state;
  state.sync = true;
  add();
  state.sync = sync;
}

/** Pushes the text of received bytes, and keeps a copy of the bytes while the text waits. */
function pushText(stream, memory, start, end) {
  const state = stream._readableState;
  const { decoder, encoding } = state;
  // A decoder or a push() of the user's may keep what it is given.
  const isOwnPush = stream.push === Duplex.prototype.push;
  if (!isOwnPush || !isOurs(decoder)) return stream.push(copy(memory, start, end));
  const unfinished = decoder.lastNeed === 0 ? null : restOf(decoder);
  const bytes = view(memory, start, end);
  const text = decoder.write(bytes);
  // Duplex's own condition: then it emits the text at once, and what waits afterwards is something else.
  const isEmittedAtOnce = state.flowing && state.length === 0 && !state.sync && stream.listenerCount('data') > 0;
  const isRoom = stream.push(text, encoding);
  if (!isEmittedAtOnce && state.length > 0 && state.decoder === decoder) {
    keepBytes(stream, unfinished === null ? [bytes] : [unfinished, bytes], text.length);
    forgetReadText(stream);
  }
  return isRoom;
}

/** Keeps the bytes of `chunks`, which have become a text of `units`, but for an unfinished character at the end. */
function keepBytes(stream, chunks, units) {
  const { decoder, encoding } = stream._readableState;
  const bytes = join(chunks);
  const { length } = restOf(decoder);
  stream[kBytes] ??= new TextBytes();
  stream[kBytes].add(length === 0 ? bytes : copy(bytes, 0, bytes.length - length), units, encoding);
}

/** Drops the bytes of text that has been read. */
function forgetReadText(stream) {
  const { length } = stream._readableState;
  if (length === 0) stream[kBytes] = null;
  else stream[kBytes].trim(length);
}

/** The chunks that wait in Duplex's buffer. */
function buffered(state) {
  return [...state.buffer].slice(state.bufferIndex ?? 0);
}

/** Takes the bytes behind what has been received but not read, and behind what could not be decoded yet. */
function undecode(stream) {
  const state = stream._readableState;
  const { decoder, encoding } = state;
  const chunks = buffered(state);
  if (Array.isArray(state.buffer)) state.buffer.length = 0;
  else state.buffer.clear();
  if (state.bufferIndex !== undefined) state.bufferIndex = 0;
  state.length = 0;
  if (!decoder) return join(chunks);
  const kept = stream[kBytes] ?? new TextBytes();
  stream[kBytes] = null;
  return join([kept.behind(chunks.join(''), encoding), isOurs(decoder) ? restOf(decoder) : Buffer.alloc(0)]);
}

function isOpenOrOpening(stream) {
  return !stream.destroyed && (stream[kId] !== NONE || stream.connecting || stream[kBound] !== null);
}

/** Whether the connection is one over TCP, or is to be. */
function isTcp(stream) {
  if (stream[kBound] !== null) return stream[kBound].path === undefined;
  return stream.connecting ? stream[kHost] !== undefined : stream[kEngine].kind(stream[kId]).startsWith('tcp');
}

function want(stream) {
  stream[kWanted] ??= {};
  return stream[kWanted];
}

function reference(stream, referenced) {
  stream[kReferenced] = referenced;
  if (stream[kId] !== NONE && !stream.destroyed) stream[kEngine].reference(stream[kId], referenced);
  stream[kRace]?.reference(referenced);
  return stream;
}

function trackTraffic(stream) {
  if (stream[kId] !== NONE) stream[kEngine].trackTraffic(stream[kId], stream.timeout > 0);
}

/**
 * Idle time is counted by the engine, which sees all traffic; the timer only looks whether it has become long enough.
 */
function startTimer(stream, msecs) {
  clearTimeout(stream[kTimer]);
  stream[kTimer] = setTimeout(onTimer, msecs, stream);
  stream[kTimer].unref();
}

function onTimer(stream) {
  const idle = stream[kId] === NONE ? Infinity : stream[kEngine].idle(stream[kId]);
  const left = stream.timeout - idle;
  if (left >= 1) {
    startTimer(stream, left);
    return;
  }
  const timer = stream[kTimer];
  if (!stream[kContract].timeoutRepeats) {
    stream[kTimedOut] = true;
    // The next traffic is to be seen here: it begins the span anew.
    giveBack(stream);
    stopFeeding(stream);
    stream.emit('timeout');
    return;
  }
  stream.emit('timeout');
  // Unless a listener has set another, or destroyed the stream.
  if (stream[kTimer] === timer) rearmTimer(stream);
}

/** Has the span of `setTimeout` begin anew. */
function rearmTimer(stream) {
  stream[kTimedOut] = false;
  if (stream.destroyed) return;
  trackTraffic(stream);
  startTimer(stream, stream.timeout);
}

/** Reads into the user's buffer from now on. Duplex knows nothing of it, so that pausing is to be done here. */
function readInto(stream, option) {
  const start = () => {
    if (stream[kReading] || stream[kId] === NONE || stream.destroyed) return;
    stream[kReading] = true;
    // Not within `resume()`: in Node, what is received next comes later, however often it is called before.
    process.nextTick(goOn);
  };
  const goOn = () => {
    onread.goOn();
    if (!stream[kReading] || stream[kId] === NONE || stream.destroyed || isSecuring(stream)) return;
    stream[kEngine].want(stream[kId], true);
  };
  const stop = () => {
    if (!stream[kReading] || stream[kId] === NONE) return;
    stream[kReading] = false;
    if (!stream.destroyed) stream[kEngine].want(stream[kId], false);
  };
  const onread = new Onread(option, stream, () => stream[kReading] && !stream.destroyed, stop);
  stream[kOnread] = onread;
  Object.assign(stream, {
    pause() {
      stop();
      return Duplex.prototype.pause.call(this);
    },
    resume() {
      start();
      return Duplex.prototype.resume.call(this);
    },
    read(size) {
      start();
      return Duplex.prototype.read.call(this, size);
    },
  });
}

module.exports = { DuplexOptions, countInstances, membersLike, streamFor };
