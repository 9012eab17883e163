//! What rustls asks about a peer during a handshake.
//!
//! Owned by the configurations, called from the threads that handshakes run on. The signature of the handshake, which
//! proves that the peer has the key of its certificate, is always checked. The certificate itself ends a handshake
//! only where the credentials say `rejectUnauthorized`; otherwise any will do, and who drives the handshake asks
//! [`judge`] afterwards (D21).
//!
//! In a resumed handshake rustls asks nothing, and an address instead of a name is never compared here, since it may
//! only stand for the lack of a name. So the gate has a second half: who drives the handshake asks [`judge`] after
//! every one, and ends the connection if that is a gate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use webpki::RawPublicKeyEntity;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::judge::{Peer, judge};
use super::provider::signature_algorithms;
use super::trust::Trust;
use super::verdict::Verdict;

/// Answers for both sides.
#[derive(Debug)]
pub struct Verifier {
    trust: Arc<Trust>,
    is_gate: bool,
    hints: Vec<DistinguishedName>,
}

impl Verifier {
    /// Judges by `trust`; `is_gate` is `rejectUnauthorized`.
    pub fn new(trust: Arc<Trust>, is_gate: bool) -> Self {
        Self { trust, is_gate, hints: Vec::new() }
    }

    /// Tells clients the names of the listed certificates, too.
    pub fn with_hints(self) -> Self {
        Self { hints: self.trust.hints(), ..self }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        peer: Peer<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if !self.is_gate {
            return Ok(());
        }
        let chain: Vec<_> = std::iter::once(leaf).chain(others).map(|der| CertificateDer::from(der.as_ref())).collect();
        judge(&self.trust, &chain, peer, now).map_err(|verdict| verdict.to_rustls())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = match server_name {
            ServerName::DnsName(name) => Some(name.as_ref()),
            _ => None,
        };
        self.check(end_entity, intermediates, Peer::Server { name }, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature_algorithms().supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_gate
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity, intermediates, Peer::Client, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature_algorithms().supported_schemes()
    }
}

/// The key of a certificate of any version; webpki reads only version 3, and Node accepts version 1.
fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| Verdict::Malformed.to_rustls())?;
    Ok(SubjectPublicKeyInfoDer::from(parsed.public_key().raw).into_owned())
}

fn tls13_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(certificate)?;
    verify_tls13_signature_with_raw_key(message, &key, signed, &signature_algorithms()).map_err(bad_signature)
}

/// In TLS 1.2 a scheme does not name the curve, so each algorithm that fits the key is tried.
fn tls12_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(certificate)?;
    let key = RawPublicKeyEntity::try_from(&key).map_err(|_| Verdict::Malformed.to_rustls())?;
    let supported = signature_algorithms();
    let Some((_, algorithms)) = supported.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme) else {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    };
    if algorithms.iter().any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
        return Ok(HandshakeSignatureValid::assertion());
    }
    Err(CertificateError::BadSignature.into())
}

/// Keeps a signature of the handshake apart from verdicts, whose variants it must not use.
fn bad_signature(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(_) => CertificateError::BadSignature.into(),
        other => other,
    }
}
