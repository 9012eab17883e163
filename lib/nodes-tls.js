'use strict';

// Node's own tls module, as it is before anything of ours takes its place: `functions` are what it exports when this
// file is loaded, `module` is the object itself, whose `DEFAULT_*` a program may assign.

const { runInThisContext } = require('vm');

/** As in `nodes-net.js`. */
const host = runInThisContext('globalThis.process');

const module_ = host?.getBuiltinModule?.('tls') ?? require('tls');

const { Server, TLSSocket, checkServerIdentity, connect, convertALPNProtocols, createSecureContext } = module_;

module.exports = {
  functions: { Server, TLSSocket, checkServerIdentity, connect, convertALPNProtocols, createSecureContext },
  module: module_,
};
