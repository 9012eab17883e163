'use strict';

// rust-net/register: from here on, Node's modules `net` and `tls` are rust-net/node and rust-net/tls, in place, for the
// application, its dependencies, and for Node's own modules that make sockets of them. To be loaded first:
// `node --import rust-net/register app.js`, or `--require`.

const { runInThisContext } = require('vm');

const host = runInThisContext('globalThis.process');

if (process.versions.bun || process.versions.deno) {
  const name = process.versions.bun ? 'Bun' : 'Deno';
  const error = new Error(
    `rust-net/register can only replace the modules of Node: ${name} has a net of its own, which others of its ` +
      'modules do not look up. Import rust-net/node instead.',
  );
  error.code = 'ERR_RUST_NET_REGISTER';
  throw error;
}

if (host === process || !host.getBuiltinModule) {
  require('./lib/own-modules').keep(module);
  // Before anything can put others in their place.
  require('./lib/timers');
  const { isThere } = require('./lib/loading');
  const { giveBack, isTakenOver, takeOver } = require('./lib/takeover');

  // The engine is loaded when a socket is needed. Where there is none to load, everything stays Node's own.
  if (isThere()) takeOver({ net: () => require('./node'), tls: () => require('./tls') });
  else require('./lib/fallback');

  /** Whether Node's modules are replaced. Before they are used, that is for the engine to say. */
  function isRegistered() {
    return isTakenOver() && require('./lib/fallback').isAccelerated;
  }

  module.exports = { isRegistered, unregister: giveBack };
} else {
  // A test runner has loaded this for one file of tests, in a context of its own. Node's modules belong to the process.
  module.exports = host.getBuiltinModule('module').createRequire(__filename)(__filename);
}
