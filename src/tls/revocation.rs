//! Has a certificate been revoked?
//!
//! Pure; it may only refuse. webpki asks one list of an issuer, the first, and not whether it is valid yet nor whether
//! its issuer may sign lists. Here every list of an issuer is asked, as much as OpenSSL asks of the one that it picks:
//!
//! - that a certificate is revoked is believed of any list, old or not valid yet,
//! - that it is not revoked, only of a list that covers it and whose time it is,
//! - and a list that names this issuer and was not signed by it is a reason to refuse.

use std::collections::HashSet;

use rustls::pki_types::{CertificateRevocationListDer, UnixTime};
use webpki::OwnedCertRevocationList;
use x509_parser::extensions::{DistributionPointName, GeneralName};
use x509_parser::prelude::{CertificateRevocationList, FromDer, ParsedExtension, X509Certificate};

use super::path::{End, Path, seconds, subject_key};
use super::signature::Signed;
use super::trust::Trust;
use super::verdict::Verdict;

/// A revocation list.
#[derive(Debug)]
pub struct Crl {
    der: CertificateRevocationListDer<'static>,
    /// Whose it is, as the name is encoded.
    issuer: Vec<u8>,
    /// The identifier of the issuer's key, if the list says one.
    issuers_key: Option<Vec<u8>>,
    /// In seconds of UNIX time.
    this_update: i64,
    next_update: Option<i64>,
    /// Serial numbers without leading zeros.
    revoked: HashSet<Vec<u8>>,
    scope: Scope,
}

/// Which certificates of its issuer a list covers.
#[derive(Debug, Default)]
struct Scope {
    only_users: bool,
    only_authorities: bool,
    /// The names of the distribution point; `None` is any.
    point: Option<Vec<String>>,
}

impl Crl {
    /// Reads one list in DER; an error says what is wrong with it. webpki refuses the kinds that it does not know
    /// (partial, indirect, with unknown critical extensions), so that what is read here has no such part.
    pub fn new(der: CertificateRevocationListDer<'static>) -> Result<Self, String> {
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

    fn revokes(&self, certificate: &X509Certificate<'_>) -> bool {
        self.revoked.contains(significant(certificate.raw_serial()))
    }

    /// OpenSSL's rules: the list's distribution point, if it has one, is one of the certificate's.
    fn covers(&self, certificate: &X509Certificate<'_>) -> bool {
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

    fn is_signed_by(&self, key: &[u8]) -> bool {
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

fn significant(serial: &[u8]) -> &[u8] {
    &serial[serial.iter().take_while(|byte| **byte == 0).count()..]
}

/// The last fault that OpenSSL would find with the lists for `path`. Without any list, none is asked for.
pub fn find_fault(trust: &Trust, path: &Path<'_>, now: UnixTime) -> Option<Verdict> {
    if trust.crls().is_empty() {
        return None;
    }
    let faults = (0..path.certificates.len()).filter_map(|depth| fault_at(trust, path, depth, seconds(now)));
    faults.last()
}

fn fault_at(trust: &Trust, path: &Path<'_>, depth: usize, now: i64) -> Option<Verdict> {
    let certificate = path.certificates.get(depth)?;
    let (name, issuer) = (certificate.issuer().as_raw(), path.issuer(depth));
    let issuers_key = issuer.and_then(subject_key);
    let is_issuers =
        |crl: &&Crl| crl.issuer == name && crl.issuers_key.as_deref().zip(issuers_key).is_none_or(|(a, b)| a == b);
    let lists: Vec<&Crl> = trust.crls().iter().filter(is_issuers).collect();
    if lists.is_empty() {
        return Some(Verdict::UnableToGetCrl);
    }
    let mut last = None;
    let may_sign = issuer.is_none_or(|issuer| match issuer.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.crl_sign()),
        Err(_) => false,
    });
    if !may_sign {
        last = Some(Verdict::KeyUsageNoCrlSign);
    }
    let covering: Vec<&&Crl> = lists.iter().filter(|crl| crl.covers(certificate)).collect();
    if covering.is_empty() {
        last = Some(Verdict::OtherCrlScope);
    } else if covering.iter().all(|crl| crl.this_update > now) {
        last = Some(Verdict::CrlNotYetValid);
    } else if covering.iter().all(|crl| crl.this_update > now || crl.is_expired(now)) {
        last = Some(Verdict::CrlExpired);
    }
    // On a path without a known root, there is nothing to gain by a signature.
    let key = if path.end == End::Trusted { path.issuers_key(depth) } else { None };
    if key.is_some_and(|key| lists.iter().any(|crl| !crl.is_signed_by(&key))) {
        last = Some(Verdict::CrlSignatureFailure);
    }
    if lists.iter().any(|crl| crl.revokes(certificate)) {
        last = Some(Verdict::Revoked);
    }
    last
}
