'use strict';

// Node's own modules, also where a loader hook, jest or a bundler puts another in the place of one, and what they had
// before ours took their places.

const { runInThisContext } = require('vm');

/** The property of a module that ours has taken the place of, with what it had. Every copy of this package reads it. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');

/** Not `process`: jest gives its own to each test file, which looks modules up as `require` does there. */
const host = runInThisContext('globalThis.process');

/** Not `getBuiltinModule` itself: instrumentation waits for somebody to ask for a module, and patches it then. */
const load = host?.getBuiltinModule?.('module')._load ?? require;

/** Whether this is Node, and not another runtime with its modules. */
const IS_NODE = !process.versions.bun && !process.versions.deno;

/** The module `name` of Node's. */
function builtin(name) {
  return load(name);
}

/** What Node's module `name` exports, before ours takes its place and afterwards. */
function nodesOwn(name) {
  const module = builtin(name);
  return module[kNodesOwn] ?? Object.defineProperties({}, Object.getOwnPropertyDescriptors(module));
}

module.exports = { IS_NODE, builtin, kNodesOwn, nodesOwn };
