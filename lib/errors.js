'use strict';

// Errors in Node's shape. A failed system call becomes an error here, once; wrong arguments get Node's codes and words.

const { getSystemErrorMap, inspect } = require('util');

/** An error with one of Node's codes, whose stack begins as Node's does: `TypeError [ERR_X]: message`. */
function coded(Base, code, message) {
  const error = new Base(message);
  error.name = `${Base.name} [${code}]`;
  // The stack gets the name when it is first read.
  void error.stack;
  delete error.name;
  error.code = code;
  return error;
}

function subject(name) {
  if (name.endsWith(' argument')) return name;
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : ` Received ${inspect(value, { depth: -1 })}`;
  }
  let shown = inspect(value, { colors: false });
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${shown})`;
}

/** "of type number", "one of type number or string", "an instance of Buffer", "an net.BlockList". */
function kinds(expected) {
  if (expected.length === 1 && expected[0].includes('.')) return `an ${expected[0]}`;
  const types = expected.filter((kind) => kind[0] === kind[0].toLowerCase());
  const classes = expected.filter((kind) => kind[0] !== kind[0].toLowerCase());
  const or = new Intl.ListFormat('en', { type: 'disjunction' });
  const parts = [];
  if (types.length > 0) parts.push(types.length > 1 ? `one of type ${or.format(types)}` : `of type ${types[0]}`);
  if (classes.length > 0) parts.push(`an instance of ${or.format(classes)}`);
  return parts.join(' or ');
}

function invalidArgumentType(name, expected, value) {
  const message = `The ${subject(name)} must be ${kinds([].concat(expected))}.${received(value)}`;
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

function invalidArgumentValue(name, value, reason = 'is invalid') {
  const kind = name.includes('.') ? 'property' : 'argument';
  let shown = inspect(value);
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`;
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`);
}

function outOfRange(name, range, value) {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`;
  return coded(RangeError, 'ERR_OUT_OF_RANGE', message);
}

function badPort(name, value) {
  const message = `${name} should be >= 0 and < 65536.${received(value)}.`;
  return coded(RangeError, 'ERR_SOCKET_BAD_PORT', message);
}

