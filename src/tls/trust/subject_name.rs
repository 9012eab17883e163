//! Whether a certificate is for a name, by the rules and in the words of Node's `tls.checkServerIdentity()`.
//!
//! Pure. An address is compared only with the addresses in the certificate, a name only with its DNS names. The common name
//! is used only if there is no DNS name. `*` stands for the leftmost label or a part of it.

use std::net::IpAddr;

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::prelude::{GeneralName, ParsedExtension, X509Certificate};

/// Checks that `certificate` is for `host`, a name or an address; the error is Node's explanation.
pub fn check(host: &str, certificate: &X509Certificate<'_>) -> Result<(), String> {
    let host = without_final_dot(host);
    let names = alternative_names(certificate).ok_or("Cert's altnames can't be read")?;

    if is_address(host) {
        let addresses: Vec<IpAddr> = names.iter().filter_map(|name| ip_address(name)).collect();
        if host.parse::<IpAddr>().is_ok_and(|address| addresses.contains(&address)) {
            return Ok(());
        }
        let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        return Err(format!("IP: {host} is not in the cert's list: {}", list.join(", ")));
    }

    if names.iter().any(|name| is_dns(name)) {
        let is_match =
            |name: &&GeneralName<'_>| matches!(name, GeneralName::DNSName(pattern) if matches(host, pattern));
        if names.iter().any(is_match) {
            return Ok(());
        }
        let list: Vec<String> = names.iter().map(|name| name_text(name)).collect();
        return Err(format!("Host: {host}. is not in the cert's altnames: {}", list.join(", ")));
    }

    let common_names: Vec<String> = common_names(certificate).into_iter().flatten().collect();
    if common_names.is_empty() {
        return Err("Cert does not contain a DNS name".into());
    }
    if common_names.iter().any(|pattern| matches(host, pattern)) {
        return Ok(());
    }
    Err(format!("Host: {host}. is not cert's CN: {}", common_names.join(",")))
}

/// Whether `host` is an address, including one that can't be compared because it has a zone.
pub fn is_address(host: &str) -> bool {
    let host = without_final_dot(host);
    host.contains(':') || host.parse::<IpAddr>().is_ok()
}

/// Whether there is a DNS name, even an unreadable one, among the alternative names, or these can't be read. Then the
/// common name is not used.
pub fn has_dns_name(certificate: &X509Certificate<'_>) -> bool {
    alternative_names(certificate).is_none_or(|names| names.iter().any(|name| is_dns(name)))
}

/// The common names; `None` for each that can't be decoded.
pub fn common_names(certificate: &X509Certificate<'_>) -> Vec<Option<String>> {
    certificate.subject().iter_common_name().map(|name| text(name.attr_value())).collect()
}

/// Decodes a string of any type.
fn text(value: &Any<'_>) -> Option<String> {
    let data = value.data;
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(data.to_vec()).ok()
        }
        // Latin-1, as in OpenSSL.
        Tag::T61String => Some(data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, []) = data.as_chunks() else { return None };
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).ok()
        }
        Tag::UniversalString => {
            let (groups, []) = data.as_chunks() else { return None };
            groups.iter().map(|group| char::from_u32(u32::from_be_bytes(*group))).collect()
        }
        _ => None,
    }
}

/// The subject alternative names; `None` if they can't be read.
fn alternative_names<'a>(certificate: &'a X509Certificate<'_>) -> Option<Vec<&'a GeneralName<'a>>> {
    let mut all = Vec::new();
    for extension in certificate.iter_extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => all.extend(&names.general_names),
            _ if extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME => return None,
            _ => (),
        }
    }
    Some(all)
}

fn is_dns(name: &GeneralName<'_>) -> bool {
    const DNS_NAME: u32 = 2;
    match name {
        GeneralName::DNSName(_) => true,
        GeneralName::Invalid(tag, _) => tag.0 == DNS_NAME,
        _ => false,
    }
}

fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether `host` matches `pattern`.
fn matches(host: &str, pattern: &str) -> bool {
    let host = without_final_dot(host).to_ascii_lowercase();
    let pattern = without_final_dot(pattern).to_ascii_lowercase();
    let host: Vec<&str> = host.split('.').collect();
    let labels: Vec<&str> = pattern.split('.').collect();
    // Names with other characters than printable ASCII don't match.
    let is_bad = |label: &&str| label.is_empty() || !label.bytes().all(|byte| (0x21..=0x7f).contains(&byte));
    if labels.len() != host.len() || labels.iter().any(is_bad) || labels[1..] != host[1..] {
        return false;
    }
    let (label, first) = (host[0], labels[0]);
    match first.split_once('*') {
        // A `*` within a name in Punycode stands for itself.
        None => first == label,
        Some(_) if first.contains("xn--") => first == label,
        // Only one `*`, and not for a whole top-level domain.
        Some((prefix, suffix)) => {
            !suffix.contains('*')
                && labels.len() > 2
                && !label.is_empty()
                && label.len() >= prefix.len() + suffix.len()
                && label.starts_with(prefix)
                && label.ends_with(suffix)
        }
    }
}

fn ip_address(name: &GeneralName<'_>) -> Option<IpAddr> {
    let GeneralName::IPAddress(bytes) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok()
}

