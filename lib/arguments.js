'use strict';

// The forms of `listen` and `connect`, and the checks of every argument. What is wrong throws here, with Node's code,
// before anything has been touched.

const { isIP } = require('./address');
const errors = require('./errors');
const { Handle } = require('./handle');
const { isNodesHandle } = require('./nodes-handles');
const { BlockList, _normalizeArgs } = require('./nodes-net');
const { hasOption, readOptions } = require('./options');
const { kShown } = require('./passing');
const { kAdopt } = require('./symbols');

const INT32_MAX = 2 ** 31 - 1;

/** Timers take no longer spans; Node shortens longer ones to this. */
const TIMEOUT_MAX = INT32_MAX;

/**
 * Marks arguments that have been through `normalize` already, ours and those of Node's own modules: it is their symbol,
 * where they have one.
 */
const kNormalized = Object.getOwnPropertySymbols(_normalizeArgs?.([]) ?? [])[0] ?? Symbol('normalized');

const KEEP_ALIVE_OPTIONS = ['enable', 'initialDelay', 'interval', 'count'];

const LISTEN_OPTIONS = [
  '_handle',
  'backlog',
  'exclusive',
  'fd',
  'handle',
  'host',
  'ipv6Only',
  'path',
  'port',
  'readableAll',
  'reusePort',
  'signal',
  'socketOptions',
  'writableAll',
];

const CONNECT_OPTIONS = [
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'family',
  'hints',
  'host',
  'localAddress',
  'localPort',
  'lookup',
  'path',
  'port',
  'proxyProtocol',
  'socketOptions',
];

function validateBoolean(value, name) {
  if (typeof value !== 'boolean') throw errors.invalidArgumentType(name, 'boolean', value);
}

function validateFunction(value, name) {
  if (typeof value !== 'function') throw errors.invalidArgumentType(name, 'function', value);
}

function validateObject(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw errors.invalidArgumentType(name, 'object', value);
  }
}

function validateString(value, name) {
  if (typeof value !== 'string') throw errors.invalidArgumentType(name, 'string', value);
}

/** A path of a file, or an abstract name, which begins with a NUL: the kernel would take another for the path's end. */
function validatePath(path, name) {
  validateString(path, name);
  if (path.indexOf('\0', 1) > 0 && path[0] !== '\0') {
    throw errors.invalidArgumentValue(name, path, 'must be a string without null bytes');
  }
}

function validateNumber(value, name) {
  if (typeof value !== 'number') throw errors.invalidArgumentType(name, 'number', value);
}

/** Text or bytes, as a Buffer. */
function bytesOf(value, name) {
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  throw errors.invalidArgumentType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], value);
}

function validateInteger(value, name, least, most = INT32_MAX) {
  validateNumber(value, name);
  if (!Number.isInteger(value)) throw errors.outOfRange(name, 'an integer', value);
  if (value < least || value > most) throw errors.outOfRange(name, `>= ${least} && <= ${most}`, value);
}

function validateAbortSignal(signal, name) {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw errors.invalidArgumentType(name, 'AbortSignal', signal);
  }
}

/** The number that `port` stands for. */
function validatePort(port, name = 'Port') {
  const isText = typeof port === 'string';
  if ((typeof port !== 'number' && !isText) || (isText && port.trim() === '')) throw errors.badPort(name, port);
  const number = Number(port);
  if (number !== number >>> 0 || number > 0xffff) throw errors.badPort(name, port);
  return number;
}

/** A span in milliseconds for a timer. */
function validateTimeout(msecs) {
  validateNumber(msecs, 'msecs');
  if (msecs < 0 || !Number.isFinite(msecs)) throw errors.outOfRange('msecs', 'a non-negative finite number', msecs);
  return Math.min(msecs, TIMEOUT_MAX);
}

/** A keep-alive delay in milliseconds, as the whole seconds that TCP takes. */
function keepAliveSeconds(msecs) {
  const seconds = Math.trunc(Number(msecs) / 1000);
  return seconds > 0 ? Math.min(seconds, 0x7fff) : 0;
}

/** The arguments of `setKeepAlive`, spans in milliseconds, as the engine takes them. 0 leaves what is set. */
function keepAliveSettings(enable, initialDelay, interval, count) {
  return [
    Boolean(enable),
    keepAliveSeconds(initialDelay),
    keepAliveSeconds(interval),
    Math.min(Math.max(Math.trunc(Number(count)) || 0, 0), 127),
  ];
}

/** The arguments of `setKeepAlive`, which may come as one object. */
function keepAliveArguments([enable = false, initialDelay = 0, interval = 0, count = 0]) {
  if (enable === null || typeof enable !== 'object') return [enable, initialDelay, interval, count];
  const options = readOptions(enable, KEEP_ALIVE_OPTIONS);
  return keepAliveArguments(KEEP_ALIVE_OPTIONS.map((name) => options[name]));
}

