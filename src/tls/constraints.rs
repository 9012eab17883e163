//! Name constraints, for the names that webpki does not apply them to.
//!
//! Pure; it may only refuse. webpki applies the constraints of a path to the subject alternative names. Where a
//! certificate has no DNS name among those, its common name stands in for one (`identity`), so it is under the same
//! constraints. And what counts in the end is the host that was asked for: a pattern (`*.example.com`) may go beyond
//! what its issuer is permitted.

use x509_parser::prelude::{FromDer, GeneralName, NameConstraints, X509Certificate};
use x509_parser::extensions::GeneralSubtree;

use super::identity;
use super::path::Path;
use super::trust::sequence;

/// Whether a common name that stands in for a DNS name is one that an issuer may not vouch for. As in OpenSSL, only
/// what looks like the name of a host, with a dot, is taken for one.
pub fn forbid_common_name(path: &Path<'_>) -> bool {
    let Some(leaf) = path.certificates.first() else { return false };
    if identity::has_dns_name(leaf) {
        return false;
    }
    let names: Vec<String> = identity::common_names(leaf);
    names.iter().filter(|name| looks_like_host(name)).any(|name| forbid_host(path, name))
}

/// Whether an issuer on `path` may not vouch for `host`, a DNS name.
pub fn forbid_host(path: &Path<'_>, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let bare = path.bare_root.and_then(|root| root.name_constraints.as_ref()).map(|content| sequence(content));
    let of_bare = bare.as_deref().map(|der| match NameConstraints::from_der(der) {
        Ok((_, constraints)) => !permits(&constraints, &host),
        Err(_) => true,
    });
    of_bare.unwrap_or(false) || path.certificates.iter().skip(1).any(|issuer| !issuer_permits(issuer, &host))
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
    // What can't be read excludes everything.
    is_permitted && !excluded.iter().any(|base| base.is_none_or(|base| is_within(host, base)))
}

/// The DNS names of subtrees; `None` for each that is no text.
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

/// OpenSSL's test for a common name that is meant as a host: letters, digits, `_`, and `-` and `.` between them; two
/// labels at least.
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
    use super::*;

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
}
