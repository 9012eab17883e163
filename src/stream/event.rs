//! What a stream reports: the outcome of serving it once.
//!
//! An event carries what its receiver needs, so that nothing has to be asked back.

use rustls::ProtocolVersion;

use crate::error::{Error, Result};
use crate::tls::error::TlsError;
use crate::tls::handshake::{Declined, Established, HelloQuestion};
use crate::tls::resumption::{NewSession, Token};
use crate::tls::trust::Verdict;

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// Connecting is over.
    Connected(Result<()>),
    /// Bytes were received into the receive buffer.
    Data {
        /// Where they begin there.
        offset: usize,
        /// How many there are.
        length: usize,
    },
    /// Descriptors have come with the bytes that are delivered next. The stream has them until they are taken.
    Descriptors,
    /// Bytes were received into the memory for bulk, from its beginning.
    Bulk {
        /// How many there are.
        length: usize,
    },
    /// The peer has ended its side.
    End {
        /// Over TLS: it has done so without a close_notify, so that something may be missing.
        is_truncated: bool,
    },
    /// There is room to write again.
    Room,
    /// Ending our side is done.
    Finished(Result<()>),
    /// The transport has failed; nothing follows.
    Failed(Error),
    /// A limit of its server ends it; nothing follows.
    Limited,
    /// A client has sent this ClientHello: the handshake goes on when it is answered.
    HelloAsked(Box<HelloQuestion>),
    /// A session for JavaScript to keep, on a server.
    NewSession(Box<NewSession>),
    /// A secret of the handshake, as a line of the key log.
    Secret(Vec<u8>),
    /// The handshake has left the ClientHello to another implementation of TLS. The stream is in the clear.
    Declined(Box<Declined>),
    /// The handshake is done.
    Secured(Box<Agreed>),
    /// The server has given a session that can be resumed: its token.
    Session(Token),
    /// The handshake or the session has failed; nothing follows.
    TlsFailed(Box<TlsError>),
}

impl StreamEvent {
    /// Whether no handshake is under way any more.
    pub fn ends_handshake(&self) -> bool {
        matches!(self, Self::Secured(_) | Self::Declined(_) | Self::TlsFailed(_) | Self::Failed(_) | Self::Limited)
    }
}

/// What both ends have agreed on, as far as it is kept with every connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The application protocol.
    pub alpn: Option<Vec<u8>>,
    /// The name that the client has asked for.
    pub server_name: Option<String>,
    /// Node's code for why the peer is not trusted, if it isn't.
    pub verdict: Option<&'static str>,
    /// The number of the cipher suite.
    pub suite: u16,
    /// Whether the protocol is TLS 1.3.
    pub is_tls13: bool,
    /// Whether a session was resumed.
    pub is_resumed: bool,
    /// Whether the peer has shown a certificate.
    pub has_peer: bool,
}

impl Agreed {
    /// Of the handshake that has left `established`.
    pub fn of(Established { connection, facts, .. }: &Established) -> Self {
        let negotiated = connection.negotiated();
        Self {
            alpn: negotiated.alpn_protocol().map(<[u8]>::to_vec),
            server_name: facts.server_name.clone(),
            verdict: facts.verdict.as_ref().map(Verdict::code),
            suite: negotiated.negotiated_cipher_suite().map_or(0, |suite| suite.suite().into()),
            is_tls13: negotiated.protocol_version() == Some(ProtocolVersion::TLSv1_3),
            is_resumed: connection.is_resumed(),
            has_peer: negotiated.peer_certificates().is_some_and(|chain| !chain.is_empty()),
        }
    }
}

/// The outcome of serving a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum ServeOutcome {
    /// There is an event.
    Event(StreamEvent),
    /// It is to receive next: for JavaScript, or for the stream that it feeds.
    Receive,
    /// Nothing is due.
    Nothing,
}

/// The outcome of one read.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// This many bytes.
    Bytes(usize),
    /// An end, or a failure.
    Event(StreamEvent),
    /// Nothing for the application, now.
    Nothing,
}
