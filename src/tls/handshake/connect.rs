//! The handshake of a client: which name it asks for, which it checks, and which session it resumes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::ClientSessionStore as _;
use rustls::pki_types::ServerName;

use super::drive;
use super::exchange::{Established, Facts};
use super::hello::server_random;
use super::outcome::{Requirement, judged, note_server_random};
use super::transport::Transport;
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::resumption::ClientSessions;
use crate::tls::trust::ExpectedPeer;

/// The name of a server on a UNIX socket, as in Node.
const LOCAL: &str = "localhost";

/// The server that a client connects to: see [`Role::Client`](super::exchange::Role::Client).
pub struct ExpectedServer {
    pub server_name: Option<String>,
    pub checks_name: bool,
    pub address: Option<IpAddr>,
}

impl ExpectedServer {
    /// What the connection is for. An address is not sent as SNI.
    fn name(&self) -> ServerName<'static> {
        match self.server_name.as_deref().map(|name| ServerName::try_from(name.to_owned())) {
            Some(Ok(name)) => name,
            _ => ServerName::IpAddress(self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into()),
        }
    }

    /// The name that the server's certificate has to be for; `None` if no name is checked. `is_gate`: the handshake fails
    /// if the server is not the right one; then there is always a name, as in Node: the host, its address, or `localhost`.
    fn name_to_check(&self, credentials_check: bool, is_gate: bool) -> Option<String> {
        if !credentials_check || !(is_gate || (self.checks_name && self.server_name.is_some())) {
            return None;
        }
        let address = || self.address.map_or_else(|| LOCAL.to_owned(), |address| address.to_string());
        Some(self.server_name.clone().unwrap_or_else(address))
    }
}

/// Runs the handshake of a client.
pub async fn connect(
    mut transport: Transport,
    credentials: Arc<Credentials>,
    config: Arc<ClientConfig>,
    sessions: Option<Arc<ClientSessions>>,
    expected: ExpectedServer,
) -> Result<Established, ConnectionError> {
    let name = expected.name();
    let sends_name = matches!(name, ServerName::DnsName(_));
    let mut connection = Connection::client(config, name.clone()).map_err(|error| TlsError::from(&error))?;
    transport.start_capture();
    let outcome = drive::complete(&mut connection, &mut transport, true).await;
    // The server may have another session in mind: under TLS 1.2, the same one would be offered again and again.
    if matches!(outcome, Err(ConnectionError::Tls(_))) && connection.is_resumed() {
        credentials.client_sessions.remove_tls12_session(&name);
    }
    let stapled = outcome?;
    note_server_random(&mut connection, server_random(&transport.take_captured()));
    let checked = expected.name_to_check(credentials.checks_names, credentials.reject_unauthorized);
    let peer = ExpectedPeer::Server { name: checked.as_deref() };
    let requirement = Requirement { peer, is_mandatory: credentials.reject_unauthorized, needs_certificate: false };
    let asked_for = expected.server_name.filter(|_| sends_name);
    let own = credentials.own_key_pair().cloned();
    let facts = Facts { server_name: asked_for, own, stapled, ..judged(&connection, requirement, &credentials)? };
    if let Some(sessions) = &sessions {
        sessions.settle(connection.is_resumed());
    }
    Ok(Established { connection, unread: transport.take_rest(), sessions, facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_where_one_is_given_and_always_by_a_gate() {
        let server = |server_name: Option<&str>, checks_name, address: Option<&str>| ExpectedServer {
            server_name: server_name.map(str::to_owned),
            checks_name,
            address: address.map(|address| address.parse().unwrap()),
        };
        let named = server(Some("a.test"), true, Some("10.0.0.1"));
        let unchecked = server(Some("a.test"), false, Some("10.0.0.1"));
        let nameless = server(None, true, Some("10.0.0.1"));
        let local = server(None, true, None);
        for (expected, verdict, gate) in [
            (&named, Some("a.test"), Some("a.test")),
            (&unchecked, None, Some("a.test")),
            (&nameless, None, Some("10.0.0.1")),
            (&local, None, Some(LOCAL)),
        ] {
            assert_eq!(expected.name_to_check(true, false).as_deref(), verdict);
            assert_eq!(expected.name_to_check(true, true).as_deref(), gate);
            assert_eq!(expected.name_to_check(false, true), None, "the program checks it");
        }
    }
}
