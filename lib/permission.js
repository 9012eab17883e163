'use strict';

// Node's permission model, as far as its own net heeds it: from Node 25 on, nothing listens or connects in a process
// that was started with --permission and without --allow-net. Deno's permissions, which keep no native module from
// anything: they are asked for here as Deno's own net asks for them.

const errors = require('./errors');
const nodesNet = require('./nodes-net');

/** Null where the model is off, or knows no permission for networks. */
const model = process.permission && process.allowedNodeEnvironmentFlags.has('--allow-net') ? process.permission : null;

/** Null elsewhere than in Deno. */
const denos = process.versions.deno ? (globalThis.Deno?.permissions ?? null) : null;

/**
 * What keeps this process from listening or connecting, as Node's own error; null if nothing does. `resource` is the
 * address or path that it is about, as Node names it; Deno asks for an address with its port.
 */
function denial(resource, address = resource, port = undefined) {
  if (denos !== null) return denialOfDeno(address, port);
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

/** As Deno's own net, this asks the user where there is one to ask. */
function denialOfDeno(address, port) {
  const host = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  // Of a socket in the file system, its file counts.
  const wanted = port === undefined
    ? [{ name: 'read', path: address }, { name: 'write', path: address }]
    : [{ name: 'net', host }];
  const missing = wanted.find((permission) => denos.requestSync(permission).state !== 'granted');
  return missing === undefined ? null : errors.accessDenied(missing.name, missing.host ?? missing.path);
}

/** Throws if this process may not listen at `resource`; see `denial`. */
function requirePermission(resource, address, port) {
  const error = denial(resource, address, port);
  if (error !== null) throw error;
}

/** Whether the file at `path` may be replaced. */
function mayReplace(path) {
  return process.permission?.has('fs.write', path) ?? true;
}

module.exports = { denial, mayReplace, requirePermission };
