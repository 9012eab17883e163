'use strict';

// Options of the socket. They belong to the stream: those that are set before there is a socket are applied when it
// opens, and all of them when it is opened again, as in Node.
//
// A new option follows `setTypeOfService`: check the argument, note it, and set it on an open socket. Those that are
// hardly ever set share `setOption`: they are rows of a table in the engine (src/socket/named_options.rs).

const { Duplex } = require('stream');
const {
  keepAliveArguments,
  keepAliveSettings,
  validateBoolean,
  validateInteger,
  validateString,
} = require('../arguments');
const { socketOptionTypes } = require('../binding');
const errors = require('../errors');
const { kGiven, kLender, kRace, kTransport, kSocketOptions } = require('./fields');

/** The members of net.Stream that set options of its socket. */
class SocketOptions extends Duplex {
  /** Turns Nagle's algorithm off (true) or on. Contract: stream.setNoDelay. */
  setNoDelay(noDelay) {
    const isSet = noDelay === undefined || Boolean(noDelay);
    optionsOf(this).noDelay = isSet;
    if (this[kTransport].isOpen) this[kTransport].setNoDelay(isSet);
    return this;
  }

  /**
   * Turns keep-alive on or off; spans in milliseconds, 0 leaves what is set. Instead of the arguments, an object with
   * their names is taken. Contract: stream.setKeepAlive.
   */
  setKeepAlive(enable, initialDelay, interval, count) {
    const settings = keepAliveSettings(...keepAliveArguments([enable, initialDelay, interval, count]));
    optionsOf(this).keepAlive = settings;
    if (this[kTransport].isOpen) this[kTransport].setKeepAlive(settings);
    return this;
  }

  /** Sets the type of service (DSCP and ECN, 0 to 255) of what is sent over TCP, now or once it is connected. */
  setTypeOfService(tos) {
    if (Number.isNaN(tos)) throw errors.invalidArgumentType('tos', 'number', tos);
    validateInteger(tos, 'tos', 0, 255);
    optionsOf(this).typeOfService = tos;
    if (this[kTransport].isOpen) {
      const errno = this[kTransport].setTypeOfService(tos);
      if (errno !== 0) throw errors.systemError(errno, 'setTypeOfService');
    }
    return this;
  }

  /** The kernel's type of service; without a TCP connection, the value that was set last, or 0. */
  getTypeOfService() {
    const found = this[kTransport].typeOfService;
    if (found === null) return this[kSocketOptions]?.typeOfService ?? 0;
    if (found < 0) throw errors.systemError(found, 'getTypeOfService');
    return found;
  }

  /** Sets an option of the kernel by its name, now or once there is a connection. */
  setOption(name, value) {
    const given = namedValue(name, value);
    (optionsOf(this).named ??= new Map()).set(name, given);
    if (this[kTransport].isOpen) {
      const errno = this[kTransport].setOption(name, given);
      if (errno !== 0) throw errors.systemError(errno, 'setsockopt');
    }
    return this;
  }

  /** The kernel's value of an option; without a connection, what was set last, or undefined. */
  getOption(name) {
    const type = typeOf(name);
    const found = this[kTransport].option(name) ?? this[kSocketOptions]?.named?.get(name);
    if (found < 0) throw errors.systemError(found, 'getsockopt');
    return type === 'boolean' && found !== undefined ? found === 1 : found;
  }

  /** Lets the stream keep the process alive (the default). */
  ref() {
    return reference(this, true);
  }

  /** Lets the process exit while the stream is open. */
  unref() {
    return reference(this, false);
  }
}

/** The types of named options, by name. */
const TYPES = new Map(socketOptionTypes().map(({ name, type }) => [name, type]));

function typeOf(name) {
  validateString(name, 'name');
  if (!TYPES.has(name)) {
    throw errors.invalidArgumentValue('name', name, `must be one of: ${[...TYPES.keys()].join(', ')}`);
  }
  return TYPES.get(name);
}

/** The value of a named option as the engine takes it. */
function namedValue(name, value) {
  const type = typeOf(name);
  if (type === 'number') validateInteger(value, 'value', 0);
  else if (type === 'boolean') validateBoolean(value, 'value');
  else validateString(value, 'value');
  return type === 'boolean' ? Number(value) : value;
}

/** The options that the program has set on `stream`. */
function optionsOf(stream) {
  stream[kSocketOptions] ??= {};
  return stream[kSocketOptions];
}

/** Sets on a new socket what the program has set on the stream. */
function applySocketOptions(stream) {
  const { noDelay, keepAlive, typeOfService, named } = stream[kSocketOptions];
  if (noDelay !== undefined) stream[kTransport].setNoDelay(noDelay);
  if (keepAlive !== undefined) stream[kTransport].setKeepAlive(keepAlive);
  if (typeOfService !== undefined) stream[kTransport].setTypeOfService(typeOfService);
  if (named !== undefined) for (const [name, value] of named) stream[kTransport].setOption(name, value);
}

function reference(stream, referenced) {
  stream[kTransport].reference(referenced);
  stream[kRace]?.reference(referenced);
  // Of Node's core, while it connects.
  if (stream[kGiven] !== null && stream[kLender] === null) stream[kGiven][referenced ? 'ref' : 'unref']();
  return stream;
}

module.exports = { SocketOptions, applySocketOptions };
