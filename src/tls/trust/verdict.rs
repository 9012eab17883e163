//! The reasons against a peer's certificates (D21), with Node's codes and OpenSSL's messages.
//!
//! Pure. [`judge`](super::judge::judge) returns a verdict only for an untrusted peer. If it fails the handshake, it passes
//! through rustls as an error that has the right alert.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, Error, OtherError};

/// Why a peer is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer has sent no certificate.
    NoCertificate,
    /// The peer's certificate is self-signed and not listed.
    DepthZeroSelfSigned,
    /// The chain ends at a root that is not listed.
    SelfSignedInChain,
    /// The peer's certificate is the only one, and its issuer is not listed.
    UnableToVerifyLeaf,
    /// The issuer of a listed certificate in the chain is not listed.
    UnableToGetIssuer,
    /// The chain that was sent ends before a root.
    UnableToGetIssuerLocally,
    /// A certificate was not signed by the issuer that it names.
    SignatureFailure,
    /// A certificate of the chain has expired.
    Expired,
    /// A certificate of the chain is not valid yet.
    NotYetValid,
    /// A certificate of the chain is on the revocation list of its issuer.
    Revoked,
    /// There are revocation lists, but none of this issuer.
    UnableToGetCrl,
    /// The revocation list of the issuer has expired.
    CrlExpired,
    /// The revocation list of the issuer is not valid yet.
    CrlNotYetValid,
    /// The revocation lists of the issuer do not cover this certificate.
    OtherCrlScope,
    /// The issuer's key may not be used to sign revocation lists.
    KeyUsageNoCrlSign,
    /// A revocation list was not signed by the issuer that it names.
    CrlSignatureFailure,
    /// A certificate must not be used for this purpose.
    InvalidPurpose,
    /// A certificate has issued another, but may not.
    InvalidCa,
    /// The chain is longer than one of its certificates permits.
    PathLengthExceeded,
    /// The chain is too long, or takes too many steps to follow.
    ChainTooLong,
    /// The certificate is for other names; this is Node's explanation.
    NameMismatch(String),
    /// A certificate has a critical extension that is not supported.
    UnhandledCriticalExtension,
    /// The issuer's key may not be used to sign certificates.
    KeyUsageNoCertSign,
    /// An issuer must not certify this name.
    NameConstraintViolation,
    /// The signature algorithm is too weak, or not supported.
    WeakSignature,
    /// A certificate of version 1 that is neither listed nor issued by a listed root.
    UnsupportedVersion,
    /// A certificate can't be read.
    Malformed,
}

/// Verdicts that share the alert `unknown_ca` (see [`Verdict::to_rustls`]).
const UNKNOWN_CA: [Verdict; 10] = [
    Verdict::DepthZeroSelfSigned,
    Verdict::SelfSignedInChain,
    Verdict::UnableToVerifyLeaf,
    Verdict::UnableToGetIssuer,
    Verdict::UnableToGetIssuerLocally,
    Verdict::UnableToGetCrl,
    Verdict::CrlExpired,
    Verdict::InvalidCa,
    Verdict::PathLengthExceeded,
    Verdict::ChainTooLong,
];

/// Verdicts that share the alert `decrypt_error`.
const DECRYPT_ERROR: [Verdict; 2] = [Verdict::SignatureFailure, Verdict::CrlSignatureFailure];

