//! A path of certificates, from the peer's own towards a root, and how OpenSSL would look for one.
//!
//! Pure. A peer can send as many certificates as fit into a message, so no more than [`MOST_LINKS`] of them are used,
//! the nearest to its own first, and none that no other names as its issuer.

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::asn1_rs::{Any, Class};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Version};

use super::trust::{Trust, may_issue};

/// How many certificates of a peer are used beside its own.
pub const MOST_LINKS: usize = 10;

/// Certificates from the peer's own towards a root.
pub struct Path<'a> {
    /// The peer's own first.
    pub certificates: Vec<X509Certificate<'a>>,
    /// How many of them the peer has sent; the others are listed.
    pub sent: usize,
    /// How it ends.
    pub end: End,
    /// The root that it ends at, where no certificate of that is listed.
    pub bare_root: Option<&'a TrustAnchor<'static>>,
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At a root that is listed.
    Trusted,
    /// At once: the peer's own certificate is listed.
    ListedLeaf,
    /// At a certificate that has issued itself, and is not listed.
    SelfIssued,
    /// Before any root.
    Missing,
}

impl<'a> Path<'a> {
    /// A path that webpki has found to a root: the root's certificate is the last, or it is `bare_root`.
    pub fn verified(certificates: Vec<X509Certificate<'a>>, bare_root: Option<&'a TrustAnchor<'static>>) -> Self {
        let sent = certificates.len();
        Self { certificates, sent, end: End::Trusted, bare_root }
    }

    /// Looks for a path as OpenSSL does: by names, and among what is listed first. `links` are those of the peer's
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

    /// The whole public key of the issuer of the certificate at `depth`, if that is known.
    pub fn issuers_key(&self, depth: usize) -> Option<Vec<u8>> {
        if let Some(issuer) = self.issuer(depth) {
            return Some(issuer.public_key().raw.to_vec());
        }
        self.bare_root.map(|root| webpki::spki_for_anchor(root).to_vec())
    }

    /// The issuer of the certificate at `depth`: the next one, or itself at the end.
    pub fn issuer(&self, depth: usize) -> Option<&X509Certificate<'a>> {
        let certificate = self.certificates.get(depth)?;
        self.certificates.get(depth + 1).or_else(|| is_self_signed(certificate).then_some(certificate))
    }

    /// Is this a certificate of version 1 (so without extensions) right below a root that is listed as a certificate
    /// and constrains no names? If so, [`find_fault`](super::faults::find_fault) checks all there is to check.
    pub fn is_version_1_below_listed_root(&self) -> bool {
        let [leaf, root] = self.certificates.as_slice() else { return false };
        let constrains_names = !matches!(root.name_constraints(), Ok(None));
        self.end == End::Trusted && leaf.version() == X509Version::V1 && may_issue(root) && !constrains_names
    }
}

/// Reads one certificate.
pub fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)
}

/// Those of `others` that may be above `leaf`, at most [`MOST_LINKS`], the nearest first. A peer may send more than is
/// needed, in any order.
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

/// Whether subject and issuer are the same.
pub fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Whether a certificate names itself as its issuer, so that a path ends with it. An authority that has changed its key
/// may issue a certificate for itself that does not.
pub fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    is_issuer(certificate, certificate)
}

/// Whether `candidate` is named as the issuer of `certificate`: by name, and by key and serial number where both say
/// them. As in OpenSSL, a certificate with extensions that can't be read neither issues nor is issued.
pub fn is_issuer(candidate: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    candidate.subject().as_raw() == certificate.issuer().as_raw()
        && is_identified(candidate, certificate)
        && is_well_formed(candidate)
        && is_well_formed(certificate)
}

fn is_identified(candidate: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    let identifier = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => Some(identifier),
        _ => None,
    });
    let Some(identifier) = identifier else { return true };
    let key = identifier.key_identifier.as_ref().map(|key| key.0);
    let has_key = key.zip(subject_key(candidate)).is_none_or(|(wanted, had)| wanted == had);
    let has_serial = identifier.authority_cert_serial.is_none_or(|serial| serial == candidate.raw_serial());
    let mut issuers = identifier.authority_cert_issuer.iter().flatten().filter_map(|name| match name {
        GeneralName::DirectoryName(name) => Some(name.as_raw()),
        _ => None,
    });
    let has_issuer = issuers.next().is_none_or(|issuer| issuer == candidate.issuer().as_raw());
    has_key && has_serial && has_issuer
}

