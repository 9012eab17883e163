'use strict';

// What a stream is: its addresses, descriptor, state and counters.

const { Duplex } = require('stream');
const { proxyOf } = require('../proxy-protocol');
const {
  isOpenOrOpening,
  kBound,
  kContract,
  kFailedBytes,
  kOutgoing,
  kRace,
  kServer,
  kTransport,
} = require('./fields');
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
    return peerOf(this)?.address;
  }

  get remotePort() {
    return peerOf(this)?.port;
  }

  get remoteFamily() {
    return peerOf(this)?.family;
  }

  /** 'closed', 'opening', 'open', 'readOnly' or 'writeOnly'. Contract: stream.readyState. */
  get readyState() {
    if (this.connecting) return 'opening';
    if (this.destroyed || (!this[kTransport].isOpen && this[kContract].unopenedIsClosed)) return 'closed';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** Node's name of what `address()` returns. */
  _getsockname() {
    return this.address();
  }

  /** Node's name of the peer's address: `{ address, family, port }`, empty for what has none. */
  _getpeername() {
    return peerOf(this) ?? {};
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

  /** What a proxy has said of the connection, by the PROXY protocol; null if none has. */
  get proxy() {
    const found = transportOf(this).proxy;
    return found ? proxyOf(found) : null;
  }

  /** The process, user and group behind a UNIX socket; null where there is none, or the system does not say. */
  get peerCredentials() {
    return transportOf(this).credentialsOfPeer ?? null;
  }

  /** What has been counted of the stream, and what the kernel knows of its connection. */
  get stats() {
    const { queuedBytes, tcpInfo } = this[kTransport];
    const { bytesRead = 0, bytesWritten = 0 } = this;
    const waiting = this._writableState ? waitingBytes(this) : 0;
    return { bytesRead, bytesWritten, bytesWaiting: queuedBytes + waiting, tcp: tcpInfo };
  }

  /** Node's name of the server that has accepted the stream; null if none has. */
  get _server() {
    return this[kServer] ?? null;
  }
}

/** The transport that knows the addresses: without a connection, of the stream whose `_handle` this one has. */
function transportOf(stream) {
  const transport = stream[kTransport];
  if (transport.isOpen || !Object.hasOwn(stream, '_handle')) return transport;
  return stream._handle instanceof StreamHandle ? stream._handle.owner[kTransport] : transport;
}

/** The peer's address: what the program has put into Node's note of it, or what the connection has. */
function peerOf(stream) {
  return stream._peername ?? transportOf(stream).peer;
}

/** Our address, likewise; before there is a connection, that of the BoundSocket to connect from. */
function localOf(stream) {
  if (stream._sockname) return stream._sockname;
  const bound = stream[kBound] ?? stream[kRace]?.bound ?? null;
  return transportOf(stream).local ?? bound?.transport.local;
}

module.exports = { Addresses, OwnAddresses };
