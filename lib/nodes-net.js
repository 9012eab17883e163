'use strict';

// Node's own net module, also where a loader hook, jest or a bundler puts ours in its place.

const { runInThisContext } = require('vm');

/** Not `process`: jest gives its own to each test file, which looks modules up as `require` does there. */
const host = runInThisContext('globalThis.process');

module.exports = host?.getBuiltinModule?.('net') ?? require('net');
