//! The faults that OpenSSL would find with a path of certificates.
//!
//! Pure. Node lets OpenSSL continue after each fault and reports the *last*, so that the code depends on the order of
//! OpenSSL's checks (`X509_verify_cert`): the chain, the extensions, the revocation lists, then signatures and dates.
//! This module follows that order. It only rejects: trust comes from webpki, in [`judge`](super::judge()), whose tests
//! cover both.

use rustls::pki_types::UnixTime;
use x509_parser::prelude::{ParsedExtension, X509Certificate};

use super::certificate::{is_self_issued, is_well_formed, seconds};
use super::list::Trust;
use super::path::{End, Path};
use super::purpose::{self, ExpectedPeer};
use super::signature::Signed;
use super::verdict::Verdict;
use super::{name_constraints, revocation};

/// Whether the signatures of a path are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// webpki has rejected one, or can't read the path.
    Check,
    /// webpki has verified them, or has rejected the path for another reason: a peer can't cause more computation.
    Skip,
}

/// Returns the last fault that OpenSSL would find.
pub fn find_fault(
    trust: &Trust,
    path: &Path<'_>,
    peer: ExpectedPeer<'_>,
    now: UnixTime,
    signatures: Signatures,
) -> Option<Verdict> {
    let is_malformed = path.certificates.iter().any(|certificate| !is_well_formed(certificate));
    let mut last = is_malformed.then_some(Verdict::Malformed);
    last = chain_fault(path).or(last);
    last = extensions_fault(path, peer).or(last);
    last = algorithm_fault(path).or(last);
    last = revocation::find_fault(trust, path, now).or(last);
    last = signatures_and_dates_fault(path, now, signatures).or(last);
    name_constraints::forbid_common_name(path).then_some(Verdict::NameConstraintViolation).or(last)
}

fn chain_fault(path: &Path<'_>) -> Option<Verdict> {
    let length = path.certificates.len();
    match path.end {
        End::Trusted | End::ListedLeaf => None,
        End::SelfIssued if length == 1 => Some(Verdict::DepthZeroSelfSigned),
        End::SelfIssued => Some(Verdict::SelfSignedInChain),
        End::Missing if path.is_too_long() => Some(Verdict::ChainTooLong),
        End::Missing if path.sent < length => Some(Verdict::UnableToGetIssuer),
        End::Missing => Some(Verdict::UnableToGetIssuerLocally),
    }
}

fn extensions_fault(path: &Path<'_>, peer: ExpectedPeer<'_>) -> Option<Verdict> {
    let mut last = None;
    let mut issuers_below = 0;
    for (depth, certificate) in path.certificates.iter().enumerate() {
        if certificate.iter_extensions().any(|extension| extension.critical && !is_known(extension.parsed_extension()))
        {
            last = Some(Verdict::UnhandledCriticalExtension);
        }
        if !purpose::suits(certificate, peer, depth > 0) {
            last = Some(Verdict::InvalidPurpose);
        }
        let constraints = certificate.basic_constraints().ok().flatten();
        let limit = constraints.and_then(|constraints| constraints.value.path_len_constraint);
        if depth > 0 && limit.is_some_and(|limit| issuers_below > limit) {
            last = Some(Verdict::PathLengthExceeded);
        }
        if depth > 0 && !is_self_issued(certificate) {
            issuers_below += 1;
        }
    }
    last
}

/// Whether OpenSSL handles an extension, and so accepts it if it is critical.
fn is_known(extension: &ParsedExtension<'_>) -> bool {
    matches!(
        extension,
        ParsedExtension::BasicConstraints(_)
            | ParsedExtension::CRLDistributionPoints(_)
            | ParsedExtension::CertificatePolicies(_)
            | ParsedExtension::ExtendedKeyUsage(_)
            | ParsedExtension::InhibitAnyPolicy(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::NSCertType(_)
            | ParsedExtension::NameConstraints(_)
            | ParsedExtension::PolicyConstraints(_)
            | ParsedExtension::PolicyMappings(_)
            | ParsedExtension::SubjectAlternativeName(_)
    )
}

/// MD5 and SHA-1 are too weak for all signatures but a root's own.
fn algorithm_fault(path: &Path<'_>) -> Option<Verdict> {
    let signed = path.certificates.len() - usize::from(path.end != End::Missing);
    path.certificates[..signed].iter().any(has_weak_signature).then_some(Verdict::WeakSignature)
}

fn has_weak_signature(certificate: &X509Certificate<'_>) -> bool {
    const MD5_RSA: &str = "1.2.840.113549.1.1.4";
    const SHA1_RSA: &str = "1.2.840.113549.1.1.5";
    const SHA1_ECDSA: &str = "1.2.840.10045.4.1";
    [MD5_RSA, SHA1_RSA, SHA1_ECDSA].contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str())
}

/// From the root down, as OpenSSL does.
fn signatures_and_dates_fault(path: &Path<'_>, now: UnixTime, signatures: Signatures) -> Option<Verdict> {
    let is_alone = path.certificates.len() == 1 && path.end == End::Missing;
    let mut last = is_alone.then_some(Verdict::UnableToVerifyLeaf);
    for (depth, certificate) in path.certificates.iter().enumerate().rev() {
        if let Some(issuer) = path.certificates.get(depth + 1) {
            if issuer.key_usage().ok().flatten().is_some_and(|usage| !usage.value.key_cert_sign()) {
                last = Some(Verdict::KeyUsageNoCertSign);
            }
            if signatures == Signatures::Check && !has_weak_signature(certificate) && !is_signed_by(certificate, issuer)
            {
                last = Some(Verdict::SignatureFailure);
            }
        }
        let is_unsigned_top = path.end == End::Missing && depth > 0 && depth + 1 == path.certificates.len();
        if is_unsigned_top {
            continue;
        }
        let validity = certificate.validity();
        if validity.not_before.timestamp() > seconds(now) {
            last = Some(Verdict::NotYetValid);
        }
        if validity.not_after.timestamp() < seconds(now) {
            last = Some(Verdict::Expired);
        }
    }
    last
}

fn is_signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let is_consistent = certificate.signature_algorithm == certificate.tbs_certificate.signature;
    is_consistent && Signed::read(certificate.as_raw()).is_some_and(|signed| signed.is_by(issuer.public_key().raw))
}
