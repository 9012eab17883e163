//! How does a connection continue an earlier one, where JavaScript holds the sessions? (`'session'`, `getSession()` and
//! the option `session` of node:tls.)
//!
//! | file | |
//! |---|---|
//! | [`store`] | the sessions that clients have got: named by tokens, kept for the process |
//! | [`client`] | the sessions of one connection, as rustls asks for them and adds to them |
//!
//! Sessions of rustls can't be written down, so JavaScript gets a token: random bytes that name a session in this process.
//! Whatever a token names, resuming never makes a peer trusted. rustls resumes only under the same
//! [`Party`](super::credentials::Party) (the same trust, the same key pairs), and the handshake judges the certificates of
//! the session again at its end.

pub mod client;
pub mod store;

pub use self::client::ClientSessions;
pub use self::store::Token;
