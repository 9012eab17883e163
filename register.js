'use strict';

// rust-net/register: every `net` and `node:net` that the application and its dependencies ask for is ours, in
// CommonJS and in ES modules. For `node --require rust-net/register` and `node --import rust-net/register`; has to come
// first. What Node's own core is built on (http, https, tls) stays on Node's net; see docs/node-net.md.

const Module = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

const OURS = path.join(__dirname, 'node.js');
const NAMES = new Set(['net', 'node:net']);

if (Module.registerHooks) {
  const url = pathToFileURL(OURS).href;
  Module.registerHooks({
    resolve(name, context, next) {
      return NAMES.has(name) ? { url, format: 'commonjs', shortCircuit: true } : next(name, context);
    },
  });
} else {
  // Node 20: one hook for each kind of module.
  const load = Module._load;
  Module._load = function (name, ...rest) {
    return load.call(this, NAMES.has(name) ? OURS : name, ...rest);
  };
  const hooks = `
    export const resolve = (name, context, next) =>
      name === 'net' || name === 'node:net'
        ? { url: ${JSON.stringify(pathToFileURL(OURS).href)}, format: 'commonjs', shortCircuit: true }
        : next(name, context);`;
  Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

// Loaded now, so that it does not see itself in the place of Node's net.
require(OURS);
