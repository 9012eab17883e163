//! A handshake from its request to its outcome, as a client or as a server. A task on the runtime.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rustix::io::Errno;
use rustls::client::ClientSessionStore as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::ClientHello;
use rustls::{
    AlertDescription, ClientConfig, Error, HandshakeKind, PeerIncompatible, ProtocolVersion, ServerConfig,
    SignatureScheme,
};
use tokio::sync::oneshot;

use super::decline::{self, Declining};
use super::drive;
use super::exchange::{
    Asks, Established, Facts, Failure, HandshakeMessage, HandshakeRequest, HelloAnswer, HelloQuestion, Role,
};
use super::hello::{HelloDetails, server_random};
use super::named::NamedCredentials;
use super::settings::{self, Particulars, SecretSink};
use super::transport::Transport;
use crate::socket::{Descriptor, Kind};
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::resumption::{ClientSessions, NewSession, ServerSessions, SessionScope};
use crate::tls::suites;
use crate::tls::trust::{ExpectedPeer, Verdict, judge};

/// The name of a server on a UNIX socket, as in Node.
const LOCAL: &str = "localhost";

/// Runs a handshake to its end.
pub async fn run(
    request: HandshakeRequest,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: &Arc<impl Fn(HandshakeMessage) + Send + Sync + 'static>,
) -> Result<Established, Failure> {
    let HandshakeRequest { role, credentials, received, logs_keys } = request;
    let secrets = logs_keys.then(|| {
        let post = Arc::clone(post);
        Box::new(move |line| post(HandshakeMessage::Secret(line))) as SecretSink
    });
    let transport = Transport::new(fd, kind, received)
        .map_err(|error| ConnectionError::Socket(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    match role {
        Role::Client { server_name, checks_name, address, resumption } => {
            let (config, sessions) = settings::client(&credentials, resumption, secrets);
            let expected = ExpectedServer { server_name, checks_name, address };
            Ok(connect(transport, credentials, config, sessions, expected).await?)
        }
        Role::Server { contexts, asks, emits_sessions, awaits_sessions, declines_from } => {
            let particulars = Particulars { secrets, ..Particulars::default() };
            let declining = Declining(declines_from);
            let accepting = Accepting { credentials, contexts, asks, emits_sessions, awaits_sessions, declining };
            accept(transport, accepting, particulars, &**post).await
        }
    }
}

/// The server that a client connects to: see [`Role::Client`].
struct ExpectedServer {
    server_name: Option<String>,
    checks_name: bool,
    address: Option<IpAddr>,
}

async fn connect(
    mut transport: Transport,
    credentials: Arc<Credentials>,
    config: Arc<ClientConfig>,
    sessions: Option<Arc<ClientSessions>>,
    ExpectedServer { server_name, checks_name, address }: ExpectedServer,
) -> Result<Established, ConnectionError> {
    // An address is not sent as SNI.
    let name = match server_name.as_deref().map(|name| ServerName::try_from(name.to_owned())) {
        Some(Ok(name)) => name,
        _ => ServerName::IpAddress(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into()),
    };
    let sends_name = matches!(name, ServerName::DnsName(_));
    let mut connection = Connection::client(config, name.clone()).map_err(|error| TlsError::from(&error))?;
    transport.record();
    let outcome = drive::complete(&mut connection, &mut transport, true).await;
    // The server may have another session in mind: under TLS 1.2, the same one would be offered again and again.
    if matches!(outcome, Err(ConnectionError::Tls(_))) && is_resumed(&connection) {
        credentials.client_sessions.remove_tls12_session(&name);
    }
    let stapled = outcome?;
    note_server_random(&mut connection, server_random(&transport.take_record()));
    let checked = match server_name.clone() {
        Some(name) if checks_name && credentials.checks_names => Some(name),
        _ if !credentials.reject_unauthorized || !credentials.checks_names => None,
        // With `rejectUnauthorized` there is always a name to check, as in Node: the host, its address, or `localhost`.
        Some(name) => Some(name),
        None => Some(address.map_or_else(|| LOCAL.to_owned(), |address| address.to_string())),
    };
    let peer = ExpectedPeer::Server { name: checked.as_deref() };
    let requirement = Requirement { peer, is_mandatory: credentials.reject_unauthorized, needs_certificate: false };
    let asked_for = server_name.filter(|_| sends_name);
    let own = credentials.own_key_pair().cloned();
    let facts = Facts { server_name: asked_for, own, stapled, ..judged(&connection, requirement, &credentials)? };
    if let Some(sessions) = &sessions {
        sessions.settle(is_resumed(&connection));
    }
    Ok(Established { connection, unread: transport.into_rest(), sessions, facts })
}

fn is_resumed(connection: &Connection) -> bool {
    connection.negotiated().handshake_kind() == Some(HandshakeKind::Resumed)
}

/// A connection that is accepted: see [`Role::Server`].
struct Accepting {
    credentials: Arc<Credentials>,
    contexts: Arc<NamedCredentials>,
    asks: Asks,
    emits_sessions: bool,
    awaits_sessions: bool,
    declining: Declining,
}

async fn accept(
    mut transport: Transport,
    accepting: Accepting,
    particulars: Particulars,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<Established, Failure> {
    let Accepting { credentials: first, contexts, asks, emits_sessions, awaits_sessions, declining } = accepting;
    transport.record();
    let hello = drive::client_hello(&mut transport).await?;
    let received = transport.take_record();
    let details = HelloDetails::read(&received);
    let leave =
        |error: &Error, received, transport: Transport| decline::declined(error, received, transport.into_rest());
    let hello = match hello {
        Ok(hello) => hello,
        Err((error, _)) if declining.is_for(&error, &details) => return Err(leave(&error, received, transport)),
        Err((error, alert)) => {
            return Err(drive::refuse(&error, &drive::encoded(alert), &mut transport).await.into());
        }
    };
    // Before JavaScript is asked anything, which it is not to be asked twice.
    let suits = |config| decline::shares_suite(config, &hello.client_hello());
    if declining.covers(&details) && !first.server_behind(&first).is_none_or(|config| suits(config)) {
        return Err(leave(&decline::no_suite(), received, transport));
    }
    let server_name = hello.client_hello().server_name().map(str::to_owned);
    #[cfg(feature = "fault-injection")]
    assert!(server_name.as_deref() != Some("panic.test"), "set off by a test");
    let named = server_name.as_deref().and_then(|name| contexts.find(name));
    let is_asked = match asks {
        Asks::Never => false,
        Asks::ForNames => server_name.is_some() && named.is_none(),
        Asks::Always => true,
    };
    let answer = if is_asked {
        ask(question(&hello.client_hello(), &details), &transport, post).await?
    } else {
        HelloAnswer::default()
    };
    if answer.declines {
        return Err(leave(&decline::no_suite(), received, transport));
    }
    let credentials = answer.credentials.or(named).unwrap_or_else(|| Arc::clone(&first));
    let Some(config) = credentials.server_behind(&first).cloned() else {
        drive::send_alert(AlertDescription::HandshakeFailure, &mut transport).await;
        return Err(TlsError::from(&decline::no_suite()).into());
    };
    let own = config.cert_resolver.resolve(hello.client_hello());
    let shared_schemes = shared(&config, &credentials, hello.client_hello().signature_schemes());
    if shared_schemes.is_empty() && !hello.client_hello().signature_schemes().is_empty() {
        if declining.covers(&details) {
            return Err(leave(&PeerIncompatible::NoSignatureSchemesInCommon.into(), received, transport));
        }
        drive::send_alert(AlertDescription::HandshakeFailure, &mut transport).await;
        return Err(TlsError::no_shared_signatures().into());
    }
    let is_old = !hello.client_hello().cipher_suites().iter().any(|suite| suites::is_of_tls13(*suite));
    // A client that takes tickets keeps its session itself.
    let keeps = emits_sessions && !(credentials.has_tickets() && details.takes_tickets);
    let sessions = (keeps || answer.session.is_some()).then(|| {
        let (lifetime, context) = (credentials.session_timeout, credentials.session_context.clone());
        Arc::new(ServerSessions::new(SessionScope { lifetime, context }, answer.session, keeps))
    });
    let (alpn, ocsp_response) = (answer.alpn, answer.ocsp_response);
    let particulars = Particulars { alpn, ocsp_response, sessions: sessions.clone(), ..particulars };
    drop(hello);
    let config = settings::server(config, particulars);
    let mut connection = Connection::server(config).map_err(|error| TlsError::from(&error))?;
    // Once more: the connection that has read it keeps more memory than is wanted from now on.
    connection.feed(&received);
    if let Err(error) = connection.process() {
        if declining.is_for(&error, &details) {
            return Err(leave(&error, received, transport));
        }
        let error = if is_old { without_groups(error) } else { error };
        return Err(drive::refuse(&error, connection.outgoing(), &mut transport).await.into());
    }
    let random = server_random(connection.outgoing());
    drive::complete(&mut connection, &mut transport, false).await?;
    note_server_random(&mut connection, random);
    // A client can't evade `rejectUnauthorized` by asking for another name.
    let is_mandatory = credentials.reject_unauthorized || first.reject_unauthorized;
    let needs_certificate = credentials.requires_certificate || first.requires_certificate;
    let requirement = Requirement { peer: ExpectedPeer::Client, is_mandatory, needs_certificate };
    let facts = Facts { server_name, own, shared_schemes, ..judged(&connection, requirement, &credentials)? };
    if let Some(new) = sessions.and_then(|sessions| sessions.take_new()) {
        keep(new, awaits_sessions, &transport, post).await?;
    }
    Ok(Established { connection, unread: transport.into_rest(), sessions: None, facts })
}

/// Under TLS 1.2, keying material depends on the random number of the ServerHello.
fn note_server_random(connection: &mut Connection, random: Option<[u8; 32]>) {
    let is_old = connection.negotiated().protocol_version() == Some(ProtocolVersion::TLSv1_2);
    if let Some(random) = random.filter(|_| is_old) {
        connection.note_server_random(&random);
    }
}

/// What JavaScript is told of a ClientHello.
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

/// What the peer has to be, and whether the handshake fails if it isn't.
struct Requirement<'a> {
    peer: ExpectedPeer<'a>,
    is_mandatory: bool,
    /// Whether the handshake fails if it has no certificate.
    needs_certificate: bool,
}

/// Decides on the peer. What is found is the beginning of the facts.
fn judged(
    connection: &Connection,
    requirement: Requirement<'_>,
    credentials: &Credentials,
) -> Result<Facts, ConnectionError> {
    // After every handshake, resumed ones included: a session holds the peer's certificates, not whether they are trusted.
    let chain = connection.negotiated().peer_certificates().unwrap_or_default();
    let verdict = judge(credentials.party.trust(), chain, requirement.peer, UnixTime::now()).err();
    let is_missing = verdict == Some(Verdict::NoCertificate);
    if let Some(verdict) = &verdict
        && (requirement.is_mandatory || (requirement.needs_certificate && is_missing))
    {
        return Err(TlsError::from(verdict).into());
    }
    Ok(Facts { verdict, ..Facts::default() })
}
