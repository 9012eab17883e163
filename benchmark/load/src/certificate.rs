//! A key and a self-signed certificate for the server that is measured: `load certificate p256|rsa2048`, as PEM.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};

use crate::work::Failure;

/// Prints both, the key first.
pub fn print(mut arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let key = match arguments.next().as_deref() {
        Some("p256") => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        Some("rsa2048") => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        other => return Err(Failure::Usage(format!("no such kind of key: {other:?}"))),
    };
    let key = key.map_err(failed)?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|parameters| parameters.self_signed(&key))
        .map_err(failed)?;
    print!("{}{}", key.serialize_pem(), certificate.pem());
    Ok(())
}

fn failed(error: rcgen::Error) -> Failure {
    Failure::Usage(error.to_string())
}
