'use strict';

// The transport of a stream whose bytes a socket of Node's own moves: a session of http2 over a connection in the clear
// reads and writes the handle of that socket in the native part of Node's core, with no JavaScript in between. The
// socket has a copy of the descriptor. Ours stays with the engine, which knows the addresses, sets options, and sees by
// the kernel's counters whether a limit or a timeout is due.

const { BUSY, UTF8 } = require('../binding');
const engines = require('../engine');
const events = require('../events');
const nodesNet = require('../nodes-net');
const { countUnseen } = require('../statistics');
const { kGiven, kReading, kSecurity, kServer, kTransport } = require('./fields');
const { isReadyToTake, isUnobserved, unlink } = require('./pipes');
const { pauseIfFull } = require('./reading');
const { StreamTransport } = require('./transport');

const NO_BYTES = Buffer.alloc(0);

class NodesTransport extends StreamTransport {
  isNodes = true;
  #below;

  /** Takes the place of `transport`. `below` is a socket of Node's own over the same connection. */
  constructor(transport, below) {
    super();
    const { id, known, nodesHandle, referenced } = transport;
    Object.assign(this, { id, known, nodesHandle });
    this.#below = below;
    this.reference(referenced);
  }

  reference(referenced) {
    super.reference(referenced);
    if (referenced) this.#below.ref();
    else this.#below.unref();
  }

  close(resets) {
    super.close(resets);
    this.#below.destroy();
  }

  release() {
    super.release();
    this.#below.destroy();
  }

  // Receiving, of what no session takes.

  want(wanted) {
    if (wanted) this.#below.resume();
    else this.#below.pause();
  }

  takeBack() {
    return NO_BYTES;
  }

  get hasUnread() {
    return this.#below.readableLength > 0;
  }

  // Sending, after what a session has written. What is written may be used again as soon as it has been taken.

  write(chunks) {
    return this.#send(Buffer.concat(chunks));
  }

  writeOne(chunk) {
    return this.#send(Buffer.from(chunk));
  }

  writeGathered(length) {
    return this.#send(engines.gathered(0, length));
  }

  writeString(text, _length, encoding) {
    return this.#send(Buffer.from(text, encoding === UTF8 ? 'utf8' : 'latin1')) > 0 ? 1 : 0;
  }

  #send(bytes) {
    if (this.#below.writableNeedDrain) return 0;
    this.#below.write(bytes);
    return bytes.length;
  }

  shutDown() {
    this.#below.end();
    return 1;
  }

  get waitingBytes() {
    return this.#below.writableLength + (this.#below._handle?.writeQueueSize ?? 0);
  }

  get queuedBytes() {
    return this.waitingBytes;
  }

  get activity() {
    return this.waitingBytes > 0 ? BUSY : super.activity;
  }

  limitQueue() {}

  // What the engine can't do without the bytes.

  pipe() {
    return false;
  }

  discard() {
    return false;
  }

  unpipe() {}

  secure() {
    return false;
  }

  get bytesRead() {
    return super.bytesRead + (this.isOpen ? this.#below.bytesRead : 0);
  }

  get bytesWritten() {
    return super.bytesWritten + (this.isOpen ? this.#below._bytesDispatched : 0);
  }
}

/** Whether nothing of `stream` is on its way, and nothing sees its bytes pass. */
function isQuiet(stream) {
  const transport = stream[kTransport];
  return (
    isReadyToTake(stream) &&
    isUnobserved(stream) &&
    stream.readable &&
    stream.readableLength === 0 &&
    transport.queuedBytes === 0 &&
    stream[kSecurity] === null &&
    stream[kGiven] === null
  );
}

/**
 * Has a socket of Node's own move the bytes of `stream` from now on. Returns its handle; null if something sees the
 * bytes pass, some are on their way, or the kernel would not count them.
 */
function leaveToNodes(stream) {
  const transport = stream[kTransport];
  if (transport.isNodes || !isQuiet(stream) || !transport.hasKernelCounters) return null;
  const received = transport.takeBack();
  if (received.length > 0) {
    stream.unshift(received);
    return null;
  }
  const fd = transport.lend();
  if (fd === null) return null;
  const below = new nodesNet.Socket({ fd, allowHalfOpen: true, manualStart: true });
  unlink(stream);
  transport.want(false);
  transport.unwatch();
  stream[kTransport] = new NodesTransport(transport, below);
  stream[kTransport].want(stream[kReading]);
  show(stream, below);
  below.once('close', countUnseen(stream[kServer], below));
  return below._handle;
}

/** Shows `stream` what happens to `below`. */
function show(stream, below) {
  below.on('data', (chunk) => pauseIfFull(stream, stream.push(chunk)));
  below.on('end', () => stream[events.onend](false));
  below.on('drain', () => stream[events.onroom]());
  below.on('finish', () => {
    if (!stream.destroyed) stream[events.onfinish](0);
  });
  below.on('error', (error) => stream.destroy(error));
  below.on('close', () => {
    // If both sides have ended, `stream` closes itself once it has been read to its end. Else the connection was cut.
    if (!below.readableEnded || !below.writableFinished) stream.destroy();
  });
}

module.exports = { leaveToNodes };
