'use strict';

// What `http` and `http2` get of our sockets in the place of a handle of Node's core.
//
// The parser of `http` reads requests where the engine has received them, without a Buffer and a 'data' event for each.
// To `http`, a socket with a handle of Node's core can be consumed like this, and so can ours: where the takeover has
// taught the parser to (`PARSER_METHODS`), and nothing else wants to see the bytes. `http2` gets a bridge.

const { HTTP2, callingScript } = require('../callers');
const { assignHandle } = require('../handle');
const { copy, view } = require('../memory');
const { kInPlace } = require('../symbols');
const { isSecuring } = require('../tls/secure');
const { kOnread, kReading, kTransport } = require('./fields');
const { GuardedHandle } = require('./guarded');
const { isRead } = require('./pipes');

/** On a parser: the `Feed` that it gets its bytes from. */
const kFeed = Symbol('feed');

class StreamHandle extends GuardedHandle {
  #stream;

  constructor(stream) {
    super(stream);
    this.#stream = stream;
  }

  /** Whether `http` may have its parser consume the stream, or `http2` its session. */
  get isStreamBase() {
    const stream = this.#stream;
    const { parser } = stream;
    if (!stream[kInPlace]) return false;
    if (typeof parser?.consume !== 'function') return callingScript() === HTTP2 && awaitSession(stream);
    if (stream[kOnread] !== null || isSecuring(stream) || stream.readableLength > 0 || !isRead(stream)) return false;
    if (!(kFeed in parser)) {
      stream[kInPlace].teach(parser);
      parser.constructor.prototype[kFeed] = null;
    }
    return true;
  }

  /** A program that has read from the stream makes it false, so that Node's core does not read past it. */
  set isStreamBase(value) {
    Object.defineProperty(this, 'isStreamBase', { value, writable: true, enumerable: true, configurable: true });
  }

  /** For the streams that are given the handle of one with TLS. */
  getALPNNegotiatedProtocol() {
    return this.#stream.alpnProtocol ?? false;
  }

  /** Has `parser` get what is received. */
  feed(parser) {
    parser[kFeed] = this.#stream[kOnread] = new Feed(this.#stream, parser);
  }

  /** Without a parser, this does nothing: the stream reads as it has been paused and resumed. */
  readStart() {
    if (this.#stream[kOnread] instanceof Feed) read(this.#stream, true);
  }

  /** As `readStart`. */
  readStop() {
    if (this.#stream[kOnread] instanceof Feed) read(this.#stream, false);
  }
}

/** `http2`, which has asked, reads `_handle` once more, when the stream is connected: then it is one of Node's core. */
function awaitSession(stream) {
  Object.defineProperty(stream, '_handle', {
    configurable: true,
    enumerable: true,
    get() {
      const handle = stream[kInPlace].bridge(stream);
      assignHandle(stream, handle);
      return handle;
    },
    set(value) {
      assignHandle(stream, value);
    },
  });
  return true;
}

/** What a stream has in the place of `Onread`. */
class Feed {
  /** The stream notices its traffic by itself. */
  isDelivering = false;
  #stream;
  #parser;
  #kOnExecute;
  #memory = null;
  #start = 0;
  #end = 0;

  constructor(stream, parser) {
    this.#stream = stream;
    this.#parser = parser;
    this.#kOnExecute = parser.constructor.kOnExecute | 0;
  }

  /** Parses the bytes of `memory` from `start` to `end`. */
  deliver(memory, start, end) {
    [this.#memory, this.#start, this.#end] = [memory, start, end];
    this.isDelivering = true;
    try {
      const parser = this.#parser;
      const outcome = parser.execute(view(memory, start, end));
      parser[this.#kOnExecute]?.(outcome);
    } finally {
      this.isDelivering = false;
      this.#memory = null;
    }
  }

  /** A Buffer with the bytes that are being parsed; undefined if none are. */
  get current() {
    return this.#memory === null ? undefined : copy(this.#memory, this.#start, this.#end);
  }

  /** What has not been parsed: nothing is kept. */
  take() {
    return Buffer.alloc(0);
  }

  /** From now on, what is received is data of the stream. */
  stop() {
    const stream = this.#stream;
    stream[kOnread] = null;
    // Duplex has asked for data before, and still waits.
    if (stream._readableState.reading) read(stream, true);
  }
}

/** What a stream has in the place of `Onread` while its one reader is the handle below a session of http2. */
class SessionFeed {
  isDelivering = false;
  #stream;
  #receive;
  #memory = null;
  #start = 0;
  #end = 0;
  /** One function for all deliveries. */
  #read = () => this.#receive(view(this.#memory, this.#start, this.#end));

  /** `receive(view)`: passes bytes on at once. Returns what is to be called as soon as that is done. */
  constructor(stream, receive) {
    this.#stream = stream;
    this.#receive = receive;
  }

  /**
   * Returns a function that passes the bytes on, for the engine to call with no other JavaScript below it: only then do
   * ticks and promises run between two frames, as they do in Node.
   */
  deliver(memory, start, end) {
    [this.#memory, this.#start, this.#end] = [memory, start, end];
    return this.#read;
  }

  /** What has not been read: nothing is kept. */
  take() {
    return Buffer.alloc(0);
  }

  /** Whether what is received comes here. */
  get isInstalled() {
    return this.#stream[kOnread] === this;
  }

  /** Has what is received come here, if nothing else sees it. */
  install() {
    const stream = this.#stream;
    if (stream[kOnread] === null && stream.readableLength === 0 && isRead(stream)) stream[kOnread] = this;
  }

  /** From now on, what is received is data of the stream. */
  remove() {
    if (this.isInstalled) this.#stream[kOnread] = null;
  }
}

function read(stream, wanted) {
  if (stream[kReading] === wanted || !stream[kTransport].isOpen || stream.destroyed) return;
  stream[kReading] = wanted;
  stream[kTransport].want(wanted);
}

/** What takes the place of the methods of Node's parser: `(original, parser, args)`. */
const PARSER_METHODS = {
  consume(original, parser, [handle]) {
    if (handle instanceof StreamHandle) handle.feed(parser);
    else original.call(parser, handle);
  },

  unconsume(original, parser) {
    const feed = parser[kFeed];
    if (!feed) return original.call(parser);
    parser[kFeed] = null;
    return feed.stop();
  },

  getCurrentBuffer(original, parser) {
    return parser[kFeed]?.current ?? original.call(parser);
  },
};

module.exports = { PARSER_METHODS, SessionFeed, StreamHandle };
