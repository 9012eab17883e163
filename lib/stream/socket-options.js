'use strict';

// Options of the socket. They belong to the stream: those that are set before there is a socket are applied when it
// opens, and all of them when it is opened again, as in Node.
//
// A new option follows `setTypeOfService`: check the argument, note it, and set it on an open socket. Those that are
// hardly ever set share `setOption` and the option `socketOptions`: they are rows of a table in the engine
// (src/socket/named_options.rs), or have numbers. Attempts to connect begin with them.

const { endianness } = require('os');
const { Duplex } = require('stream');
const { keepAliveArguments, keepAliveSettings, validateInteger } = require('../arguments');
const errors = require('../errors');
const { keyOf, namedSetting, numberedSetting, typeOf, validateNumbers } = require('../kernel-options');
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

  /**
   * Sets an option of the kernel, by its name or by level and number: `setOption(name, value)` or
   * `setOption(level, number, value)`. Without a connection, attempts to connect begin with it.
   */
  setOption(...args) {
    const setting = typeof args[0] === 'number' ? numberedSetting(...args) : namedSetting(...args);
    const transport = this[kTransport];
    const errno = transport.isOpen ? transport.setOption(setting) : (this[kRace]?.setOption(setting) ?? 0);
    if (errno !== 0) throw errors.systemError(errno, 'setsockopt');
    noteSettings(this, [setting]);
    return this;
  }

  /**
   * The kernel's value of an option: `getOption(name)`, or `getOption(level, number[, length])`, which is a number, or
   * with a length a Buffer. Without a connection, what was set last, or undefined.
   */
  getOption(...args) {
    return typeof args[0] === 'number' ? numberedOption(this, ...args) : namedOption(this, args[0]);
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

function namedOption(stream, name) {
  const { type } = typeOf(name);
  const found = stream[kTransport].option(name) ?? stream[kSocketOptions]?.settings?.get(name);
  if (found === undefined) return undefined;
  if (found.errno < 0) throw errors.systemError(found.errno, 'getsockopt');
  return type === 'boolean' ? found.value === 1 : found.value;
}

/** The most bytes that an option is asked for. */
const MAX_LENGTH = 65_536;

function numberedOption(stream, level, number, length) {
  validateNumbers(level, number);
  if (length !== undefined) validateInteger(length, 'length', 1, MAX_LENGTH);
  const found = stream[kTransport].numberedOption(level, number, length ?? INT_SIZE);
  if (found === null) return stream[kSocketOptions]?.settings?.get(keyOf({ level, number }))?.value;
  if (found < 0) throw errors.systemError(found, 'getsockopt');
  return length === undefined ? numberOf(found) : found;
}

/** The size of C's `int`. */
const INT_SIZE = 4;

/** What the kernel has as an `int`, or as one byte. */
function numberOf(bytes) {
  const isInt = bytes.length === INT_SIZE;
  if (isInt) return endianness() === 'LE' ? bytes.readInt32LE() : bytes.readInt32BE();
  return bytes[0];
}

/** Notes `settings` for attempts to connect. */
function noteSettings(stream, settings) {
  const noted = (optionsOf(stream).settings ??= new Map());
  for (const setting of settings) noted.set(keyOf(setting), setting);
}

/** Whether what is written first is to go with the SYN. */
function opensFast(stream) {
  return stream[kSocketOptions].settings?.get('fastOpen')?.value === 1;
}

/** What attempts to connect begin with; undefined for nothing. */
function settingsOf(stream) {
  const noted = stream[kSocketOptions]?.settings;
  return noted && [...noted.values()];
}

/** The options that the program has set on `stream`. */
function optionsOf(stream) {
  stream[kSocketOptions] ??= {};
  return stream[kSocketOptions];
}

/** Sets on a new socket what the program has set on the stream. */
function applySocketOptions(stream) {
  const { noDelay, keepAlive, typeOfService, settings } = stream[kSocketOptions];
  if (noDelay !== undefined) stream[kTransport].setNoDelay(noDelay);
  if (keepAlive !== undefined) stream[kTransport].setKeepAlive(keepAlive);
  if (typeOfService !== undefined) stream[kTransport].setTypeOfService(typeOfService);
  // An attempt to connect has begun with them.
  if (settings === undefined || stream[kRace] !== null) return;
  for (const setting of settings.values()) stream[kTransport].setOption(setting);
}

function reference(stream, referenced) {
  stream[kTransport].reference(referenced);
  stream[kRace]?.reference(referenced);
  // Of Node's core, while it connects.
  if (stream[kGiven] !== null && stream[kLender] === null) stream[kGiven][referenced ? 'ref' : 'unref']();
  return stream;
}

module.exports = { SocketOptions, applySocketOptions, noteSettings, opensFast, settingsOf };
