// Servers have what `rust-net/node` adds to them.
/// <reference path="./node.d.ts" />

/**
 * Once this is loaded, Node's modules `net` and `tls` are `rust-net/node` and `rust-net/tls`, for the application, its
 * dependencies and Node's own modules. Load it first: `node --import rust-net/register app.js`, or `--require`.
 */

/**
 * Whether Node's modules are replaced, in this thread. Where there is no engine, they stay Node's own, with a process
 * warning (`RUST_NET_FALLBACK`); see docs/troubleshooting.md.
 */
export function isRegistered(): boolean;

/**
 * Gives Node's modules back what they had, in this thread. Sockets and servers that exist go on as they are. What a
 * program has changed of these modules in the meantime is lost.
 */
export function unregister(): void;
