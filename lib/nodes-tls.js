'use strict';

// Node's own tls module: `functions` are what it had before rust-net/register, `module` is the object itself, whose
// `DEFAULT_*` a program may assign.

const { runInThisContext } = require('vm');

/** As in `nodes-net.js`. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');
const host = runInThisContext('globalThis.process');

const tls = host?.getBuiltinModule?.('tls') ?? require('tls');

module.exports = { functions: tls[kNodesOwn] ?? { ...tls }, module: tls };
