//! A path of certificates, from the peer's own towards a root, and OpenSSL's search for one.
//!
//! Pure. A peer can send as many certificates as fit into a message. At most [`MOST_LINKS`] of them are used, the nearest
//! to its own first, and only those that another certificate names as its issuer.

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::prelude::{X509Certificate, X509Version};

use super::certificate::{is_issuer, is_self_signed, may_issue, parse, seconds};
use super::list::Trust;

/// The most certificates of a peer that are used besides its own.
pub const MOST_LINKS: usize = 10;

/// Certificates from the peer's own towards a root.
pub struct Path<'a> {
    /// The peer's own first.
    pub certificates: Vec<X509Certificate<'a>>,
    /// How many of them the peer has sent; the others are listed.
    pub sent: usize,
    /// How it ends.
    pub end: End,
    /// The root that it ends at, if that has no listed certificate.
    pub bare_root: Option<&'a TrustAnchor<'static>>,
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At a root that is listed.
    Trusted,
    /// At the peer's own certificate, which is listed.
    ListedLeaf,
    /// At a self-signed certificate that is not listed.
    SelfIssued,
    /// Before any root: an issuer is missing.
    Missing,
}

impl<'a> Path<'a> {
    /// A path to a root that webpki has found. The root is the last certificate, or `bare_root`.
    pub fn verified(certificates: Vec<X509Certificate<'a>>, bare_root: Option<&'a TrustAnchor<'static>>) -> Self {
        let sent = certificates.len();
        Self { certificates, sent, end: End::Trusted, bare_root }
    }

    /// Searches for a path as OpenSSL does: by names, and among listed certificates first. `links` are the peer's
    /// certificates that may be on it.
    pub fn search(trust: &'a Trust, leaf: X509Certificate<'a>, links: &[X509Certificate<'a>], now: UnixTime) -> Self {
        let mut unused: Vec<&X509Certificate<'a>> = links.iter().collect();
        let mut path = Self { certificates: vec![leaf.clone()], sent: 1, end: End::Missing, bare_root: None };
        let mut last = leaf;
        loop {
            let is_alone = path.certificates.len() == 1;
            if trust.lists(last.as_raw()) && (is_alone || is_self_signed(&last)) {
                path.end = if is_alone { End::ListedLeaf } else { End::Trusted };
                return path;
            }
            if is_self_signed(&last) {
                path.end = End::SelfIssued;
                return path;
            }
            if path.is_too_long() {
                return path;
            }
            let issuer = last.issuer().as_raw();
            let listed = trust.of_subject(issuer).into_iter().filter_map(parse);
            let listed =
                listed.filter(|candidate| is_issuer(candidate, &last) && !path.certificates.contains(candidate));
            if let Some(listed) = best(listed.collect(), now) {
                path.certificates.push(listed.clone());
                last = listed;
                continue;
            }
            if let Some(root) = trust.bare_root(issuer) {
                path.end = End::Trusted;
                path.bare_root = Some(root);
                return path;
            }
            if path.sent < path.certificates.len() {
                return path;
            }
            let sent = unused.iter().filter(|candidate| is_issuer(candidate, &last));
            let Some(sent) = best(sent.map(|candidate| (*candidate).clone()).collect(), now) else { return path };
            unused.retain(|candidate| **candidate != sent);
            last = sent;
            path.certificates.push(last.clone());
            path.sent += 1;
        }
    }

    /// Whether it has more links than are followed.
    pub fn is_too_long(&self) -> bool {
        self.certificates.len() > MOST_LINKS
    }

    /// The `SubjectPublicKeyInfo` of the issuer of the certificate at `depth`, if the path has it.
    pub fn issuers_key(&self, depth: usize) -> Option<Vec<u8>> {
        if let Some(issuer) = self.issuer(depth) {
            return Some(issuer.public_key().raw.to_vec());
        }
        self.bare_root.map(|root| webpki::spki_for_anchor(root).to_vec())
    }

    /// The issuer of the certificate at `depth`: the next one, or itself if it is self-signed.
    pub fn issuer(&self, depth: usize) -> Option<&X509Certificate<'a>> {
        let certificate = self.certificates.get(depth)?;
        self.certificates.get(depth + 1).or_else(|| is_self_signed(certificate).then_some(certificate))
    }

