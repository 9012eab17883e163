'use strict';

// What a Stream asks of its source in the engine, while there is one.

const binding = require('../binding');
const engines = require('../engine');
const { Transport } = require('../transport');

const { CLIENT_CHECKS_NAME, CLIENT_EMITS_SESSIONS, CLIENT_RESUMES_ITSELF } = binding;
const { SERVER_ASKS_ALWAYS, SERVER_ASKS_FOR_NAMES, SERVER_AWAITS_SESSIONS, SERVER_EMITS_SESSIONS } = binding;
const { TLS_LOGS_KEYS } = binding;

const NO_COUNTERS = Object.freeze({ bytesRead: 0, bytesWritten: 0 });

class StreamTransport extends Transport {
  /** Whether the engine notes the time of traffic. Once it is to, it goes on: http often sets and unsets a timeout. */
  isTracked = false;

  open(id, owner) {
    this.isTracked = false;
    super.open(id, owner);
  }

  /** Closes the connection, by a reset if `resets`. The id, and what the engine knows, stay until `detach()`. */
  close(resets) {
    this.engine.close(this.id, resets);
    this.closeNodesHandle();
  }

  /** Gives the id back, if there is one, keeping what may still be asked for. */
  detach() {
    if (!this.isOpen) return;
    this.remember('counters', { bytesRead: this.bytesRead, bytesWritten: this.bytesWritten });
    this.release();
  }

  /** Takes the connection out of the engine, for another to attach within `wait` milliseconds: its ticket, or null. */
  moveAway(wait) {
    const counters = { bytesRead: this.bytesRead, bytesWritten: this.bytesWritten };
    const ticket = engines.detach(this.id, wait);
    if (ticket === null) return null;
    this.remember('counters', counters);
    this.remember('hasMoved', true);
    this.give();
    this.closeNodesHandle();
    return ticket;
  }

  /** Whether `moveAway()` has taken the connection. */
  get hasMoved() {
    return this.known?.hasMoved === true;
  }

  /** Has the engine stop watching the connection, of which another owner has a copy. */
  unwatch() {
    this.engine.unwatch(this.id);
  }

  /** Whether the kernel counts what passes, so that limits and idle time are known without the engine's help. */
  get hasKernelCounters() {
    return this.engine.hasKernelCounters(this.id);
  }

  // Receiving.

  /** Has the engine receive for JavaScript from now on, or not; `atOnce`: however much comes in one read. */
  want(wanted, atOnce = false) {
    this.engine.want(this.id, wanted, atOnce);
  }

  /** Takes what was received and has not been delivered. */
  takeBack() {
    return engines.takeBack(this.id);
  }

  /** Whether something has arrived that was not delivered yet: data in the clear, or an end. */
  get hasUnread() {
    return this.isOpen && this.engine.hasUnread(this.id);
  }

  // Sending.

  /** Writes `chunks`. Returns how many bytes the engine has taken, or a negative errno. */
  write(chunks) {
    return engines.write(this.id, chunks);
  }

  /** Writes `chunk`, of `size` bytes, which is small. Returns as `write`. */
  writeOne(chunk, size) {
    return engines.writeOne(this.id, chunk, size);
  }

  /** Writes the `length` bytes that `engines.gather` has put together. Returns as `write`. */
  writeGathered(length) {
    return engines.writeGathered(this.id, length);
  }

  /** Writes all of `text`, of `length` units. Returns 1 if the engine has taken it, 0 if not, or a negative errno. */
  writeString(text, length, encoding) {
    return engines.writeString(this.id, text, length, encoding);
  }

  /**
   * Ends the sending side. Returns 0 when that is done, 1 if `onfinish` follows, or a negative errno. `isClosedNext`:
   * `close()` follows at once, and may do it.
   */
  shutDown(isClosedNext) {
    return this.engine.shutdown(this.id, isClosedNext);
  }

  /** Bytes that the engine has taken and the kernel has no room for. */
  get waitingBytes() {
    return this.isOpen ? this.engine.waitingBytes(this.id) : 0;
  }

  /** Bytes that the engine has taken and not sent, gathered ones included. */
  get queuedBytes() {
    return this.isOpen ? this.engine.queuedBytes(this.id) : 0;
  }

  /** Whether there is something to do: `BUSY`, `FRESH` or `ANSWERED` of the binding. */
  get activity() {
    return this.isOpen ? this.engine.activity(this.id) : binding.BUSY;
  }

  /** Lets the engine gather no more than `mark` bytes. */
  limitQueue(mark) {
    this.engine.limitQueue(this.id, mark);
  }

  /** Sends what is no data of the program's, before all that is. */
  sendHeader(bytes) {
    this.engine.sendHeader(this.id, bytes);
  }

  // Pipes.

  /** Sends what is received to `target` from now on. Returns false if that is not possible. */
  pipe(target) {
    return this.engine.pipe(this.id, target.id);
  }

  /** Drops what is received from now on. Returns false if that is not possible. */
  discard() {
    return this.engine.discard(this.id);
  }

  /** Has what is received delivered to JavaScript again. */
  unpipe() {
    if (this.isOpen) this.engine.unpipe(this.id);
  }

  // Descriptors that pass with the bytes.

  /** A copy of the descriptor, after all that was written, or a negative errno. */
  copyDescriptor() {
    return this.engine.copySource(this.id);
  }

  /** Sends `passed` with the byte that is written next. Returns false if that can't be. */
  attachDescriptor(passed) {
    return this.engine.attachDescriptor(this.id, passed);
  }

  /** Has descriptors received from now on. */
  takeDescriptors() {
    this.engine.wantDescriptors(this.id);
  }

