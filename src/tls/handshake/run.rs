//! A handshake from its request to its outcome, as a client or as a server. A task on the runtime.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rustix::io::Errno;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Connection, HandshakeKind};
use tokio::sync::oneshot;

use super::drive;
use super::exchange::{Established, HandshakeMessage, HandshakeRequest, Role};
use super::named::NamedCredentials;
use super::settings::{self, SecretSink};
use super::transport::Transport;
use crate::socket::{Descriptor, Kind};
use crate::tls::credentials::Credentials;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::resumption::ClientSessions;
use crate::tls::trust::{ExpectedPeer, judge};

/// The name of a server on a UNIX socket, as in Node.
const LOCAL: &str = "localhost";

/// Runs a handshake to its end.
pub async fn run(
    request: HandshakeRequest,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: &Arc<impl Fn(HandshakeMessage) + Send + Sync + 'static>,
) -> Result<Established, ConnectionError> {
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
            connect(transport, credentials, config, sessions, expected).await
        }
        Role::Server { contexts, asks } => accept(transport, credentials, &contexts, asks, secrets, &**post).await,
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
    let client = ClientConnection::new(config, name).map_err(|error| TlsError::from(&error))?;
    let mut connection = Connection::from(client);
    drive::complete(&mut connection, &mut transport).await?;
    let checked = match server_name.clone() {
        Some(name) if checks_name && credentials.checks_names => Some(name),
        _ if !credentials.reject_unauthorized || !credentials.checks_names => None,
        // With `rejectUnauthorized` there is always a name to check, as in Node: the host, its address, or `localhost`.
        Some(name) => Some(name),
        None => Some(address.map_or_else(|| LOCAL.to_owned(), |address| address.to_string())),
    };
    let peer = ExpectedPeer::Server { name: checked.as_deref() };
    let requirement = Requirement { peer, is_mandatory: credentials.reject_unauthorized };
    let asked_for = server_name.filter(|_| sends_name);
    let own = credentials.own_certificate().cloned();
    let established = finish(transport, connection, requirement, asked_for, own, &credentials)?;
    if let Some(sessions) = &sessions {
        sessions.settle(established.connection.handshake_kind() == Some(HandshakeKind::Resumed));
    }
    Ok(Established { sessions, ..established })
}

async fn accept(
    mut transport: Transport,
    credentials: Arc<Credentials>,
    contexts: &NamedCredentials,
    asks: bool,
    secrets: Option<SecretSink>,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<Established, ConnectionError> {
    let hello = drive::client_hello(&mut transport).await?;
    let server_name = hello.client_hello().server_name().map(str::to_owned);
    let first = Arc::clone(&credentials);
    #[cfg(feature = "fault-injection")]
    assert!(server_name.as_deref() != Some("panic.test"), "set off by a test");
    let chosen = match &server_name {
        None => None,
        Some(name) => match contexts.find(name) {
            None if asks => ask_for_credentials(name, &transport, post).await?,
            found => found,
        },
    };
    let credentials = chosen.unwrap_or(credentials);
    let Some(config) = credentials.server_behind(&first).cloned() else {
        return Err(TlsError::from(&rustls::Error::from(rustls::PeerIncompatible::NoCipherSuitesInCommon)).into());
    };
    let shown = config.cert_resolver.resolve(hello.client_hello());
    let own = shown.and_then(|identity| identity.cert.first().cloned());
    let mut connection = match hello.into_connection(settings::server(config, secrets)) {
        Ok(server) => Connection::from(server),
        Err((error, alert)) => return Err(drive::refuse(&error, alert, &mut transport).await),
    };
    drive::complete(&mut connection, &mut transport).await?;
    // A client can't evade `rejectUnauthorized` by asking for another name.
    let is_mandatory = credentials.reject_unauthorized || first.reject_unauthorized;
    let requirement = Requirement { peer: ExpectedPeer::Client, is_mandatory };
    finish(transport, connection, requirement, server_name, own, &credentials)
}

/// Has the stream choose the credentials for `name`. Fails if the stream or its peer closes before: meanwhile, nothing is
/// read.
async fn ask_for_credentials(
    name: &str,
    transport: &Transport,
    post: &(impl Fn(HandshakeMessage) + Sync),
) -> Result<Option<Arc<Credentials>>, TlsError> {
    let (sender, mut answer) = oneshot::channel();
    post(HandshakeMessage::NameAsked(name.to_owned(), sender));
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
}

/// Decides on the peer, and returns what the handshake leaves.
fn finish(
    transport: Transport,
    connection: Connection,
    requirement: Requirement<'_>,
    server_name: Option<String>,
    own: Option<CertificateDer<'static>>,
    credentials: &Credentials,
) -> Result<Established, ConnectionError> {
    // After every handshake, resumed ones included: a session holds the peer's certificates, not whether they are trusted.
    let chain = connection.peer_certificates().unwrap_or_default();
    let verdict = judge(credentials.party.trust(), chain, requirement.peer, UnixTime::now()).err();
    if let (true, Some(verdict)) = (requirement.is_mandatory, &verdict) {
        return Err(TlsError::from(verdict).into());
    }
    Ok(Established { unread: transport.into_rest(), connection, verdict, server_name, own, sessions: None })
}
