'use strict';

// Node's own tls module: `functions` are what it had before rust-net/register, `module` is the object itself, whose
// `DEFAULT_*` a program may assign.

const { builtin, nodesOwn } = require('./builtin');

const functions = nodesOwn('tls');

module.exports = { functions, module: builtin('tls') };