/// Formats a name as in Node's `subjectaltname`.
fn name_text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::RegisteredID(oid) => format!("Registered ID:{oid}"),
        GeneralName::DirectoryName(name) => format!("DirName:{name}"),
        GeneralName::IPAddress(_) => match ip_address(name) {
            Some(address) => format!("IP Address:{address}"),
            None => "IP Address:<invalid>".into(),
        },
        _ => "othername:<unsupported>".into(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};
    use x509_parser::prelude::FromDer;

    use super::*;

    fn check_against(common_names: &[&str], names: Vec<SanType>, host: &str) -> Result<(), String> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for name in common_names {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.subject_alt_names = names;
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (_, certificate) = X509Certificate::from_der(certificate.der()).unwrap();
        check(host, &certificate)
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn ip(address: &str) -> SanType {
        SanType::IpAddress(address.parse().unwrap())
    }

    #[test]
    fn names_match_label_by_label() {
        for (pattern, host, expected) in [
            ("a.com", "a.com", true),
            ("a.com", "A.COM.", true),
            ("A.com.", "a.com", true),
            ("a.com", "b.com", false),
            ("a.com", "x.a.com", false),
            ("*.a.com", "b.a.com", true),
            ("*.a.com", "a.com", false),
            ("*.a.com", "c.b.a.com", false),
            ("b*.a.com", "bcd.a.com", true),
            ("b*d.a.com", "bcd.a.com", true),
            ("b*d.a.com", "bd.a.com", true),
            ("bd*d.a.com", "bd.a.com", false),
            ("b*x.a.com", "bcd.a.com", false),
            ("*.*.com", "b.a.com", false),
            ("**.a.com", "b.a.com", false),
            ("*.com", "a.com", false),
            ("*", "a", false),
            ("a..com", "a..com", false),
            ("*.xn--a.com", "b.xn--a.com", true),
            ("xn--*.a.com", "xn--b.a.com", false),
            ("ä.com", "ä.com", false),
            ("a b.com", "a b.com", false),
        ] {
            assert_eq!(matches(host, pattern), expected, "{pattern} for {host}");
        }
    }

    #[test]
    fn the_common_name_counts_only_without_a_dns_name() {
        assert_eq!(check_against(&["a.com"], vec![], "a.com"), Ok(()));
        assert_eq!(check_against(&["a.com", "b.com"], vec![], "b.com"), Ok(()));
        assert_eq!(check_against(&["a.com"], vec![ip("127.0.0.1")], "a.com"), Ok(()));
        assert_eq!(
            check_against(&["a.com"], vec![dns("b.com"), ip("127.0.0.1")], "a.com").unwrap_err(),
            "Host: a.com. is not in the cert's altnames: DNS:b.com, IP Address:127.0.0.1"
        );
        assert_eq!(check_against(&["a.com"], vec![], "b.com").unwrap_err(), "Host: b.com. is not cert's CN: a.com");
        assert_eq!(check_against(&[], vec![], "b.com").unwrap_err(), "Cert does not contain a DNS name");
    }

    #[test]
    fn addresses_match_addresses_only() {
        assert_eq!(check_against(&[], vec![ip("127.0.0.1")], "127.0.0.1"), Ok(()));
        assert_eq!(check_against(&[], vec![ip("::1")], "0:0:0:0:0:0:0:1"), Ok(()));
        let expected = "IP: 127.0.0.1 is not in the cert's list: ";
        assert_eq!(check_against(&["127.0.0.1"], vec![], "127.0.0.1").unwrap_err(), expected);
        assert_eq!(check_against(&[], vec![dns("127.0.0.1")], "127.0.0.1").unwrap_err(), expected);
    }

    /// A certificate for the common name `a.com` whose alternative names have the content `names`, in DER.
    fn check_raw(names: &[u8], host: &str) -> Result<(), String> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a.com");
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 17], names.to_vec())];
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (_, certificate) = X509Certificate::from_der(certificate.der()).unwrap();
        check(host, &certificate)
    }

    #[test]
    fn alternative_names_that_are_no_text_or_cannot_be_read_do_not_count_as_none() {
        assert_eq!(check_raw(&[0x30, 0], "a.com"), Ok(()));
        assert_eq!(check_raw(&[0x30, 3, 0x81, 1, b'x'], "a.com"), Ok(()));
        for names in
            [&[0x30, 3, 0x82, 1, 0xff][..], &[0x30, 3, 0x82, 1, 0], &[0x30, 2, 0x82, 0], &[0x30, 9, 0x82], &[5, 0], &[]]
        {
            assert!(check_raw(names, "a.com").is_err(), "{names:?}");
        }
    }

    #[test]
    fn an_address_with_a_zone_is_no_name() {
        assert!(check_against(&["fe80::1%lo"], vec![], "fe80::1%lo").is_err());
        assert!(check_against(&["fe80::1%lo"], vec![dns("fe80::1%lo")], "fe80::1%lo").is_err());
    }

    #[test]
    fn a_common_name_may_be_of_any_type_of_string() {
        let check_value = |value: rcgen::DnValue, host| {
            let mut params = CertificateParams::default();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, value);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let (_, certificate) = X509Certificate::from_der(certificate.der()).unwrap();
            check(host, &certificate)
        };
        assert_eq!(check_value(rcgen::DnValue::BmpString("a.com".try_into().unwrap()), "a.com"), Ok(()));
        assert_eq!(check_value(rcgen::DnValue::TeletexString("a.com".try_into().unwrap()), "a.com"), Ok(()));
        assert!(check_value(rcgen::DnValue::BmpString("a.com".try_into().unwrap()), "b.com").is_err());
    }
}
