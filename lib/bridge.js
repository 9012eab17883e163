'use strict';

// Our sockets below http2, which reads and writes in the native part of Node's core. To that, Node shows any other
// stream as a handle of its class JSStreamSocket, which is not exported, and takes one write at a time for granted: a
// session that is destroyed while it writes is an assertion that fails. A `Bridge` takes any number.

const { errno: ERRNO } = require('os').constants;
const { Duplex } = require('stream');
const { setImmediate } = require('timers');
const { functions: nodesTls } = require('./nodes-tls');

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
    /** Writes that have not been answered. */
    #writes = new Set();
    #shutdown = null;
    #isEnding = false;
    #isClosed = false;

    doWrite(request, chunks) {
      const { _handle: handle, stream } = this;
      if (handle === null) return 0;
      this.#writes.add(request);
      // `doClose` answers it.
      if (this.#isClosed) return 0;
      let left = chunks.length;
      const done = (error) => {
        left--;
        if ((!error && left > 0) || !this.#writes.delete(request)) return;
        handle.finishWrite(request, error ? errnoOf(error) : 0);
        this.#endIfDue();
      };
      stream.cork();
      for (const chunk of chunks) stream.write(chunk, done);
      stream.uncork();
      return 0;
    }

    doShutdown(request) {
      this.#shutdown = request;
      this.#endIfDue();
      return 0;
    }

    /** Ends the stream behind all writes. */
    #endIfDue() {
      if (this.#shutdown === null || this.#isEnding || this.#isClosed || this.#writes.size > 0) return;
      this.#isEnding = true;
      const { _handle: handle, stream } = this;
      // The request is answered later, never within `doShutdown`.
      process.nextTick(() => stream.end(() => this.#answerShutdown(handle, 0)));
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
        for (const request of this.#writes) handle.finishWrite(request, ECANCELED);
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
  Bridge ??= makeBridge();
  // http2 takes what is waiting there itself, as 'data', which the bridge would hear a second time.
  const early = stream.read();
  const made = new Bridge(stream);
  if (early !== null) process.nextTick(() => made._handle?.readBuffer(early));
  // It repeats the errors of the stream, which has listeners for them.
  made.on('error', () => {});
  return made._handle;
}

module.exports = { bridge };