impl Verdict {
    /// Node's `authorizationError`.
    pub fn code(&self) -> &'static str {
        match self {
            // OpenSSL's result without a certificate.
            Self::NoCertificate | Self::UnableToGetIssuer => "UNABLE_TO_GET_ISSUER_CERT",
            Self::DepthZeroSelfSigned => "DEPTH_ZERO_SELF_SIGNED_CERT",
            Self::SelfSignedInChain => "SELF_SIGNED_CERT_IN_CHAIN",
            Self::UnableToVerifyLeaf => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            Self::UnableToGetIssuerLocally => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            Self::SignatureFailure => "CERT_SIGNATURE_FAILURE",
            Self::Expired => "CERT_HAS_EXPIRED",
            Self::NotYetValid => "CERT_NOT_YET_VALID",
            Self::Revoked => "CERT_REVOKED",
            Self::UnableToGetCrl => "UNABLE_TO_GET_CRL",
            Self::CrlExpired => "CRL_HAS_EXPIRED",
            Self::CrlNotYetValid => "CRL_NOT_YET_VALID",
            Self::CrlSignatureFailure => "CRL_SIGNATURE_FAILURE",
            Self::InvalidPurpose => "INVALID_PURPOSE",
            Self::InvalidCa => "INVALID_CA",
            Self::PathLengthExceeded => "PATH_LENGTH_EXCEEDED",
            Self::ChainTooLong => "CERT_CHAIN_TOO_LONG",
            Self::NameMismatch(_) => "ERR_TLS_CERT_ALTNAME_INVALID",
            // OpenSSL has numbers for these, but Node no names.
            Self::UnhandledCriticalExtension
            | Self::KeyUsageNoCertSign
            | Self::KeyUsageNoCrlSign
            | Self::OtherCrlScope
            | Self::NameConstraintViolation
            | Self::WeakSignature
            | Self::UnsupportedVersion
            | Self::Malformed => "UNSPECIFIED",
        }
    }

    /// OpenSSL's message, or Node's for a name.
    pub fn message(&self) -> String {
        let words = match self {
            Self::NoCertificate => "peer did not return a certificate",
            Self::UnableToGetIssuer => "unable to get issuer certificate",
            Self::DepthZeroSelfSigned => "self-signed certificate",
            Self::SelfSignedInChain => "self-signed certificate in certificate chain",
            Self::UnableToVerifyLeaf => "unable to verify the first certificate",
            Self::UnableToGetIssuerLocally => "unable to get local issuer certificate",
            Self::SignatureFailure => "certificate signature failure",
            Self::Expired => "certificate has expired",
            Self::NotYetValid => "certificate is not yet valid",
            Self::Revoked => "certificate revoked",
            Self::UnableToGetCrl => "unable to get certificate CRL",
            Self::CrlExpired => "CRL has expired",
            Self::CrlNotYetValid => "CRL is not yet valid",
            Self::OtherCrlScope => "different CRL scope",
            Self::KeyUsageNoCrlSign => "key usage does not include CRL signing",
            Self::CrlSignatureFailure => "CRL signature failure",
            Self::InvalidPurpose => "unsuitable certificate purpose",
            Self::InvalidCa => "invalid CA certificate",
            Self::PathLengthExceeded => "path length constraint exceeded",
            Self::ChainTooLong => "certificate chain too long",
            Self::UnhandledCriticalExtension => "unhandled critical extension",
            Self::KeyUsageNoCertSign => "key usage does not include certificate signing",
            Self::NameConstraintViolation => "permitted subtree violation",
            Self::WeakSignature => "CA signature digest algorithm too weak",
            Self::UnsupportedVersion => "unsupported certificate version",
            Self::Malformed => "malformed certificate",
            Self::NameMismatch(reason) => {
                return format!("Hostname/IP does not match certificate's altnames: {reason}");
            }
        };
        words.to_owned()
    }

    /// The error with which a verifier fails the handshake, so that rustls sends the alert that OpenSSL would, or the
    /// nearest that it has.
    ///
    /// rustls chooses the alert by the variant; for `Other` it is always `certificate_unknown`. So verdicts that share an
    /// alert are encoded as numbers in a variant with that alert and space for a number, which our verifiers never return
    /// otherwise. [`Verdict::from_rustls`] decodes them; nothing else may read these variants.
    pub fn to_rustls(&self) -> Error {
        if let Some(number) = UNKNOWN_CA.iter().position(|verdict| verdict == self) {
            let time = UnixTime::since_unix_epoch(Duration::from_secs(number as u64));
            return CertificateError::ExpiredRevocationListContext { time, next_update: time }.into();
        }
        if let Some(number) = DECRYPT_ERROR.iter().position(|verdict| verdict == self) {
            return CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: vec![number as u8],
                public_key_algorithm_id: Vec::new(),
            }
            .into();
        }
        match self {
            Self::NoCertificate => Error::NoCertificatesPresented,
            Self::Expired => CertificateError::Expired.into(),
            Self::NotYetValid => CertificateError::NotValidYet.into(),
            Self::Revoked => CertificateError::Revoked.into(),
            Self::InvalidPurpose => CertificateError::InvalidPurpose.into(),
            Self::UnhandledCriticalExtension => CertificateError::UnhandledCriticalExtension.into(),
            Self::Malformed => CertificateError::BadEncoding.into(),
            Self::NameMismatch(reason) => {
                let expected = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
                CertificateError::NotValidForNameContext { expected, presented: vec![reason.clone()] }.into()
            }
            _ => CertificateError::Other(OtherError(Arc::new(Carried(self.clone())))).into(),
        }
    }

    /// The verdict that [`Verdict::to_rustls`] has encoded in `error`.
    pub fn from_rustls(error: &Error) -> Option<Self> {
        if *error == Error::NoCertificatesPresented {
            return Some(Self::NoCertificate);
        }
        let Error::InvalidCertificate(error) = error else { return None };
        match error {
            CertificateError::ExpiredRevocationListContext { time, .. } => {
                UNKNOWN_CA.get(usize::try_from(time.as_secs()).ok()?).cloned()
            }
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id, .. } => {
                let [number] = signature_algorithm_id.as_slice() else { return None };
                DECRYPT_ERROR.get(usize::from(*number)).cloned()
            }
            CertificateError::Expired => Some(Self::Expired),
            CertificateError::NotValidYet => Some(Self::NotYetValid),
            CertificateError::Revoked => Some(Self::Revoked),
            CertificateError::InvalidPurpose => Some(Self::InvalidPurpose),
            CertificateError::UnhandledCriticalExtension => Some(Self::UnhandledCriticalExtension),
            CertificateError::BadEncoding => Some(Self::Malformed),
            CertificateError::NotValidForNameContext { presented, .. } => {
                Some(Self::NameMismatch(presented.first()?.clone()))
            }
            CertificateError::Other(OtherError(other)) => Some(other.downcast_ref::<Carried>()?.0.clone()),
            _ => None,
        }
    }
}

