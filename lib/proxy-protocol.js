'use strict';

// The PROXY protocol as a program sees it: what `proxyProtocol` asks of a server's connections, the header that a
// client sends, and `stream.proxy`, the header that a connection has come with. The bytes are the engine's business.

const { isIP } = require('./address');
const {
  bytesOf,
  validateBoolean,
  validateInteger,
  validateObject,
  validatePort,
  validateString,
} = require('./arguments');
const binding = require('./binding');
const errors = require('./errors');
const { BlockList } = require('./nodes-net');
const { readOptions } = require('./options');

/** How long a header may take by default, in milliseconds. */
const TIMEOUT = 5000;

/** How long a header of version 2 may be by default, what addresses can take, and what is looked at in one go. */
const LENGTH = 4096;
const MIN_LENGTH = 232;
const MAX_LENGTH = 65_536;

/** How many connections may wait for their headers by default. */
const WAITING = 16_384;

const MODES = ['require', 'accept'];
const POLICY_OPTIONS = ['from', 'maxLength', 'maxWaiting', 'mode', 'timeout'];

/** Types of values of version 2. */
const ALPN = 0x01;
const AUTHORITY = 0x02;
const CHECKSUM = 0x03;
const NOOP = 0x04;
const UNIQUE_ID = 0x05;
const NETNS = 0x30;

/** Types with a name here, and those that the engine makes. */
const NAMED = new Set([ALPN, AUTHORITY, CHECKSUM, NOOP, UNIQUE_ID, 0x20, NETNS]);

const MAX_UNIQUE_ID = 128;

/** What the flags of the client's TLS mean. */
const HAS_TLS = 1;
const IN_CONNECTION = 2;
const IN_SESSION = 4;

/** Not trusted, for no reason that is known: OpenSSL's X509_V_ERR_UNSPECIFIED. */
const NOT_VERIFIED = 1;

/** The values of the client's TLS, by their types. */
const SSL_NAMES = { version: 0x21, cn: 0x22, cipher: 0x23, signature: 0x24, key: 0x25, group: 0x26, scheme: 0x27 };
const CLIENT_CERTIFICATE = 0x28;

const HEADER_OPTIONS = [
  'alpn',
  'authority',
  'checksum',
  'command',
  'destination',
  'netns',
  'source',
  'ssl',
  'tlvs',
  'uniqueId',
  'version',
];
const SSL_OPTIONS = [...Object.keys(SSL_NAMES), 'certificate', 'presented', 'resumed', 'verify'];

/** What only a header of version 2 can say. */
const ONLY_OF_2 = ['alpn', 'authority', 'checksum', 'netns', 'ssl', 'tlvs', 'uniqueId'];

// Servers.

/**
 * What the option `proxyProtocol` of a server asks for: `{ required, from, timeout, maxLength, maxWaiting }`, with
 * `from` as `rulesOf` takes it; null for nothing.
 */
function proxyPolicy(value, name = 'options.proxyProtocol') {
  if (value == null || value === false) return null;
  if (typeof value === 'string') return proxyPolicy({ mode: value }, name);
  validateObject(value, name);
  const options = readOptions(value, POLICY_OPTIONS);
  const { from, maxLength = LENGTH, maxWaiting = WAITING, mode = 'require', timeout = TIMEOUT } = options;
  if (!MODES.includes(mode)) {
    throw errors.invalidArgumentValue(`${name}.mode`, mode, "must be one of: 'require', 'accept'");
  }
  validateInteger(timeout, `${name}.timeout`, 1);
  validateInteger(maxLength, `${name}.maxLength`, MIN_LENGTH, MAX_LENGTH);
  validateInteger(maxWaiting, `${name}.maxWaiting`, 1);
  if (from != null) rulesOf(from, `${name}.from`);
  return { required: mode === 'require', from: from ?? null, timeout, maxLength, maxWaiting };
}

