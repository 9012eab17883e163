//! A certificate as `getCertificateText()` returns it (D20): five strings, formatted as by OpenSSL.
//!
//! Pure. The certificate comes from the network: what can't be read is `None`, never a panic.

use std::fmt::Write;

use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

use crate::tls::provider::sha1;

/// A certificate as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateText {
    /// The subject: `/C=UK/O=node.js/CN=localhost`.
    pub subject: String,
    /// The issuer, likewise.
    pub issuer: String,
    /// Valid from: `Nov 11 09:52:22 2009 GMT`.
    pub valid_from: String,
    /// Valid to, likewise.
    pub valid_to: String,
    /// SHA-1 of the whole certificate: `2A:7A:C2:...`.
    pub fingerprint: String,
}

impl CertificateText {
    /// Reads a certificate in DER; `None` if it is not one.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            subject: one_line(certificate.subject()),
            issuer: one_line(certificate.issuer()),
            valid_from: date(certificate.validity().not_before),
            valid_to: date(certificate.validity().not_after),
            fingerprint: fingerprint(der),
        })
    }
}

/// Formats a name as `X509_NAME_oneline` does: bytes outside printable ASCII as `\xHH`, `/` and `+` within a value after a
/// backslash, several attributes of one level joined by `+`.
fn one_line(name: &X509Name<'_>) -> String {
    let mut line = String::new();
    for level in name.iter_rdn() {
        for (i, attribute) in level.iter().enumerate() {
            let oid = attribute.attr_type().to_id_string();
            line.push(if i == 0 { '/' } else { '+' });
            line.push_str(short_name(&oid).unwrap_or(&oid));
            line.push('=');
            for &byte in attribute.attr_value().data {
                match byte {
                    b'/' | b'+' => line.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => line.push(char::from(byte)),
                    _ => drop(write!(line, "\\x{byte:02X}")),
                }
            }
        }
    }
    line
}

