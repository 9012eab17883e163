'use strict';

// What `import` of `net` and `node:net` gives once rust-net/register is loaded: hooks as `node:module` takes them. They
// may run in a thread of their own.

const path = require('path');
const { pathToFileURL } = require('url');

const OURS = pathToFileURL(path.join(__dirname, '..', 'node.js')).href;

/** Whether a specifier names the net module. */
function isNet(specifier) {
  return specifier === 'net' || specifier === 'node:net';
}

/** The hook: nothing of ours uses `import`, and what is required has been seen to by rust-net/register. */
function resolve(specifier, context, nextResolve) {
  const isRequired = context.conditions?.includes('require');
  if (!isNet(specifier) || isRequired) return nextResolve(specifier, context);
  return { url: OURS, format: 'commonjs', shortCircuit: true };
}

module.exports = { isNet, resolve };
