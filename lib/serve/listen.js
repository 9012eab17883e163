'use strict';

// The option `listen` of net.serve(): where its threads listen, and what each of them asks of its connections.
//
// It takes what `server.listen()` takes. What several threads can't honour is refused, by its name.

const { listenTarget, validateInteger } = require('../arguments');
const errors = require('../errors');
const { readOption, readOptions } = require('../options');
const { proxyPolicy, rulesOf } = require('../proxy-protocol');
const { givenLimits } = require('../server/limits');

/** What `server.listen()` takes, and threads can't honour. */
const REFUSED = {
  _handle: 'is not for several threads, which take the number of a descriptor: "fd"',
  handle: 'is not for several threads, which take the number of a descriptor: "fd"',
  signal: 'is an option of net.serve() itself',
};

/** What a socket that is open has already. */
const DECIDED = ['host', 'ipv6Only', 'path', 'port', 'readableAll', 'reusePort', 'socketOptions', 'writableAll'];

/**
 * What `listen` asks for: `place`, a port or a path of this machine or sockets that were passed to this process, `fds`;
 * and `accepting`, options that the servers of all threads listen with, as plain data.
 */
function readListen(listen = {}) {
  if (listen === null) throw errors.invalidArgumentType('options.listen', 'object', listen);
  for (const [name, reason] of Object.entries(REFUSED)) refuse(listen, name, reason);
  const place = readOption(listen, 'fd') === undefined ? placeOf(listen) : passedSockets(listen);
  return { place, accepting: { ...proxyProtocolOf(listen), ...givenLimits(listen, 'options.listen') } };
}

function refuse(listen, name, reason) {
  const value = readOption(listen, name);
  if (value != null && value !== false) throw errors.invalidArgumentValue(`options.listen.${name}`, value, reason);
}

function placeOf(listen) {
  const { target } = listenTarget([listen]);
  if (target.port === undefined && target.path === undefined) {
    throw errors.invalidArgumentValue('options.listen', listen, 'must have the property "port" or "path"');
  }
  return target;
}

function passedSockets(listen) {
  for (const name of DECIDED) refuse(listen, name, 'is not for a socket that is open');
  const { fd, backlog } = readOptions(listen, ['backlog', 'fd']);
  const fds = Array.isArray(fd) ? [...fd] : [fd];
  if (fds.length === 0) throw errors.invalidArgumentValue('options.listen.fd', fd, 'must name a socket');
  for (const each of fds) validateInteger(each, 'options.listen.fd', 0);
  return { fds, backlog: listenTarget([{ port: 0, backlog }]).target.backlog };
}

/** The option `proxyProtocol` as data that threads can be sent, with the addresses of a BlockList as they are now. */
function proxyProtocolOf(listen) {
  const value = readOption(listen, 'proxyProtocol');
  if (value === undefined) return {};
  const policy = proxyPolicy(value, 'options.listen.proxyProtocol');
  if (policy === null) return { proxyProtocol: null };
  const { required, from, ...rest } = policy;
  const mode = required ? 'require' : 'accept';
  return { proxyProtocol: { ...rest, mode, from: from === null ? null : rulesOf(from) } };
}

module.exports = { readListen };
