//! TLS, without Node-API and without knowing streams: from the options of credentials to sessions.
//!
//! | module | the question that it answers |
//! |---|---|
//! | [`credentials`] | who are we, and how do we talk? The options of `createCredentials`, read once |
//! | [`trust`] | is this peer to be trusted, and if not, why? |
//! | [`resumption`] | which session does a connection continue, and which does it leave? |
//! | [`handshake`] | how does a connection become secure? It runs on threads of its own |
//! | [`connection`] | how do records pass through rustls? |
//! | [`in_place`], [`sealed`] | where is the plaintext of a record, and where are records that are sent? |
//! | `gcm`, `expanded` | AES-GCM: who makes records there, and which of its keys are expanded? |
//! | [`session`] | how do an application's bytes become records, and records bytes? |
//! | [`error`] | what went wrong, in Node's codes |
//! | [`suites`] | which cipher suites and protocols are there, and what are they called? |
//! | [`pem`] | which certificates and revocation lists does this text hold? |
//! | [`provider`] | who computes: AWS-LC or *ring*? |
//!
//! `session` and `handshake` use what is below them, `handshake` uses `resumption`, that uses `credentials`, and these use
//! `connection` and `trust`; nothing goes the other way. Everything but a session may be used on any thread: handshakes
//! run on others than JavaScript's. Nothing here imports [`stream`](crate::stream) or [`engine`](crate::engine).

#[cfg(test)]
mod check_counter;
pub mod connection;
pub mod credentials;
pub mod error;
#[cfg(feature = "aws-lc-rs")]
mod expanded;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(feature = "aws-lc-rs")]
mod gcm;
pub mod handshake;
mod in_place;
pub mod pem;
pub mod provider;
pub mod resumption;
pub mod sealed;
pub mod session;
pub mod suites;
pub mod trust;
