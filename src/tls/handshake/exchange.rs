//! What a stream and its handshake exchange: a request, messages, and an outcome.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::Connection;
use rustls::pki_types::CertificateDer;
use tokio::sync::oneshot;

use super::named::NamedCredentials;
use crate::tls::credentials::Credentials;
use crate::tls::error::ConnectionError;
use crate::tls::resumption::ClientSessions;
use crate::tls::trust::Verdict;

/// The side that a stream takes.
#[derive(Clone, Debug)]
pub enum Role {
    /// Sends the ClientHello.
    Client {
        /// The name of the server, sent as SNI unless it is an address.
        server_name: Option<String>,
        /// Whether the server's certificate is checked for that name.
        checks_name: bool,
        /// The server's address, under which its sessions are kept if it has no name.
        address: Option<IpAddr>,
        /// Which session is resumed.
        resumption: Resumption,
    },
    /// Receives the ClientHello.
    Server {
        /// Other credentials for some of the names that clients ask for.
        contexts: Arc<NamedCredentials>,
        /// Whether a [`HandshakeMessage::NameAsked`] asks for the credentials for all other names.
        asks: bool,
    },
}

/// Which session a client resumes.
#[derive(Clone, Debug, Default)]
pub enum Resumption {
    /// One that the credentials keep of the server.
    #[default]
    Implicit,
    /// One that JavaScript holds.
    Explicit {
        /// The session, as JavaScript got it.
        session: Option<Vec<u8>>,
        /// Whether JavaScript gets the sessions of this connection.
        keeps: bool,
    },
}

/// What a handshake is begun with.
pub struct HandshakeRequest {
    /// The side to take.
    pub role: Role,
    /// Key pairs, trusted certificates and settings.
    pub credentials: Arc<Credentials>,
    /// Bytes that were received and not delivered: the beginning of the handshake.
    pub received: Vec<u8>,
    /// Whether [`HandshakeMessage::Secret`] reports the secrets.
    pub logs_keys: bool,
}

/// What a handshake posts to its stream.
pub enum HandshakeMessage {
    /// A client has asked for a name; the handshake continues once the credentials for it have been sent.
    NameAsked(String, CredentialsSender),
    /// A secret, as a line of the key log.
    Secret(Vec<u8>),
    /// The handshake is over.
    Done(Result<Box<Established>, ConnectionError>),
}

/// Takes the answer to [`HandshakeMessage::NameAsked`]: credentials, or `None` for those of the request.
pub type CredentialsSender = oneshot::Sender<Option<Arc<Credentials>>>;

/// What a successful handshake leaves.
pub struct Established {
    /// The connection, whose records go over the stream's socket from now on.
    pub connection: Connection,
    /// Bytes that were received and not processed.
    pub unread: Vec<u8>,
    /// Why the peer is not trusted, if it isn't.
    pub verdict: Option<Verdict>,
    /// The name that the client has asked for, on either side.
    pub server_name: Option<String>,
    /// Our certificate: on a server, the one that was sent.
    pub own: Option<CertificateDer<'static>>,
    /// The sessions that the server gives, where JavaScript holds them.
    pub sessions: Option<Arc<ClientSessions>>,
}
