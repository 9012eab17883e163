'use strict';

// rust-net/node: today's `node:net`, behaviour for behaviour, on our engine.
// Where there is no engine, it is Node's own.

require('./lib/own-modules').keep(module);
const { isAccelerated, standIn } = require('./lib/fallback');

// ES modules find the names of the exports in the last one.
if (!isAccelerated) module.exports = standIn('net');
else module.exports = require('./lib/entries/node');
