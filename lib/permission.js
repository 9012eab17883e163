'use strict';

// Node's permission model, as far as its own net heeds it: from Node 25 on, nothing listens or connects in a process
// that was started with --permission and without --allow-net.

const nodesNet = require('./nodes-net');

/** Null where the model is off, or knows no permission for networks. */
const model = process.permission && process.allowedNodeEnvironmentFlags.has('--allow-net') ? process.permission : null;

/**
 * What keeps this process from listening or connecting, as Node's own error; null if nothing does. `resource` is the
 * address or path that it is about.
 */
function denial(resource) {
  if (model === null || model.has('net')) return null;
  try {
    // Node decides, which may only keep a record (--permission-audit).
    new nodesNet.BoundSocket({ host: '127.0.0.1', port: 0 }).close();
  } catch (error) {
    if (error.code !== 'ERR_ACCESS_DENIED') return null;
    Error.captureStackTrace(error, denial);
    return Object.assign(error, { resource });
  }
  return null;
}

/** Throws if this process may not listen at `resource`. */
function requirePermission(resource) {
  const error = denial(resource);
  if (error !== null) throw error;
}

/** Whether the file at `path` may be replaced. */
function mayReplace(path) {
  return process.permission?.has('fs.write', path) ?? true;
}

module.exports = { denial, mayReplace, requirePermission };