/** Checks the options that streams and servers share; returns a copy of the object's own. */
function socketOptions(options) {
  const checked = { __proto__: null, ...options };
  for (const name of ['keepAliveInitialDelay', 'keepAliveInterval', 'keepAliveCount', 'highWaterMark']) {
    if (checked[name] !== undefined) validateNumber(checked[name], `options.${name}`);
  }
  return checked;
}

function validateBlockList(value, name) {
  if (!(value instanceof BlockList)) throw errors.invalidArgumentType(name, 'net.BlockList', value);
}

/** The number that `value` stands for, if it is one; nothing is converted that V8 would throw at. */
function toNumber(value) {
  const number = typeof value === 'object' || typeof value === 'symbol' ? NaN : Number(value);
  return number >= 0 ? number : false;
}

/** Whether a string is a path and not a port. */
function isPath(value) {
  return typeof value === 'string' && toNumber(value) === false;
}

/** Splits `(options | path | port, host)[, ...][, callback]` into options and callback. */
function normalize(args) {
  if (args[0]?.[kNormalized]) return { options: args[0][0], callback: args[0][1] };
  const [first, second] = args;
  const last = args[args.length - 1];
  const callback = typeof last === 'function' ? last : null;
  if (args.length === 0) return { options: {}, callback };
  if (typeof first === 'object' && first !== null) return { options: first, callback };
  if (isPath(first)) return { options: { path: first }, callback };
  const options = { port: first };
  if (args.length > 1 && typeof second === 'string') options.host = second;
  return { options, callback };
}

/** `[options, callback]`, which `connect` and `listen` take in the place of the arguments that it is made of. */
function normalizedArguments(args) {
  const { options, callback } = normalize(args);
  return Object.assign([options, callback], { [kNormalized]: true });
}

/** The BoundSocket that an option names; null if there is none. */
function boundSocket(handle, name) {
  if (!handle) return null;
  if (typeof handle[kAdopt] !== 'function') throw errors.invalidHandle(name, handle);
  return handle;
}

/**
 * Where `listen` is to listen: `{ bound }`, a BoundSocket, `{ handle }`, one of Node's core, `{ fd }`,
 * `{ path, ... }` or `{ port, host, ... }`, each with `backlog`.
 */
function listenTarget(args, ownBacklog) {
  const { options: given, callback } = normalize(args);
  const [first] = args;
  const options = readOptions(given, LISTEN_OPTIONS);
  const isDescriptor = typeof options.fd === 'number' && options.fd >= 0;
  const isOpen = options.handle || options._handle || given[kAdopt] || isDescriptor;
  if (isOpen && options.socketOptions != null) {
    throw errors.invalidArgumentValue('options.socketOptions', options.socketOptions, 'is not for a socket that is open');
  }
  const handles = [options._handle, options.handle, given];
  // Of a server of ours, which accepts nothing from then on.
  const lender = handles.find((value) => value instanceof Handle && value.owner.listening)?.owner;
  const handle = lender === undefined ? handles.find(isNodesHandle) : lender[kShown]()._handle;
  // The server has connections that the primary of a cluster accepts, or there is no descriptor left.
  if (handle === null) throw errors.invalidHandle('options._handle', options._handle ?? given);
  if (handle !== undefined) {
    const backlog = listenBacklog(args, { __proto__: null }, ownBacklog);
    return { callback, target: { __proto__: null, handle, lender, backlog } };
  }
  const bound = given[kAdopt] ? given : boundSocket(options.handle, 'options.handle');
  if (bound !== null) {
    const backlog = listenBacklog(args, { __proto__: null }, ownBacklog);
    return { callback, target: { __proto__: null, bound, backlog } };
  }
  if (options.signal !== undefined) validateAbortSignal(options.signal, 'options.signal');
  const common = {
    __proto__: null,
    backlog: listenBacklog(args, options, ownBacklog),
    signal: options.signal,
    exclusive: Boolean(options.exclusive),
    socketOptions: options.socketOptions,
  };
  // Before the descriptor: a connected stream has one, too.
  if (options._handle) throw errors.invalidHandle('options._handle', options._handle);
  if (isDescriptor) {
    return { callback, target: { __proto__: null, ...common, fd: validateFd(options.fd) } };
  }
  const isAny =
    args.length === 0 ||
    typeof first === 'function' ||
    options.port === null ||
    (options.port === undefined && hasOption(given, 'port'));
  if (isAny || typeof options.port === 'number' || typeof options.port === 'string') {
    const { host, ipv6Only = false, reusePort = false } = options;
    const port = isAny ? 0 : validatePort(options.port, 'options.port');
    if (host != null && host !== '') validateString(host, 'hostname');
    const place = { port, host, ipv6Only: Boolean(ipv6Only), reusePort: Boolean(reusePort) };
    return { callback, target: { __proto__: null, ...common, ...place } };
  }
  if (options.path && isPath(options.path)) {
    const { path, readableAll = false, writableAll = false } = options;
    validatePath(path, 'options.path');
    if (path[0] === '\0' && (readableAll || writableAll)) {
      const reason = 'can not set readableAll or writableAll to true when path is abstract unix socket';
      throw errors.invalidArgumentValue('options', given, reason);
    }
    const access = { readableAll: readableAll === true, writableAll: writableAll === true };
    return { callback, target: { __proto__: null, ...common, path, ...access } };
  }
  if (!(hasOption(given, 'port') || hasOption(given, 'path'))) {
    throw errors.invalidArgumentValue('options', given, 'must have the property "port" or "path"');
  }
  throw errors.invalidArgumentValue('options', given);
}

