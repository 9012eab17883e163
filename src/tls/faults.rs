//! What OpenSSL would hold against a chain of certificates.
//!
//! Pure. Node lets OpenSSL go on after each fault and reports the *last*, so what is reported depends on the order of
//! OpenSSL's checks (`X509_verify_cert`): the chain, the extensions, the revocation lists, then signatures and dates.
//! This module goes in that order. It never trusts anybody: [`judge`](super::judge) asks webpki for that, and has the
//! tests of both.

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use webpki::RawPublicKeyEntity;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate, X509Version};

use super::judge::Peer;
use super::provider::signature_algorithms;
use super::trust::{Trust, may_issue};
use super::verdict::Verdict;

/// OpenSSL follows no chain that is longer.
const LONGEST_PATH: usize = 100;

/// Certificates from the peer's own towards a root.
pub struct Path<'a> {
    certificates: Vec<X509Certificate<'a>>,
    /// How many of them the peer has sent; the others are listed.
    sent: usize,
    /// How it ends.
    pub end: End,
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
    /// A path that webpki has found.
    pub fn verified(certificates: Vec<X509Certificate<'a>>) -> Self {
        let sent = certificates.len();
        Self { certificates, sent, end: End::Trusted }
    }

    /// Looks for a path as OpenSSL does: by names, and among what is listed first. `None` if a certificate can't be
    /// read.
    pub fn search(trust: &'a Trust, chain: &'a [CertificateDer<'_>], now: UnixTime) -> Option<Self> {
        let parse = |der: &'a CertificateDer<'_>| X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed);
        let (leaf, others) = chain.split_first()?;
        let mut unused: Vec<X509Certificate<'a>> = others.iter().filter_map(parse).collect();
        let mut certificates = vec![parse(leaf)?];
        let mut sent = 1;
        let end = loop {
            let last = certificates.last()?.clone();
            if trust.lists(last.as_raw()) && (certificates.len() == 1 || is_self_issued(&last)) {
                break if certificates.len() == 1 { End::ListedLeaf } else { End::Trusted };
            }
            if is_self_issued(&last) {
                break End::SelfIssued;
            }
            if certificates.len() > LONGEST_PATH {
                break End::Missing;
            }
            let issuer = last.issuer().as_raw();
            let listed =
                trust.of_subject(issuer).into_iter().filter_map(parse).filter(|candidate| is_issuer(candidate, &last));
            let listed = best(listed.filter(|candidate| !certificates.contains(candidate)).collect(), now);
            if let Some(listed) = listed {
                certificates.push(listed);
                continue;
            }
            if trust.has_bare_root(issuer) {
                break End::Trusted;
            }
            let found = unused.iter().position(|candidate| is_issuer(candidate, &last));
            match found {
                Some(at) if sent == certificates.len() => {
                    certificates.push(unused.swap_remove(at));
                    sent += 1;
                }
                _ => break End::Missing,
            }
        };
        Some(Self { certificates, sent, end })
    }
}

impl Path<'_> {
    /// Is this a certificate of version 1 (so without extensions) right below a root that is listed as a certificate
    /// and constrains no names? If so, [`find_fault`] checks all there is to check.
    pub fn is_version_1_below_listed_root(&self) -> bool {
        let [leaf, root] = self.certificates.as_slice() else { return false };
        let constrains_names = !matches!(root.name_constraints(), Ok(None));
        self.end == End::Trusted && leaf.version() == X509Version::V1 && may_issue(root) && !constrains_names
    }
}

/// The last fault that OpenSSL would find, if there is one.
pub fn find_fault(trust: &Trust, path: &Path<'_>, peer: Peer<'_>, now: UnixTime) -> Option<Verdict> {
    let mut last = chain_fault(path);
    last = extensions_fault(path, peer).or(last);
    last = algorithm_fault(path).or(last);
    last = revocation_fault(trust, path, now).or(last);
    signatures_and_dates_fault(path, now).or(last)
}

fn chain_fault(path: &Path<'_>) -> Option<Verdict> {
    let length = path.certificates.len();
    match path.end {
        End::Trusted | End::ListedLeaf => None,
        End::SelfIssued if length == 1 => Some(Verdict::DepthZeroSelfSigned),
        End::SelfIssued => Some(Verdict::SelfSignedInChain),
        End::Missing if length > LONGEST_PATH => Some(Verdict::ChainTooLong),
        End::Missing if path.sent < length => Some(Verdict::UnableToGetIssuer),
        End::Missing => Some(Verdict::UnableToGetIssuerLocally),
    }
}

fn extensions_fault(path: &Path<'_>, peer: Peer<'_>) -> Option<Verdict> {
    let mut last = None;
    let mut issuers_below = 0;
    for (depth, certificate) in path.certificates.iter().enumerate() {
        if certificate.iter_extensions().any(|extension| extension.critical && !is_known(extension.parsed_extension()))
        {
            last = Some(Verdict::UnhandledCriticalExtension);
        }
        if !suits_purpose(certificate, peer, depth > 0) {
            last = Some(Verdict::InvalidPurpose);
        }
        let constraints = certificate.basic_constraints().ok().flatten();
        let limit = constraints.and_then(|constraints| constraints.value.path_len_constraint);
        if depth > 0 && limit.is_some_and(|limit| issuers_below > limit) {
            last = Some(Verdict::PathLengthExceeded);
        }
        if depth > 0 && !is_self_issued(certificate) {
            issuers_below += 1;
        }
    }
    last
}

