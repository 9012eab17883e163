// Types of rust-net/node: those of `node:net`, from the application's `@types/node`. docs/node-net.md lists what
// behaves differently, and the members that `setSecure()` adds to a socket.

/// <reference types="node" />

export * from 'node:net';

/** Another name of `Socket`. */
export { Socket as Stream } from 'node:net';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `net`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;
