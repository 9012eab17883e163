//! The provider of cryptography: with `gcm.rs` and `expanded.rs`, the only file that names AWS-LC or *ring*.
//!
//! AWS-LC is the default; *ring* is for platforms where AWS-LC does not build (`--no-default-features --features
//! ring`). With both features it is AWS-LC. The process-wide default of rustls is neither read nor set, so that
//! another copy of rustls in the process has no influence.
//!
//! Callable on any thread. The provider is made once per process and never changes.

use std::sync::{Arc, LazyLock};

use rustls::crypto::cipher::Tls13AeadAlgorithm;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, WebPkiSupportedAlgorithms};
use rustls::{CipherSuite, CipherSuiteCommon, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as primitives;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use ring as primitives;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as tls;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as tls;

use super::in_place;
#[cfg(feature = "aws-lc-rs")]
use super::{expanded, gcm};

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("TLS needs one of the features `aws-lc-rs` (the default) and `ring`");

/// Authenticated encryption, for session tickets.
pub use primitives::aead;

/// The provider of rustls, with all cipher suites.
///
/// Those with AES-128 come first: 128 bits can't be searched, and their SHA-256 is computed by processors, whereas the
/// SHA-384 of AES-256 rarely is, and then takes an eighth of a handshake.
pub fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let mut provider = tls::default_provider();
        provider.cipher_suites.sort_by_key(|suite| !is_aes_128(suite.suite()));
        for suite in &mut provider.cipher_suites {
            *suite = adapted(*suite);
        }
        Arc::new(provider)
    });
    &PROVIDER
}

/// `suite`, whose keys leave plaintext [where it was received](in_place), and make records
/// [where they are sent from](super::sealed). Under TLS 1.2, rustls does not count their records: each would count as a full
/// one, and the connection end after 2^24 of them, however small. [`Connection`](super::connection::Connection) counts what
/// they encrypt.
fn adapted(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    // One of each for the process.
    match suite {
        SupportedCipherSuite::Tls13(known) => {
            let Tls13CipherSuite { ref common, hkdf_provider, aead_alg, quic } = *known;
            let aead_alg = sealing_in_place(common.suite, aead_alg);
            let aead_alg = Box::leak(Box::new(in_place::Tls13(aead_alg)));
            let common = with_limit(common, common.confidentiality_limit);
            let own = Tls13CipherSuite { common, hkdf_provider, aead_alg, quic };
            SupportedCipherSuite::Tls13(Box::leak(Box::new(own)))
        }
        SupportedCipherSuite::Tls12(known) => {
            let Tls12CipherSuite { ref common, prf_provider, kx, sign, aead_alg } = *known;
            let aead_alg = Box::leak(Box::new(in_place::Tls12(aead_alg)));
            let own = Tls12CipherSuite { common: with_limit(common, u64::MAX), prf_provider, kx, sign, aead_alg };
            SupportedCipherSuite::Tls12(Box::leak(Box::new(own)))
        }
    }
}

/// The algorithm of a suite, with keys that make records where they are sent from, if there are such.
#[cfg(feature = "aws-lc-rs")]
fn sealing_in_place(suite: CipherSuite, known: &'static dyn Tls13AeadAlgorithm) -> &'static dyn Tls13AeadAlgorithm {
    match gcm::Gcm::of(suite, known) {
        Some(own) => Box::leak(Box::new(own)),
        None => known,
    }
}

/// Forgets what this thread has made of keys, which have left it for another thread.
#[cfg(feature = "aws-lc-rs")]
pub fn forget_expanded_keys() {
    expanded::forget();
}

/// *ring* has made all that it needs when a key is made, and keeps it there.
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub fn forget_expanded_keys() {}

/// *ring* seals in place only.
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn sealing_in_place(_suite: CipherSuite, known: &'static dyn Tls13AeadAlgorithm) -> &'static dyn Tls13AeadAlgorithm {
    known
}

/// `common` with another limit.
fn with_limit(common: &CipherSuiteCommon, confidentiality_limit: u64) -> CipherSuiteCommon {
    let CipherSuiteCommon { suite, hash_provider, .. } = *common;
    CipherSuiteCommon { suite, hash_provider, confidentiality_limit }
}

fn is_aes_128(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    )
}

/// The provider, reduced to `suites`, in order of preference.
pub fn with_suites(suites: Vec<SupportedCipherSuite>) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { cipher_suites: suites, ..provider().as_ref().clone() })
}

/// The provider `base`, reduced to `groups` for the key exchange, in order of preference.
pub fn with_groups(base: &CryptoProvider, groups: Vec<&'static dyn SupportedKxGroup>) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider { kx_groups: groups, ..base.clone() })
}

/// The signature algorithms for certificates and handshakes. In tests, each check is counted.
pub fn signature_algorithms() -> WebPkiSupportedAlgorithms {
    let supported = provider().signature_verification_algorithms;
    #[cfg(test)]
    let supported = super::check_counter::counted(supported);
    supported
}

/// SHA-1, for fingerprints only.
pub fn sha1(data: &[u8]) -> impl AsRef<[u8]> + use<> {
    primitives::digest::digest(&primitives::digest::SHA1_FOR_LEGACY_USE_ONLY, data)
}

/// SHA-256 of all `parts`, each after its length.
pub fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = primitives::digest::Context::new(&primitives::digest::SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Fills `bytes` with random numbers. Returns `false` if the system has none.
#[must_use]
pub fn random(bytes: &mut [u8]) -> bool {
    provider().secure_random.fill(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_made_once() {
        assert!(Arc::ptr_eq(provider(), provider()));
    }

    #[test]
    fn sha1_is_sha1() {
        let digest = sha1(b"abc");
        assert_eq!(digest.as_ref()[..4], [0xa9, 0x99, 0x3e, 0x36]);
        assert_eq!(digest.as_ref().len(), 20);
    }

    #[test]
    fn sha256_tells_where_parts_end() {
        assert_ne!(sha256([b"ab".as_slice(), b"c"]), sha256([b"a".as_slice(), b"bc"]));
        assert_eq!(sha256([b"ab".as_slice()]), sha256([b"ab".as_slice()]));
    }

    #[test]
    fn random_bytes_differ() {
        let (mut one, mut other) = ([0; 16], [0; 16]);
        assert!(random(&mut one) && random(&mut other));
        assert_ne!(one, other);
    }

    #[test]
    fn rustls_counts_no_records_under_tls12() {
        for suite in &provider().cipher_suites {
            let SupportedCipherSuite::Tls12(suite) = suite else { continue };
            assert_eq!(suite.common.confidentiality_limit, u64::MAX);
        }
    }

    #[test]
    fn a_reduced_provider_has_only_the_suites_it_was_given() {
        let one = vec![provider().cipher_suites[0]];
        assert_eq!(with_suites(one.clone()).cipher_suites, one);
    }
}
