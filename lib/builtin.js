'use strict';

// Node's own modules, also where a loader hook, jest or a bundler puts another in the place of one.

const { runInThisContext } = require('vm');

/** Not `process`: jest gives its own to each test file, which looks modules up as `require` does there. */
const host = runInThisContext('globalThis.process');

/** Not `getBuiltinModule` itself: instrumentation waits for somebody to ask for a module, and patches it then. */
const load = host?.getBuiltinModule?.('module')._load ?? require;

/** The module `name` of Node's. */
function builtin(name) {
  return load(name);
}

module.exports = { builtin, host };
