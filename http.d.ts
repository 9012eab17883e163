// Servers have what `rust-net/node` adds to them.
/// <reference path="./node.d.ts" />

/** `node:http` on `rust-net/node`, for this module alone: its servers and connections are of ours. */
export * from 'node:http';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `http`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;
