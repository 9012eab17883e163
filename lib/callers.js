'use strict';

// Who calls: the only way to tell what Node's core asks for itself from what a program asks for in the same words.

const util = require('util');

/** The scripts of Node's core that make the standard streams, what a cluster's primary distributes, and http2. */
const BOOTSTRAP = 'node:internal/bootstrap/switches/is_main_thread';
const DISTRIBUTOR = 'node:internal/cluster/round_robin_handle';
const HTTP2 = 'node:internal/http2/core';
/** Where Node shows its native code a stream that is none of its own. */
const JS_STREAM_SOCKET = 'node:internal/js_stream_socket';
/** Node's own TLS, by the version of Node. */
const NODES_TLS = ['node:_tls_wrap', 'node:internal/tls/wrap'];

/** Frames of the stack that are never asked for: those of the two functions here, and of who has called them. */
const OWN_FRAMES = 3;

/**
 * The name of the script that has called the caller of this function, or with `above`, of who is so many calls further
 * up. Undefined where that can't be found out.
 */
function callingScript(above = 0) {
  try {
    const index = OWN_FRAMES + above;
    return scripts(index + 1)[index];
  } catch {
    return undefined;
  }
}

/** The names of the scripts on the stack, from this function on. */
function scripts(count) {
  if (util.getCallSites) return util.getCallSites(count).map(({ scriptName }) => scriptName);
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = count;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
    return new Error().stack;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepareStackTrace === undefined) delete Error.prepareStackTrace;
    else Error.prepareStackTrace = prepareStackTrace;
  }
}

module.exports = { BOOTSTRAP, DISTRIBUTOR, HTTP2, JS_STREAM_SOCKET, NODES_TLS, callingScript };