/// OpenSSL's short names of the attributes of X.520, RFC 4519 and 4524, and of others that occur in names. All others are
/// written as numbers.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.14" => "searchGuide",
        "2.5.4.15" => "businessCategory",
        "2.5.4.16" => "postalAddress",
        "2.5.4.17" => "postalCode",
        "2.5.4.18" => "postOfficeBox",
        "2.5.4.19" => "physicalDeliveryOfficeName",
        "2.5.4.20" => "telephoneNumber",
        "2.5.4.21" => "telexNumber",
        "2.5.4.22" => "teletexTerminalIdentifier",
        "2.5.4.23" => "facsimileTelephoneNumber",
        "2.5.4.24" => "x121Address",
        "2.5.4.25" => "internationaliSDNNumber",
        "2.5.4.26" => "registeredAddress",
        "2.5.4.27" => "destinationIndicator",
        "2.5.4.28" => "preferredDeliveryMethod",
        "2.5.4.29" => "presentationAddress",
        "2.5.4.30" => "supportedApplicationContext",
        "2.5.4.31" => "member",
        "2.5.4.32" => "owner",
        "2.5.4.33" => "roleOccupant",
        "2.5.4.34" => "seeAlso",
        "2.5.4.35" => "userPassword",
        "2.5.4.36" => "userCertificate",
        "2.5.4.37" => "cACertificate",
        "2.5.4.38" => "authorityRevocationList",
        "2.5.4.39" => "certificateRevocationList",
        "2.5.4.40" => "crossCertificatePair",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.43" => "initials",
        "2.5.4.44" => "generationQualifier",
        "2.5.4.45" => "x500UniqueIdentifier",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.47" => "enhancedSearchGuide",
        "2.5.4.48" => "protocolInformation",
        "2.5.4.49" => "distinguishedName",
        "2.5.4.50" => "uniqueMember",
        "2.5.4.51" => "houseIdentifier",
        "2.5.4.52" => "supportedAlgorithms",
        "2.5.4.53" => "deltaRevocationList",
        "2.5.4.54" => "dmdName",
        "2.5.4.65" => "pseudonym",
        "2.5.4.72" => "role",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.2" => "textEncodedORAddress",
        "0.9.2342.19200300.100.1.3" => "mail",
        "0.9.2342.19200300.100.1.4" => "info",
        "0.9.2342.19200300.100.1.5" => "favouriteDrink",
        "0.9.2342.19200300.100.1.6" => "roomNumber",
        "0.9.2342.19200300.100.1.7" => "photo",
        "0.9.2342.19200300.100.1.8" => "userClass",
        "0.9.2342.19200300.100.1.9" => "host",
        "0.9.2342.19200300.100.1.10" => "manager",
        "0.9.2342.19200300.100.1.11" => "documentIdentifier",
        "0.9.2342.19200300.100.1.12" => "documentTitle",
        "0.9.2342.19200300.100.1.13" => "documentVersion",
        "0.9.2342.19200300.100.1.14" => "documentAuthor",
        "0.9.2342.19200300.100.1.15" => "documentLocation",
        "0.9.2342.19200300.100.1.20" => "homeTelephoneNumber",
        "0.9.2342.19200300.100.1.21" => "secretary",
        "0.9.2342.19200300.100.1.22" => "otherMailbox",
        "0.9.2342.19200300.100.1.23" => "lastModifiedTime",
        "0.9.2342.19200300.100.1.24" => "lastModifiedBy",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.26" => "aRecord",
        "0.9.2342.19200300.100.1.27" => "pilotAttributeType27",
        "0.9.2342.19200300.100.1.28" => "mXRecord",
        "0.9.2342.19200300.100.1.29" => "nSRecord",
        "0.9.2342.19200300.100.1.30" => "sOARecord",
        "0.9.2342.19200300.100.1.31" => "cNAMERecord",
        "0.9.2342.19200300.100.1.37" => "associatedDomain",
        "0.9.2342.19200300.100.1.38" => "associatedName",
        "0.9.2342.19200300.100.1.39" => "homePostalAddress",
        "0.9.2342.19200300.100.1.40" => "personalTitle",
        "0.9.2342.19200300.100.1.41" => "mobileTelephoneNumber",
        "0.9.2342.19200300.100.1.42" => "pagerTelephoneNumber",
        "0.9.2342.19200300.100.1.43" => "friendlyCountryName",
        "0.9.2342.19200300.100.1.44" => "uid",
        "0.9.2342.19200300.100.1.45" => "organizationalStatus",
        "0.9.2342.19200300.100.1.46" => "janetMailbox",
        "0.9.2342.19200300.100.1.47" => "mailPreferenceOption",
        "0.9.2342.19200300.100.1.48" => "buildingName",
        "0.9.2342.19200300.100.1.49" => "dSAQuality",
        "0.9.2342.19200300.100.1.50" => "singleLevelQuality",
        "0.9.2342.19200300.100.1.51" => "subtreeMinimumQuality",
        "0.9.2342.19200300.100.1.52" => "subtreeMaximumQuality",
        "0.9.2342.19200300.100.1.53" => "personalSignature",
        "0.9.2342.19200300.100.1.54" => "dITRedirect",
        "0.9.2342.19200300.100.1.55" => "audio",
        "0.9.2342.19200300.100.1.56" => "documentPublisher",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.2.840.113549.1.9.8" => "unstructuredAddress",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}

/// Formats a date as `ASN1_TIME_print` does: the day is padded to two characters.
fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let month = &time.month().to_string()[..3];
    let (hour, minute, second) = time.to_hms();
    format!("{month} {:2} {hour:02}:{minute:02}:{second:02} {} GMT", time.day(), time.year())
}

