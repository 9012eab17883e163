'use strict';

// Arguments of every kind, to every method that takes any: `rust-net/node` throws what `node:net` throws, by its
// code, and an error without one only where Node does.

const assert = require('assert');
const nodeNet = require('net');
const { inspect, types } = require('util');
const ourNet = require('../../node');
const { Random } = require('../random');

// No number here is a descriptor, a free port or a host of another machine: calls that are right do nothing elsewhere.
const nothing = () => {};
const VALUES = [
  ...[undefined, null, true, false, NaN, Infinity, -1, -0, 0.5, 1.5, 65536, 2 ** 31, 2 ** 32, 2 ** 53, 1n],
  ...['', ' ', 'x', '-1', '65536', '1.5', '0x', 'NaN', 'utf8', 'UTF-8', 'latin1', 'utf99', '\0', '/no/such/folder/s'],
  ...['::1', '127.0.0.1', 'localhost', '300.1.1.1', [], ['x'], {}, Object.create(null), nothing, Symbol('s')],
  ...[Buffer.from('x'), new Uint8Array(2), new DataView(new ArrayBuffer(2)), new ArrayBuffer(2), new Date(0), /x/],
];

/**
 * What Node itself can't take: it throws a TypeError of V8's, some of them only in the next tick, or warns. There, ours
 * only has to have a code.
 */
const isNumeric = (value) => typeof value !== 'symbol' && typeof value !== 'bigint' && !isBare(value);
const isBare = (value) => typeof value === 'object' && value !== null && !value.valueOf;
const TOO_MUCH = {
  connect: ({ timeout }) => typeof timeout === 'number' && timeout >= 2 ** 31,
  listen: (value) => !isNumeric(value) || !isNumeric(value.backlog),
  setKeepAlive: (value) => !isNumeric(value),
  setTimeout: (value) => typeof value === 'number' && value >= 2 ** 31,
};

const KEYS = {
  socket: ['allowHalfOpen', 'readable', 'writable', 'signal', 'onread', 'highWaterMark', 'objectMode', 'keepAlive',
    'keepAliveInitialDelay', 'noDelay', 'readableHighWaterMark', 'decodeStrings', 'emitClose', 'autoDestroy'],
  connect: ['port', 'path', 'host', 'localAddress', 'localPort', 'family', 'hints', 'lookup', 'autoSelectFamily',
    'autoSelectFamilyAttemptTimeout', 'keepAlive', 'noDelay', 'timeout', 'onread', 'signal'],
  server: ['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark'],
  listen: ['port', 'path', 'host', 'backlog', 'exclusive', 'readableAll', 'writableAll', 'ipv6Only', 'signal', 'fd'],
};

/** Options that Node looks at later than ours, or takes as they are: ours only has to have a code. */
const STRICTER = ['family', 'hints', 'lookup', 'localPort', 'path', 'fd', 'host', 'highWaterMark'];

const VALID = {
  socket: { allowHalfOpen: true },
  connect: { port: 9, host: '127.0.0.1' },
  server: { noDelay: true },
  listen: { port: 0, host: '127.0.0.1' },
};

/** Options of this kind, of which one may be wrong: which of two is found first is not promised. */
function some(random, kind) {
  return { ...(random.flag() ? VALID[kind] : {}), [random.of(KEYS[kind])]: random.of(VALUES) };
}

const isStricter = ([options]) => {
  const isValid = (key) => Object.values(VALID).some((valid) => valid[key] === options[key]);
  return typeof options === 'object' && options !== null && STRICTER.some((key) => key in options && !isValid(key));
};

/** The arguments of a call: options of a kind, or values. */
function list(random, name, most = 3) {
  const args = KEYS[name] && random.below(3) > 0 ? [some(random, name)] : [];
  for (let left = random.below(most + 1); left > 0; left--) args.push(random.of(VALUES));
  const isTooMuch = TOO_MUCH[name] ?? (() => false);
  return args.some((value) => value != null && isTooMuch(value)) ? [] : args;
}

/** What each call needs, so that both modules get the same. */
const CALLS = {
  'new Socket': (random) => [(net, args) => new net.Socket(...args), [random.below(4) ? some(random, 'socket') : random.of(VALUES)]],
  'createServer': (random) => [(net, args) => net.createServer(...args), list(random, 'server')],
  'connect': (random) => [(net, args) => net.connect(...args), list(random, 'connect')],
  'listen': (random) => [(net, args) => net.createServer().listen(...args), list(random, 'listen')],
  'isIP': (random) => [(net, [value]) => void net.isIP(value), [random.of(VALUES.filter((value) => typeof value !== 'symbol'))]],
  'close': () => [(net) => net.createServer().close(), []],
  'getConnections': (random) => [(net, args) => net.createServer().getConnections(...args), [random.of([nothing, nothing])]],
};
for (const name of ['setTimeout', 'setKeepAlive', 'setNoDelay', 'setEncoding', 'write', 'end', 'connect', 'destroy', 'unshift']) {
  CALLS[`socket.${name}`] ??= (random) => [
    (net, args) => {
      const socket = new net.Socket();
      socket.on('error', nothing);
      try {
        socket[name](...args);
      } finally {
        socket.destroy();
      }
    },
    list(random, name, name === 'setKeepAlive' ? 2 : 3),
  ];
}

/** The code of what a call throws, or an error without one; null if it throws nothing. */
function outcome(call, net, args) {
  let made = null;
  try {
    made = call(net, args);
    return null;
  } catch (error) {
    return error.code ?? error;
  } finally {
    made?.on?.('error', nothing);
    if (made?.destroy) made.destroy();
    else if (made?.listening) made.close();
    else if (made?.once) made.once('listening', () => made.close());
  }
}

function play(seed) {
  const random = new Random(seed);
  for (let i = 0; i < 8; i++) {
    const name = random.of(Object.keys(CALLS));
    const [call, args] = CALLS[name](random);
    const [expected, ours] = [nodeNet, ourNet].map((net) => outcome(call, net, args));
    const isCoded = ours === null || typeof ours === 'string';
    if (isCoded && (types.isNativeError(expected) || isStricter(args))) continue;
    // An error without a code is V8's. It is only right where Node throws it, too.
    const [shown, wanted] = [ours, expected].map((error) => (types.isNativeError(error) ? error.message : error));
    assert.strictEqual(shown, wanted, `${name}(${inspect(args, { depth: 2 })})`);
  }
}

module.exports = { play };
