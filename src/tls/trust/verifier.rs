//! rustls' questions about a peer during a handshake.
//!
//! Owned by the configurations, called on the threads that handshakes run on. The signature of the handshake, which proves
//! that the peer has the private key, is always checked. The certificate fails a handshake only with
//! `rejectUnauthorized`; otherwise any is accepted, and the handshake calls [`judge`] at its end (D21).
//!
//! That second call is also what enforces `rejectUnauthorized` in all cases: rustls does not call a verifier in a resumed
//! handshake, and an address is never checked here, as it may only replace a missing name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use webpki::RawPublicKeyEntity;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::sequence;
use super::judge::judge;
use super::list::Trust;
use super::purpose::ExpectedPeer;
use super::staple;
use super::verdict::Verdict;
use crate::tls::provider::signature_algorithms;

/// A verifier for both sides.
#[derive(Debug)]
pub struct Verifier {
    trust: Arc<Trust>,
    rejects: bool,
    /// Clients have to send a certificate.
    is_mandatory: bool,
    checks_names: bool,
    schemes: Vec<SignatureScheme>,
    hints: Vec<DistinguishedName>,
}

impl Verifier {
    /// Decides by `trust`. With `rejects` (`rejectUnauthorized`), an untrusted peer fails the handshake.
    pub fn new(trust: Arc<Trust>, rejects: bool) -> Self {
        let schemes = signature_algorithms().supported_schemes();
        Self { trust, rejects, is_mandatory: rejects, checks_names: true, schemes, hints: Vec::new() }
    }

    /// Fails the handshake of a client without a certificate, whatever is made of one.
    pub fn with_mandatory_certificate(self) -> Self {
        Self { is_mandatory: true, ..self }
    }

    /// Leaves the names of servers to the caller.
    pub fn without_names(self) -> Self {
        Self { checks_names: false, ..self }
    }

    /// Accepts only `schemes` for the signatures of handshakes.
    pub fn with_schemes(self, schemes: Vec<SignatureScheme>) -> Self {
        Self { schemes, ..self }
    }

    /// Sends the names of the listed certificates to clients.
    pub fn with_hints(self) -> Self {
        Self { hints: self.trust.hints(), ..self }
    }

