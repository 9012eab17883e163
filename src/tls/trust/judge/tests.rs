//! The verdict on a chain is that of `node:tls`.

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

// The expected codes are those of `node:tls` 20 for the same chain, unless a test says otherwise.

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
fn a_certificate_that_is_listed_is_trusted_only_itself() {
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
fn an_unknown_critical_extension() {
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