    /// Whether this is a certificate of version 1 (thus without extensions) issued by a listed root without name
    /// constraints. Then [`find_fault`](super::faults::find_fault) checks everything that there is to check.
    pub fn is_version_1_below_listed_root(&self) -> bool {
        let [leaf, root] = self.certificates.as_slice() else { return false };
        let constrains_names = !matches!(root.name_constraints(), Ok(None));
        self.end == End::Trusted && leaf.version() == X509Version::V1 && may_issue(root) && !constrains_names
    }
}

/// Returns those of `others` that may be above `leaf`, at most [`MOST_LINKS`], the nearest first. A peer may send more
/// than needed, in any order.
pub fn links<'a>(
    trust: &Trust,
    leaf: &X509Certificate<'_>,
    others: &'a [CertificateDer<'_>],
) -> Vec<X509Certificate<'a>> {
    let mut unused: Vec<X509Certificate<'a>> = others.iter().filter_map(parse).collect();
    // A listed intermediate may stand between two that were sent.
    let listed: Vec<X509Certificate<'_>> = trust.intermediates().filter_map(parse).collect();
    let mut links: Vec<X509Certificate<'a>> = Vec::new();
    loop {
        let is_above = |candidate: &X509Certificate<'a>| {
            let mut below = [leaf].into_iter().chain(&listed).chain(&links);
            below.any(|below| is_issuer(candidate, below))
        };
        let (found, rest): (Vec<_>, Vec<_>) = unused.into_iter().partition(is_above);
        unused = rest;
        let before = links.len();
        for link in found {
            if links.len() < MOST_LINKS && !links.contains(&link) && link != *leaf {
                links.push(link);
            }
        }
        if links.len() == before {
            return links;
        }
    }
}

