//! PKCS#12 archives, the option `pfx`: modern ones (PBES2 with AES) and those of old (RC2 and triple DES).
//!
//! Pure. As in Node, the certificate of the key comes first in the chain, all others follow in their order, and are
//! trusted too.

use std::sync::Arc;

use p12_keystore::{Pkcs12Archive, error::Error};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::credentials::OptionError;
use super::identities;

/// What Node takes from an archive.
#[derive(Debug)]
pub struct Contents {
    /// The key and its chain.
    pub identity: Arc<CertifiedKey>,
    /// The certificates that are not of the key.
    pub others: Vec<CertificateDer<'static>>,
}

/// Opens an archive.
pub fn open(data: &[u8], passphrase: Option<&str>) -> Result<Contents, OptionError> {
    let archive = Pkcs12Archive::from_pkcs12(data, passphrase.unwrap_or_default()).map_err(|error| {
        fail(match error {
            Error::MacError(_) | Error::UnpadError => "mac verify failure".into(),
            Error::DerError(_) => "not enough data".into(),
            other => other.to_string(),
        })
    })?;
    let key = archive.keys.first().ok_or_else(|| fail("Unable to load private key from PFX data".into()))?;
    let key = identities::signing_key(key.key.as_der().to_vec()).map_err(fail)?;
    let mut others: Vec<CertificateDer<'static>> =
        archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec())).collect();
    let leaf = others
        .iter()
        .position(|certificate| identities::belongs(certificate, key.as_ref()))
        .ok_or_else(|| fail("Unable to load PFX certificate".into()))?;
    let leaf = others.remove(leaf);
    let chain = std::iter::once(leaf).chain(others.iter().cloned()).collect();
    Ok(Contents { identity: identities::certify(chain, key)?, others })
}

fn fail(reason: String) -> OptionError {
    OptionError { field: "pfx", code: "ERR_CRYPTO_OPERATION_FAILED", reason }
}
