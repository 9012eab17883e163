'use strict';

// What stands in for `_handle` of a stream, as far as it has to do with the connection: its addresses, what has come,
// what waits to be sent, and the guard of a connection that waits in an `http.Agent` for its next request.

const { errno: ERRNO } = require('os').constants;
const engines = require('../engine');
const events = require('../events');
const { Handle } = require('../handle');
const { kReading, kTransport } = require('./fields');
const { unlink } = require('./pipes');

/** What the `http.Agent` of Node puts in the place of `onread` while a connection waits for the next request. */
const GUARD = 'freeSocketOnReadGuard';

const ENOTCONN = -ERRNO.ENOTCONN;

const ARRIVALS = new Set([events.ondata, events.onbulk, events.onend]);

class GuardedHandle extends Handle {
  #stream;
  #guard = null;

  constructor(stream) {
    super(stream, stream[kTransport]);
    this.#stream = stream;
  }

  /** The guard of an idle connection, if there is one. */
  get onread() {
    return this.#guard;
  }

  /**
   * Takes the guard, or takes it away. What comes meanwhile was not asked for, and would be taken for the answer to the
   * next request: the stream is destroyed. Other functions mean nothing here.
   */
  set onread(value) {
    const guards = typeof value === 'function' && value.name === GUARD;
    const stream = this.#stream;
    const transport = stream[kTransport];
    if (!transport.isOpen || guards === (this.#guard !== null)) return;
    if (guards) unlink(stream);
    this.#guard = guards ? value : null;
    engines.own(transport.id, guards ? new Guard(stream) : stream);
    // The guard sees what comes to a stream that is paused, too.
    transport.want(guards || stream[kReading]);
  }

  /** Whether something has arrived that has not been read, be it the end. Not known over TLS. */
  hasPendingRead() {
    return this.#stream[kTransport].hasUnread;
  }

  /** Puts our address into `place`, as the handles of Node's core do for a socket of its own. */
  getsockname(place) {
    return tell(this.#stream[kTransport].local, place);
  }

  /** Puts the peer's address into `place`. */
  getpeername(place) {
    return tell(this.#stream[kTransport].peer, place);
  }

  /** Bytes that wait to be sent. */
  get writeQueueSize() {
    return this.#stream.bufferSize ?? 0;
  }
}

function tell(address, place) {
  if (address === undefined) return ENOTCONN;
  Object.assign(place, address);
  return 0;
}

/** The owner of an idle connection: everything but data and the end goes on to its stream. */
class Guard {
  constructor(stream) {
    for (const event of Object.values(events)) {
      this[event] = ARRIVALS.has(event) ? () => stream.destroy() : (...details) => stream[event](...details);
    }
  }
}

module.exports = { GuardedHandle };
