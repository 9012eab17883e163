//! What a stream and its handshake pass to each other: a request, questions, and an outcome.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::Connection;
use rustls::pki_types::CertificateDer;
use tokio::sync::oneshot;

use super::named::NamedCredentials;
use crate::tls::credentials::Credentials;
use crate::tls::error::ConnectionError;
use crate::tls::trust::Verdict;

/// Which side a stream takes.
#[derive(Clone, Debug)]
pub enum Role {
    /// Speaks first.
    Client {
        /// What the peer is called, sent as SNI.
        server_name: Option<String>,
        /// Whether its certificate must have that name.
        checks_name: bool,
        /// The peer's address, under which its sessions are kept where it has no name.
        address: Option<IpAddr>,
    },
    /// Answers.
    Server {
        /// Other credentials for some names.
        contexts: Arc<NamedCredentials>,
        /// Whether whoever gets [`HandshakeMessage::NameAsked`] chooses the credentials for the other names.
        asks: bool,
    },
}

/// What a handshake needs.
pub struct HandshakeRequest {
    /// Which side to take.
    pub role: Role,
    /// Who we are and whom we trust.
    pub credentials: Arc<Credentials>,
    /// What was received and not delivered: it belongs to the handshake.
    pub received: Vec<u8>,
}

/// What a handshake has to say.
pub enum HandshakeMessage {
    /// A client has named whom it wants; [`CredentialsSender`] goes on with the credentials for that.
    NameAsked(String, CredentialsSender),
    /// It is over.
    Done(Result<Box<Established>, ConnectionError>),
}

/// The way to answer [`HandshakeMessage::NameAsked`]: credentials, or `None` for those of the request.
pub type CredentialsSender = oneshot::Sender<Option<Arc<Credentials>>>;

/// What a handshake has achieved.
pub struct Established {
    /// The connection, whose records go over the stream's socket from now on.
    pub connection: Connection,
    /// What was received and not read.
    pub unread: Vec<u8>,
    /// What speaks against the peer, if anything does.
    pub verdict: Option<Verdict>,
    /// The name that a client has asked for, on either side.
    pub server_name: Option<String>,
    /// Our certificate: on a server, the one that was shown.
    pub own: Option<CertificateDer<'static>>,
}
