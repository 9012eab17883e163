//! The handshake of a client: which name it asks for, which it checks, and which session it resumes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::ClientSessionStore as _;
use rustls::pki_types::ServerName;

use super::drive;
use super::exchange::{Established, Facts};
use super::hello::server_random;
use super::outcome::{Requirement, is_resumed, judged, note_server_random};
use super::transport::Transport;
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::resumption::ClientSessions;
use crate::tls::trust::ExpectedPeer;

/// The name of a server on a UNIX socket, as in Node.
const LOCAL: &str = "localhost";

/// The server that a client connects to: see [`Role::Client`].
pub struct ExpectedServer {
    pub server_name: Option<String>,
    pub checks_name: bool,
    pub address: Option<IpAddr>,
}

/// Runs the handshake of a client.
pub async fn connect(
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
    Ok(Established { connection, unread: transport.take_rest(), sessions, facts })
}
