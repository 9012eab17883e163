'use strict';

// rust-net/register: from here on, Node's module `net` is rust-net/node, in place, for the application, its
// dependencies, and for Node's own modules that make sockets of it. To be loaded first:
// `node --import rust-net/register app.js`, or `--require`.

const { giveBack, isTakenOver, takeOver } = require('./lib/takeover');

takeOver({ net: require('./node') });

module.exports = { isRegistered: isTakenOver, unregister: giveBack };
