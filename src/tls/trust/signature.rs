//! The signature of a certificate or of a revocation list.
//!
//! Pure. [`judge`](super::judge()) trusts what webpki has verified; this is for what webpki does not read, and for saying
//! which signature it was that webpki has refused. Each check is one computation with the signer's key, which an
//! untrusted peer may have chosen to be slow: callers bound how many there are.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;
use x509_parser::asn1_rs::{Any, FromDer};

use crate::tls::provider::signature_algorithms;

/// A structure `SEQUENCE { data, algorithm, signature }`, taken apart.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    data: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Takes `der` apart; `None` if it is not such a structure.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let (_, outer) = Any::from_der(der).ok()?;
        let content = outer.data;
        let (rest, _) = Any::from_der(content).ok()?;
        let data = content.get(..content.len() - rest.len())?;
        let (rest, algorithm) = Any::from_der(rest).ok()?;
        let (_, bits) = Any::from_der(rest).ok()?;
        // The first byte of a bit string says how many bits are unused.
        let (&0, signature) = bits.data.split_first()? else { return None };
        Some(Self { data, algorithm: algorithm.data, signature })
    }

    /// Whether this was signed with the private key of `key`, which is a whole `SubjectPublicKeyInfo`.
    pub fn is_by(&self, key: &[u8]) -> bool {
        let key = SubjectPublicKeyInfoDer::from(key);
        let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
        // Of those with this identifier, all but one are for keys of another kind, which are told apart without computing.
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