/// Chooses a certificate that is currently valid, or else the first.
fn best<'a>(mut candidates: Vec<X509Certificate<'a>>, now: UnixTime) -> Option<X509Certificate<'a>> {
    let is_current = |certificate: &X509Certificate<'_>| {
        let validity = certificate.validity();
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&seconds(now))
    };
    let at = candidates.iter().position(is_current).unwrap_or(0);
    (at < candidates.len()).then(|| candidates.swap_remove(at))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};
    use rustls::pki_types::CertificateDer;

    use super::super::judge::judge;
    use super::super::purpose::ExpectedPeer;
    use super::*;
    use crate::tls::check_counter;
    use crate::tls::fixtures::{Certificate, authority, code, now, params, trust, with};

    fn p521() -> KeyPair {
        KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap()
    }

    /// A chain of `length` whose first link claims to be issued by `top`.
    fn long_chain(length: usize, top: &str) -> Vec<CertificateDer<'static>> {
        let mut last = Certificate::self_signed_with(p521(), authority(top));
        let mut chain = Vec::new();
        for i in 0..length - 1 {
            last = last.sign_with(p521(), authority(&format!("link {i}")));
            chain.insert(0, last.der.clone());
        }
        chain.insert(0, last.sign_with(p521(), params("leaf")).der);
        chain
    }

    fn unidentified(params: CertificateParams) -> CertificateParams {
        with(params, |params| params.use_authority_key_identifier_extension = false)
    }

    #[test]
    fn a_hundred_links_cost_no_signature() {
        let root = Certificate::self_signed_with(p521(), authority("root"));
        for top in ["stranger", "root"] {
            let chain = long_chain(100, top);
            let (verdict, computed) =
                check_counter::count(|| judge(&trust(&[&root], &[]), &chain, ExpectedPeer::Client, now()));
            assert!(verdict.is_err());
            assert_eq!(computed, 0, "below {top}: webpki has complained of no signature");
        }
    }

    #[test]
    fn a_signature_is_computed_again_only_to_name_what_webpki_refused() {
        let root = Certificate::self_signed_with(p521(), authority("root"));
        let fake = Certificate::self_signed_with(p521(), unidentified(authority("root")));
        let wrong = fake.sign_with(p521(), unidentified(params("leaf")));
        let (verdict, computed) = check_counter::count(|| code(&trust(&[&root], &[]), &[&wrong], ExpectedPeer::Client));
        assert_eq!((verdict, computed), ("CERT_SIGNATURE_FAILURE", 2));
    }

    #[test]
    fn a_trusted_chain_is_verified_once() {
        let root = Certificate::self_signed(authority("root"));
        let inter = root.sign(authority("inter"));
        let chain = [&inter.sign(params("leaf")), &inter];
        let (verdict, computed) = check_counter::count(|| code(&trust(&[&root], &[]), &chain, ExpectedPeer::Client));
        assert_eq!((verdict, computed), ("", 2));
    }

    #[test]
    fn links_that_all_claim_to_be_each_others_issuers_cost_what_webpki_allows() {
        const WEBPKIS: usize = 100;
        let root = Certificate::self_signed(authority("root"));
        let fake = Certificate::self_signed(unidentified(authority("root")));
        let links: Vec<_> = (0..100).map(|_| fake.sign(unidentified(authority("root")))).collect();
        let leaf = links[0].sign(unidentified(params("leaf")));
        let chain: Vec<_> = std::iter::once(&leaf).chain(&links).collect();
        let (verdict, computed) = check_counter::count(|| code(&trust(&[&root], &[]), &chain, ExpectedPeer::Client));
        assert_ne!(verdict, "");
        assert!(computed <= WEBPKIS + MOST_LINKS, "{computed}");
    }

    #[test]
    fn of_what_a_peer_sends_only_links_are_used_and_ten_at_the_most() {
        let leaf_first = long_chain(30, "stranger");
        let trust = trust(&[], &[]);
        let leaf = parse(&leaf_first[0]).unwrap();
        let found = links(&trust, &leaf, &leaf_first[1..]);
        let expected: Vec<&[u8]> = leaf_first[1..=MOST_LINKS].iter().map(AsRef::as_ref).collect();
        assert_eq!(found.iter().map(X509Certificate::as_raw).collect::<Vec<_>>(), expected);
        let strangers: Vec<_> = (0..20).map(|i| Certificate::self_signed(authority(&format!("s{i}"))).der).collect();
        assert!(links(&trust, &leaf, &strangers).is_empty());
    }

    #[test]
    fn a_chain_is_found_among_a_hundred_others_in_any_order() {
        let root = Certificate::self_signed(authority("root"));
        let (one, other) = (root.sign(authority("one")), Certificate::self_signed(authority("other")));
        let two = one.sign(authority("two"));
        let leaf = two.sign(params("leaf"));
        let mut chain = vec![&leaf];
        chain.extend(std::iter::repeat_n(&other, 100));
        chain.extend([&one, &two, &two, &one]);
        assert_eq!(code(&trust(&[&root], &[]), &chain, ExpectedPeer::Client), "");
    }

    #[test]
    fn an_authority_with_a_new_key_may_issue_itself_a_certificate() {
        let root = Certificate::self_signed(authority("root"));
        let renewed = root.sign(authority("root"));
        let leaf = renewed.sign(params("leaf"));
        assert_eq!(code(&trust(&[&root], &[]), &[&leaf, &renewed], ExpectedPeer::Client), "");
    }

    #[test]
    fn another_roots_dates_do_not_excuse_an_expired_root_of_its_name() {
        let old = with(authority("root"), |params| params.not_after = rcgen::date_time_ymd(2029, 1, 1));
        let expired = Certificate::self_signed(unidentified(old));
        let current = Certificate::self_signed(unidentified(authority("root")));
        let leaf = expired.sign(unidentified(params("leaf")));
        assert_ne!(code(&trust(&[&expired, &current], &[]), &[&leaf], ExpectedPeer::Client), "");
    }
}
