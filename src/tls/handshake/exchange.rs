//! What a stream and its handshake exchange: a request, messages, and an outcome.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;
use tokio::sync::oneshot;

use super::named::NamedCredentials;
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::ConnectionError;
use crate::tls::resumption::{ClientSessions, NewSession};
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
        /// When a [`HandshakeMessage::HelloAsked`] asks what to do about the ClientHello.
        asks: Asks,
        /// Whether [`HandshakeMessage::NewSession`] reports the sessions of TLS 1.2 for JavaScript to keep.
        emits_sessions: bool,
        /// Whether the handshake goes on only when JavaScript has kept them.
        awaits_sessions: bool,
        /// From which version on a ClientHello that rustls can't answer is handed back, by [`HandshakeMessage::Declined`].
        /// Those of older clients are refused, as all are without it.
        declines_from: Option<u16>,
    },
}

/// When JavaScript is asked about a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Never.
    Never,
    /// If the client asks for a name that there are no other credentials for.
    ForNames,
    /// Always.
    Always,
}

/// What is reported to JavaScript of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloQuestion {
    /// The name that the client asks for.
    pub server_name: Option<String>,
    /// The protocols that it offers, each after its length.
    pub alpn: Option<Vec<u8>>,
    /// Whether it asks for a stapled OCSP response.
    pub asks_for_stapling: bool,
    /// The id of the session to resume; empty where a ticket stands for it.
    pub session_id: Vec<u8>,
}

/// What JavaScript answers.
#[derive(Debug, Default)]
pub struct HelloAnswer {
    /// The credentials, instead of those that the handshake has begun with.
    pub credentials: Option<Arc<Credentials>>,
    /// The application protocol, instead of those of the credentials.
    pub alpn: Option<AlpnAnswer>,
    /// The OCSP response to staple to the certificate, if the client asks for one.
    pub ocsp_response: Option<Vec<u8>>,
    /// The data of the session that the client resumes.
    pub session: Option<Vec<u8>>,
    /// Whether the handshake is not to be rustls'. It ends by [`HandshakeMessage::Declined`].
    pub declines: bool,
}

/// An application protocol chosen for one connection.
#[derive(Debug)]
pub enum AlpnAnswer {
    /// This one.
    Select(Vec<u8>),
    /// None: a client that offers any is refused.
    Refuse,
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
    /// A ClientHello has come; the handshake continues once it has been answered.
    HelloAsked(Box<HelloQuestion>, HelloSender),
    /// A secret, as a line of the key log.
    Secret(Vec<u8>),
    /// A server has a session for JavaScript to keep. The handshake continues once it has been, if there is a sender.
    NewSession(Box<NewSession>, Option<oneshot::Sender<()>>),
    /// The handshake is over before it has sent anything: another implementation of TLS may go on.
    Declined(Box<Declined>),
    /// The handshake is over.
    Done(Result<Box<Established>, ConnectionError>),
}

/// What a handshake leaves that is not rustls'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// What was received: a ClientHello, and what followed.
    pub received: Vec<u8>,
    /// Why, for people.
    pub reason: String,
}

/// How a handshake fails.
pub enum Failure {
    /// With an error.
    Error(ConnectionError),
    /// Before it has sent anything.
    Declined(Declined),
}

impl<E: Into<ConnectionError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Takes the answer to [`HandshakeMessage::HelloAsked`].
pub type HelloSender = oneshot::Sender<HelloAnswer>;

/// What a successful handshake leaves.
pub struct Established {
    /// The connection, whose records go over the stream's socket from now on.
    pub connection: Connection,
    /// Bytes that were received and not passed to it.
    pub unread: Vec<u8>,
    /// The sessions that the server gives, where JavaScript holds them.
    pub sessions: Option<Arc<ClientSessions>>,
    /// What is known of the peer.
    pub facts: Facts,
}

/// What a handshake has found besides its connection.
#[derive(Default)]
pub struct Facts {
    /// Why the peer is not trusted, if it isn't.
    pub verdict: Option<Verdict>,
    /// The name that the client has asked for, on either side.
    pub server_name: Option<String>,
    /// Our key pair, for its certificate: on a server, the one that was sent.
    pub own: Option<Arc<CertifiedKey>>,
    /// The OCSP response that the server has stapled to its certificate.
    pub stapled: Option<Vec<u8>>,
    /// On a server, the signature schemes that the client has in common with us, in order of preference.
    pub shared_schemes: Vec<SignatureScheme>,
}
