//! A revocation list: its issuer, its dates, the certificates that it covers and those that it revokes.
//!
//! Pure.

use std::collections::HashSet;

use rustls::pki_types::CertificateRevocationListDer;
use webpki::OwnedCertRevocationList;
use x509_parser::extensions::{DistributionPointName, GeneralName};
use x509_parser::prelude::{CertificateRevocationList, FromDer, ParsedExtension, X509Certificate};

use super::signature::Signed;
use crate::tls::pem;

/// A revocation list.
#[derive(Debug)]
pub struct Crl {
    der: CertificateRevocationListDer<'static>,
    /// The name of the issuer, encoded.
    issuer: Vec<u8>,
    /// The identifier of the issuer's key, if the list has one.
    issuers_key: Option<Vec<u8>>,
    /// In seconds of UNIX time.
    this_update: i64,
    next_update: Option<i64>,
    /// Serial numbers without leading zeros.
    revoked: HashSet<Vec<u8>>,
    scope: Scope,
}

/// The certificates of its issuer that a list covers.
#[derive(Debug, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    /// The URIs of the distribution point; `None` is any.
    point: Option<Vec<String>>,
}

impl Crl {
    /// Reads the lists in PEM or DER. The error is a reason for people.
    pub fn read(data: &[u8]) -> Result<Vec<Self>, String> {
        let lists = pem::revocation_lists(data)?;
        if lists.is_empty() {
            return Err("there is no revocation list in it".into());
        }
        lists.into_iter().map(Self::new).collect()
    }

    /// Reads one list in DER. webpki rejects the kinds that it does not support (partial, indirect, with unknown critical
    /// extensions), so that none of them gets any further.
    fn new(der: CertificateRevocationListDer<'static>) -> Result<Self, String> {
        OwnedCertRevocationList::from_der(&der).map_err(|error| error.to_string())?;
        let (_, list) = CertificateRevocationList::from_der(&der).map_err(|error| error.to_string())?;
        if Signed::read(&der).is_none() {
            return Err("not a signed structure".into());
        }
        let (mut scope, mut issuers_key) = (Scope::default(), None);
        for extension in list.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::IssuingDistributionPoint(point) => {
                    scope.only_users = point.only_contains_user_certs;
                    scope.only_authorities = point.only_contains_ca_certs;
                    scope.point = point.distribution_point.as_ref().map(uris);
                }
                ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                    issuers_key = identifier.key_identifier.as_ref().map(|key| key.0.to_vec());
                }
                ParsedExtension::ParseError { .. } => return Err("an extension can't be read".into()),
                _ => (),
            }
        }
        Ok(Self {
            issuer: list.issuer().as_raw().to_vec(),
            issuers_key,
            this_update: list.last_update().timestamp(),
            next_update: list.next_update().map(|time| time.timestamp()),
            revoked: list.iter_revoked_certificates().map(|entry| significant(entry.raw_serial()).to_vec()).collect(),
            scope,
            der,
        })
    }

    /// Whether a newer list was due before `now`, in seconds of UNIX time.
    pub fn is_expired(&self, now: i64) -> bool {
        self.next_update.is_some_and(|next| next < now)
    }

    /// Whether the list is not valid yet at `now`, in seconds of UNIX time.
    pub fn is_early(&self, now: i64) -> bool {
        self.this_update > now
    }

    /// Whether the issuer has the encoded name `name` and, if both are known, the key identifier `key`.
    pub fn is_of(&self, name: &[u8], key: Option<&[u8]>) -> bool {
        self.issuer == name && self.issuers_key.as_deref().zip(key).is_none_or(|(a, b)| a == b)
    }

    /// Whether the list contains `certificate`.
    pub fn revokes(&self, certificate: &X509Certificate<'_>) -> bool {
        self.revoked.contains(significant(certificate.raw_serial()))
    }

    /// Whether the list covers `certificate`. As in OpenSSL, a list with a distribution point covers the certificates that
    /// have the same.
    pub fn covers(&self, certificate: &X509Certificate<'_>) -> bool {
        let is_authority = certificate.is_ca();
        if (self.scope.only_users && is_authority) || (self.scope.only_authorities && !is_authority) {
            return false;
        }
        let Some(uris_of_list) = &self.scope.point else { return true };
        certificate.iter_extensions().any(|extension| match extension.parsed_extension() {
            ParsedExtension::CRLDistributionPoints(points) => points.iter().any(|point| {
                let is_whole = point.reasons.is_none() && point.crl_issuer.is_none();
                let mut uris = point.distribution_point.iter().flat_map(uris);
                is_whole && uris.any(|uri| uris_of_list.contains(&uri))
            }),
            _ => false,
        })
    }

    /// Whether the list was signed with the private key of `key`, a `SubjectPublicKeyInfo`.
    pub fn is_signed_by(&self, key: &[u8]) -> bool {
        Signed::read(&self.der).is_some_and(|signed| signed.is_by(key))
    }
}

fn uris(point: &DistributionPointName<'_>) -> Vec<String> {
    let DistributionPointName::FullName(names) = point else { return Vec::new() };
    let uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    uris.collect()
}

/// A serial number without leading zeros.
fn significant(serial: &[u8]) -> &[u8] {
    &serial[serial.iter().take_while(|byte| **byte == 0).count()..]
}
