'use strict';

// The modules of this package stay those that they are, whatever a program does to `require.cache`. Some empty it to
// have other packages loaded again, and put it back afterwards (`stealthy-require`, below `request-promise`). What is
// required late here must then be the same as before: each half of two copies would know nothing of the other.

const Module = require('module');
const path = require('path');
const { IS_NODE } = require('./builtin');

/** The modules of this package that have been loaded. */
const own = new Set();

let root = null;

/** Keeps `entry`, a module that programs require, and what it loads, unless another loader than Node's is at work. */
function keep(entry) {
  if (!IS_NODE || !isNodes(entry)) return;
  root ??= path.dirname(entry.filename) + path.sep;
  add(entry);
}

/** Whether Node has loaded `module`: those of bundlers and test runners are others, or require in another way. */
function isNodes(module) {
  const isInstance = Object.getPrototypeOf(module) === Module.prototype && !Object.hasOwn(module, 'require');
  const requires = typeof Object.getOwnPropertyDescriptor(Module.prototype, 'require')?.value === 'function';
  return isInstance && requires && typeof module.filename === 'string';
}

function add(module) {
  if (own.has(module) || !isNodes(module) || !isHere(module.filename)) return;
  own.add(module);
  module.require = requireAmongOwn;
  addChildren(module);
}

function addChildren({ children }) {
  for (const child of children ?? []) add(child);
}

function isHere(filename) {
  return filename.startsWith(root) && !filename.includes('node_modules', root.length);
}

/** What stands in for `require()` of a module of this package. */
function requireAmongOwn(id) {
  const putBack = putOwn();
  try {
    return Reflect.apply(Module.prototype.require, this, [id]);
  } finally {
    addChildren(this);
    putBack?.();
  }
}

/** Has the cache hold these modules and no others of this package. Returns what undoes that; null if it did already. */
function putOwn() {
  const cache = Module._cache;
  if ([...own].every((module) => cache[module.filename] === module)) return null;
  const former = Object.entries(cache).filter(([filename]) => isHere(filename));
  for (const [filename] of former) delete cache[filename];
  for (const module of own) cache[module.filename] = module;
  return () => {
    for (const { filename } of own) delete cache[filename];
    Object.assign(cache, Object.fromEntries(former));
  };
}

module.exports = { keep };
