'use strict';

// Sockets that the program has opened: descriptors that a stream adopts, and BoundSockets that it connects from. What a
// constructor that throws was passed still belongs to the caller, so ownership passes last.

const { fstatSync } = require('fs');
const { isatty } = require('tty');
const engines = require('../engine');
const errors = require('../errors');
const { takeConnection } = require('../nodes-handles');
const { kBound, kTransport } = require('./fields');

/** Takes from `options` what `fd` can't do. Throws if it can't be adopted; it remains the caller's. */
function limitToAccess(options, fd) {
  const access = engines.attempt('open', (engine) => engine.accessOf(fd));
  if (access.errno !== undefined) throw adoptionError(fd, access);
  options.readable = options.readable !== false && access.readable;
  options.writable = options.writable !== false && access.writable;
}

/** The id of a descriptor that the program has opened, and that the engine owns from now on. */
function adopt(fd) {
  const id = engines.attempt('open', (engine) => engine.adoptStream(fd));
  if (typeof id !== 'number') throw adoptionError(fd, id);
  return id;
}

/** The id of a connection of Node's core, whose handle is closed. */
function adoptHandle(handle) {
  const id = takeConnection(handle);
  if (typeof id !== 'number') throw adoptionError(handle.fd, id);
  return id;
}

function adoptionError(fd, { errno, syscall }) {
  const error = errors.systemError(errno, syscall);
  const type = kindOf(fd, error);
  return type === null ? error : errors.invalidFdType(type);
}

/** What Node calls a descriptor of the wrong type; null if `error` is of another kind. */
function kindOf(fd, { code }) {
  if (code === 'EPROTOTYPE') return 'UDP';
  if (code === 'EBADF' || code === 'EAFNOSUPPORT') return 'UNKNOWN';
  if (code !== 'ENOTSOCK') return null;
  if (isatty(fd)) return 'TTY';
  const file = fstatSync(fd);
  return file.isFile() || file.isCharacterDevice() ? 'FILE' : 'UNKNOWN';
}

/** The stream is to connect from `bound`, which a BoundSocket has given away. */
function connectFrom(stream, bound) {
  // An aborted signal has destroyed the stream.
  if (stream.destroyed) bound.transport.release();
  else stream[kBound] = bound;
  if (bound.path !== undefined) stream[kTransport].remember('local', { address: bound.path });
}

module.exports = { adopt, adoptHandle, connectFrom, limitToAccess };