/** The addresses, subnets and ranges that `from` stands for, as they are now. */
function rulesOf(from, name = 'from') {
  // 'Subnet: IPv4 10.0.0.0/8'
  if (from instanceof BlockList) return from.rules.map((rule) => rule.slice(rule.lastIndexOf(' ') + 1));
  const list = typeof from === 'string' ? [from] : from;
  if (!Array.isArray(list)) throw errors.invalidArgumentType(name, ['string', 'Array', 'net.BlockList'], from);
  for (const rule of list) {
    validateString(rule, name);
    if (!binding.isAddressRule(rule)) {
      throw errors.invalidArgumentValue(name, rule, 'must be an address, a subnet or a range of addresses');
    }
  }
  return [...list];
}

// Clients.

/** The bytes of the header that the option `proxyProtocol` of `connect` asks for. */
function headerFor(value, name = 'options.proxyProtocol') {
  validateObject(value, name);
  const options = readOptions(value, HEADER_OPTIONS);
  const { version = 2, command = 'PROXY', checksum = false } = options;
  validateInteger(version, `${name}.version`, 1, 2);
  if (command !== 'PROXY' && command !== 'LOCAL') {
    throw errors.invalidArgumentValue(`${name}.command`, command, "must be one of: 'PROXY', 'LOCAL'");
  }
  if (checksum != null) validateBoolean(checksum, `${name}.checksum`);
  // `stream.proxy` of a connection that version 1 has come with has null for all of these.
  const given = ONLY_OF_2.filter((option) => options[option] && options[option].length !== 0);
  if (version === 1 && given.length > 0) {
    throw errors.invalidArgumentValue(`${name}.${given[0]}`, options[given[0]], 'needs version 2');
  }
  const source = endpoint(options.source, `${name}.source`);
  const destination = endpoint(options.destination, `${name}.destination`);
  const isOdd = (source === undefined) !== (destination === undefined);
  if (isOdd || Buffer.isBuffer(source) !== Buffer.isBuffer(destination)) {
    const reason = 'must have a source and a destination of the same kind, or neither';
    throw errors.invalidArgumentValue(name, value, reason);
  }
  const hasValues = given.some((option) => option !== 'checksum');
  if (command === 'LOCAL' && hasValues) {
    throw errors.invalidArgumentValue(name, value, "must have no values with the command 'LOCAL', which has none");
  }
  const isUnknown = source === undefined || (version === 1 && Buffer.isBuffer(source));
  const [from, to] = isUnknown || Buffer.isBuffer(source) ? [source, destination] : sameFamily(source, destination);
  const header = {
    __proto__: null,
    version,
    local: command === 'LOCAL' || (source === undefined && options.command === undefined && !hasValues),
    datagram: false,
    source: isUnknown ? undefined : from,
    destination: isUnknown ? undefined : to,
    tlvs: valuesOf(options, name),
    ssl: sslOf(options.ssl, `${name}.ssl`),
  };
  const bytes = binding.buildProxyHeader(header, Boolean(checksum));
  if (bytes === null) throw errors.invalidArgumentValue(name, value, 'does not fit into a header');
  return bytes;
}

/** An end of the client's connection: an address, or the path of a UNIX socket as a Buffer; undefined without one. */
function endpoint(value, name) {
  if (value == null) return undefined;
  if (typeof value !== 'object') throw errors.invalidArgumentType(name, 'object', value);
  const { address, path, port } = readOptions(value, ['address', 'path', 'port']);
  if (path !== undefined) return bytesOf(path, `${name}.path`);
  validateString(address, `${name}.address`);
  const family = isIP(address);
  if (family === 0) throw errors.invalidIpAddress(address);
  return { __proto__: null, address, family: `IPv${family}`, port: validatePort(port, `${name}.port`) };
}

/** A header has one family: beside an address of IPv6, one of IPv4 is a mapped one. */
function sameFamily(...ends) {
  if (ends[0].family === ends[1].family) return ends;
  return ends.map((end) => (end.family === 'IPv6' ? end : { ...end, address: `::ffff:${end.address}`, family: 'IPv6' }));
}

