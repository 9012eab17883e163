//! The handshake of a server: its configuration depends on the ClientHello, about which JavaScript may be asked. What
//! rustls can only refuse may be left to another implementation of TLS.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rustls::server::{Accepted, ClientHello};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, Error, PeerIncompatible, ServerConfig, SignatureScheme};
use tokio::sync::oneshot;

use super::decline::{self, Declining};
use super::drive;
use super::exchange::{Asks, Established, Facts, Failure, HandshakeMessage, HelloAnswer, HelloQuestion};
use super::hello::{HelloDetails, server_random};
use super::named::NamedCredentials;
use super::outcome::{Requirement, judged, note_server_random};
use super::settings::{self, ConnectionOverrides};
use super::transport::Transport;
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::TlsError;
use crate::tls::resumption::{NewSession, ServerSessions, SessionScope};
use crate::tls::suites;
use crate::tls::trust::ExpectedPeer;

/// A connection that is accepted: see [`Role::Server`](super::exchange::Role::Server).
pub struct Accepting {
    pub credentials: Arc<Credentials>,
    pub contexts: Arc<NamedCredentials>,
    pub asks: Asks,
    pub emits_sessions: bool,
    pub awaits_sessions: bool,
    pub declining: Declining,
}

/// A ClientHello that has been read.
struct Hello {
    accepted: Accepted,
    /// The bytes that it was read from.
    received: Vec<u8>,
    details: HelloDetails,
    server_name: Option<String>,
}

/// What answers it.
struct Chosen {
    credentials: Arc<Credentials>,
    config: Arc<ServerConfig>,
    own: Option<Arc<CertifiedKey>>,
    shared_schemes: Vec<SignatureScheme>,
    /// The sessions that JavaScript holds, if it holds the client's.
    sessions: Option<Arc<ServerSessions>>,
}

/// Runs the handshake of a server.
pub async fn accept(
    mut transport: Transport,
    accepting: Accepting,
    mut overrides: ConnectionOverrides,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<Established, Failure> {
    let hello = accepting.read_hello(&mut transport).await?;
    let answer = accepting.ask_about(&hello, &mut transport, post).await?;
    overrides.alpn = answer.alpn;
    overrides.ocsp_response = answer.ocsp_response;
    let chosen = accepting.choose(&hello, answer.credentials, answer.session, &mut transport).await?;
    overrides.sessions = chosen.sessions.clone();
    let server_name = hello.server_name.clone();
    let config = settings::server(Arc::clone(&chosen.config), overrides);
    let mut connection = accepting.begin(hello, config, &mut transport).await?;
    let random = server_random(connection.outgoing());
    drive::complete(&mut connection, &mut transport, false).await?;
    note_server_random(&mut connection, random);
    let Chosen { credentials, own, shared_schemes, sessions, .. } = chosen;
    let facts = judged(&connection, accepting.requirement(&credentials), &credentials)?;
    if let Some(new) = sessions.and_then(|sessions| sessions.take_new()) {
        keep(new, accepting.awaits_sessions, &transport, post).await?;
    }
    let facts = Facts { server_name, own, shared_schemes, ..facts };
    Ok(Established { connection, unread: transport.take_rest(), sessions: None, facts })
}

impl Accepting {
    /// Reads the ClientHello. Declines it before JavaScript is asked, since the other implementation will ask again.
    async fn read_hello(&self, transport: &mut Transport) -> Result<Hello, Failure> {
        transport.start_capture();
        let outcome = drive::client_hello(transport).await?;
        let received = transport.take_captured();
        let details = HelloDetails::read(&received);
        let accepted = match outcome {
            Ok(accepted) => accepted,
            Err((error, _)) if self.declining.is_for(&error, &details) => {
                return Err(decline::declined(&error, received, transport.take_rest()));
            }
            Err((error, alert)) => return Err(drive::refuse(&error, &drive::encoded(alert), transport).into()),
        };
        let config = self.credentials.server_config_after(&self.credentials);
        let suits = config.is_none_or(|config| decline::shares_suite(config, &accepted.client_hello()));
        if self.declining.covers(&details) && !suits {
            return Err(decline::declined(&decline::no_suite(), received, transport.take_rest()));
        }
        let server_name = accepted.client_hello().server_name().map(str::to_owned);
        #[cfg(feature = "fault-injection")]
        assert!(server_name.as_deref() != Some("panic.test"), "set off by a test");
        Ok(Hello { accepted, received, details, server_name })
    }

    /// What JavaScript answers, or what there is without asking.
    async fn ask_about(
        &self,
        hello: &Hello,
        transport: &mut Transport,
        post: &(impl Fn(HandshakeMessage) + Sync),
    ) -> Result<HelloAnswer, Failure> {
        let named = hello.server_name.as_deref().and_then(|name| self.contexts.find(name));
        let is_asked = match self.asks {
            Asks::Never => false,
            Asks::ForNames => hello.server_name.is_some() && named.is_none(),
            Asks::Always => true,
        };
        let mut answer = HelloAnswer::default();
        if is_asked {
            answer = ask(question(&hello.accepted.client_hello(), &hello.details), transport, post).await?;
        }
        if answer.declines {
            return Err(decline::declined(&decline::no_suite(), hello.received.clone(), transport.take_rest()));
        }
        answer.credentials = answer.credentials.or(named);
        Ok(answer)
    }

    /// What the server goes on with: `credentials`, or those that it has begun with. `session`: the data of the one that
    /// the client resumes.
    async fn choose(
        &self,
        hello: &Hello,
        credentials: Option<Arc<Credentials>>,
        session: Option<Vec<u8>>,
        transport: &mut Transport,
    ) -> Result<Chosen, Failure> {
        let credentials = credentials.unwrap_or_else(|| Arc::clone(&self.credentials));
        let Some(config) = credentials.server_config_after(&self.credentials).cloned() else {
            drive::send_alert(AlertDescription::HandshakeFailure, transport);
            return Err(TlsError::from(&decline::no_suite()).into());
        };
        let theirs = hello.accepted.client_hello().signature_schemes().to_vec();
        let shared_schemes = shared(&config, &credentials, &theirs);
        if shared_schemes.is_empty() && !theirs.is_empty() {
            if self.declining.covers(&hello.details) {
                let reason = PeerIncompatible::NoSignatureSchemesInCommon.into();
                return Err(decline::declined(&reason, hello.received.clone(), transport.take_rest()));
            }
            drive::send_alert(AlertDescription::HandshakeFailure, transport);
            return Err(TlsError::no_shared_signatures().into());
        }
        // A client that takes tickets keeps its session itself.
        let keeps = self.emits_sessions && !(credentials.has_tickets() && hello.details.takes_tickets);
        let sessions = (keeps || session.is_some()).then(|| {
            let (lifetime, context) = (credentials.session_timeout, credentials.session_context.clone());
            Arc::new(ServerSessions::new(SessionScope { lifetime, context }, session, keeps))
        });
        let own = config.cert_resolver.resolve(hello.accepted.client_hello());
        Ok(Chosen { credentials, config, own, shared_schemes, sessions })
    }

    /// Answers the ClientHello.
    async fn begin(
        &self,
        Hello { accepted, received, details, .. }: Hello,
        config: Arc<ServerConfig>,
        transport: &mut Transport,
    ) -> Result<Connection, Failure> {
        let is_old = !accepted.client_hello().cipher_suites().iter().any(|suite| suites::is_of_tls13(*suite));
        drop(accepted);
        let mut connection = Connection::server(config).map_err(|error| TlsError::from(&error))?;
        // Once more: the connection that has read it keeps more memory than is wanted from now on.
        connection.feed(&received);
        let Err(error) = connection.process() else { return Ok(connection) };
        if self.declining.is_for(&error, &details) {
            return Err(decline::declined(&error, received, transport.take_rest()));
        }
        let error = if is_old { without_groups(error) } else { error };
        Err(drive::refuse(&error, connection.outgoing(), transport).into())
    }

    /// What the client has to be. It can't evade `rejectUnauthorized` by asking for another name.
    fn requirement(&self, credentials: &Credentials) -> Requirement<'static> {
        Requirement {
            peer: ExpectedPeer::Client,
            is_mandatory: credentials.reject_unauthorized || self.credentials.reject_unauthorized,
            needs_certificate: credentials.requires_certificate || self.credentials.requires_certificate,
        }
    }
}