  /** The next descriptor that has come, which is the caller's to close; null without one. */
  takeDescriptor() {
    return this.isOpen ? this.engine.takeDescriptor(this.id) : null;
  }

  // What the connection is.

  get peer() {
    return this.look('peer');
  }

  get kind() {
    return this.look('kind');
  }

  /** The header of the PROXY protocol that the connection has come with. */
  get proxy() {
    return this.look('proxy');
  }

  get bytesRead() {
    return this.isOpen ? this.engine.bytesRead(this.id) : countersOf(this).bytesRead;
  }

  get bytesWritten() {
    return this.isOpen ? this.engine.bytesWritten(this.id) : countersOf(this).bytesWritten;
  }

  /** What the kernel knows of a TCP connection; null where there is none. */
  get tcpInfo() {
    return this.isOpen ? this.engine.tcpInfo(this.id) : null;
  }

  // Socket options.

  setNoDelay(noDelay) {
    this.engine.setNoDelay(this.id, noDelay);
  }

  setKeepAlive(settings) {
    this.engine.setKeepAlive(this.id, ...settings);
  }

  /** Returns 0 or a negative errno. */
  setTypeOfService(value) {
    return this.engine.setTypeOfService(this.id, value);
  }

  /** The kernel's value, a negative errno, or null where there is none. */
  get typeOfService() {
    return this.isOpen ? this.engine.typeOfService(this.id) : null;
  }

  /** The kernel's value of a named option: `{ value, errno }`; null where there is no socket. */
  option(name) {
    return this.isOpen ? this.engine.option(this.id, name) : null;
  }

  /** The bytes of a numbered option, `most` at the most, a negative errno, or null where there is no socket. */
  numberedOption(level, number, most) {
    return this.isOpen ? this.engine.numberedOption(this.id, level, number, most) : null;
  }

  /** Who is behind a UNIX socket: `{ pid, uid, gid }`. */
  get credentialsOfPeer() {
    return this.look('credentialsOfPeer');
  }

  // Idle time.

  /** Has the engine note the time of traffic from now on. */
  trackTraffic() {
    if (!this.isOpen || this.isTracked) return;
    this.isTracked = true;
    this.engine.trackTraffic(this.id);
  }

  /** Milliseconds since the last traffic; infinite without a connection. */
  get idle() {
    return this.isOpen ? this.engine.idle(this.id) : Infinity;
  }

  // TLS.

  /**
   * Begins the handshake after what has been written. Returns false if the source can't have TLS. `request`:
   * `isServer`, `received` and `logsKeys`; for a server `asks`, `asksAlways`, `emitsServerSessions`, `awaitsNewSession`
   * and `declinesFrom`, for a client `serverName`, `checksName`, `session`, `emitsSessions` and `resumes`.
   */
  secure(credentials, request) {
    const { isServer, received } = request;
    if (isServer) {
      return this.engine.secureAsServer(this.id, credentials, serverFlags(request), received, request.declinesFrom);
    }
    const { serverName, session } = request;
    return this.engine.secureAsClient(this.id, credentials, clientFlags(request), serverName, received, session);
  }

  /**
   * Answers about the ClientHello: the native credentials to go on with, or those that the handshake has, and what else
   * there is to say (`NameAnswer` of the binding).
   */
  answerName(credentials, answer) {
    this.engine.answerName(this.id, credentials, answer);
  }

  /** The session of `onnewsession` has been kept. */
  newSessionDone() {
    this.engine.newSessionDone(this.id);
  }

  /** Limits the plaintext of each record. Returns false if `size` is none for that. */
  setMaxSendFragment(size) {
    return this.engine.setMaxSendFragment(this.id, size);
  }

  /** The time of the handshake is over. */
  noteLateHandshake() {
    if (this.isOpen) this.engine.noteLateHandshake(this.id);
  }

  /** What both ends have agreed on. */
  get agreement() {
    return this.engine.agreement(this.id);
  }

  get peerCertificate() {
    return this.engine.peerCertificate(this.id);
  }

  get peerChain() {
    return this.engine.peerChain(this.id);
  }

  get ownCertificate() {
    return this.engine.ownCertificate(this.id);
  }

  /** Keying material as a Buffer; null if `length` can't be derived. */
  exportKeyingMaterial(length, label, context) {
    return this.engine.exportKeyingMaterial(this.id, length, label, context);
  }

  /** Whether no keying material at all can be derived for `label`. */
  refusesLabel(label) {
    return this.exportKeyingMaterial(1, Buffer.from(label)) === null;
  }
}

/** The counters of a source that was closed. */
function countersOf({ known }) {
  return known?.counters ?? NO_COUNTERS;
}

function serverFlags({ asks, asksAlways, emitsServerSessions, awaitsNewSession, logsKeys }) {
  return (
    (asks ? SERVER_ASKS_FOR_NAMES : 0) +
    (asksAlways ? SERVER_ASKS_ALWAYS : 0) +
    (emitsServerSessions ? SERVER_EMITS_SESSIONS : 0) +
    (awaitsNewSession ? SERVER_AWAITS_SESSIONS : 0) +
    (logsKeys ? TLS_LOGS_KEYS : 0)
  );
}

/** A client resumes by itself what the credentials keep, unless JavaScript has the sessions. */
function clientFlags({ checksName, emitsSessions, session, resumes, logsKeys }) {
  const resumesItself = session === undefined && !emitsSessions && resumes !== false;
  return (
    (checksName ? CLIENT_CHECKS_NAME : 0) +
    (emitsSessions ? CLIENT_EMITS_SESSIONS : 0) +
    (resumesItself ? CLIENT_RESUMES_ITSELF : 0) +
    (logsKeys ? TLS_LOGS_KEYS : 0)
  );
}

module.exports = { StreamTransport };
