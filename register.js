'use strict';

// rust-net/register: from here on, `net` and `node:net` are rust-net/node, for the application and its dependencies,
// whether they are required or imported. To be loaded first: `node --import rust-net/register app.js`, or `--require`.
//
// Node's own modules (`http`, `tls`, ...) and `process.getBuiltinModule('net')` keep Node's.

const Module = require('module');
const path = require('path');
const { pathToFileURL } = require('url');
const net = require('./node');
const { isNet, resolve } = require('./lib/hooks');

/** Where Node's own is needed. */
const OUR_OWN = path.join(__dirname, 'lib') + path.sep;

const load = Module._load;

Module._load = function _load(request, parent, ...rest) {
  if (isNet(request) && !parent?.filename?.startsWith(OUR_OWN)) return net;
  return Reflect.apply(load, this, [request, parent, ...rest]);
};

if (Module.registerHooks) Module.registerHooks({ resolve });
else Module.register('./lib/hooks.js', pathToFileURL(__filename));
