// Types of rust-net/node: those of `node:net`, as the `@types/node` of the application has them. What is different
// behind them is listed in docs/node-net.md, and so are the members that `setSecure()` adds to a socket.

/// <reference types="node" />

export * from 'node:net';

/** Another name of `Socket`. */
export { Socket as Stream } from 'node:net';
