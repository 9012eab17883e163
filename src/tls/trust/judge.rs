//! The decision on a peer's certificates (D21).
//!
//! Pure. It is called after every handshake, including resumed ones, and during handshakes by the verifier if an untrusted
//! peer fails them.
//!
//! Invariants: trust comes from webpki's search for a path, or from a certificate that is listed itself; never from
//! [`faults`](super::faults), which only finds what else is wrong, and names in OpenSSL's terms what webpki has rejected.

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

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
        KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
    };

    use super::*;
    use crate::tls::fixtures::{Certificate, authority, code, now, params, trust, with};

    const SERVER: ExpectedPeer<'_> = ExpectedPeer::Server { name: None };

    fn server(listed: &[&Certificate], chain: &[&Certificate]) -> &'static str {
        code(&trust(listed, &[]), chain, SERVER)
    }

    fn leaf() -> CertificateParams {
        params("localhost")
    }

    fn expired(params: CertificateParams) -> CertificateParams {
        with(params, |params| params.not_after = date_time_ymd(2029, 1, 1))
    }

    fn early(params: CertificateParams) -> CertificateParams {
        with(params, |params| params.not_before = date_time_ymd(2031, 1, 1))
    }

    // The expected codes are those that `node:tls` 20 gives for the same chain, unless a test says otherwise.

    #[test]
    fn a_certificate_of_its_own() {
        let own = Certificate::self_signed(leaf());
        let other = Certificate::self_signed(authority("other"));
        assert_eq!(server(&[&other], &[&own]), "DEPTH_ZERO_SELF_SIGNED_CERT");
        assert_eq!(server(&[&own], &[&own]), "");
        let old = Certificate::self_signed(expired(leaf()));
        assert_eq!(server(&[&other], &[&old]), "CERT_HAS_EXPIRED");
        assert_eq!(server(&[&old], &[&old]), "CERT_HAS_EXPIRED");
        let client = with(leaf(), |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        let client = Certificate::self_signed(client);
        assert_eq!(server(&[&client], &[&client]), "INVALID_PURPOSE");
        assert_eq!(code(&trust(&[&client], &[]), &[&client], ExpectedPeer::Client), "");
    }

    #[test]
    fn a_certificate_that_is_listed_vouches_for_itself_only() {
        let listed = Certificate::self_signed(leaf());
        let other = listed.sign(params("other"));
        assert_ne!(server(&[&listed], &[&other]), "");
        assert_ne!(server(&[&listed], &[&other, &listed]), "");
        let root = Certificate::self_signed(authority("root"));
        let signed = root.sign(leaf());
        // By D21; Node asks for the root.
        assert_eq!(server(&[&signed], &[&signed]), "");
        assert_eq!(server(&[&signed], &[&root.sign(leaf())]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    }

    #[test]
    fn a_chain_to_a_root() {
        let root = Certificate::self_signed(authority("root"));
        let other = Certificate::self_signed(authority("other"));
        let inter = root.sign(authority("inter"));
        let (short, long) = (root.sign(leaf()), inter.sign(leaf()));
        assert_eq!(server(&[&root], &[&short]), "");
        assert_eq!(server(&[&other], &[&short]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        assert_eq!(server(&[&other], &[&short, &root]), "SELF_SIGNED_CERT_IN_CHAIN");
        assert_eq!(server(&[&root], &[&long]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        assert_eq!(server(&[&root], &[&long, &inter]), "");
        assert_eq!(server(&[&root, &inter], &[&long]), "");
        assert_eq!(server(&[&root], &[&long, &root, &inter]), "");
        assert_eq!(server(&[&other], &[&long, &inter]), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
        assert_eq!(server(&[&other], &[&long, &inter, &root]), "SELF_SIGNED_CERT_IN_CHAIN");
        assert_eq!(server(&[&inter], &[&long]), "UNABLE_TO_GET_ISSUER_CERT");
        assert_eq!(server(&[&inter], &[&long, &inter]), "UNABLE_TO_GET_ISSUER_CERT");
    }

    #[test]
    fn a_date_outweighs_what_else_is_wrong() {
        let root = Certificate::self_signed(authority("root"));
        let other = Certificate::self_signed(authority("other"));
        assert_eq!(server(&[&root], &[&root.sign(expired(leaf()))]), "CERT_HAS_EXPIRED");
        assert_eq!(server(&[&other], &[&root.sign(expired(leaf()))]), "CERT_HAS_EXPIRED");
        assert_eq!(server(&[&root], &[&root.sign(early(leaf()))]), "CERT_NOT_YET_VALID");
        let inter = root.sign(expired(authority("inter")));
        assert_eq!(server(&[&root], &[&inter.sign(leaf()), &inter]), "CERT_HAS_EXPIRED");
        assert_eq!(server(&[&other], &[&inter.sign(leaf()), &inter]), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
        let old_root = Certificate::self_signed(expired(authority("root")));
        assert_eq!(server(&[&old_root], &[&old_root.sign(leaf())]), "CERT_HAS_EXPIRED");
    }

    #[test]
    fn issuers_need_the_right_to_issue() {
        let root = Certificate::self_signed(authority("root"));
        let no_ca = root.sign(with(params("inter"), |params| params.is_ca = IsCa::ExplicitNoCa));
        assert_eq!(server(&[&root], &[&no_ca.sign(leaf()), &no_ca]), "INVALID_PURPOSE");
        let no_signing =
            root.sign(with(authority("inter"), |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]));
        assert_eq!(server(&[&root], &[&no_signing.sign(leaf()), &no_signing]), "UNSPECIFIED");
        let short = with(authority("short"), |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
        let short = Certificate::self_signed(short);
        let inter = short.sign(authority("inter"));
        assert_eq!(server(&[&short], &[&short.sign(leaf())]), "");
        assert_eq!(server(&[&short], &[&inter.sign(leaf()), &inter]), "PATH_LENGTH_EXCEEDED");
        let limited = root.sign(with(authority("inter"), |params| {
            let permitted_subtrees = vec![GeneralSubtree::DnsName("example.org".into())];
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
        }));
        let names = |params: &mut CertificateParams| {
            params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        };
        assert_eq!(server(&[&root], &[&limited.sign(with(leaf(), names)), &limited]), "UNSPECIFIED");
    }

    #[test]
    fn a_root_of_the_same_name_is_not_the_issuer() {
        let root = Certificate::self_signed(authority("root"));
        let fake = Certificate::self_signed(authority("root"));
        assert_eq!(server(&[&fake], &[&root.sign(leaf())]), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        let unidentified = with(leaf(), |params| params.use_authority_key_identifier_extension = false);
        assert_eq!(server(&[&fake], &[&root.sign(unidentified.clone())]), "CERT_SIGNATURE_FAILURE");
        assert_eq!(server(&[&fake, &root], &[&root.sign(unidentified)]), "");
    }

    #[test]
    fn the_purpose_has_to_fit_the_side() {
        let root = Certificate::self_signed(authority("root"));
        let roots = trust(&[&root], &[]);
        let for_clients = with(leaf(), |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        let for_clients = root.sign(for_clients);
        assert_eq!(code(&roots, &[&for_clients], SERVER), "INVALID_PURPOSE");
        assert_eq!(code(&roots, &[&for_clients], ExpectedPeer::Client), "");
        let for_servers = with(leaf(), |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
        let for_servers = root.sign(for_servers);
        assert_eq!(code(&roots, &[&for_servers], SERVER), "");
        assert_eq!(code(&roots, &[&for_servers], ExpectedPeer::Client), "INVALID_PURPOSE");
        let no_signing = with(leaf(), |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
        assert_eq!(code(&roots, &[&root.sign(no_signing)], SERVER), "INVALID_PURPOSE");
        assert_eq!(code(&trust(&[], &[]), &[&for_clients], SERVER), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        // webpki is stricter than Node here.
        assert_eq!(code(&roots, &[&root.sign(authority("ca"))], SERVER), "INVALID_PURPOSE");
    }

    #[test]
    fn a_critical_extension_that_nobody_knows() {
        let root = Certificate::self_signed(authority("root"));
        let leaf = root.sign(with(leaf(), |params| {
            let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions = vec![extension];
        }));
        let verdict = judge(&trust(&[&root], &[]), &[leaf.der], SERVER, now());
        assert_eq!(verdict, Err(Verdict::UnhandledCriticalExtension));
    }

    #[test]
    fn revocation() {
        let root = Certificate::self_signed(authority("root"));
        let inter = root.sign(authority("inter"));
        let (short, long) = (root.sign(leaf()), inter.sign(leaf()));
        let with_lists = |lists: &[&Vec<u8>], chain: &[&Certificate]| code(&trust(&[&root], lists), chain, SERVER);
        // Every certificate has the same serial number, so these lists revoke all or none of an issuer's.
        let (clean, revoking) = (root.crl(false, 2035), root.crl(true, 2035));
        assert_eq!(with_lists(&[&clean], &[&short]), "");
        assert_eq!(with_lists(&[&revoking], &[&short]), "CERT_REVOKED");
        assert_eq!(with_lists(&[&clean], &[&long, &inter]), "UNABLE_TO_GET_CRL");
        assert_eq!(with_lists(&[&inter.crl(false, 2035)], &[&long, &inter]), "UNABLE_TO_GET_CRL");
        assert_eq!(with_lists(&[&clean, &inter.crl(false, 2035)], &[&long, &inter]), "");
        assert_eq!(with_lists(&[&clean, &inter.crl(true, 2035)], &[&long, &inter]), "CERT_REVOKED");
        assert_eq!(with_lists(&[&revoking, &inter.crl(false, 2035)], &[&long, &inter]), "CERT_REVOKED");
        assert_eq!(with_lists(&[&root.crl(false, 2025)], &[&short]), "CRL_HAS_EXPIRED");
        assert_eq!(with_lists(&[&revoking], &[&root.sign(expired(leaf()))]), "CERT_HAS_EXPIRED");
        let fake = Certificate::self_signed(authority("root"));
        assert_ne!(with_lists(&[&fake.crl(false, 2035)], &[&short]), "");
        assert_eq!(code(&trust(&[], &[&revoking]), &[&short], SERVER), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        assert_eq!(code(&trust(&[&short], &[&revoking]), &[&short], SERVER), "CERT_REVOKED");
    }

    #[test]
    fn the_name_is_looked_at_last_and_of_servers_only() {
        let root = Certificate::self_signed(authority("root"));
        let named = root.sign(leaf());
        let check = |listed: &[&Certificate], name| code(&trust(listed, &[]), &[&named], ExpectedPeer::Server { name });
        assert_eq!(check(&[&root], Some("localhost")), "");
        assert_eq!(check(&[&root], Some("example.org")), "ERR_TLS_CERT_ALTNAME_INVALID");
        assert_eq!(check(&[&root], None), "");
        assert_eq!(check(&[&named], Some("example.org")), "ERR_TLS_CERT_ALTNAME_INVALID");
        assert_eq!(check(&[], Some("example.org")), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    }

    #[test]
    fn none_and_garbage_are_not_trusted() {
        let trust = trust(&[], &[]);
        assert_eq!(judge(&trust, &[], ExpectedPeer::Client, now()), Err(Verdict::NoCertificate));
        let garbage = [CertificateDer::from(vec![1, 2, 3])];
        assert_eq!(judge(&trust, &garbage, SERVER, now()), Err(Verdict::Malformed));
        let own = Certificate::self_signed(leaf());
        let chain = [own.der, CertificateDer::from(vec![1, 2, 3])];
        assert_eq!(judge(&trust, &chain, SERVER, now()), Err(Verdict::DepthZeroSelfSigned));
    }
}
