// Servers have what `rust-net/node` adds to them.
/// <reference path="./node.d.ts" />

// Types of rust-net/tls: those of `node:tls`, from the application's `@types/node`, and what ours has beside.

/// <reference types="node" />

import type { DetachOptions, MovedStream } from './index';
import type { ConnectExtras } from './node';

export * from 'node:tls';

/**
 * Whether the engine of rust-net is at work. Without one, this is Node's own `tls`, with a process warning
 * (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export declare const isAccelerated: boolean;

declare module 'node:tls' {
  // A base, and no property: it is that of `rust-net/node`.
  interface ConnectionOptions extends ConnectExtras {}

  interface TLSSocket {
    /**
     * What does the encryption: 'rustls', or 'openssl' where Node's own TLS does it, because rustls can't. With
     * `NODE_DEBUG=rust-net`, the process prints why. Not there where `isAccelerated` is `false`.
     */
    readonly tlsEngine?: 'rustls' | 'openssl';

    /**
     * Takes the live connection out of this socket, for `attach()` on any thread; see that of `rust-net`. Throws
     * `ERR_INVALID_STATE` where `tlsEngine` is 'openssl'.
     */
    detach(options?: DetachOptions): MovedStream;
  }

  namespace TLSSocket {
    /** Makes a socket of a connection that `detach()` has taken out of another TLSSocket; see that of `rust-net`. */
    function attach(moved: MovedStream): TLSSocket;
  }
}
