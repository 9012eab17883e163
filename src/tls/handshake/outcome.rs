//! What a handshake that is done has come to: the verdict on the peer, and what keying material needs.

use rustls::ProtocolVersion;
use rustls::pki_types::UnixTime;

use super::exchange::Facts;
use crate::tls::connection::Connection;
use crate::tls::credentials::Credentials;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::trust::{ExpectedPeer, Verdict, judge};

/// Under TLS 1.2, keying material depends on the random number of the ServerHello.
pub fn note_server_random(connection: &mut Connection, random: Option<[u8; 32]>) {
    let is_old = connection.negotiated().protocol_version() == Some(ProtocolVersion::TLSv1_2);
    if let Some(random) = random.filter(|_| is_old) {
        connection.note_server_random(&random);
    }
}

/// What the peer has to be, and whether the handshake fails if it isn't.
pub struct Requirement<'a> {
    /// Who it should be.
    pub peer: ExpectedPeer<'a>,
    /// Whether the handshake fails if it is not trusted.
    pub is_mandatory: bool,
    /// Whether the handshake fails if it has no certificate.
    pub needs_certificate: bool,
}

/// Decides on the peer. What is found is the beginning of the facts.
pub fn judged(
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
