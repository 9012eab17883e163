//! Whether a certificate of a path has been revoked.
//!
//! Pure; it only rejects. webpki uses only the first list of an issuer, and checks neither whether it is valid yet nor
//! whether its issuer may sign lists. Here every list of an issuer is used, with the checks that OpenSSL makes of the one
//! that it picks:
//!
//! - any list can revoke a certificate, even if it has expired or is not valid yet;
//! - a certificate is not revoked only by a list that covers it and is valid now;
//! - a list in the name of an issuer that it was not signed by is a fault.

use rustls::pki_types::UnixTime;

use super::certificate::{seconds, subject_key};
use super::crl::Crl;
use super::list::Trust;
use super::path::{End, Path};
use super::verdict::Verdict;

/// Returns the last fault that OpenSSL would find with the lists for `path`. Without any list, nothing is checked.
pub fn find_fault(trust: &Trust, path: &Path<'_>, now: UnixTime) -> Option<Verdict> {
    if trust.crls().is_empty() {
        return None;
    }
    let mut faults = (0..path.certificates.len()).filter_map(|depth| fault_at(trust, path, depth, seconds(now)));
    faults.next_back()
}

fn fault_at(trust: &Trust, path: &Path<'_>, depth: usize, now: i64) -> Option<Verdict> {
    let certificate = path.certificates.get(depth)?;
    let (name, issuer) = (certificate.issuer().as_raw(), path.issuer(depth));
    let issuers_key = issuer.and_then(subject_key);
    let lists: Vec<&Crl> = trust.crls().iter().filter(|crl| crl.is_of(name, issuers_key)).collect();
    if lists.is_empty() {
        return Some(Verdict::UnableToGetCrl);
    }
    let mut last = None;
    let may_sign = issuer.is_none_or(|issuer| match issuer.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.crl_sign()),
        Err(_) => false,
    });
    if !may_sign {
        last = Some(Verdict::KeyUsageNoCrlSign);
    }
    let covering: Vec<&&Crl> = lists.iter().filter(|crl| crl.covers(certificate)).collect();
    if covering.is_empty() {
        last = Some(Verdict::OtherCrlScope);
    } else if covering.iter().all(|crl| crl.is_early(now)) {
        last = Some(Verdict::CrlNotYetValid);
    } else if covering.iter().all(|crl| crl.is_early(now) || crl.is_expired(now)) {
        last = Some(Verdict::CrlExpired);
    }
    // A path without a trusted root is rejected anyway.
    let key = if path.end == End::Trusted { path.issuers_key(depth) } else { None };
    if key.is_some_and(|key| lists.iter().any(|crl| !crl.is_signed_by(&key))) {
        last = Some(Verdict::CrlSignatureFailure);
    }
    if lists.iter().any(|crl| crl.revokes(certificate)) {
        last = Some(Verdict::Revoked);
    }
    last
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod, KeyUsagePurpose,
    };

    use super::super::purpose::ExpectedPeer;
    use crate::tls::fixtures::{Certificate, authority, code, params, trust, with};

    const SERVER: ExpectedPeer<'_> = ExpectedPeer::Server { name: None };

    fn verdict(root: &Certificate, lists: &[&Vec<u8>], chain: &[&Certificate]) -> &'static str {
        code(&trust(&[root], lists), chain, SERVER)
    }

    // Every certificate has the same serial number, so a list revokes all or none of an issuer's.

    #[test]
    fn every_list_of_an_issuer_is_asked() {
        let root = Certificate::self_signed(authority("root"));
        let leaf = root.sign(params("leaf"));
        let (clean, revoking) = (root.crl(false, 2035), root.crl(true, 2035));
        assert_eq!(verdict(&root, &[&clean, &revoking], &[&leaf]), "CERT_REVOKED");
        assert_eq!(verdict(&root, &[&revoking, &clean], &[&leaf]), "CERT_REVOKED");
        assert_eq!(verdict(&root, &[&clean, &root.crl_of(false, 2025, 2035, None)], &[&leaf]), "");
    }

    #[test]
    fn an_intermediate_that_the_second_list_revokes_is_refused() {
        let root = Certificate::self_signed(authority("root"));
        let inter = root.sign(authority("inter"));
        let leaf = inter.sign(params("leaf"));
        let (clean, of_inter) = (root.crl(false, 2035), inter.crl(false, 2035));
        let revoking = root.crl_of(true, 2025, 2035, None);
        assert_eq!(verdict(&root, &[&clean, &of_inter], &[&leaf, &inter]), "");
        assert_eq!(verdict(&root, &[&clean, &revoking, &of_inter], &[&leaf, &inter]), "CERT_REVOKED");
    }

    #[test]
    fn a_list_that_is_not_valid_yet_clears_none() {
        let root = Certificate::self_signed(authority("root"));
        let leaf = root.sign(params("leaf"));
        let (clean, later) = (root.crl(false, 2035), root.crl_of(false, 2031, 2035, None));
        assert_eq!(verdict(&root, &[&later], &[&leaf]), "CRL_NOT_YET_VALID");
        assert_eq!(verdict(&root, &[&later, &clean], &[&leaf]), "");
        assert_eq!(verdict(&root, &[&later, &root.crl(true, 2035)], &[&leaf]), "CERT_REVOKED");
        assert_eq!(verdict(&root, &[&clean, &root.crl_of(true, 2031, 2035, None)], &[&leaf]), "CERT_REVOKED");
    }

    #[test]
    fn an_old_list_beside_a_current_one_is_no_fault_and_still_revokes() {
        let root = Certificate::self_signed(authority("root"));
        let leaf = root.sign(params("leaf"));
        let (clean, old) = (root.crl(false, 2035), root.crl(false, 2025));
        assert_eq!(verdict(&root, &[&old], &[&leaf]), "CRL_HAS_EXPIRED");
        assert_eq!(verdict(&root, &[&old, &clean], &[&leaf]), "");
        assert_eq!(verdict(&root, &[&root.crl(true, 2025), &clean], &[&leaf]), "CERT_REVOKED");
    }

    #[test]
    fn a_list_counts_only_if_its_issuer_may_sign_lists_and_has_signed_it() {
        let no_lists = with(authority("root"), |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
        // rcgen refuses to sign such a list, so the key is that of another certificate, which may.
        let key = rcgen::KeyPair::generate().unwrap();
        let copy = rcgen::KeyPair::try_from(key.serialize_der().as_slice()).unwrap();
        let (root, signer) =
            (Certificate::self_signed_with(key, no_lists), Certificate::self_signed_with(copy, authority("root")));
        let leaf = root.sign(params("leaf"));
        let verdict_of = |listed: &Certificate| code(&trust(&[listed], &[&signer.crl(false, 2035)]), &[&leaf], SERVER);
        assert_eq!(verdict_of(&signer), "");
        assert_eq!(verdict_of(&root), "UNSPECIFIED");
    }

    #[test]
    fn a_list_by_another_key_is_not_this_issuers_or_a_reason_to_refuse() {
        let root = Certificate::self_signed(authority("root"));
        let fake = Certificate::self_signed(authority("root"));
        let leaf = root.sign(params("leaf"));
        let clean = root.crl(false, 2035);
        // Distinguished by their key identifiers.
        assert_eq!(verdict(&root, &[&fake.crl(false, 2035)], &[&leaf]), "UNABLE_TO_GET_CRL");
        assert_eq!(verdict(&root, &[&fake.crl(true, 2035), &clean], &[&leaf]), "");
        let same = |params: CertificateParams| {
            with(params, |params| params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1; 20]))
        };
        let root = Certificate::self_signed(same(authority("root")));
        let fake = Certificate::self_signed(same(authority("root")));
        let leaf = root.sign(params("leaf"));
        let (clean, forged) = (root.crl(false, 2035), fake.crl(false, 2035));
        assert_eq!(verdict(&root, &[&clean], &[&leaf]), "");
        assert_eq!(verdict(&root, &[&forged], &[&leaf]), "CRL_SIGNATURE_FAILURE");
        assert_eq!(verdict(&root, &[&clean, &forged], &[&leaf]), "CRL_SIGNATURE_FAILURE");
    }

    #[test]
    fn a_list_for_a_part_of_the_certificates_clears_only_that_part() {
        let root = Certificate::self_signed(authority("root"));
        let part = |uri: &str| CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec![uri.into()] },
            scope: Some(CrlScope::UserCertsOnly),
        };
        let whole = root.crl(false, 2035);
        let leaf = root.sign(with(params("leaf"), |params| {
            params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec!["http://example.com/1".into()] }];
        }));
        let (own, other) = (
            root.crl_of(false, 2020, 2035, Some(part("http://example.com/1"))),
            root.crl_of(false, 2020, 2035, Some(part("http://example.com/2"))),
        );
        // The root, too, needs a list that covers it.
        assert_eq!(verdict(&root, &[&own], &[&leaf]), "UNSPECIFIED");
        assert_eq!(verdict(&root, &[&own, &whole], &[&leaf]), "");
        assert_eq!(verdict(&root, &[&other], &[&leaf]), "UNSPECIFIED");
        let revoking = root.crl_of(true, 2020, 2035, Some(part("http://example.com/2")));
        assert_eq!(verdict(&root, &[&whole, &revoking], &[&leaf]), "CERT_REVOKED");
    }

    #[test]
    fn a_path_that_is_revoked_does_not_hide_another_that_is_not() {
        let (one, other) = (Certificate::self_signed(authority("one")), Certificate::self_signed(authority("other")));
        let key = rcgen::KeyPair::generate().unwrap();
        let copy = rcgen::KeyPair::try_from(key.serialize_der().as_slice()).unwrap();
        let (below_one, below_other) =
            (one.sign_with(key, authority("inter")), other.sign_with(copy, authority("inter")));
        let leaf = below_one.sign(params("leaf"));
        let (clean, of_inter) = (other.crl(false, 2035), below_one.crl(false, 2035));
        for revoked in [true, false] {
            let lists = [&one.crl(true, 2035), &other.crl(revoked, 2035), &of_inter];
            let trust = trust(&[&one, &other], &lists);
            let expected = if revoked { "CERT_REVOKED" } else { "" };
            assert_eq!(code(&trust, &[&leaf, &below_one, &below_other], SERVER), expected);
        }
        let one_only = trust(&[&one], &[&one.crl(true, 2035), &clean, &of_inter]);
        assert_eq!(code(&one_only, &[&leaf, &below_one, &below_other], SERVER), "CERT_REVOKED");
    }
}
