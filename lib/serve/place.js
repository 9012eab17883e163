'use strict';

// Where the threads of net.serve() listen: the sockets, which this thread keeps, and the threads listen on copies of.

const fs = require('fs');
const { BoundSocket } = require('../bound');
const engines = require('../engine');
const errors = require('../errors');
const { kAdopt, kPassed } = require('../symbols');

/** Whether the kernel distributes connections among sockets of one port. Elsewhere, the last one would get them all. */
const CAN_SHARE_PORTS = process.platform === 'linux';

class Place {
  address;
  #transport;
  #path;
  #backlog;
  /** Whether another process may hold the socket. */
  #isShared;

  constructor(bound, backlog, isShared = false) {
    this.address = bound.address();
    const { transport, path } = bound[kAdopt]();
    this.#transport = transport;
    this.#path = path;
    this.#backlog = backlog;
    this.#isShared = isShared;
    if (!isShared) this.#listen();
  }

  /**
   * Places for `count` threads: sockets of one port, one that they share, or those that another process has passed on.
   * Throws if that fails, with nothing open.
   */
  static open(asked, count) {
    const { fds, host, port, path, ipv6Only, reusePort, backlog, socketOptions } = asked;
    const sockets = fds?.length ?? (path === undefined && CAN_SHARE_PORTS ? count : 1);
    const places = [];
    try {
      for (let index = 0; index < sockets; index++) {
        if (fds !== undefined) {
          places.push(new Place(new BoundSocket({ [kPassed]: { fd: fds[index], backlog } }), backlog, true));
        } else if (path !== undefined) {
          places.push(new Place(openToAll(new BoundSocket({ path, socketOptions }), asked), backlog));
        } else {
          const own = { host: host || undefined, port: places[0]?.address.port ?? port, socketOptions };
          places.push(new Place(new BoundSocket({ ...own, ipv6Only, reusePort: reusePort || sockets > 1 }), backlog));
        }
      }
    } catch (error) {
      for (const place of places) place.close();
      throw error;
    }
    return Array.from({ length: count }, (_, index) => places[index % sockets]);
  }

  /** Begins to listen. The engine of this thread does not watch the socket: it accepts nothing. */
  #listen() {
    const id = engines.attempt('listen', (engine) => engine.copyBound(this.#transport.fd, this.#backlog));
    if (typeof id === 'number') {
      engines.release(id);
      return;
    }
    this.#transport.release();
    const [address, port] = this.#path === undefined ? [this.address.address, this.address.port] : [this.#path, -1];
    throw errors.listenError(id, address, port);
  }

  /** The number of the descriptor, which another process may have from now on; null once it is closed. */
  share() {
    this.#isShared = true;
    return this.#transport.isOpen ? this.#transport.engine.share(this.#transport.id) : null;
  }

  get isShared() {
    return this.#isShared;
  }

  /** What a thread needs to listen here. */
  get shared() {
    return { fd: this.#transport.fd, path: this.#path, backlog: this.#backlog };
  }

  /** Closes the socket here, and removes its file. */
  close() {
    this.#transport.release();
  }
}

/** Lets every user read from or write to `bound`, a socket at a path, if that is asked for. Returns it. */
function openToAll(bound, { path, readableAll, writableAll }) {
  if (!readableAll && !writableAll) return bound;
  try {
    fs.chmodSync(path, (fs.statSync(path).mode & 0o777) | (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0));
    return bound;
  } catch (error) {
    bound.close();
    throw error;
  }
}

module.exports = { Place };
