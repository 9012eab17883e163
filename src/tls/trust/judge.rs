//! The decision on a peer's certificates (D21).
//!
//! Pure. It is called after every handshake, including resumed ones, and during handshakes by the verifier if an untrusted
//! peer fails them.
//!
//! Invariants: trust comes from webpki's search for a path, or from a certificate that is listed itself; never from
//! [`faults`](super::faults), which only finds what else is wrong, and names in OpenSSL's terms what webpki has rejected.

#[cfg(test)]
mod tests;

use std::cell::RefCell;

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath};
use x509_parser::prelude::X509Certificate;

use super::certificate::{is_issuer, is_self_signed, parse};
use super::faults::{Signatures, find_fault};
use super::list::Trust;
use super::path::{self, End, Path};
use super::purpose::ExpectedPeer;
use super::verdict::Verdict;
use super::{name_constraints, subject_name};
use crate::tls::provider::signature_algorithms;

/// webpki follows six intermediates, so that a path has at most eight certificates.
const WEBPKIS_LONGEST_PATH: usize = 8;

/// Decides whether to trust a peer that has sent `chain`, its own certificate first. The error is the reason against it.
pub fn judge(
    trust: &Trust,
    chain: &[CertificateDer<'_>],
    peer: ExpectedPeer<'_>,
    now: UnixTime,
) -> Result<(), Verdict> {
    let Some((leaf_der, others)) = chain.split_first() else { return Err(Verdict::NoCertificate) };
    let leaf = parse(leaf_der).ok_or(Verdict::Malformed)?;
    let case = Case { trust, leaf_der, links: path::links(trust, &leaf, others), leaf, peer, now };
    let path = match case.verify() {
        Ok(path) => path,
        Err(rejection) => case.explain(&rejection)?,
    };
    let ExpectedPeer::Server { name: Some(name) } = peer else { return Ok(()) };
    subject_name::check(name, &case.leaf).map_err(Verdict::NameMismatch)?;
    let is_forbidden = !subject_name::is_address(name) && name_constraints::forbid_host(&path, name);
    if is_forbidden { Err(Verdict::NameConstraintViolation) } else { Ok(()) }
}

/// Why a chain is rejected: an error of webpki, or a fault by OpenSSL's rules.
enum Rejection {
    Webpki(Error),
    Fault(Verdict),
}

/// One decision: the certificates, and what they are checked against.
struct Case<'a> {
    trust: &'a Trust,
    leaf_der: &'a CertificateDer<'a>,
    leaf: X509Certificate<'a>,
    links: Vec<X509Certificate<'a>>,
    peer: ExpectedPeer<'a>,
    now: UnixTime,
}

