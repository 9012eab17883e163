// Types of rust-net/tls: those of `node:tls`, from the application's `@types/node`, and what ours has beside.

/// <reference types="node" />

export * from 'node:tls';

declare module 'node:tls' {
  interface TLSSocket {
    /**
     * What does the encryption: 'rustls', or 'openssl' where Node's own TLS does it, because rustls can't. With
     * `NODE_DEBUG=rust-net`, the process prints why.
     */
    readonly tlsEngine: 'rustls' | 'openssl';
  }
}
