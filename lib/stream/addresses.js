'use strict';

// What a stream is: its addresses, descriptor, state and counters.

const { Duplex } = require('stream');
const { assignHandle } = require('../handle');
const { kBound, kContract, kFailedBytes, kHandle, kOutgoing, kRace, kServer, kTransport, isOpenOrOpening } = require('./fields');
const { StreamHandle } = require('./parsing');
const { waitingBytes } = require('./sending');

/** The members of net.Stream that tell what it is. */
class Addresses extends Duplex {
  /** The address of our end: `{ address, family, port }`, empty for what has none. */
  address() {
    return localOf(this) ?? {};
  }

  get localAddress() {
    return localOf(this)?.address;
  }

  get localPort() {
    return localOf(this)?.port;
  }

  get localFamily() {
    return localOf(this)?.family;
  }

  get remoteAddress() {
    if (this[kOutgoing] && !this[kContract].remoteAddressOfClients) return undefined;
    return this[kTransport].peer?.address;
  }

  get remotePort() {
    return this[kTransport].peer?.port;
  }

  get remoteFamily() {
    return this[kTransport].peer?.family;
  }

  /** 'closed', 'opening', 'open', 'readOnly' or 'writeOnly'. Contract: stream.readyState. */
  get readyState() {
    if (this.connecting) return 'opening';
    if (this.destroyed || (!this[kTransport].isOpen && this[kContract].unopenedIsClosed)) return 'closed';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** What stands in for Node's private object: null unless the stream is open or opening. */
  get _handle() {
    return isOpenOrOpening(this) ? (this[kHandle] ??= new StreamHandle(this)) : null;
  }

  /** What is assigned is kept as the instance's own, and means nothing to the stream. */
  set _handle(value) {
    assignHandle(this, value);
  }

  /** Node's name of what `address()` returns. */
  _getsockname() {
    return this.address();
  }

  /** Node's name of the peer's address: `{ address, family, port }`, empty for what has none. */
  _getpeername() {
    return this[kTransport].peer ?? {};
  }

  /** Node's old name of `connecting`. */
  get _connecting() {
    return this.connecting;
  }

  /** Node's old name of what `bytesWritten` counts, without what waits. */
  get _bytesDispatched() {
    return this._writableState ? this[kTransport].bytesWritten + this[kFailedBytes] : undefined;
  }

  /** Not connected yet, or no more. */
  get pending() {
    return (!this[kTransport].isOpen && this[kBound] === null) || this.destroyed;
  }

  /** Bytes received. */
  get bytesRead() {
    return this._readableState ? this[kTransport].bytesRead : undefined;
  }

  /** Bytes written, whether they have been sent yet or not. */
  get bytesWritten() {
    return this._writableState ? this._bytesDispatched + waitingBytes(this) : undefined;
  }

  /** Bytes that wait in user memory to be sent; undefined without a connection. */
  get bufferSize() {
    return isOpenOrOpening(this) ? this[kTransport].waitingBytes + waitingBytes(this) : undefined;
  }
}

/** Members that can be assigned, because they are no accessors in Node: fields, or names that a program may take. */
class OwnAddresses extends Duplex {
  /** 'tcp4', 'tcp6' or 'unix' ('pipe' for an adopted pipe); null without a connection. */
  get type() {
    return this[kTransport].kind ?? null;
  }

  /** The number of the descriptor while the stream is open, else null. */
  get fd() {
    return this[kTransport].fd;
  }

  /** Node's name of the server that has accepted the stream; null if none has. */
  get _server() {
    return this[kServer] ?? null;
  }
}

/** Our address; before there is a connection, that of the BoundSocket to connect from. */
function localOf(stream) {
  const bound = stream[kBound] ?? stream[kRace]?.bound ?? null;
  return stream[kTransport].local ?? bound?.transport.local;
}

module.exports = { Addresses, OwnAddresses };
