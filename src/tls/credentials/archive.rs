//! The contents of PKCS#12 archives, the option `pfx`. JavaScript opens them.
//!
//! Pure. As in Node, the chain is the certificate of the key, followed by all others in their order; these others are
//! also trusted.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::key_pairs;
use super::options::{Archive, OptionError};

/// What an archive contributes to credentials.
#[derive(Debug)]
pub struct Contents {
    /// The key and its chain.
    pub identity: Arc<CertifiedKey>,
    /// All other certificates.
    pub others: Vec<CertificateDer<'static>>,
}

impl Archive {
    /// Finds the certificate of the key, and builds the chain.
    pub fn contents(&self) -> Result<Contents, OptionError> {
        let key = key_pairs::signing_key(self.key.clone()).map_err(fail)?;
        let mut others: Vec<CertificateDer<'static>> =
            self.certificates.iter().map(|certificate| CertificateDer::from(certificate.clone())).collect();
        let leaf = others
            .iter()
            .position(|certificate| key_pairs::belongs(certificate, key.as_ref()))
            .ok_or_else(|| fail("Unable to load PFX certificate".into()))?;
        let leaf = others.remove(leaf);
        let chain = std::iter::once(leaf).chain(others.iter().cloned()).collect();
        Ok(Contents { identity: key_pairs::certify(chain, key)?, others })
    }
}

fn fail(reason: String) -> OptionError {
    OptionError { field: "pfx", code: "ERR_CRYPTO_OPERATION_FAILED", reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::fixtures::{Certificate, authority, params};

    #[test]
    fn the_certificate_of_the_key_comes_first_wherever_it_is() {
        let root = Certificate::self_signed(authority("root"));
        let leaf = root.sign(params("localhost"));
        let certificates = vec![root.der.to_vec(), leaf.der.to_vec()];
        let archive = Archive { key: leaf.identity().key, certificates };
        let contents = archive.contents().unwrap();
        assert_eq!(contents.identity.cert, [leaf.der.clone(), root.der.clone()]);
        assert_eq!(contents.others, [root.der]);
    }

    #[test]
    fn a_key_without_its_certificate_or_none_is_an_error() {
        let [one, other] = ["a", "b"].map(|name| Certificate::self_signed(params(name)));
        let key = one.identity().key;
        for archive in [
            Archive { key: key.clone(), certificates: vec![other.der.to_vec()] },
            Archive { key, certificates: vec![] },
            Archive { key: b"garbage".to_vec(), certificates: vec![one.der.to_vec()] },
        ] {
            let error = archive.contents().unwrap_err();
            assert_eq!((error.field, error.code), ("pfx", "ERR_CRYPTO_OPERATION_FAILED"));
        }
    }
}
