//! Is a peer to be trusted? (D21)
//!
//! Pure, on any thread, and without any memory of its own: called after every handshake, resumed ones too, and from
//! the verifiers where the verdict is a gate.
//!
//! Invariants: trust comes from webpki's search for a path, or from a certificate being listed literally; never from
//! [`faults`], which only finds what else is wrong, and says in OpenSSL's terms what webpki has refused.

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::faults::{End, Path, find_fault};
use super::identity;
use super::provider::signature_algorithms;
use super::trust::{Trust, sequence};
use super::verdict::Verdict;

/// Who the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer<'a> {
    /// A server, and the name or address that its certificate has to be for, if that is to be checked.
    Server {
        /// The name or address, without brackets.
        name: Option<&'a str>,
    },
    /// A client.
    Client,
}

/// Judges the certificates that a peer has sent, its own first, at the time `now`. `Ok` is trust.
pub fn judge(trust: &Trust, chain: &[CertificateDer<'_>], peer: Peer<'_>, now: UnixTime) -> Result<(), Verdict> {
    let Some((leaf, others)) = chain.split_first() else { return Err(Verdict::NoCertificate) };
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| Verdict::Malformed)?;
    if let Err(error) = verify(trust, leaf, others, peer, now) {
        explain(trust, chain, peer, now, &error)?;
    }
    match peer {
        Peer::Server { name: Some(name) } => identity::check(name, &parsed).map_err(Verdict::NameMismatch),
        _ => Ok(()),
    }
}

/// What webpki's path lacks: an error of its own, or what is only seen by OpenSSL's rules.
enum Refusal {
    Webpki(Error),
    Fault(Verdict),
}

/// Asks webpki for a path to a root, and looks it over by OpenSSL's rules.
fn verify(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    peer: Peer<'_>,
    now: UnixTime,
) -> Result<(), Refusal> {
    let end_entity = EndEntityCert::try_from(leaf).map_err(Refusal::Webpki)?;
    let intermediates = others.iter().map(AsRef::as_ref).chain(trust.intermediates().map(AsRef::as_ref));
    let intermediates: Vec<CertificateDer<'_>> = intermediates.map(|der: &[u8]| CertificateDer::from(der)).collect();
    let crls: Vec<&CertRevocationList<'_>> = trust.crls().iter().map(|crl| &crl.list).collect();
    let revocation = RevocationOptionsBuilder::new(&crls).ok().map(|builder| {
        builder
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    let usage = match peer {
        Peer::Server { .. } => KeyUsage::server_auth(),
        Peer::Client => KeyUsage::client_auth(),
    };
    let verified = end_entity
        .verify_for_usage(signature_algorithms().all, trust.anchors(), &intermediates, now, usage, revocation, None)
        .map_err(Refusal::Webpki)?;

    let mut path: Vec<CertificateDer<'_>> = vec![CertificateDer::from(leaf.as_ref())];
    path.extend(verified.intermediate_certificates().map(|certificate| certificate.der()));
    look_over(trust, &path, &verified.anchor().subject, peer, now).map_err(Refusal::Fault)
}

/// webpki sees in a root only its name and its key. Whatever else the list has of that root (its dates, what it may
/// be used for) is looked at here; of several certificates of that name, one has to do.
fn look_over(
    trust: &Trust,
    path: &[CertificateDer<'_>],
    root: &[u8],
    peer: Peer<'_>,
    now: UnixTime,
) -> Result<(), Verdict> {
    let fault = |root: Option<&CertificateDer<'static>>| {
        let parsed = path.iter().chain(root).map(|der| X509Certificate::from_der(der).map(|(_, parsed)| parsed));
        match parsed.collect::<Result<Vec<_>, _>>() {
            Ok(certificates) => find_fault(trust, &Path::verified(certificates), peer, now),
            Err(_) => Some(Verdict::Malformed),
        }
    };
    let root_name = sequence(root);
    let roots = trust.of_subject(&root_name);
    let faults =
        if roots.is_empty() { vec![fault(None)] } else { roots.into_iter().map(|root| fault(Some(root))).collect() };
    if faults.contains(&None) { Ok(()) } else { faults.into_iter().flatten().next().map_or(Ok(()), Err) }
}

/// What OpenSSL says of a chain that webpki refused. `Ok` only for a certificate that is listed itself.
fn explain(
    trust: &Trust,
    chain: &[CertificateDer<'_>],
    peer: Peer<'_>,
    now: UnixTime,
    refusal: &Refusal,
) -> Result<(), Verdict> {
    let Some(path) = Path::search(trust, chain, now) else { return Err(Verdict::Malformed) };
    let is_listed = path.end == End::ListedLeaf;
    match (find_fault(trust, &path, peer, now), refusal) {
        (None, _) if is_listed => Ok(()),
        (Some(fault), _) => Err(fault),
        (None, Refusal::Fault(fault)) => Err(fault.clone()),
        (None, Refusal::Webpki(error)) => Err(verdict_of(error)),
    }
}

/// What webpki refuses and OpenSSL's rules do not.
fn verdict_of(error: &Error) -> Verdict {
    match error {
        Error::CaUsedAsEndEntity | Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            Verdict::InvalidPurpose
        }
        Error::EndEntityUsedAsCa => Verdict::InvalidCa,
        Error::CertExpired { .. } | Error::InvalidCertValidity => Verdict::Expired,
        Error::CertNotValidYet { .. } => Verdict::NotYetValid,
        Error::CertRevoked => Verdict::Revoked,
        Error::UnknownRevocationStatus => Verdict::UnableToGetCrl,
        Error::CrlExpired { .. } => Verdict::CrlExpired,
        Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Verdict::CrlSignatureFailure,
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => Verdict::SignatureFailure,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Verdict::WeakSignature
        }
        Error::NameConstraintViolation | Error::MalformedNameConstraint => Verdict::NameConstraintViolation,
        Error::PathLenConstraintViolated => Verdict::PathLengthExceeded,
        Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => Verdict::ChainTooLong,
        Error::UnsupportedCriticalExtension => Verdict::UnhandledCriticalExtension,
        Error::UnsupportedCertVersion => Verdict::UnsupportedVersion,
        Error::UnknownIssuer => Verdict::UnableToGetIssuerLocally,
        _ => Verdict::Malformed,
    }
}
