//! The verdict on whatever a peer sends: it never panics, and only what the root has signed, or what is listed itself, is
//! trusted. Revocation lists, whatever they are, never make trusted what is revoked.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};

use super::input::Input;
use super::seeds;
use crate::tls::trust::Verifier;
use crate::tls::trust::{Crl, ListedCertificate, Trust};
use crate::tls::trust::{ExpectedPeer, judge};

/// No input is longer; webpki and OpenSSL have limits of their own, which the tests of `judge` reach.
const LONGEST_CHAIN: usize = 6;

/// The 2nd of January 2030, when the seeds are valid.
const NOW: Duration = Duration::from_secs(1_893_542_400);

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let peer = peer(&mut input);
    let has_list = input.flag();
    let crls = if has_list { vec![seeds::CRL.to_vec()] } else { vec![] };
    let chain = chain(&mut input);
    let listed = if input.flag() { vec![seeds::certificate(&mut input)] } else { vec![] };

    let trust = trust(&listed, &crls);
    let is_trusted = judge(&trust, &chain, peer, UnixTime::since_unix_epoch(NOW)).is_ok();
    let Some(leaf) = chain.first().map(AsRef::as_ref) else {
        assert!(!is_trusted, "without a certificate");
        return;
    };
    let is_known = seeds::TRUSTED.contains(&leaf) || (leaf == seeds::REVOKED && !has_list);
    let is_listed = leaf == seeds::ROOT || leaf == seeds::LISTED || listed.iter().any(|listed| listed == leaf);
    // What is listed besides may be another root of the seeds, and vouch for what it has signed.
    assert!(!is_trusted || is_known || is_listed || !listed.is_empty());
    if is_trusted && has_list {
        assert_ne!(leaf, seeds::REVOKED);
    }
    // The verifiers of a handshake are made of the same trust, and read the listed certificates once more.
    let _ = Verifier::new(trust.into(), true).with_hints();
}

pub fn run_crl(data: &[u8]) {
    let mut input = Input(data);
    let peer = peer(&mut input);
    let before = input.flag();
    let count = usize::from(input.byte() % 4);
    let mut crls: Vec<Vec<u8>> =
        (0..count).map(|_| seeds::crl(&mut input)).filter(|der| Crl::read(der).is_ok()).collect();
    crls.insert(if before { 0 } else { crls.len() }, seeds::CRL.to_vec());

    let trust = trust(&[], &crls);
    for leaf in [seeds::REVOKED, seeds::TRUSTED[0]] {
        let chain = [CertificateDer::from(leaf)];
        let is_trusted = judge(&trust, &chain, peer, UnixTime::since_unix_epoch(NOW)).is_ok();
        assert!(!is_trusted || leaf != seeds::REVOKED, "revoked, and trusted");
    }
}

fn peer<'a>(input: &mut Input<'a>) -> ExpectedPeer<'a> {
    match input.byte() % 4 {
        0 => ExpectedPeer::Client,
        1 => ExpectedPeer::Server { name: None },
        2 => ExpectedPeer::Server { name: Some("a.test") },
        _ => {
            let length = usize::from(input.byte() % 32);
            ExpectedPeer::Server { name: Some(std::str::from_utf8(input.take(length)).unwrap_or("127.0.0.1")) }
        }
    }
}

fn chain(input: &mut Input<'_>) -> Vec<CertificateDer<'static>> {
    let length = usize::from(input.byte()) % (LONGEST_CHAIN + 1);
    (0..length).map(|_| CertificateDer::from(seeds::certificate(input))).collect()
}

fn trust(more: &[Vec<u8>], crls: &[Vec<u8>]) -> Trust {
    let listed = [seeds::ROOT, seeds::LISTED].into_iter().chain(more.iter().map(Vec::as_slice));
    let listed = listed.filter_map(|der| ListedCertificate::new(CertificateDer::from(der.to_vec())).ok());
    Trust::new(Some(listed.collect()), vec![], crls.iter().flat_map(|crl| Crl::read(crl).unwrap_or_default()).collect())
}
