//! TLS, without Node-API and without knowing streams: from the options of credentials to sessions and what to think of
//! a peer.
//!
//! | module | what lives there |
//! |---|---|
//! | [`credentials`] | the options of `createCredentials` (D19), turned into rustls' configurations once |
//! | [`options`], [`protocol`], [`algorithms`] | those options as plain data; versions, cipher suites, groups, signatures |
//! | [`identities`], [`archive`], [`pem`] | keys with their certificates; PKCS#12; PEM and DER |
//! | [`trust`] | whom we trust: roots, listed certificates, revocation lists |
//! | [`extra`] | the file of `NODE_EXTRA_CA_CERTS` |
//! | [`judge`], [`verdict`] | is a peer to be trusted (D21), and why not, in Node's codes |
//! | [`path`], [`signature`] | the certificates from a peer's own to a root; who has signed one |
//! | [`faults`], [`revocation`], [`constraints`] | what OpenSSL holds against a path; lists; constrained names |
//! | [`identity`] | whether a certificate is for a name |
//! | [`verifier`] | what rustls asks during a handshake: signatures always, the verdict if it is a gate |
//! | [`tickets`] | the keys of session tickets |
//! | [`peer_certificate`] | `getPeerCertificate()` (D20) |
//! | [`suites`] | the names of cipher suites and protocols |
//! | [`handshake`], [`drive`], [`transport`] | a handshake on other threads, its loop, and its socket |
//! | [`session`] | what a handshake has left: records in the loop |
//! | [`error`] | what went wrong, in Node's codes |
//! | [`provider`] | who computes: AWS-LC or *ring* |
//!
//! Everything but a session may be used on any thread: handshakes run on others than JavaScript's. Nothing here imports
//! [`stream`](crate::stream) or [`engine`](crate::engine).

pub mod algorithms;
pub mod archive;
pub mod constraints;
pub mod credentials;
pub mod drive;
pub mod error;
pub mod extra;
pub mod faults;
pub mod handshake;
pub mod identities;
pub mod identity;
pub mod judge;
pub mod options;
pub mod path;
pub mod peer_certificate;
pub mod pem;
pub mod protocol;
pub mod provider;
pub mod revocation;
pub mod session;
pub mod signature;
pub mod suites;
pub mod tickets;
pub mod transport;
pub mod trust;
pub mod verdict;
pub mod verifier;

#[cfg(test)]
pub(crate) mod fixtures;
