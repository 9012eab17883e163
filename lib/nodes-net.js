'use strict';

// Node's own net module: what it had before rust-net/register.

const { builtin } = require('./builtin');

/** Where the takeover (lib/takeover.js) leaves what Node's module had, for every copy of this module in the process. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');

const net = builtin('net');

module.exports = net[kNodesOwn] ?? { ...net };
