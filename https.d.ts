// Types of rust-net/https: those of `node:https`, from the application's `@types/node`, and what ours has beside. Servers and
// sockets have what `rust-net/node` and `rust-net/tls` add to them, and requests what `rust-net/http` does.

/// <reference types="node" />
/// <reference path="./node.d.ts" />
/// <reference path="./tls.d.ts" />
/// <reference path="./http.d.ts" />

/** `node:https` on `rust-net/tls`, for this module alone: its servers and connections are of ours. */
export * from 'node:https';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `https`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;