const missingConnectArguments = () =>
  coded(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
const invalidFdType = (type) => coded(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`);
const invalidHandleType = () => coded(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
/** A handle of Node's core, which only the core can use. */
const invalidHandle = (name, value) =>
  invalidArgumentValue(name, value, 'must not be given: rust-net can only take a descriptor over, as the option "fd"');
const invalidIpAddress = (ip) => coded(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${ip}`);
const alreadyAdopted = () =>
  coded(
    Error,
    'ERR_SOCKET_HANDLE_ADOPTED',
    'The bound socket has already been adopted by a server or socket',
  );
const serverAlreadyListening = () =>
  coded(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
const serverNotRunning = () => coded(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.');
const socketClosed = () => coded(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed');
const closedBeforeConnection = () =>
  coded(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established');
const notPrivate = (folder) =>
  coded(Error, 'ERR_RUST_NET_NOT_PRIVATE', `${folder} is no folder that only this user can enter`);
const detachedWhileWriting = () =>
  coded(Error, 'ERR_INVALID_STATE', 'Invalid state: a Buffer was detached while it was being written');

function invalidAddressFamily(family, host, port) {
  const error = coded(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', `Invalid address family: ${family} ${host}:${port}`);
  return Object.assign(error, { host, port });
}

const illegalConstructor = () => coded(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
const receivedInTheClear = () =>
  coded(Error, 'ERR_INVALID_STATE', 'Invalid state: data was received in the clear while setSecure() was being called');

const alreadySecure = () => coded(Error, 'ERR_INVALID_STATE', 'Invalid state: setSecure() has been called before');
const peerHasEnded = () =>
  Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
const ipBlocked = (ip) => coded(Error, 'ERR_IP_BLOCKED', `IP(${ip}) is blocked by net.BlockList`);
const writeAfterEnd = () => coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end');
const undetachable = (reason) =>
  coded(Error, 'ERR_INVALID_STATE', `Invalid state: the stream can't be detached: ${reason}`);
/** D24. */
const notSecure = () => coded(Error, 'ERR_INVALID_STATE', 'Stream is not a secure stream.');

const noAnswer = () => coded(Error, 'ERR_OPERATION_FAILED', 'Operation failed: SNICallback has thrown');

/** The option `ocsp` of `createCredentials`, a function, has had nothing that could be stapled. */
const ocspFailed = (reason) => coded(Error, 'ERR_OPERATION_FAILED', `Operation failed: ocsp: ${reason}`);

/** What has ended an operation is a signal, with `reason`. */
function aborted(reason) {
  return Object.assign(new Error('The operation was aborted', { cause: reason }), { name: 'AbortError', code: 'ABORT_ERR' });
}

/** `reason`, what a program has thrown, if it is an error; what `make(text)` makes of it if not. */
function asError(reason, make) {
  // A DOMException is an error, but no native one; nor is what another thread has thrown.
  if (typeof reason?.message === 'string' && typeof reason.stack === 'string') return reason;
  return Object.assign(make(inspect(reason)), { cause: reason });
}

/** An invalid option of `createCredentials`, with Node's code where there is one. */
function optionError({ field, code, reason }) {
  const Base = code.startsWith('ERR_INVALID_ARG') ? TypeError : Error;
  return coded(Base, code, `The property 'options.${field}' can't be used: ${reason}`);
}

/** An option asks for an OpenSSL engine. */
const noEngines = (name, advice) =>
  coded(Error, 'ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', `The property 'options.${name}' is not supported: ${advice}`);
const invalidProtocolMethod = (reason) => coded(TypeError, 'ERR_TLS_INVALID_PROTOCOL_METHOD', reason);
const versionConflict = (version, method) =>
  coded(
    TypeError,
    'ERR_TLS_PROTOCOL_VERSION_CONFLICT',
    `TLS protocol version ${inspect(version)} conflicts with secureProtocol ${inspect(method)}`,
  );
const handshakeTimeout = () => coded(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout');

/** A handshake or a record has failed: Node's code, OpenSSL's words, and the alert that the peer has sent, if any. */
function tlsError({ code, message, alert }) {
  const error = new Error(message);
  error.code = code;
  if (alert) error.alert = alert;
  return error;
}

/** A failure inside the engine itself, on the stream that it belongs to. */
class InternalError extends Error {
  constructor() {
    super('rust-net has failed internally and closed this stream. This is a bug in rust-net, please report it.');
    this.code = 'ERR_RUST_NET_INTERNAL';
  }
}

/** What a call of ours can fail with and libuv has no name for: too many descriptors are on their way. */
const TOO_MANY_PASSED = process.platform === 'darwin' ? -59 : -109;

function describe(errno) {
  if (errno === TOO_MANY_PASSED) return ['ETOOMANYREFS', 'too many references: cannot splice'];
  return getSystemErrorMap().get(errno) ?? ['UNKNOWN', `unknown error ${errno}`];
}

function complete(error, errno, code, syscall, details) {
  error.errno = errno;
  error.code = code;
  error.syscall = syscall;
  return Object.assign(error, details);
}

/** A failed system call on an open stream or server: `read ECONNRESET`. `errno` is negative, as in libuv. */
function systemError(errno, syscall) {
  const [code] = describe(errno);
  return complete(new Error(`${syscall} ${code}`), errno, code, syscall);
}

function place(address, port) {
  return port > 0 ? `${address}:${port}` : `${address}`;
}

function placed(address, port) {
  return port > 0 ? { address, port } : { address };
}

/**
 * `connect ECONNREFUSED 127.0.0.1:80`. Without a port, `address` is a path. The message names the address of our end:
 * if the call failed at once, the one that it had (`atOnce`), else the one that was requested (`local`).
 */
function connectError({ errno, syscall, local: atOnce }, address, port, local = null) {
  const [code] = describe(errno);
  const from = atOnce || local ? ` - Local (${(atOnce ?? local).address}:${(atOnce ?? local).port})` : '';
  const details = placed(address, port);
  if (local !== null && !atOnce) Object.assign(details, { localAddress: local.address, localPort: local.port });
  const message = `${syscall} ${code} ${place(address, port)}${from}`;
  return complete(new Error(message), errno, code, syscall, details);
}

/** What Deno does not allow, in the form of Node's permission model and with Deno's words. */
function accessDenied(name, resource) {
  const message = `Requires ${name} access to "${resource}", run again with the --allow-${name} flag`;
  return Object.assign(coded(Error, 'ERR_ACCESS_DENIED', message), { permission: name, resource });
}

/** A connection that Node's permission model has `denied`. As in Node, that is what `errno` is. */
function connectDenied(denied, address, port) {
  const error = new Error(`connect ${denied.code} ${denied.message}`);
  return complete(error, denied, denied.code, 'connect', placed(address, port));
}

/**
 * `listen EADDRINUSE: address already in use 127.0.0.1:80`. Without an address, the socket was open before. For a path,
 * the port is -1, as in Node.
 */
function listenError({ errno, syscall }, address = null, port = 0) {
  const [code, text] = describe(errno);
  const message = `${syscall} ${code}: ${text}${address === null ? '' : ` ${place(address, port)}`}`;
  // In Node's order, which `inspect` shows.
  const error = Object.assign(new Error(message), { code, errno, syscall, address });
  if (port !== 0) error.port = port;
  return error;
}

/** `bind EADDRINUSE 127.0.0.1:80`: the primary of a cluster can't listen. In Node's words, also without an address. */
function bindError(errno, address, port) {
  const [code] = describe(errno);
  const isPlaced = port > 0 || address !== null;
  const message = `bind ${code}${isPlaced ? ` ${place(address, port)}` : ''}`;
  return complete(new Error(message), errno, code, 'bind', port ? { address, port } : { address });
}

/** All attempts to connect have failed, each with one of the `errors`. */
function allFailed(errors) {
  const error = new AggregateError(errors);
  error.code = errors[0].code;
  return error;
}

module.exports = {
  aborted,
  InternalError,
  accessDenied,
  allFailed,
  alreadyAdopted,
  alreadySecure,
  asError,
  receivedInTheClear,
  badPort,
  bindError,
  closedBeforeConnection,
  coded,
  connectDenied,
  connectError,
  detachedWhileWriting,
  handshakeTimeout,
  illegalConstructor,
  invalidAddressFamily,
  invalidArgumentType,
  invalidArgumentValue,
  invalidFdType,
  invalidHandle,
  invalidHandleType,
  invalidIpAddress,
  invalidProtocolMethod,
  ipBlocked,
  listenError,
  missingConnectArguments,
  noAnswer,
  ocspFailed,
  noEngines,
  notPrivate,
  notSecure,
  optionError,
  outOfRange,
  peerHasEnded,
  serverAlreadyListening,
  serverNotRunning,
  socketClosed,
  systemError,
  tlsError,
  undetachable,
  versionConflict,
  writeAfterEnd,
};
