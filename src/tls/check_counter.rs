//! For tests: how many signatures of certificates and revocation lists were computed on this thread, by webpki or by us.

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