/// The extensions that OpenSSL handles, and so lets be critical.
fn is_known(extension: &ParsedExtension<'_>) -> bool {
    matches!(
        extension,
        ParsedExtension::BasicConstraints(_)
            | ParsedExtension::CRLDistributionPoints(_)
            | ParsedExtension::CertificatePolicies(_)
            | ParsedExtension::ExtendedKeyUsage(_)
            | ParsedExtension::InhibitAnyPolicy(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::NSCertType(_)
            | ParsedExtension::NameConstraints(_)
            | ParsedExtension::PolicyConstraints(_)
            | ParsedExtension::PolicyMappings(_)
            | ParsedExtension::SubjectAlternativeName(_)
    )
}

/// OpenSSL's purposes `sslserver` and `sslclient`, for the peer's own certificate and for its issuers.
fn suits_purpose(certificate: &X509Certificate<'_>, peer: Peer<'_>, is_issuer: bool) -> bool {
    let (Ok(extended), Ok(usage)) = (certificate.extended_key_usage(), certificate.key_usage()) else { return false };
    let extended_suits = extended.is_none_or(|extended| match peer {
        Peer::Server { .. } => extended.value.server_auth,
        Peer::Client => extended.value.client_auth,
    });
    if is_issuer {
        // OpenSSL says of a missing certificate signing more when it looks at signatures.
        let may_issue = may_issue(certificate) || usage.is_some_and(|usage| !usage.value.key_cert_sign());
        return extended_suits && may_issue;
    }
    let usage_suits = usage.is_none_or(|usage| {
        let usage = usage.value;
        let encipherment = matches!(peer, Peer::Server { .. }) && usage.key_encipherment();
        usage.digital_signature() || usage.key_agreement() || encipherment
    });
    extended_suits && usage_suits
}

/// MD5 and SHA-1 are too weak for anything but what a root says of itself.
fn algorithm_fault(path: &Path<'_>) -> Option<Verdict> {
    let signed = path.certificates.len() - usize::from(path.end != End::Missing);
    path.certificates[..signed].iter().any(has_weak_signature).then_some(Verdict::WeakSignature)
}

fn has_weak_signature(certificate: &X509Certificate<'_>) -> bool {
    const MD5_RSA: &str = "1.2.840.113549.1.1.4";
    const SHA1_RSA: &str = "1.2.840.113549.1.1.5";
    const SHA1_ECDSA: &str = "1.2.840.10045.4.1";
    [MD5_RSA, SHA1_RSA, SHA1_ECDSA].contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str())
}

fn revocation_fault(trust: &Trust, path: &Path<'_>, now: UnixTime) -> Option<Verdict> {
    if trust.crls().is_empty() {
        return None;
    }
    let mut faults = path.certificates.iter().filter_map(|certificate| {
        let issuer = certificate.issuer().as_raw();
        let Some(crl) = trust.crls().iter().find(|crl| crl.issuer == issuer) else {
            return Some(Verdict::UnableToGetCrl);
        };
        if matches!(crl.list.find_serial(certificate.raw_serial()), Ok(Some(_))) {
            return Some(Verdict::Revoked);
        }
        crl.next_update.is_some_and(|next| next < seconds(now)).then_some(Verdict::CrlExpired)
    });
    faults.next_back()
}

/// From the root down, as OpenSSL goes.
fn signatures_and_dates_fault(path: &Path<'_>, now: UnixTime) -> Option<Verdict> {
    let is_alone = path.certificates.len() == 1 && path.end == End::Missing;
    let mut last = is_alone.then_some(Verdict::UnableToVerifyLeaf);
    for (depth, certificate) in path.certificates.iter().enumerate().rev() {
        if let Some(issuer) = path.certificates.get(depth + 1) {
            if issuer.key_usage().ok().flatten().is_some_and(|usage| !usage.value.key_cert_sign()) {
                last = Some(Verdict::KeyUsageNoCertSign);
            }
            if !has_weak_signature(certificate) && !is_signed_by(certificate, issuer) {
                last = Some(Verdict::SignatureFailure);
            }
        }
        let is_unsigned_top = path.end == End::Missing && depth > 0 && depth + 1 == path.certificates.len();
        if is_unsigned_top {
            continue;
        }
        let validity = certificate.validity();
        if validity.not_before.timestamp() > seconds(now) {
            last = Some(Verdict::NotYetValid);
        }
        if validity.not_after.timestamp() < seconds(now) {
            last = Some(Verdict::Expired);
        }
    }
    last
}

fn is_signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let key = SubjectPublicKeyInfoDer::from(issuer.public_key().raw);
    let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
    let signed: &[u8] = certificate.tbs_certificate.as_ref();
    let signature: &[u8] = &certificate.signature_value.data;
    signature_algorithms().all.iter().any(|algorithm| key.verify_signature(*algorithm, signed, signature).is_ok())
}

fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// By name, and by the identifier of the key where both say one.
fn is_issuer(candidate: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    if candidate.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let wanted = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref().map(|key| key.0),
        _ => None,
    });
    let had = candidate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
        _ => None,
    });
    wanted.zip(had).is_none_or(|(wanted, had)| wanted == had)
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

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}