/// A verdict as an error that rustls can carry.
#[derive(Debug)]
struct Carried(Verdict);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message())
    }
}

impl std::error::Error for Carried {}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;

    fn all() -> Vec<Verdict> {
        let others = [
            Verdict::NoCertificate,
            Verdict::Expired,
            Verdict::NotYetValid,
            Verdict::Revoked,
            Verdict::InvalidPurpose,
            Verdict::NameMismatch("Host: a. is not cert's CN: b".into()),
            Verdict::UnhandledCriticalExtension,
            Verdict::KeyUsageNoCertSign,
            Verdict::CrlNotYetValid,
            Verdict::OtherCrlScope,
            Verdict::KeyUsageNoCrlSign,
            Verdict::NameConstraintViolation,
            Verdict::WeakSignature,
            Verdict::UnsupportedVersion,
            Verdict::Malformed,
        ];
        UNKNOWN_CA.iter().chain(&DECRYPT_ERROR).chain(&others).cloned().collect()
    }

    #[test]
    fn every_verdict_comes_through_rustls_unchanged() {
        for verdict in all() {
            assert_eq!(Verdict::from_rustls(&verdict.to_rustls()), Some(verdict));
        }
    }

    #[test]
    fn the_alert_is_that_of_openssl() {
        let alert = |verdict: &Verdict| match verdict.to_rustls() {
            Error::InvalidCertificate(error) => AlertDescription::from(error),
            other => panic!("{other:?}"),
        };
        for verdict in &UNKNOWN_CA {
            assert_eq!(alert(verdict), AlertDescription::UnknownCA, "{verdict:?}");
        }
        assert_eq!(alert(&Verdict::SignatureFailure), AlertDescription::DecryptError);
        assert_eq!(alert(&Verdict::Expired), AlertDescription::CertificateExpired);
        assert_eq!(alert(&Verdict::Revoked), AlertDescription::CertificateRevoked);
        assert_eq!(alert(&Verdict::InvalidPurpose), AlertDescription::UnsupportedCertificate);
        assert_eq!(alert(&Verdict::NameMismatch(String::new())), AlertDescription::BadCertificate);
        assert_eq!(alert(&Verdict::WeakSignature), AlertDescription::CertificateUnknown);
    }

    #[test]
    fn what_is_no_verdict_is_not_taken_for_one() {
        assert_eq!(Verdict::from_rustls(&CertificateError::BadSignature.into()), None);
        assert_eq!(Verdict::from_rustls(&Error::DecryptError), None);
    }

    #[test]
    fn a_missing_certificate_has_the_code_of_node() {
        assert_eq!(Verdict::NoCertificate.code(), "UNABLE_TO_GET_ISSUER_CERT");
    }
}
