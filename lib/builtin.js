'use strict';

// Node's own modules, also where a loader hook, jest or a bundler puts another in the place of one, and what they had
// before ours took their places.

const { runInThisContext } = require('vm');

/** The property of a module that ours has taken the place of, with what it had. Every copy of this package reads it. */
const kNodesOwn = Symbol.for('rust-net.nodes-own');

/** Not `process`: jest gives its own to each test file, which looks modules up as `require` does there. */
const host = runInThisContext('globalThis.process');

const load = loader(host?.getBuiltinModule);

/** What loads a module of Node's by its name. */
function loader(getBuiltinModule) {
  if (!getBuiltinModule) return require;
  // In Bun, which has no such function of its own, `_load` is an empty one.
  if (host.versions.bun) return getBuiltinModule;
  // Not `getBuiltinModule` itself: instrumentation patches a module when a program first asks for it.
  return getBuiltinModule('module')._load;
}

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

/** `exports` with all else that Node's module has, in the version that runs. */
function completed(exports, module) {
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
    if (!Object.hasOwn(exports, key)) Object.defineProperty(exports, key, descriptor);
  }
  return exports;
}

/** Has in `exports` the defaults of Node's module: wherever one is assigned, it is the same here and there. */
function shareDefaults(exports, module) {
  for (const key of Object.keys(module).filter((one) => one.startsWith('DEFAULT_'))) {
    Object.defineProperty(exports, key, {
      get: () => module[key],
      set(value) {
        module[key] = value;
      },
      enumerable: true,
      configurable: true,
    });
  }
  return exports;
}

module.exports = { IS_NODE, builtin, completed, kNodesOwn, nodesOwn, shareDefaults };
