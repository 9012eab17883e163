//! How does a connection continue an earlier one, where JavaScript holds the sessions? (`'session'`, `getSession()` and
//! the option `session` of a client in node:tls; `'newSession'` and `'resumeSession'` of a server.)
//!
//! | file | |
//! |---|---|
//! | [`store`] | the sessions that clients have got: named by tokens, kept for the process |
//! | [`client`] | the sessions of one connection, as rustls asks for them and adds to them |
//! | [`server`] | the sessions of TLS 1.2 that a server has JavaScript keep |
//!
//! Sessions of a client in rustls can't be written down, so JavaScript gets a token: random bytes that name a session in this process.
//! Whatever a token names, resuming never makes a peer trusted. rustls resumes only under the same
//! [`Party`](super::credentials::Party) (the same trust, the same key pairs), and the handshake judges the certificates of
//! the session again at its end.

mod client;
mod server;
mod store;

pub use self::client::ClientSessions;
pub use self::server::{NewSession, ServerSessions, SessionScope};
pub use self::store::Token;
