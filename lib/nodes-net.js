'use strict';

// Node's own net module, also where a loader hook, jest or a bundler puts ours in its place.

module.exports = process.getBuiltinModule?.('net') ?? require('net');