    /// Rejects a scheme that was not offered, which rustls does not check.
    fn check_scheme(&self, signed: &DigitallySignedStruct) -> Result<(), Error> {
        if self.schemes.contains(&signed.scheme) {
            return Ok(());
        }
        Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        peer: ExpectedPeer<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        if !self.rejects {
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
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        staple::note(ocsp_response);
        let name = match server_name {
            ServerName::DnsName(name) if self.checks_names => Some(name.as_ref()),
            _ => None,
        };
        self.check(end_entity, intermediates, ExpectedPeer::Server { name }, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(dss)?;
        tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(dss)?;
        tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
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
        self.check(end_entity, intermediates, ExpectedPeer::Client, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(dss)?;
        tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(dss)?;
        tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// The key of a certificate of any version: webpki only reads version 3, but Node accepts version 1. As in OpenSSL, that of RSA
/// may come without its parameters, which are always NULL.
fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| Verdict::Malformed.to_rustls())?;
    let key = parsed.public_key();
    let is_rsa = key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION;
    if is_rsa && key.algorithm.parameters.is_none() {
        return Ok(SubjectPublicKeyInfoDer::from(rsa_key(&key.subject_public_key.data)));
    }
    Ok(SubjectPublicKeyInfoDer::from(key.raw).into_owned())
}

/// An RSA key as RFC 3279 has it (2.3.1), whose modulus and exponent are encoded in `bits`.
fn rsa_key(bits: &[u8]) -> Vec<u8> {
    const BIT_STRING: u8 = 3;
    const RSA_ENCRYPTION: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    // All bits of the last byte are used.
    let mut key = sequence(&[&[0], bits].concat());
    key[0] = BIT_STRING;
    sequence(&[RSA_ENCRYPTION.as_slice(), &key].concat())
}

fn tls13_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let key = public_key(certificate)?;
    verify_tls13_signature_with_raw_key(message, &key, signed, &signature_algorithms()).map_err(bad_signature)
}

/// In TLS 1.2 a scheme does not imply the curve, so that each algorithm that suits the key is tried.
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

/// The error of a wrong signature in the handshake. It must not use a variant that encodes a verdict.
fn bad_signature(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(_) => CertificateError::BadSignature.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;
    use crate::tls::credentials::Credentials;
    use crate::tls::credentials::Options;
    use crate::tls::fixtures::{Certificate, authority, handshake, params};

    fn credentials(identity: Option<&Certificate>, change: impl FnOnce(&mut Options)) -> Credentials {
        let mut options = Options::default();
        options.identities.extend(identity.map(Certificate::identity));
        options.ca = Some(vec![]);
        change(&mut options);
        Credentials::new(&options).unwrap()
    }

    fn both_versions(check: impl Fn(&str)) {
        ["TLSv1.2", "TLSv1.3"].into_iter().for_each(check);
    }

    #[test]
    fn an_rsa_key_has_its_parameters() {
        use x509_parser::x509::SubjectPublicKeyInfo;
        let encoded = rsa_key(&[7; 270]);
        let (rest, key) = SubjectPublicKeyInfo::from_der(&encoded).unwrap();
        assert!(rest.is_empty() && key.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION);
        assert_eq!(key.algorithm.parameters.as_ref().map(|parameters| parameters.data), Some(&[][..]));
        assert_eq!((key.subject_public_key.unused_bits, &*key.subject_public_key.data), (0, &[7; 270][..]));
    }

    #[test]
    fn an_untrusted_server_fails_the_handshake_only_with_reject_unauthorized() {
        let own = Certificate::self_signed(params("localhost"));
        both_versions(|version| {
            let server = credentials(Some(&own), |options| options.max_version = Some(version.into()));
            let outcome = handshake(&credentials(None, |_| ()), &server, "localhost");
            assert!(!outcome.client.is_handshaking() && outcome.client_error.is_none());
            assert_eq!(outcome.client.peer_certificates().unwrap()[0], own.der);

            let strict = credentials(None, |options| options.reject_unauthorized = true);
            let outcome = handshake(&strict, &server, "localhost");
            let verdict = Verdict::from_rustls(&outcome.client_error.unwrap());
            assert_eq!(verdict, Some(Verdict::DepthZeroSelfSigned));
            assert_eq!(outcome.server_error, Some(Error::AlertReceived(AlertDescription::UnknownCA)));

            let trusting = credentials(None, |options| {
                options.reject_unauthorized = true;
                options.ca = Some(vec![own.der.to_vec()]);
            });
            assert!(handshake(&trusting, &server, "localhost").client_error.is_none());
            let outcome = handshake(&trusting, &server, "example.org");
            let verdict = Verdict::from_rustls(&outcome.client_error.unwrap());
            assert!(matches!(verdict, Some(Verdict::NameMismatch(_))));
            // An address may stand for the lack of a name.
            assert!(handshake(&trusting, &server, "127.0.0.1").client_error.is_none());
        });
    }

    #[test]
    fn a_client_needs_a_certificate_only_with_reject_unauthorized() {
        let own = Certificate::self_signed(params("localhost"));
        both_versions(|version| {
            let client = credentials(None, |options| options.max_version = Some(version.into()));
            let outcome = handshake(&client, &credentials(Some(&own), |_| ()), "localhost");
            assert!(!outcome.server.is_handshaking() && outcome.server.peer_certificates().is_none());

            let changes: [fn(&mut Options); 2] =
                [|options| options.reject_unauthorized = true, |options| options.require_cert = true];
            for change in changes {
                let outcome = handshake(&client, &credentials(Some(&own), change), "localhost");
                let verdict = Verdict::from_rustls(&outcome.server_error.unwrap());
                assert_eq!(verdict, Some(Verdict::NoCertificate));
            }
            let stranger = credentials(Some(&own), |options| options.max_version = Some(version.into()));
            let requiring = credentials(Some(&own), |options| options.require_cert = true);
            let outcome = handshake(&stranger, &requiring, "localhost");
            assert_eq!(outcome.server_error, None);
            assert_eq!(outcome.server.peer_certificates().unwrap()[0], own.der);
        });
    }

    #[test]
    fn a_client_is_asked_for_a_certificate_and_judged_by_it() {
        let root = Certificate::self_signed(authority("root"));
        let (own, good) = (Certificate::self_signed(params("localhost")), root.sign(params("client")));
        both_versions(|version| {
            let server = credentials(Some(&own), |options| {
                options.ca = Some(vec![root.der.to_vec()]);
                options.reject_unauthorized = true;
            });
            let with = |identity| credentials(Some(identity), |options| options.max_version = Some(version.into()));
            let outcome = handshake(&with(&good), &server, "localhost");
            assert_eq!(outcome.server_error, None);
            assert_eq!(outcome.server.peer_certificates().unwrap()[0], good.der);
            let outcome = handshake(&with(&own), &server, "localhost");
            let verdict = Verdict::from_rustls(&outcome.server_error.unwrap());
            assert_eq!(verdict, Some(Verdict::DepthZeroSelfSigned));
            assert_eq!(outcome.client_error, Some(Error::AlertReceived(AlertDescription::UnknownCA)));
        });
    }

    #[test]
    fn a_server_without_ca_does_not_ask() {
        let own = Certificate::self_signed(params("localhost"));
        let silent = credentials(Some(&own), |options| options.ca = None);
        let asking = credentials(Some(&own), |options| {
            options.ca = None;
            options.request_cert = true;
        });
        let client = credentials(Some(&own), |_| ());
        assert!(handshake(&client, &silent, "localhost").server.peer_certificates().is_none());
        assert!(handshake(&client, &asking, "localhost").server.peer_certificates().is_some());
    }

    #[test]
    fn the_signature_of_the_handshake_is_always_checked() {
        let (own, other) = (Certificate::self_signed(params("a")), Certificate::self_signed(params("b")));
        // The certificate of one with the key of another, which `Credentials` would refuse.
        let key = crate::tls::credentials::key_pairs::signing_key(other.key_der()).unwrap();
        let imposter = Arc::new(rustls::sign::CertifiedKey::new(vec![own.der.clone()], key));
        both_versions(|version| {
            let mut server = credentials(Some(&own), |options| options.max_version = Some(version.into()));
            let mut config = server.server.as_deref().unwrap().clone();
            config.cert_resolver =
                Arc::new(crate::tls::credentials::key_pairs::KeyPairs::new(vec![Arc::clone(&imposter)]));
            server.server = Some(Arc::new(config));
            let outcome = handshake(&credentials(None, |_| ()), &server, "localhost");
            assert_eq!(outcome.client_error, Some(CertificateError::BadSignature.into()));
        });
    }
}