impl<'a> Case<'a> {
    /// Has webpki find a path to a root, and checks it by OpenSSL's rules.
    fn verify(&self) -> Result<Path<'a>, Rejection> {
        let end_entity = EndEntityCert::try_from(self.leaf_der).map_err(Rejection::Webpki)?;
        let links = self.links.iter().map(X509Certificate::as_raw);
        let intermediates = links.chain(self.trust.intermediates().map(AsRef::as_ref));
        let intermediates: Vec<CertificateDer<'_>> = intermediates.map(CertificateDer::from).collect();
        let usage = match self.peer {
            ExpectedPeer::Server { .. } => KeyUsage::server_auth(),
            ExpectedPeer::Client => KeyUsage::client_auth(),
        };
        let (algorithms, anchors) = (signature_algorithms().all, self.trust.anchors());
        // After a path with a fault, webpki tries the next.
        let (found, fault) = (RefCell::new(None), RefCell::new(None));
        let examine = |candidate: &VerifiedPath<'_>| match self.examine(candidate) {
            Ok(path) => {
                found.replace(Some(path));
                Ok(())
            }
            Err(verdict) => {
                fault.borrow_mut().get_or_insert(verdict);
                Err(Error::UnknownIssuer)
            }
        };
        let result =
            end_entity.verify_for_usage(algorithms, anchors, &intermediates, self.now, usage, None, Some(&examine));
        match (result, found.take(), fault.take()) {
            (Ok(_), Some(path), _) => Ok(path),
            (_, _, Some(fault)) => Err(Rejection::Fault(fault)),
            (Err(error), ..) => Err(Rejection::Webpki(error)),
            (Ok(_), None, None) => Err(Rejection::Fault(Verdict::Malformed)),
        }
    }

    /// Checks a path that webpki has found.
    fn examine(&self, candidate: &VerifiedPath<'_>) -> Result<Path<'a>, Verdict> {
        let mut certificates = vec![self.leaf.clone()];
        for intermediate in candidate.intermediate_certificates() {
            certificates.push(self.find(&intermediate.der()).ok_or(Verdict::Malformed)?);
        }
        self.check_with_root(&certificates, candidate.anchor())
    }

    /// Finds the parsed certificate for one in webpki's path.
    fn find(&self, der: &[u8]) -> Option<X509Certificate<'a>> {
        let sent = self.links.iter().find(|link| link.as_raw() == der).cloned();
        sent.or_else(|| self.trust.intermediates().find(|listed| listed.as_ref() == der).and_then(parse))
    }

    /// webpki reduces a root to its name, its key and its name constraints. Everything else in its certificate (dates,
    /// usage) is checked here. If a root is listed more than once, one of its certificates must pass.
    fn check_with_root(
        &self,
        certificates: &[X509Certificate<'a>],
        anchor: &TrustAnchor<'_>,
    ) -> Result<Path<'a>, Verdict> {
        let roots = self.trust.roots_of(anchor);
        let paths: Vec<Path<'a>> = if roots.is_empty() {
            vec![Path::verified(certificates.to_vec(), self.trust.anchor(anchor))]
        } else {
            let roots = roots.into_iter().filter_map(parse);
            roots.map(|root| Path::verified([certificates, &[root]].concat(), None)).collect()
        };
        let mut first = None;
        for path in paths {
            match self.fault_of_links(&path).or_else(|| self.fault(&path, Signatures::Skip)) {
                None => return Ok(path),
                Some(fault) => first = first.or(Some(fault)),
            }
        }
        Err(first.unwrap_or(Verdict::Malformed))
    }

    /// webpki links certificates by names and signatures, OpenSSL also by key identifiers.
    fn fault_of_links(&self, path: &Path<'a>) -> Option<Verdict> {
        let root = path.certificates.len() - usize::from(path.bare_root.is_none());
        if path.certificates[..root].iter().any(is_self_signed) {
            return Some(Verdict::SelfSignedInChain);
        }
        let is_linked = |pair: &[X509Certificate<'a>]| is_issuer(&pair[1], &pair[0]);
        let are_linked = path.certificates.windows(2).all(is_linked);
        (!are_linked).then_some(Verdict::UnableToGetIssuerLocally)
    }

    /// Finds OpenSSL's reason against a chain that webpki has rejected. Returns a path only for a certificate that is
    /// listed itself, or one of version 1, which webpki can't read, that a listed root has signed.
    fn explain(&self, rejection: &Rejection) -> Result<Path<'a>, Verdict> {
        let path = Path::search(self.trust, self.leaf.clone(), &self.links, self.now);
        let is_listed = path.end == End::ListedLeaf;
        let is_version_1 = matches!(rejection, Rejection::Webpki(Error::UnsupportedCertVersion));
        let signatures = match rejection {
            _ if is_version_1 => Signatures::Check,
            Rejection::Webpki(error) if verdict_of(error) == Verdict::SignatureFailure => Signatures::Check,
            _ => Signatures::Skip,
        };
        match (self.fault(&path, signatures), rejection) {
            (None, _) if is_listed => Ok(path),
            (None, _) if is_version_1 && path.is_version_1_below_listed_root() => Ok(path),
            (Some(fault), _) => Err(fault),
            (None, Rejection::Fault(fault)) => Err(fault.clone()),
            (None, _) if path.certificates.len() > WEBPKIS_LONGEST_PATH => Err(Verdict::ChainTooLong),
            (None, Rejection::Webpki(error)) => match verdict_of(error) {
                // It belongs to another path that webpki has tried: the signatures of this one are valid.
                Verdict::SignatureFailure => Err(Verdict::Malformed),
                verdict => Err(verdict),
            },
        }
    }

    fn fault(&self, path: &Path<'_>, signatures: Signatures) -> Option<Verdict> {
        find_fault(self.trust, path, self.peer, self.now, signatures)
    }
}

/// The verdict for an error of webpki without a fault by OpenSSL's rules.
fn verdict_of(error: &Error) -> Verdict {
    match error {
        Error::CaUsedAsEndEntity | Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            Verdict::InvalidPurpose
        }
        Error::EndEntityUsedAsCa => Verdict::InvalidCa,
        Error::CertExpired { .. } | Error::InvalidCertValidity => Verdict::Expired,
        Error::CertNotValidYet { .. } => Verdict::NotYetValid,
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