function valuesOf({ alpn, authority, netns, tlvs, uniqueId }, name) {
  const values = [];
  const add = (type, value, option) => {
    if (value != null) values.push({ __proto__: null, type, value: bytesOf(value, `${name}.${option}`) });
  };
  add(ALPN, alpn, 'alpn');
  add(AUTHORITY, authority, 'authority');
  add(UNIQUE_ID, uniqueId, 'uniqueId');
  add(NETNS, netns, 'netns');
  if (uniqueId != null && values.find(({ type }) => type === UNIQUE_ID).value.length > MAX_UNIQUE_ID) {
    throw errors.outOfRange(`${name}.uniqueId`, `of ${MAX_UNIQUE_ID} bytes at the most`, uniqueId);
  }
  if (tlvs == null) return values;
  if (!Array.isArray(tlvs)) throw errors.invalidArgumentType(`${name}.tlvs`, 'Array', tlvs);
  tlvs.forEach((tlv, i) => {
    validateObject(tlv, `${name}.tlvs[${i}]`);
    const { type, value } = readOptions(tlv, ['type', 'value']);
    validateInteger(type, `${name}.tlvs[${i}].type`, 0, 0xff);
    if (NAMED.has(type)) {
      throw errors.invalidArgumentValue(`${name}.tlvs[${i}].type`, type, 'has an option of its own');
    }
    add(type, value, `tlvs[${i}].value`);
  });
  return values;
}

function sslOf(value, name) {
  if (value == null) return undefined;
  validateObject(value, name);
  const options = readOptions(value, SSL_OPTIONS);
  const { certificate, presented, resumed, verify = NOT_VERIFIED } = options;
  validateInteger(verify, `${name}.verify`, 0, 0x7fffffff);
  const tlvs = [];
  for (const [option, type] of Object.entries(SSL_NAMES)) {
    if (options[option] == null) continue;
    validateString(options[option], `${name}.${option}`);
    tlvs.push({ __proto__: null, type, value: Buffer.from(options[option]) });
  }
  if (certificate != null) {
    tlvs.push({ __proto__: null, type: CLIENT_CERTIFICATE, value: bytesOf(certificate, `${name}.certificate`) });
  }
  const client = HAS_TLS | (presented ? IN_CONNECTION : 0) | (resumed ? IN_SESSION : 0);
  return { __proto__: null, client, verify, tlvs };
}

// What has come.

/** `stream.proxy` of what the engine has read. */
function proxyOf({ version, local, datagram, source, destination, tlvs, ssl, peer, own }) {
  const bytes = (type) => tlvs.find((tlv) => tlv.type === type)?.value ?? null;
  const text = (type) => bytes(type)?.toString() ?? null;
  return {
    version,
    command: local ? 'LOCAL' : 'PROXY',
    transport: datagram ? 'datagram' : 'stream',
    source: shown(source),
    destination: shown(destination),
    peer: peer ? { ...peer } : null,
    local: own ? { ...own } : null,
    alpn: text(ALPN),
    authority: text(AUTHORITY),
    uniqueId: bytes(UNIQUE_ID),
    netns: text(NETNS),
    ssl: ssl ? shownSsl(ssl) : null,
    checksum: bytes(CHECKSUM) !== null,
    tlvs: tlvs.filter(({ type }) => !NAMED.has(type)).map(({ type, value }) => ({ type, value })),
  };
}

function shown(end) {
  if (end == null) return null;
  return Buffer.isBuffer(end) ? { path: end.toString() } : { ...end };
}

function shownSsl({ client, verify, tlvs }) {
  const ssl = {
    presented: (client & IN_CONNECTION) !== 0,
    resumed: (client & IN_SESSION) !== 0,
    verify,
    verified: (client & (IN_CONNECTION | IN_SESSION)) !== 0 && verify === 0,
  };
  for (const [name, type] of Object.entries(SSL_NAMES)) {
    ssl[name] = tlvs.find((tlv) => tlv.type === type)?.value.toString() ?? null;
  }
  ssl.certificate = tlvs.find((tlv) => tlv.type === CLIENT_CERTIFICATE)?.value ?? null;
  return ssl;
}

module.exports = { headerFor, proxyOf, proxyPolicy, rulesOf };
