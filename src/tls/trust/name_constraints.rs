//! Name constraints, for the names that webpki does not apply them to.
//!
//! Pure; it only rejects. webpki applies the constraints of a path to the subject alternative names. If a certificate has
//! no DNS name among those, its common name is used instead ([`subject_name`]), and the constraints apply to it, too.
//! Finally, they apply to the host that was asked for: a pattern (`*.example.com`) may match more names than its issuer
//! may certify.

use x509_parser::extensions::GeneralSubtree;
use x509_parser::prelude::{FromDer, GeneralName, NameConstraints, X509Certificate};

use super::certificate::sequence;
use super::path::Path;
use super::subject_name;

/// Whether an issuer on `path` forbids a common name that is used instead of a DNS name. As in OpenSSL, that is only a
/// name that looks like a host, with a dot; a name that can't be decoded or contains a NUL is forbidden.
pub fn forbid_common_name(path: &Path<'_>) -> bool {
    let Some(leaf) = path.certificates.first() else { return false };
    if !is_constrained(path) || subject_name::has_dns_name(leaf) {
        return false;
    }
    subject_name::common_names(leaf).iter().any(|name| match name.as_deref().map(|name| name.trim_end_matches('\0')) {
        Some(name) if name.contains('\0') => true,
        Some(name) => looks_like_host(name) && forbid_host(path, name),
        None => true,
    })
}

fn is_constrained(path: &Path<'_>) -> bool {
    let issuers = path.certificates.iter().skip(1);
    let mut of_issuers = issuers.filter(|issuer| !matches!(issuer.name_constraints(), Ok(None)));
    of_issuers.next().is_some() || path.bare_root.is_some_and(|root| root.name_constraints.is_some())
}

/// Whether an issuer on `path` forbids `host`, a DNS name.
pub fn forbid_host(path: &Path<'_>, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let of_bare = path.bare_root.and_then(|root| root.name_constraints.as_ref()).is_some_and(|content| {
        let der = sequence(content);
        !NameConstraints::from_der(&der).is_ok_and(|(_, constraints)| permits(&constraints, &host))
    });
    of_bare || path.certificates.iter().skip(1).any(|issuer| !issuer_permits(issuer, &host))
}

fn issuer_permits(issuer: &X509Certificate<'_>, host: &str) -> bool {
    match issuer.name_constraints() {
        Ok(Some(constraints)) => permits(constraints.value, host),
        Ok(None) => true,
        Err(_) => false,
    }
}

fn permits(constraints: &NameConstraints<'_>, host: &str) -> bool {
    let permitted: Vec<Option<&str>> = dns_names(constraints.permitted_subtrees.as_deref());
    let excluded: Vec<Option<&str>> = dns_names(constraints.excluded_subtrees.as_deref());
    let is_permitted = permitted.is_empty() || permitted.iter().flatten().any(|base| is_within(host, base));
    // A name that can't be read excludes everything.
    is_permitted && !excluded.iter().any(|base| base.is_none_or(|base| is_within(host, base)))
}

