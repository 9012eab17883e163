'use strict';

// A socket of ours as a plain stream, for Node's own TLS, which would take a net.Socket for one with a handle of its
// core.

const { Duplex } = require('stream');

/** Members of the socket below that a TLSSocket over a plain stream lacks; where a program may put others, as what. */
const PROPERTIES = {
  localAddress: ['_sockname', 'address'],
  localFamily: ['_sockname', 'family'],
  localPort: ['_sockname', 'port'],
  remoteAddress: ['_peername', 'address'],
  remoteFamily: ['_peername', 'family'],
  remotePort: ['_peername', 'port'],
  proxy: [],
};
const METHODS = ['address', 'ref', 'setKeepAlive', 'setNoDelay', 'unref'];

class Passage extends Duplex {
  #socket;

  constructor(socket) {
    super({ allowHalfOpen: socket.allowHalfOpen, emitClose: true });
    this.#socket = socket;
    socket.on('data', (data) => {
      if (!this.push(data)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  /** The end of the peer is passed on and ends nothing: TLS may still have something to send. */
  stayOpen() {
    this.allowHalfOpen = true;
    this.#socket.allowHalfOpen = true;
  }

  _read() {
    this.#socket.resume();
  }

  _write(chunk, encoding, callback) {
    this.#socket.write(chunk, encoding, callback);
  }

  _final(callback) {
    this.#socket.end(callback);
  }

  _destroy(error, callback) {
    this.#socket.destroy();
    callback(error);
  }
}

/** Lets `secure`, a TLSSocket of Node's own over the connection of `socket`, show the addresses that `socket` has. */
function showAddressesOf(socket, secure, methods = ['address']) {
  for (const [name, [note, member]] of Object.entries(PROPERTIES)) {
    const get = () => (secure[note] ? secure[note][member] : socket[name]);
    Object.defineProperty(secure, name, { get, enumerable: false, configurable: true });
  }
  for (const name of methods) {
    const value = (...args) => {
      const result = socket[name](...args);
      return result === socket ? secure : result;
    };
    Object.defineProperty(secure, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

/** Lets `secure`, a TLSSocket over a Passage of `socket`, show and set what only `socket` has. */
function showMembersOf(socket, secure) {
  showAddressesOf(socket, secure, METHODS);
  if (socket.connecting) socket.once('connect', () => secure.emit('connect'));
}

module.exports = { Passage, showAddressesOf, showMembersOf };