/// What JavaScript needs to know of a ClientHello to answer it.
fn question(hello: &ClientHello<'_>, details: &HelloDetails) -> HelloQuestion {
    let in_wire_format = |protocols: &mut dyn Iterator<Item = &[u8]>| {
        // A name has 255 bytes at most.
        let entries = protocols.flat_map(|name| [&[u8::try_from(name.len()).unwrap_or(u8::MAX)][..], name].concat());
        entries.collect()
    };
    HelloQuestion {
        server_name: hello.server_name().map(str::to_owned),
        alpn: hello.alpn().map(|mut protocols| in_wire_format(&mut protocols)),
        asks_for_stapling: details.asks_for_stapling,
        session_id: if details.has_ticket { Vec::new() } else { details.session_id.clone() },
    }
}

/// The signature schemes of both sides. As in OpenSSL, they are in the order of the side that chooses.
fn shared(config: &ServerConfig, credentials: &Credentials, theirs: &[SignatureScheme]) -> Vec<SignatureScheme> {
    let ours = credentials.party.schemes();
    let (first, second) = if config.ignore_client_order { (ours, theirs) } else { (theirs, ours) };
    first.iter().filter(|scheme| second.contains(scheme)).copied().collect()
}

/// Under TLS 1.2, groups belong to cipher suites: OpenSSL finds no suite that is shared where no group is.
fn without_groups(error: Error) -> Error {
    match error {
        Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon) => {
            PeerIncompatible::NoCipherSuitesInCommon.into()
        }
        other => other,
    }
}

/// Asks JavaScript what to do about a ClientHello.
async fn ask(
    question: HelloQuestion,
    transport: &Transport,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<HelloAnswer, TlsError> {
    let (sender, answer) = oneshot::channel();
    post(HandshakeMessage::HelloAsked(Box::new(question), sender));
    answered(answer, transport).await
}

/// Has JavaScript keep a session. With `waits`, the handshake does not end before it has.
async fn keep(
    session: NewSession,
    waits: bool,
    transport: &Transport,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<(), TlsError> {
    let (sender, kept) = oneshot::channel();
    post(HandshakeMessage::NewSession(Box::new(session), waits.then_some(sender)));
    if waits { answered(kept, transport).await } else { Ok(()) }
}

/// Waits for JavaScript. Fails if the stream or its peer closes before: meanwhile, nothing is read.
async fn answered<T>(mut answer: oneshot::Receiver<T>, transport: &Transport) -> Result<T, TlsError> {
    let answer = poll_fn(|cx| match (Pin::new(&mut answer).poll(cx), transport.poll_peer_closed(cx)) {
        (Poll::Ready(answer), _) => Poll::Ready(answer.ok()),
        (Poll::Pending, Poll::Ready(())) => Poll::Ready(None),
        (Poll::Pending, Poll::Pending) => Poll::Pending,
    });
    answer.await.ok_or_else(TlsError::disconnected)
}
