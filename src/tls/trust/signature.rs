//! The signature of a certificate or of a revocation list.
//!
//! Pure. [`judge`](super::judge()) trusts what webpki has verified. This is for what webpki can't read, and to find the
//! signature that webpki has rejected. Each check is a computation with the signer's key, which an untrusted peer may have
//! chosen to be slow: callers limit their number.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;
use x509_parser::asn1_rs::{Any, FromDer};

use crate::tls::provider::signature_algorithms;

/// The parts of a signed structure, `SEQUENCE { data, algorithm, signature }`.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    data: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads the parts; `None` if `der` is not such a structure.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let (_, outer) = Any::from_der(der).ok()?;
        let content = outer.data;
        let (rest, _) = Any::from_der(content).ok()?;
        let data = content.get(..content.len() - rest.len())?;
        let (rest, algorithm) = Any::from_der(rest).ok()?;
        let (_, bits) = Any::from_der(rest).ok()?;
        // The first byte of a bit string is the number of unused bits.
        let (&0, signature) = bits.data.split_first()? else { return None };
        Some(Self { data, algorithm: algorithm.data, signature })
    }

    /// Whether this was signed with the private key of `key`, a `SubjectPublicKeyInfo`.
    pub fn is_by(&self, key: &[u8]) -> bool {
        let key = SubjectPublicKeyInfoDer::from(key);
        let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
        // Several have this identifier, but all except one are for keys of another kind, and fail without a computation.
        let named =
            signature_algorithms().all.iter().filter(|known| known.signature_alg_id().as_ref() == self.algorithm);
        named.into_iter().any(|known| key.verify_signature(*known, self.data, self.signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::X509Certificate;

    use super::*;
    use crate::tls::check_counter;
    use crate::tls::fixtures::{Certificate, authority, params};

    #[test]
    fn a_signature_is_its_signers() {
        let (root, other) = (Certificate::self_signed(authority("a")), Certificate::self_signed(authority("b")));
        let leaf = root.sign(params("leaf"));
        let key = |certificate: &Certificate| {
            X509Certificate::from_der(&certificate.der).unwrap().1.public_key().raw.to_vec()
        };
        let signed = Signed::read(&leaf.der).unwrap();
        assert!(signed.is_by(&key(&root)));
        assert!(!signed.is_by(&key(&other)));
        assert!(!signed.is_by(b"garbage"));
        assert_eq!(check_counter::count(|| signed.is_by(&key(&root))), (true, 1));
    }

    #[test]
    fn garbage_is_none() {
        let root = Certificate::self_signed(authority("a"));
        for length in 0..root.der.len() {
            assert!(Signed::read(&root.der[..length]).is_none(), "{length} bytes");
        }
    }
}
