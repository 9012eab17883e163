'use strict';

// Node's own net module: what it had before rust-net/register, and also where jest or a bundler puts ours in its place.

const { runInThisContext } = require('vm');

/** Where the takeover (lib/takeover.js) leaves what Node's module had, for every copy of this module in the process. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');

/** Not `process`: jest gives its own to each test file, which looks modules up as `require` does there. */
const host = runInThisContext('globalThis.process');

const net = host?.getBuiltinModule?.('net') ?? require('net');

module.exports = net[kNodesOwn] ?? { ...net };
