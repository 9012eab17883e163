'use strict';

// rust-net/register: from here on, Node's modules `net` and `tls` are rust-net/node and rust-net/tls, in place, for the
// application, its dependencies, and for Node's own modules that make sockets of them. To be loaded first:
// `node --import rust-net/register app.js`, or `--require`.

const { giveBack, isTakenOver, takeOver } = require('./lib/takeover');

takeOver({ net: () => require('./node'), tls: () => require('./tls') });

module.exports = { isRegistered: isTakenOver, unregister: giveBack };
