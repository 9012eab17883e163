'use strict';

// The private fields of a Stream, each with what it means and what it is before anything has happened.
//
// What most streams never change stands on the prototype, where it takes no memory of each stream, until one changes
// it. Only what every stream has, or is asked for with each chunk, is a field of its own from the start.

const { kContract, kReleased, kSecurity, kTransport } = require('../symbols');
const { StreamTransport } = require('./transport');

/** Where there is an encoding: the `TextBytes` of the text that waits in Duplex's buffer; null without any. */
const kBytes = Symbol('bytes');
/** Duplex has asked for data, and the engine is asked as soon as there is a connection. */
const kReading = Symbol('reading');
/** The write that the engine has not taken whole: `{ chunks, callback }`. */
const kPending = Symbol('pending');
/** Bytes of writes that have failed, which `bytesWritten` counts as Node does. */
const kFailedBytes = Symbol('failed bytes');
/** The callback of `_final` while the end of the sending side is on its way. */
const kFinal = Symbol('final');
/** Closing is to reset the connection. */
const kReset = Symbol('reset');
/** The stream is destroyed, and 'close' is still to come. */
const kClosing = Symbol('closing');
/** What to do once 'close' has come: `connect()` has been called before. */
const kAgain = Symbol('again');
/** The attempts to connect, until one succeeds. */
const kRace = Symbol('race');
/** What a BoundSocket has given away to connect from, `{ transport, path }`, until `connect()` is called. */
const kBound = Symbol('bound');
const kTimer = Symbol('timer');
/** 'timeout' has been emitted, and the next traffic restarts the timer. */
const kTimedOut = Symbol('timed out');
/** The server that has accepted the stream. `server` is the program's to change, as http does. */
const kServer = Symbol('server');
/** What the option `onread` has made of it. */
const kOnread = Symbol('onread');
/** What stands in for Node's `_handle`, once it has been asked for. */
const kHandle = Symbol('handle');
/** The handle that the stream was given: of Node's core while it has no connection, or of another stream. */
const kGiven = Symbol('given');
/** What counts a stream of `attach()` (`guests.js`). */
const kGuestOf = Symbol('guest of');
/** The stream whose connection this one has. */
const kLender = Symbol('lender');
/** The socket options that the program has set: `{ noDelay, keepAlive, typeOfService, settings }`; null without any. */
const kSocketOptions = Symbol('socket options');
/** What `left.js` has of a stream whose connection is left to Node's own TLS; null otherwise. */
const kLeft = Symbol('left');
/** This side has connected; it was not accepted. */
const kOutgoing = Symbol('outgoing');
/** The host that was connected to, by name or address. */
const kHost = Symbol('host');
/** The stream that the engine sends to what this one receives; `NOWHERE` of `pipes.js` if it drops that. */
const kTarget = Symbol('target');
/** The stream whose data the engine sends to this one. */
const kSource = Symbol('source');
/** The stream whose pipe into this one came before the connection, or before it was secure. */
const kEarlySource = Symbol('early source');
/** Descriptors that wait to be sent, by the chunk that each goes with; null before the first. */
const kCarried = Symbol('carried');
/** The program takes descriptors that come. */
const kTakesDescriptors = Symbol('takes descriptors');
/** A child process has the stream as its `stdio`: nothing is read here unless the program asks for it. */
const kIsStdio = Symbol('is stdio');

/** For the prototype. Accessors can be read there, too, where there is no transport that was ever open. */
const SHARED_FIELDS = {
  [kTransport]: Object.freeze(new StreamTransport()),
  [kPending]: null,
  [kFailedBytes]: 0,
  [kRace]: null,
  [kBound]: null,
  [kTimer]: null,
  [kTimedOut]: false,
  [kOnread]: null,
  [kHandle]: null,
  [kGiven]: null,
  [kGuestOf]: null,
  [kLender]: null,
  [kLeft]: null,
  [kSocketOptions]: null,
  [kReset]: false,
  [kAgain]: null,
  [kOutgoing]: false,
  [kHost]: undefined,
  [kSecurity]: null,
  [kBytes]: null,
  [kTarget]: null,
  [kSource]: null,
  [kEarlySource]: null,
  [kCarried]: null,
  [kTakesDescriptors]: false,
  [kIsStdio]: false,
};
// From a TLSSocket of its own, Node's core follows these until there is none: `null`, as on its sockets.
Object.defineProperty(SHARED_FIELDS, '_parent', { value: null, writable: true, enumerable: false, configurable: true });

/** Gives `stream` the fields that each has of its own. */
function setFields(stream) {
  stream.connecting = false;
  stream.server = null;
  stream.timeout = undefined;
  stream[kTransport] = new StreamTransport();
  stream[kReading] = false;
  stream[kPending] = null;
  stream[kFinal] = null;
  stream[kServer] = null;
  stream[kClosing] = false;
}

/** Takes from `stream` what it knows of its former connection. */
function resetFields(stream) {
  stream.server = null;
  stream[kServer] = null;
  if (stream[kGuestOf] !== null) stream[kGuestOf] = null;
  stream[kReading] = false;
  stream[kReset] = false;
  if (stream._peername) stream._peername = null;
  if (stream._sockname) stream._sockname = null;
  stream[kFailedBytes] = 0;
  stream[kPending] = null;
  // A transport that was given to a TLSSocket stays with it, and one of Node's own has had its connection.
  if (stream[kSecurity]?.isLent || stream[kTransport].isNodes) stream[kTransport] = new StreamTransport();
  if (stream[kLeft] !== null) stream[kLeft] = null;
  stream[kBytes] = null;
  stream[kTransport].forget();
  // A TLSSocket is never in the clear.
  stream[kSecurity] = stream[kSecurity]?.renew?.() ?? null;
  stream[kSecurity]?.holdWrites();
}

/** Takes all these fields from `stream`, which is to be none of ours any more. */
function dropFields(stream) {
  for (const name of Reflect.ownKeys(SHARED_FIELDS)) delete stream[name];
  for (const name of [kReading, kFinal, kServer, kClosing]) delete stream[name];
}

/** The connection of `stream` is gone: what counts it takes it off. */
function release(stream) {
  stream[kServer]?.[kReleased]();
  stream[kGuestOf]?.[kReleased]();
}

/** Whether the stream is connected or about to be. */
function isOpenOrOpening(stream) {
  return !stream.destroyed && (stream[kTransport].isOpen || stream.connecting || stream[kBound] !== null);
}

/** Whether the connection is one over TCP, or is to be. */
function isTcp(stream) {
  if (stream[kBound] !== null) return stream[kBound].path === undefined;
  return stream.connecting ? stream[kHost] !== undefined : stream[kTransport].kind.startsWith('tcp');
}

module.exports = {
  SHARED_FIELDS,
  dropFields,
  isOpenOrOpening,
  isTcp,
  kAgain,
  kBound,
  kBytes,
  kCarried,
  kClosing,
  kContract,
  kEarlySource,
  kFailedBytes,
  kFinal,
  kGiven,
  kGuestOf,
  kHandle,
  kIsStdio,
  kHost,
  kLeft,
  kLender,
  kOnread,
  kOutgoing,
  kPending,
  kRace,
  kReading,
  kReset,
  kSecurity,
  kServer,
  kSource,
  kTakesDescriptors,
  kTarget,
  kTimedOut,
  kTimer,
  kTransport,
  kSocketOptions,
  resetFields,
  setFields,
  release,
};
