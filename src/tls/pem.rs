//! Reads certificates and revocation lists from PEM or DER.
//!
//! Pure. PEM is any number of blocks with anything between them; data without any block is DER.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

/// Returns the certificates in `data`. The error is a reason for people.
pub fn certificates(data: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if !is_pem(data) {
        return Ok(vec![CertificateDer::from(data.to_vec())]);
    }
    // Two more labels that OpenSSL uses for certificates.
    let text = String::from_utf8_lossy(data)
        .replace(" TRUSTED CERTIFICATE-----", " CERTIFICATE-----")
        .replace(" X509 CERTIFICATE-----", " CERTIFICATE-----");
    CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// Returns the revocation lists in `data`. The error is a reason for people.
pub fn revocation_lists(data: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    if !is_pem(data) {
        return Ok(vec![CertificateRevocationListDer::from(data.to_vec())]);
    }
    CertificateRevocationListDer::pem_slice_iter(data).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn is_pem(data: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    data.windows(BEGIN.len()).any(|part| part == BEGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_bundle_has_all_its_certificates() {
        let bundle = format!("a comment\n{BLOCK}\nsubject=/CN=x\n{BLOCK}{}", BLOCK.replace("CERT", "X509 CERT"));
        let all = certificates(bundle.as_bytes()).unwrap_or_default();
        assert_eq!(all.iter().map(|der| der.as_ref()).collect::<Vec<_>>(), [[1, 2, 3]; 3]);
    }

    #[test]
    fn der_is_one_certificate() {
        assert_eq!(certificates(&[1, 2, 3]).unwrap_or_default(), [CertificateDer::from(vec![1, 2, 3])]);
        assert_eq!(revocation_lists(&[1, 2, 3]).unwrap_or_default().len(), 1);
    }

    #[test]
    fn a_broken_block_is_an_error() {
        assert!(certificates(BLOCK.replace("AQID", "!!!").as_bytes()).is_err());
        assert!(revocation_lists(BLOCK.replace("CERTIFICATE", "X509 CRL").replace("AQID", "!").as_bytes()).is_err());
    }

    #[test]
    fn other_blocks_are_passed_over() {
        assert_eq!(certificates(BLOCK.replace("CERTIFICATE", "PRIVATE KEY").as_bytes()), Ok(vec![]));
    }
}