/// The DNS names of subtrees; `None` for each that can't be read.
fn dns_names<'a>(subtrees: Option<&'a [GeneralSubtree<'_>]>) -> Vec<Option<&'a str>> {
    let subtrees = subtrees.unwrap_or_default().iter();
    let names = subtrees.filter_map(|subtree| match &subtree.base {
        GeneralName::DNSName(name) => Some(Some(*name)),
        GeneralName::Invalid(..) => Some(None),
        _ => None,
    });
    names.collect()
}

/// Whether `host` is `base` or below it; with a leading dot, only below it.
fn is_within(host: &str, base: &str) -> bool {
    let base = base.to_ascii_lowercase();
    match host.strip_suffix(base.as_str()) {
        Some(rest) => rest.is_empty() || base.is_empty() || base.starts_with('.') || rest.ends_with('.'),
        None => false,
    }
}

/// Whether a common name is a host by OpenSSL's rules: at least two labels of letters, digits, `_` and, except at their
/// ends, `-`.
fn looks_like_host(name: &str) -> bool {
    let is_label = |label: &str| {
        let ends_well = !label.starts_with('-') && !label.ends_with('-');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        !label.is_empty() && ends_well && label.bytes().all(is_plain)
    };
    name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, GeneralSubtree, NameConstraints, SanType};

    use super::super::purpose::ExpectedPeer;
    use super::{Path, forbid_common_name, forbid_host, is_within, looks_like_host};
    use crate::tls::fixtures::{Certificate, authority, code, params as leaf_params, trust, with};

    #[test]
    fn a_subtree_is_its_base_and_what_is_below() {
        for (base, host, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "a.example.com", true),
            ("Example.COM", "a.example.com", true),
            ("example.com", "anexample.com", false),
            (".example.com", "a.example.com", true),
            (".example.com", "example.com", false),
            ("a.example.com", "example.com", false),
            ("", "example.com", true),
        ] {
            assert_eq!(is_within(host, base), expected, "{host} within {base}");
        }
    }

    #[test]
    fn only_some_common_names_look_like_hosts() {
        for name in ["a.com", "A_b.c-d.com", "127.0.0.1"] {
            assert!(looks_like_host(name), "{name}");
        }
        for name in ["", "localhost", "John Smith", "*.a.com", ".a.com", "a.com.", "-a.com", "a..com", "ä.com"] {
            assert!(!looks_like_host(name), "{name}");
        }
    }

    fn dns(name: &str) -> GeneralSubtree {
        GeneralSubtree::DnsName(name.into())
    }

    fn constrained(name: &str, permitted: &[&str], excluded: &[&str]) -> CertificateParams {
        with(authority(name), |params| {
            let subtrees = |names: &[&str]| names.iter().map(|name| dns(name)).collect();
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: subtrees(permitted),
                excluded_subtrees: subtrees(excluded),
            });
        })
    }

    /// The verdict on a server for `host` with a common name only, below an authority with `params`, as root and as
    /// intermediate.
    fn verdicts(params: &CertificateParams, common_name: &str, host: &str) -> [&'static str; 2] {
        let peer = ExpectedPeer::Server { name: Some(host) };
        let own = Certificate::self_signed(params.clone());
        let root = Certificate::self_signed(authority("root"));
        let below = root.sign(params.clone());
        let chain = [&below.sign(leaf_params(common_name)), &below];
        [
            code(&trust(&[&own], &[]), &[&own.sign(leaf_params(common_name))], peer),
            code(&trust(&[&root], &[]), &chain, peer),
        ]
    }

    #[test]
    fn a_common_name_is_under_the_constraints_of_intermediates_and_roots() {
        let permits = constrained("a", &["example.com"], &[]);
        assert_eq!(verdicts(&permits, "a.example.com", "a.example.com"), ["", ""]);
        assert_eq!(verdicts(&permits, "a.evil.org", "a.evil.org"), ["UNSPECIFIED"; 2]);
        let excludes = constrained("a", &[], &["evil.org"]);
        assert_eq!(verdicts(&excludes, "a.example.com", "a.example.com"), ["", ""]);
        assert_eq!(verdicts(&excludes, "A.Evil.org", "a.evil.org"), ["UNSPECIFIED"; 2]);
        // OpenSSL lets these pass, because neither looks like a host.
        assert_eq!(verdicts(&permits, "*.evil.org", "a.evil.org"), ["UNSPECIFIED"; 2]);
        assert_eq!(verdicts(&permits, "localhost", "localhost"), ["UNSPECIFIED"; 2]);
    }

    #[test]
    fn a_client_is_held_to_them_too_where_its_name_looks_like_a_host() {
        let root = Certificate::self_signed(constrained("root", &["example.com"], &[]));
        let verdict = |name: &str| code(&trust(&[&root], &[]), &[&root.sign(leaf_params(name))], ExpectedPeer::Client);
        assert_eq!(verdict("a.example.com"), "");
        assert_eq!(verdict("Alice"), "");
        assert_eq!(verdict("a.evil.org"), "UNSPECIFIED");
        assert_eq!(verdict("a.example.com\0.evil.org"), "UNSPECIFIED");
    }

    #[test]
    fn a_root_of_which_only_name_and_key_are_known_constrains_as_well() {
        let root = Certificate::self_signed(constrained("root", &["example.com"], &[]));
        let anchor = webpki::anchor_from_trusted_cert(&root.der).unwrap().to_owned();
        for (host, expected) in [("a.example.com", false), ("a.evil.org", true)] {
            let signed = root.sign(leaf_params(host));
            let leaf = super::super::certificate::parse(&signed.der).unwrap();
            let path = Path::verified(vec![leaf], Some(&anchor));
            assert_eq!(forbid_common_name(&path), expected, "{host}");
            assert_eq!(forbid_host(&path, host), expected, "{host}");
        }
    }

    #[test]
    fn a_pattern_does_not_go_beyond_what_is_permitted() {
        let root = Certificate::self_signed(constrained("root", &[], &["secret.example.com"]));
        for is_alternative in [true, false] {
            let leaf = root.sign(with(leaf_params("*.example.com"), |params| {
                let name = SanType::DnsName("*.example.com".try_into().unwrap());
                params.subject_alt_names = if is_alternative { vec![name] } else { vec![] };
            }));
            let peer = ExpectedPeer::Server { name: Some("secret.example.com") };
            assert_eq!(code(&trust(&[&root], &[]), &[&leaf], peer), "UNSPECIFIED", "{is_alternative}");
        }
    }
}
