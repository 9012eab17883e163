//! The native half of the npm package `rust-net`: Node's `net` module on an engine of its own.
//!
//! # Layout
//!
//! | module | what lives there |
//! |---|---|
//! | [`binding`] | the `#[napi]` class `Engine`: conversions, and the calls into JavaScript |
//! | [`engine`] | all streams and listeners of one environment, served in turns; pipes between streams |
//! | [`stream`] | one stream: state machines and write queue (pure), and the driver that moves bytes |
//! | [`listener`], [`bound`] | one listening socket; a socket that will listen or connect |
//! | [`arrival`] | an accepted connection whose PROXY header is still to come |
//! | [`tls`] | TLS: credentials, handshakes, sessions, what to think of a peer |
//! | [`limits`] | what a server allows its connections, and what it refuses |
//! | [`proxy`] | the PROXY protocol, as bytes and values |
//! | [`reactor`] | the poll, the queue of sources to be served, the receive buffer, the wake |
//! | [`socket`] | one system call on one descriptor each: opening, adopting, addresses, options, I/O |
//! | [`runtime`] | the threads that handshakes run on |
//! | [`statistics`] | what is counted: numbers by themselves |
//! | [`error`] | the one error type |
//! | `fuzzing` | the targets of the fuzzer (`fuzz/targets`), compiled for it and for the tests only |
//!
//! Imports go down this list, never up. Only [`binding`] and [`reactor::wake`] know Node-API. Everything but
//! handshakes runs on the JavaScript thread of its environment and never waits; nothing but the [`runtime`], the
//! process's table of owned descriptors ([`socket::descriptor`]) and what is read once per process ([`tls`]' roots) is
//! static. See `ARCHITECTURE.md` for the path of a byte and the teardown.

pub mod arrival;
pub mod binding;
pub mod bound;
pub mod engine;
pub mod error;
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/targets/mod.rs"]
pub mod fuzzing;
pub mod limits;
pub mod listener;
pub mod proxy;
pub mod reactor;
pub mod runtime;
pub mod socket;
pub mod statistics;
pub mod stream;
pub mod tls;
