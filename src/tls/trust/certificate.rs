//! The facts of one certificate, and of a certificate and its issuer, as OpenSSL reads them.
//!
//! Pure.

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::asn1_rs::{Any, Class};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Version};

/// Parses one certificate.
pub fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)
}

/// Whether subject and issuer are the same.
pub fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Whether a certificate names itself, by name and key, as its issuer, so that a path ends with it. An authority that has
/// changed its key may issue a certificate for itself that does not.
pub fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    is_issuer(certificate, certificate)
}

/// Whether `certificate` names `candidate` as its issuer: by name, and by key identifier and serial number if it has them.
/// As in OpenSSL, a certificate with unreadable extensions neither issues nor is issued.
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

/// The subject key identifier of a certificate.
pub fn subject_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
        _ => None,
    })
}

/// Whether every extension that is relevant to trust can be read, and none occurs twice; the same that OpenSSL checks.
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

/// Whether `der` is a sequence of elements with context-specific tags, none above `most`.
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

/// Whether a certificate may issue others, by OpenSSL's `check_ca`: as its basic constraints say, or without them its key
/// usage. A self-issued one of version 1 always may.
pub fn may_issue(certificate: &X509Certificate<'_>) -> bool {
    let usage = certificate.key_usage().ok().flatten().map(|usage| usage.value.key_cert_sign());
    if usage == Some(false) {
        return false;
    }
    match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => usage.is_some() || is_version_1_root(certificate),
        Err(_) => false,
    }
}

fn is_version_1_root(certificate: &X509Certificate<'_>) -> bool {
    certificate.version() == X509Version::V1 && certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// A time in seconds, as certificates have it.
pub fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// Encodes a DER sequence of `content`: webpki keeps names without their tag and length.
pub fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let bytes = length.to_be_bytes();
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let header = if length < 0x80 {
        vec![0x30, length as u8]
    } else {
        [&[0x30, 0x80 | significant.len() as u8], significant].concat()
    };
    [header.as_slice(), content].concat()
}
