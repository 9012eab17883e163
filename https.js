'use strict';

// rust-net/https: Node's https on rust-net/tls, for this module alone. With rust-net/register, `https` itself is on it.
// Where there is no engine, it is Node's own.

require('./lib/own-modules').keep(module);
const { isAccelerated, standIn } = require('./lib/fallback');

// ES modules find the names of the exports in the last one.
if (!isAccelerated) module.exports = standIn('https');
else module.exports = require('./lib/entries/https');
