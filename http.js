'use strict';

// rust-net/http: Node's http on rust-net/node, for this module alone. With rust-net/register, `http` itself is on it.
// Where there is no engine, it is Node's own.

require('./lib/own-modules').keep(module);
const { isAccelerated, standIn } = require('./lib/fallback');

// ES modules find the names of the exports in the last one.
if (!isAccelerated) module.exports = standIn('http');
else module.exports = require('./lib/entries/http');
