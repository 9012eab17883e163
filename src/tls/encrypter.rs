//! Which keys of TLS 1.3 make records where they are sent from? Those of AES-GCM, by AWS-LC, which seals out of one place
//! into another.

use aws_lc_rs::aead::{self, Aad, TlsProtocolId, TlsRecordSealingKey};
use rustls::crypto::cipher::{
    AeadKey, Iv, MessageDecrypter, MessageEncrypter, Nonce, OutboundChunks, OutboundOpaqueMessage,
    OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls13_aad,
};
use rustls::{CipherSuite, ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::sealed::{self, HEADER};

/// The algorithm of a suite, with such keys to seal with.
pub struct Gcm {
    known: &'static dyn Tls13AeadAlgorithm,
    algorithm: &'static aead::Algorithm,
}

impl Gcm {
    /// `None` for suites of other algorithms than AES-GCM.
    pub fn of(suite: CipherSuite, known: &'static dyn Tls13AeadAlgorithm) -> Option<Self> {
        let algorithm = match suite {
            CipherSuite::TLS13_AES_128_GCM_SHA256 => &aead::AES_128_GCM,
            CipherSuite::TLS13_AES_256_GCM_SHA384 => &aead::AES_256_GCM,
            _ => return None,
        };
        Some(Self { known, algorithm })
    }
}

impl Tls13AeadAlgorithm for Gcm {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        match TlsRecordSealingKey::new(self.algorithm, TlsProtocolId::TLS13, key.as_ref()) {
            Ok(key) => Box::new(Encrypter { key, iv }),
            Err(_) => self.known.encrypter(key, iv),
        }
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.known.decrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        self.known.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.known.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.known.fips()
    }
}

/// The keys. AWS-LC checks that no nonce is used twice.
struct Encrypter {
    key: TlsRecordSealingKey,
    iv: Iv,
}

impl MessageEncrypter for Encrypter {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let OutboundPlainMessage { typ, payload: plaintext, .. } = message;
        let length = self.encrypted_payload_len(plaintext.len());
        let associated = make_tls13_aad(length);
        let nonce = || aead::Nonce::assume_unique_for_key(Nonce::new(&self.iv, seq).0);

        if let (OutboundChunks::Single(plaintext), ContentType::ApplicationData) = (&plaintext, typ) {
            let made = sealed::append(HEADER + length, |record| {
                // What is authenticated is the header of the record.
                let (header, payload) = record.split_at_mut(HEADER);
                header.copy_from_slice(&associated);
                let (ciphertext, end) = payload.split_at_mut(plaintext.len());
                self.key.seal_out_of_place_scatter(
                    nonce(),
                    Aad::from(associated),
                    plaintext,
                    ciphertext,
                    &[typ.into()],
                    end,
                )
            });
            if let Some(made) = made {
                return made.map(|()| record_of(PrefixedPayload::with_capacity(0))).map_err(|_| Error::EncryptError);
            }
        }
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&plaintext);
        payload.extend_from_slice(&[typ.into()]);
        let outcome = self.key.seal_in_place_append_tag(nonce(), Aad::from(associated), &mut payload);
        outcome.map(|()| record_of(payload)).map_err(|_| Error::EncryptError)
    }

    fn encrypted_payload_len(&self, plaintext: usize) -> usize {
        // After it are its type and the tag.
        plaintext + 1 + self.key.algorithm().tag_len()
    }
}

fn record_of(payload: PrefixedPayload) -> OutboundOpaqueMessage {
    // RFC 8446, 5.2: all records look like application data of TLS 1.2.
    OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload)
}

#[cfg(test)]
mod tests {
    use rustls::SupportedCipherSuite;
    use rustls::crypto::aws_lc_rs::cipher_suite;

    use super::super::sealed::Sealed;
    use super::*;

    fn algorithm(suite: SupportedCipherSuite) -> &'static dyn Tls13AeadAlgorithm {
        let SupportedCipherSuite::Tls13(suite) = suite else { panic!("a suite of TLS 1.3") };
        suite.aead_alg
    }

    #[test]
    fn records_are_those_that_rustls_makes_in_either_place() {
        let suite = cipher_suite::TLS13_AES_256_GCM_SHA384;
        let known = algorithm(suite);
        let ours = Gcm::of(suite.suite(), known).unwrap();
        let keys = |algorithm: &dyn Tls13AeadAlgorithm| algorithm.encrypter([3; 32].into(), Iv::new([4; 12]));
        let (mut ours, mut theirs) = (keys(&ours), keys(known));
        let mut sealed = Sealed::default();
        for (seq, length) in (0..).step_by(2).zip([1, 16, 16384, 0]) {
            let plaintext = vec![5; length];
            let encrypt = |keys: &mut Box<dyn MessageEncrypter>, typ, seq| {
                assert_eq!(keys.encrypted_payload_len(length), length + 17);
                let payload = plaintext.as_slice().into();
                let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_3, payload };
                keys.encrypt(message, seq).unwrap().encode()
            };
            let write = |space: &mut [u8]| {
                let header = encrypt(&mut ours, ContentType::ApplicationData, seq);
                space[..header.len()].copy_from_slice(&header);
                Ok(header.len())
            };
            sealed.clear();
            sealed.append(HEADER, write).unwrap();
            assert!(sealed.records() == encrypt(&mut theirs, ContentType::ApplicationData, seq), "{length} bytes");
            let typ = ContentType::Handshake;
            assert_eq!(encrypt(&mut ours, typ, seq + 1), encrypt(&mut theirs, typ, seq + 1));
        }
    }

    #[test]
    fn other_algorithms_keep_their_keys() {
        let suite = cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
        assert!(Gcm::of(suite.suite(), algorithm(suite)).is_none());
    }
}