fn fingerprint(der: &[u8]) -> String {
    let bytes: Vec<String> = sha1(der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    fn read(names: Vec<(DnType, DnValue)>) -> CertificateText {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in names {
            params.distinguished_name.push(kind, value);
        }
        params.not_before = rcgen::date_time_ymd(2009, 11, 1);
        params.not_after = rcgen::date_time_ymd(2051, 2, 28);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        CertificateText::from_der(certificate.der()).unwrap()
    }

    fn utf8(text: &str) -> DnValue {
        DnValue::Utf8String(text.into())
    }

    #[test]
    fn names_are_one_line_with_short_names() {
        let names = vec![
            (DnType::CountryName, utf8("UK")),
            (DnType::OrganizationName, utf8("node.js")),
            (DnType::CommonName, utf8("localhost")),
            (DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]), utf8("ry@tinyclouds.org")),
            (DnType::CustomDnType(vec![1, 2, 3, 4]), utf8("x y")),
        ];
        let certificate = read(names);
        assert_eq!(certificate.subject, "/C=UK/O=node.js/CN=localhost/emailAddress=ry@tinyclouds.org/1.2.3.4=x y");
        assert_eq!(certificate.issuer, certificate.subject);
    }

    #[test]
    fn what_is_not_printable_and_what_separates_is_escaped() {
        let names = vec![
            (DnType::OrganizationName, utf8("nö\n")),
            (DnType::CommonName, utf8("a/b+c\\d")),
            (DnType::LocalityName, DnValue::BmpString("hi".try_into().unwrap())),
        ];
        assert_eq!(read(names).subject, r"/O=n\xC3\xB6\x0A/CN=a\/b\+c\d/L=\x00h\x00i");
    }

    #[test]
    fn dates_take_two_places_for_the_day_and_both_forms_of_time() {
        let certificate = read(vec![]);
        assert_eq!(certificate.valid_from, "Nov  1 00:00:00 2009 GMT");
        assert_eq!(certificate.valid_to, "Feb 28 00:00:00 2051 GMT");
    }

    /// Expected: `openssl x509 -noout -subject -issuer -nameopt compat -dates -fingerprint -sha1` (OpenSSL 3.0.19).
    #[test]
    fn all_of_it_is_what_openssl_prints() {
        let der = CertificateDer::from_pem_slice(OPENSSLS).unwrap();
        let name = r"/C=UK/ST=a b/L=x/O=n\xC3\xB6/OU=a\/b/emailAddress=a@b";
        let expected = CertificateText {
            subject: name.into(),
            issuer: name.into(),
            valid_from: "Nov 25 03:17:44 2026 GMT".into(),
            valid_to: "Nov  7 03:17:44 2037 GMT".into(),
            fingerprint: "40:1A:E0:E3:6E:D1:C4:55:66:9A:D4:EC:DF:53:54:2C:64:FD:3E:E8".into(),
        };
        assert_eq!(CertificateText::from_der(&der).unwrap(), expected);
    }

    #[test]
    fn garbage_is_none() {
        let der = CertificateDer::from_pem_slice(OPENSSLS).unwrap();
        for length in 0..der.len() {
            assert_eq!(CertificateText::from_der(&der[..length]), None, "{length} bytes");
        }
    }

    const OPENSSLS: &[u8] = b"\
-----BEGIN CERTIFICATE-----
MIICBDCCAamgAwIBAgIUCO65jtn/lQv6p16k6QD0isV3u7UwCgYIKoZIzj0EAwIw
VzELMAkGA1UEBhMCVUsxDDAKBgNVBAgMA2EgYjEKMAgGA1UEBwwBeDEMMAoGA1UE
CgwDbsO2MQwwCgYDVQQLDANhL2IxEjAQBgkqhkiG9w0BCQEWA2FAYjAeFw0yNjEx
MjUwMzE3NDRaFw0zNzExMDcwMzE3NDRaMFcxCzAJBgNVBAYTAlVLMQwwCgYDVQQI
DANhIGIxCjAIBgNVBAcMAXgxDDAKBgNVBAoMA27DtjEMMAoGA1UECwwDYS9iMRIw
EAYJKoZIhvcNAQkBFgNhQGIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS3JHeR
nx4slAtyeshtidtZQPIAL/h3KSNscR8+uA3npxBQC1ID2otgtFjMs0MyTXOmLRKF
teBC/tCuCIbATF4Yo1MwUTAdBgNVHQ4EFgQU5TNlereuc88vjpq8qeSXjio8So8w
HwYDVR0jBBgwFoAU5TNlereuc88vjpq8qeSXjio8So8wDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNJADBGAiEAhsj5HykZd9dLwUpl2m0HmRZmgn5JWFCVBdoc
lOJ0hR0CIQCSks7GpDhOSj+CS8/wrd8lvTfcLdMgRZTFaninE54rYg==
-----END CERTIFICATE-----
";
}