/// The identifier of a certificate's key, if it has one.
pub fn subject_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
        _ => None,
    })
}

/// Whether every extension that bears on trust can be read, and none of them is there twice. OpenSSL looks at the same.
pub fn is_well_formed(certificate: &X509Certificate<'_>) -> bool {
    const BEARING: [&str; 8] =
        ["2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.35", "2.5.29.37"];
    let mut seen = Vec::new();
    certificate.iter_extensions().all(|extension| {
        let oid = extension.oid.to_id_string();
        if !BEARING.contains(&oid.as_str()) {
            return true;
        }
        let is_first = !seen.contains(&oid);
        seen.push(oid);
        let is_readable = match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } | ParsedExtension::UnsupportedExtension { .. } => false,
            ParsedExtension::KeyUsage(usage) => usage.flags != 0,
            ParsedExtension::AuthorityKeyIdentifier(_) => has_tags_up_to(extension.value, 2),
            ParsedExtension::NameConstraints(_) => has_tags_up_to(extension.value, 1),
            _ => true,
        };
        is_first && is_readable
    })
}

/// Whether `der` is a sequence of parts with context-specific tags, none above `most`.
fn has_tags_up_to(der: &[u8], most: u32) -> bool {
    let Ok((_, sequence)) = Any::from_der(der) else { return false };
    let mut rest = sequence.data;
    while !rest.is_empty() {
        match Any::from_der(rest) {
            Ok((after, part)) if part.class() == Class::ContextSpecific && part.tag().0 <= most => rest = after,
            _ => return false,
        }
    }
    true
}

/// Of several, one whose time it is.
fn best<'a>(mut candidates: Vec<X509Certificate<'a>>, now: UnixTime) -> Option<X509Certificate<'a>> {
    let is_current = |certificate: &X509Certificate<'_>| {
        let validity = certificate.validity();
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&seconds(now))
    };
    let at = candidates.iter().position(is_current).unwrap_or(0);
    (at < candidates.len()).then(|| candidates.swap_remove(at))
}

/// As certificates count time.
pub fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};
    use rustls::pki_types::CertificateDer;

    use super::super::fixtures::{Certificate, authority, code, now, params, trust, with};
    use super::super::judge::{Peer, judge};
    use super::super::signature::counter;
    use super::*;

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
            let (verdict, computed) = counter::count(|| judge(&trust(&[&root], &[]), &chain, Peer::Client, now()));
            assert!(verdict.is_err());
            assert_eq!(computed, 0, "below {top}: webpki has complained of no signature");
        }
    }

    #[test]
    fn a_signature_is_computed_again_only_to_name_what_webpki_refused() {
        let root = Certificate::self_signed_with(p521(), authority("root"));
        let fake = Certificate::self_signed_with(p521(), unidentified(authority("root")));
        let wrong = fake.sign_with(p521(), unidentified(params("leaf")));
        let (verdict, computed) = counter::count(|| code(&trust(&[&root], &[]), &[&wrong], Peer::Client));
        assert_eq!((verdict, computed), ("CERT_SIGNATURE_FAILURE", 2));
    }

    #[test]
    fn a_trusted_chain_is_verified_once() {
        let root = Certificate::self_signed(authority("root"));
        let inter = root.sign(authority("inter"));
        let chain = [&inter.sign(params("leaf")), &inter];
        let (verdict, computed) = counter::count(|| code(&trust(&[&root], &[]), &chain, Peer::Client));
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
        let (verdict, computed) = counter::count(|| code(&trust(&[&root], &[]), &chain, Peer::Client));
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
        assert_eq!(code(&trust(&[&root], &[]), &chain, Peer::Client), "");
    }

    #[test]
    fn an_authority_with_a_new_key_may_issue_itself_a_certificate() {
        let root = Certificate::self_signed(authority("root"));
        let renewed = root.sign(authority("root"));
        let leaf = renewed.sign(params("leaf"));
        assert_eq!(code(&trust(&[&root], &[]), &[&leaf, &renewed], Peer::Client), "");
    }

    #[test]
    fn another_roots_dates_do_not_excuse_an_expired_root_of_its_name() {
        let old = with(authority("root"), |params| params.not_after = rcgen::date_time_ymd(2029, 1, 1));
        let expired = Certificate::self_signed(unidentified(old));
        let current = Certificate::self_signed(unidentified(authority("root")));
        let leaf = expired.sign(unidentified(params("leaf")));
        assert_ne!(code(&trust(&[&expired, &current], &[]), &[&leaf], Peer::Client), "");
    }
}
