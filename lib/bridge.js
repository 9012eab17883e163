'use strict';

// Our sockets below http2, which reads and writes in the native part of Node's core. To that, Node shows any other
// stream as a handle of its class JSStreamSocket, which is not exported, and takes one write at a time for granted: a
// session that is destroyed while it writes is an assertion that fails. A `Bridge` takes any number. As long as nothing
// else reads or writes the stream, the session gets its bytes from where the engine has received them, and the engine
// what the session writes, without Duplex.

const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const { functions: nodesTls } = require('./nodes-tls');
const { leaveToNodes } = require('./stream/nodes-transport');
const { SessionFeed } = require('./stream/parsing');
const { readAll } = require('./stream/reading');
const { sendListPastDuplex } = require('./stream/sending');
const { nextTick, setImmediate } = require('./timers');

const ECANCELED = -ERRNO.ECANCELED;
const EPIPE = -ERRNO.EPIPE;

/** Node's class JSStreamSocket: Node's own TLS makes one of a stream, and passes it to a method. */
function findJSStreamSocket() {
  let found;
  class Probe extends nodesTls.TLSSocket {
    _wrapHandle(wrap) {
      found = wrap.constructor;
      throw found;
    }
  }
  try {
    return new Probe(new Duplex({ read() {} }));
  } catch (thrown) {
    if (thrown !== found) throw thrown;
    return found;
  }
}

/** The class of bridges, made when it is first needed. */
function makeBridge() {
  return class Bridge extends findJSStreamSocket() {
    /** Writes that the engine has taken whole, and that are to be answered. */
    #taken = [];
    /** Writes that wait. */
    #writes = new Set();
    #shutdown = null;
    #isEnding = false;
    #isClosed = false;
    #feed = new SessionFeed(this.stream, (bytes) => this.#receive(bytes));
    /** Whether the session wants to read. */
    #isReading = true;
    /** What follows from what the session has done is not due yet. */
    #isSettling = false;
    #settleNow = () => this.#settle();

    /** The session gets what `stream` receives, without Duplex as long as that is possible. */
    feed() {
      this.#feed.install();
      // Called several times for each answer: straight from there, and not by way of the owner.
      const { _handle: handle } = this;
      handle.onreadstart = () => this.readStart();
      handle.onreadstop = () => this.readStop();
      handle.onwrite = (request, chunks) => this.doWrite(request, chunks);
    }

    #receive(bytes) {
      this.#isSettling = true;
      this._handle?.readBuffer(bytes);
      return this.#settleNow;
    }

    readStart() {
      // The constructor of the class above calls it, too.
      if (!(#isReading in this)) return super.readStart();
      this.#isReading = true;
      if (this.#feed.isInstalled) return 0;
      super.readStart();
      this.#feed.install();
      return 0;
    }

    /** A session stops whenever it writes, and goes on as soon as that has been taken: mostly in the same turn. */
    readStop() {
      this.#isReading = false;
      this.#settleLater();
      return 0;
    }

    #settleLater() {
      if (this.#isSettling) return;
      this.#isSettling = true;
      nextTick(this.#settleNow);
    }

    /** Answers what has been taken, never within `doWrite`, and stops reading if the session still wants to. */
    #settle() {
      this.#isSettling = false;
      // What this leads to is settled later.
      for (let { length } = this.#taken; length > 0 && !this.#isClosed; length--) {
        this._handle.finishWrite(this.#taken.shift(), 0);
      }
      this.#endIfDue();
      if (this.#isReading || this.#isClosed || this.#isSettling) return;
      this.#feed.remove();
      super.readStop();
    }

    doWrite(request, chunks) {
      const { _handle: handle, stream } = this;
      if (handle === null) return 0;
      // A session may send frames even after it, or its peer's end, has ended the stream. They are dropped.
      const hasEnded = this.#shutdown !== null || stream.writableEnded;
      if (hasEnded && !this.#isClosed) return EPIPE;
      const rest = this.#isClosed ? chunks : sendListPastDuplex(stream, chunks);
      if (rest.length === 0) {
        this.#taken.push(request);
        this.#settleLater();
        return 0;
      }
      this.#writes.add(request);
      // `doClose` answers it.
      if (this.#isClosed) return 0;
      let left = rest.length;
      const done = (error) => {
        left--;
        if (error || left === 0) this.#answer(handle, request, error ? errnoOf(error) : 0);
      };
      stream.cork();
      for (const chunk of rest) stream.write(chunk, done);
      stream.uncork();
      return 0;
    }

    #answer(handle, request, errno) {
      if (!this.#writes.delete(request)) return;
      handle.finishWrite(request, errno);
      this.#endIfDue();
    }

    doShutdown(request) {
      this.#shutdown = request;
      this.#endIfDue();
      return 0;
    }

    /** Ends the stream after all writes. */
    #endIfDue() {
      if (this.#shutdown === null || this.#isEnding || this.#isClosed) return;
      if (this.#writes.size > 0 || this.#taken.length > 0) return;
      this.#isEnding = true;
      const { _handle: handle, stream } = this;
      // The request is answered later, never within `doShutdown`.
      nextTick(() => stream.end(() => this.#answerShutdown(handle, 0)));
    }

    #answerShutdown(handle, errno) {
      const request = this.#shutdown;
      this.#shutdown = null;
      if (request !== null) handle.finishShutdown(request, errno);
    }

    doClose(callback) {
      const { _handle: handle, stream } = this;
      this.#isClosed = true;
      stream.destroy();
      setImmediate(() => {
        for (const request of [...this.#taken, ...this.#writes]) handle.finishWrite(request, ECANCELED);
        this.#taken = [];
        this.#writes.clear();
        this.#answerShutdown(handle, ECANCELED);
        callback();
      });
    }
  };
}

function errnoOf({ errno }) {
  return typeof errno === 'number' && errno < 0 ? errno : EPIPE;
}

let Bridge = null;

/** A handle of Node's core that reads and writes `stream`. */
function bridge(stream) {
  const handle = leaveToNodes(stream);
  if (handle !== null) return handle;
  Bridge ??= makeBridge();
  // http2 takes what is waiting there itself, as 'data', which would reach the bridge a second time.
  const early = readAll(stream);
  const made = new Bridge(stream);
  if (early.length > 0) nextTick(() => made._handle?.readBuffer(early));
  // It repeats the errors of the stream, which has listeners for them.
  made.on('error', () => {});
  made.feed();
  return made._handle;
}

module.exports = { bridge };
