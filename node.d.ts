// Types of rust-net/node: those of `node:net`, from the application's `@types/node`. docs/node-net.md lists what
// behaves differently, and the members that `setSecure()` adds to a socket.

/// <reference types="node" />

export * from 'node:net';

/** Another name of `Socket`. */
export { Socket as Stream } from 'node:net';
