//! Private keys with their certificates, and which of them a peer is shown.
//!
//! Made once per credentials and never changed; used on the threads that handshakes run on.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{CipherSuite, SignatureAlgorithm, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::options::{Identity, OptionError};
use crate::tls::pem;
use crate::tls::provider::provider;
use crate::tls::suites::suite_name;

/// All our key pairs, in order of preference.
#[derive(Debug)]
pub struct KeyPairs(Vec<KeyPair>);

#[derive(Debug)]
struct KeyPair {
    plain: Arc<CertifiedKey>,
    /// The same with a response of OCSP, and until when it is shown with that.
    stapled: Option<(Arc<CertifiedKey>, SystemTime)>,
}

/// A response of OCSP for a server to staple to its certificate.
#[derive(Clone, Debug)]
pub struct Staple {
    /// In DER.
    pub response: Vec<u8>,
    /// When it expires.
    pub until: SystemTime,
}

impl KeyPair {
    fn shown(&self) -> &Arc<CertifiedKey> {
        match &self.stapled {
            Some((stapled, until)) if SystemTime::now() < *until => stapled,
            _ => &self.plain,
        }
    }
}

/// A key that signs with some of its schemes only.
#[derive(Debug)]
struct Limited {
    key: Arc<dyn SigningKey>,
    schemes: Arc<[SignatureScheme]>,
}

impl SigningKey for Limited {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let offered: Vec<_> = offered.iter().copied().filter(|scheme| self.schemes.contains(scheme)).collect();
        self.key.choose_scheme(&offered)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

/// Restricts the key of `identity` to `schemes`.
pub fn limit(identity: &CertifiedKey, schemes: &[SignatureScheme]) -> Arc<CertifiedKey> {
    let key = Limited { key: Arc::clone(&identity.key), schemes: schemes.into() };
    Arc::new(CertifiedKey { key: Arc::new(key), ..identity.clone() })
}

impl KeyPairs {
    /// Key pairs in order of preference: the first that suits the peer is used.
    pub fn new(identities: Vec<Arc<CertifiedKey>>) -> Self {
        Self(identities.into_iter().map(|plain| KeyPair { plain, stapled: None }).collect())
    }

    /// The same, with these responses of OCSP to staple, one for each, in the place of those that they had.
    pub fn stapling(&self, responses: &[Option<Staple>]) -> Self {
        let responses = responses.iter().cloned().chain(std::iter::repeat(None));
        let stapling = |(KeyPair { plain, .. }, staple): (&KeyPair, Option<Staple>)| {
            let with = |response| Arc::new(CertifiedKey { ocsp: Some(response), ..plain.as_ref().clone() });
            let stapled = staple.map(|Staple { response, until }| (with(response), until));
            KeyPair { plain: Arc::clone(plain), stapled }
        };
        Self(self.0.iter().zip(responses).map(stapling).collect())
    }

    /// The certificates of each, its own first.
    pub fn chains(&self) -> impl Iterator<Item = &[CertificateDer<'static>]> {
        self.0.iter().map(|key_pair| key_pair.plain.cert.as_slice())
    }

    /// When the first certificate expires, in seconds of UNIX time.
    pub fn expires(&self) -> Option<i64> {
        let shown = self.chains().flatten();
        let read = shown.filter_map(|certificate| X509Certificate::from_der(certificate).ok());
        read.map(|(_, certificate)| certificate.validity().not_after.timestamp()).min()
    }

    /// The first with a key that can sign with one of `schemes`, and whose algorithm `fits`.
    fn choose(
        &self,
        schemes: &[SignatureScheme],
        fits: impl Fn(SignatureAlgorithm) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let suits =
            |CertifiedKey { key, .. }: &CertifiedKey| key.choose_scheme(schemes).is_some() && fits(key.algorithm());
        self.0.iter().find(|key_pair| suits(&key_pair.plain)).map(KeyPair::shown).cloned()
    }
}

/// Whether one of `suites` is a suite of TLS 1.2 for keys of `algorithm`.
fn has_suite(suites: &[CipherSuite], algorithm: SignatureAlgorithm) -> bool {
    let kind = if algorithm == SignatureAlgorithm::RSA { "-RSA-" } else { "-ECDSA-" };
    suites.iter().filter_map(|suite| suite_name(*suite)).any(|suite| suite.name.contains(kind))
}

impl ResolvesServerCert for KeyPairs {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // The suites of TLS 1.3 work with any key, but a client that offers them may end up with 1.2, whose suites don't.
        let for_both = self.choose(hello.signature_schemes(), |algorithm| has_suite(hello.cipher_suites(), algorithm));
        let for_one = || self.choose(hello.signature_schemes(), |_| true);
        // With any certificate, rustls finds what is not shared, and sends the right alert.
        for_both.or_else(for_one).or_else(|| self.0.first().map(KeyPair::shown).cloned())
    }
}

