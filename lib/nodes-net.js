'use strict';

// Node's own net module: what it had before rust-net/register.

const { nodesOwn } = require('./builtin');

module.exports = nodesOwn('net');