function listenBacklog([, second, third], options, ownBacklog = 511) {
  const backlog = toNumber(second) || toNumber(third) || toNumber(options.backlog) || ownBacklog;
  return Math.min(Math.trunc(backlog) || ownBacklog, INT32_MAX);
}

function validateFd(fd) {
  validateInteger(fd, 'fd', 0);
  return fd;
}

/** Node's family names and numbers, as `dns.lookup` takes them. */
function dnsFamily(family) {
  if (family === 'IPv4') return 4;
  if (family === 'IPv6') return 6;
  return family;
}

/** What `dns.lookup` would throw at, once it is too late. A lookup function of the program's has rules of its own. */
function validateLookup({ family, hints }) {
  if (family != null && ![0, 4, 6, 'IPv4', 'IPv6'].includes(family)) {
    throw errors.invalidArgumentValue('options.family', family, 'must be one of: 0, 4, 6');
  }
  if (hints == null) return;
  validateNumber(hints, 'options.hints');
  const { ADDRCONFIG, ALL, V4MAPPED } = require('dns');
  if ((hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0) throw errors.invalidArgumentValue('hints', hints);
}

/**
 * Where `connect` is to connect: the checked options, and the callback. `bound`: from where, if that has been bound
 * before, which says whether it is by a path.
 */
function connectTarget(args, bound = null) {
  const { options: given, callback } = normalize(args);
  const options = readOptions(given, CONNECT_OPTIONS);
  const { path, proxyProtocol, socketOptions } = options;
  if (options.port === undefined && path == null) throw errors.missingConnectArguments();
  if (bound === null ? path : bound.path !== undefined) {
    validatePath(path, 'options.path');
    return { callback, target: { __proto__: null, path, proxyProtocol, socketOptions } };
  }
  const { localAddress, localPort, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
  if (bound !== null && (localAddress !== undefined || localPort !== undefined)) {
    const reason = 'localAddress and localPort cannot be used with an adopted bound socket';
    throw errors.invalidArgumentValue('options', given, reason);
  }
  const { port = bound === null ? undefined : 0 } = options;
  if (localAddress && !isIP(localAddress)) throw errors.invalidIpAddress(localAddress);
  if (localPort) {
    validateNumber(localPort, 'options.localPort');
    validatePort(localPort, 'options.localPort');
  }
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw errors.invalidArgumentType('options.port', ['number', 'string'], port);
  }
  const number = validatePort(port);
  if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily');
  if (autoSelectFamilyAttemptTimeout != null) {
    validateInteger(autoSelectFamilyAttemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1);
  }
  const host = options.host || 'localhost';
  validateString(host, 'options.host');
  // As in Node, the options of the lookup are checked only if there is one.
  const isName = isIP(host) === 0;
  if (isName && lookup != null) validateFunction(lookup, 'options.lookup');
  else if (isName) validateLookup(options);
  const target = {
    __proto__: null,
    port: number,
    host,
    // isIP() has taken what becomes an address as a string.
    localAddress: localAddress ? String(localAddress) : undefined,
    localPort: localPort || undefined,
    family: isName ? dnsFamily(options.family) : 0,
    hints: options.hints ?? 0,
    lookup,
    autoSelectFamily: bound === null ? autoSelectFamily : false,
    attemptDelay: autoSelectFamilyAttemptTimeout ?? undefined,
    proxyProtocol,
    socketOptions,
  };
  return { callback, target };
}

module.exports = {
  boundSocket,
  bytesOf,
  connectTarget,
  keepAliveArguments,
  keepAliveSeconds,
  keepAliveSettings,
  kNormalized,
  listenTarget,
  normalize,
  normalizedArguments,
  socketOptions,
  validateAbortSignal,
  validateBlockList,
  validateBoolean,
  validateFd,
  validateFunction,
  validateInteger,
  validateObject,
  validatePath,
  validatePort,
  validateString,
  validateTimeout,
};
