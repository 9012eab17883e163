//! The signature of a certificate or of a revocation list.
//!
//! Pure. [`judge`](super::judge) trusts what webpki has verified; this is for what webpki does not read, and for saying
//! which signature it was that webpki has refused. Each check is one computation with the signer's key, which an
//! untrusted peer may have chosen to be slow: callers bound how many there are.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;
use x509_parser::asn1_rs::{Any, FromDer};

use super::provider::signature_algorithms;

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

/// How many signatures of certificates and lists were computed on this thread, by webpki or by us.
#[cfg(test)]
pub mod counter {
    use std::cell::Cell;
    use std::sync::OnceLock;

    use rustls::crypto::WebPkiSupportedAlgorithms;
    use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

    thread_local!(static CHECKS: Cell<usize> = const { Cell::new(0) });

    type Algorithm = &'static dyn SignatureVerificationAlgorithm;

    #[derive(Debug)]
    struct Counted(Algorithm);

    impl SignatureVerificationAlgorithm for Counted {
        fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
            CHECKS.set(CHECKS.get() + 1);
            self.0.verify_signature(key, message, signature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            self.0.public_key_alg_id()
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            self.0.signature_alg_id()
        }
    }

    /// The same algorithms, which count what they compute for certificates.
    pub fn counted(supported: WebPkiSupportedAlgorithms) -> WebPkiSupportedAlgorithms {
        static ALL: OnceLock<Vec<Algorithm>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let counted = supported.all.iter().map(|algorithm| Box::leak(Box::new(Counted(*algorithm))) as Algorithm);
            counted.collect()
        });
        WebPkiSupportedAlgorithms { all, ..supported }
    }

    /// What `action` returns, and how many signatures were computed for it.
    pub fn count<T>(action: impl FnOnce() -> T) -> (T, usize) {
        let before = CHECKS.get();
        let result = action();
        (result, CHECKS.get() - before)
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::X509Certificate;

    use super::super::fixtures::{Certificate, authority, params};
    use super::*;

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
        assert_eq!(counter::count(|| signed.is_by(&key(&root))), (true, 1));
    }

    #[test]
    fn garbage_is_none() {
        let root = Certificate::self_signed(authority("a"));
        for length in 0..root.der.len() {
            assert!(Signed::read(&root.der[..length]).is_none(), "{length} bytes");
        }
    }
}