impl ResolvesClientCert for KeyPairs {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.choose(schemes, |_| true)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Reads a key and its certificates.
pub fn read(identity: Identity) -> Result<Arc<CertifiedKey>, OptionError> {
    let key = signing_key(identity.key).map_err(|reason| OptionError {
        field: "key",
        code: "ERR_OSSL_UNSUPPORTED",
        reason,
    })?;
    let bad = |code, reason| OptionError { field: "cert", code, reason };
    let chain = pem::certificates(&identity.cert).map_err(|reason| bad("ERR_OSSL_PEM_BAD_BASE64_DECODE", reason))?;
    if chain.is_empty() {
        return Err(bad("ERR_OSSL_PEM_NO_START_LINE", "no certificate".into()));
    }
    for certificate in &chain {
        if let Err(error) = X509Certificate::from_der(certificate) {
            return Err(bad("ERR_OSSL_ASN1_WRONG_TAG", format!("not a certificate: {error}")));
        }
    }
    certify(chain, key)
}

/// Joins a key and its chain. The first certificate must be for the key.
pub fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn SigningKey>,
) -> Result<Arc<CertifiedKey>, OptionError> {
    if chain.first().is_some_and(|leaf| belongs(leaf, key.as_ref())) {
        return Ok(Arc::new(CertifiedKey::new(chain, key)));
    }
    let reason = "key values mismatch".into();
    Err(OptionError { field: "key", code: "ERR_OSSL_X509_KEY_VALUES_MISMATCH", reason })
}

/// Reads a key in DER. The error is a reason for people.
pub fn signing_key(der: Vec<u8>) -> Result<Arc<dyn SigningKey>, String> {
    let key = PrivateKeyDer::try_from(der)?;
    provider().key_provider.load_private_key(key).map_err(|error| error.to_string())
}

/// Whether `certificate` is for `key`. rustls' own check only reads certificates of version 3.
pub fn belongs(certificate: &CertificateDer<'_>, key: &dyn SigningKey) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    key.public_key().is_none_or(|public| public.as_ref() == certificate.public_key().raw)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};

    use super::*;

    fn identity(algorithm: &'static SignatureAlgorithm) -> Identity {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let cert = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
        Identity { key: key.serialize_der(), cert }
    }

    #[test]
    fn the_identity_is_chosen_by_what_the_peer_can_check() {
        let first = read(identity(&PKCS_ECDSA_P384_SHA384)).unwrap();
        let second = read(identity(&PKCS_ECDSA_P256_SHA256)).unwrap();
        let identities = KeyPairs::new(vec![Arc::clone(&first), Arc::clone(&second)]);
        let choose = |schemes: &[SignatureScheme]| identities.choose(schemes, |_| true);
        let both = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384];
        assert!(Arc::ptr_eq(&choose(&both).unwrap(), &first));
        assert!(Arc::ptr_eq(&choose(&both[..1]).unwrap(), &second));
        assert!(choose(&[SignatureScheme::ED25519]).is_none());
    }

    #[test]
    fn a_response_is_stapled_until_it_expires() {
        use std::time::Duration;
        let pair = read(identity(&PKCS_ECDSA_P256_SHA256)).unwrap();
        let shown = |responses: &[Option<Staple>]| {
            let stapling = KeyPairs::new(vec![Arc::clone(&pair)]).stapling(responses);
            stapling.choose(&[SignatureScheme::ECDSA_NISTP256_SHA256], |_| true).unwrap().ocsp.clone()
        };
        let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
        let staple = |until| Some(Staple { response: vec![1], until });
        assert_eq!(shown(&[staple(now + hour)]), Some(vec![1]));
        assert_eq!(shown(&[staple(now - hour)]), None);
        assert_eq!((shown(&[None]), shown(&[])), (None, None));
    }

    #[test]
    fn a_suite_of_tls_1_2_has_to_fit_the_key() {
        let rsa = [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
        assert!(has_suite(&rsa, SignatureAlgorithm_::RSA));
        assert!(!has_suite(&rsa, SignatureAlgorithm_::ECDSA));
        assert!(!has_suite(&[CipherSuite::TLS13_AES_128_GCM_SHA256], SignatureAlgorithm_::ECDSA));
    }

    #[test]
    fn a_key_of_another_certificate_is_an_error() {
        let (one, other) = (identity(&PKCS_ECDSA_P256_SHA256), identity(&PKCS_ECDSA_P256_SHA256));
        let error = read(Identity { key: one.key, cert: other.cert }).unwrap_err();
        assert_eq!((error.field, error.code), ("key", "ERR_OSSL_X509_KEY_VALUES_MISMATCH"));
    }

    #[test]
    fn garbage_names_its_field() {
        let good = identity(&PKCS_ECDSA_P256_SHA256);
        let bad_key = read(Identity { key: b"garbage".to_vec(), ..good.clone() }).unwrap_err();
        assert_eq!((bad_key.field, bad_key.code), ("key", "ERR_OSSL_UNSUPPORTED"));
        let bad_cert = read(Identity { cert: b"garbage".to_vec(), ..good.clone() }).unwrap_err();
        assert_eq!((bad_cert.field, bad_cert.code), ("cert", "ERR_OSSL_ASN1_WRONG_TAG"));
        let other_block = b"-----BEGIN X-----\nAQID\n-----END X-----\n".to_vec();
        let no_cert = read(Identity { cert: other_block, ..good }).unwrap_err();
        assert_eq!((no_cert.field, no_cert.code), ("cert", "ERR_OSSL_PEM_NO_START_LINE"));
    }

    use rustls::SignatureAlgorithm as SignatureAlgorithm_;
}
