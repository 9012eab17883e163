//! AES-GCM of TLS 1.3, by AWS-LC. It seals from one place into another, so records are made [where they are sent
//! from](super::sealed), and a connection has no more than its [keys](super::expanded) in memory. The records are those
//! that rustls makes, and takes.

use aws_lc_rs::aead::{self, Aad};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce, OutboundChunks,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm, UnsupportedOperationError,
    make_tls13_aad,
};
use rustls::{CipherSuite, ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::expanded::Key;
use super::sealed::{self, HEADER};

/// The algorithm of a suite.
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
        Box::new(Encrypter { key: Key::new(self.algorithm, key), iv, next: 0 })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter { key: Key::new(self.algorithm, key), iv })
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

struct Encrypter {
    key: Key,
    iv: Iv,
    /// Records with a lower number have been sealed: a nonce must not be used twice.
    next: u64,
}

impl MessageEncrypter for Encrypter {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        if seq < self.next {
            return Err(Error::EncryptError);
        }
        self.next = seq.checked_add(1).ok_or(Error::EncryptError)?;
        let OutboundPlainMessage { typ, payload: plaintext, .. } = message;
        let length = self.encrypted_payload_len(plaintext.len());
        let associated = make_tls13_aad(length);
        let nonce = nonce(&self.iv, seq);

        let sealed = self.key.with(|key| {
            if let (OutboundChunks::Single(plaintext), ContentType::ApplicationData) = (&plaintext, typ) {
                let made = sealed::append(HEADER + length, |record| {
                    // What is authenticated is the header of the record.
                    let (header, payload) = record.split_at_mut(HEADER);
                    header.copy_from_slice(&associated);
                    let (ciphertext, end) = payload.split_at_mut(plaintext.len());
                    key.seal_out_of_place_scatter(
                        nonce(),
                        Aad::from(associated),
                        plaintext,
                        ciphertext,
                        &[typ.into()],
                        end,
                    )
                });
                if let Some(made) = made {
                    return made.map(|()| PrefixedPayload::with_capacity(0));
                }
            }
            let mut payload = PrefixedPayload::with_capacity(length);
            payload.extend_from_chunks(&plaintext);
            payload.extend_from_slice(&[typ.into()]);
            key.seal_in_place_append_tag(nonce(), Aad::from(associated), &mut payload)?;
            Ok(payload)
        });
        // RFC 8446, 5.2: all records look like application data of TLS 1.2.
        let record =
            |payload| OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload);
        sealed.map(record).map_err(|_| Error::EncryptError)
    }

    fn encrypted_payload_len(&self, plaintext: usize) -> usize {
        // After it are its type and the tag.
        plaintext + 1 + self.key.algorithm().tag_len()
    }
}

struct Decrypter {
    key: Key,
    iv: Iv,
}

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let associated = make_tls13_aad(record.payload.len());
        let nonce = nonce(&self.iv, seq);
        let opened = self.key.with(|key| {
            let plaintext = key.open_in_place(nonce(), Aad::from(associated), &mut record.payload)?;
            Ok(plaintext.len())
        });
        record.payload.truncate(opened.map_err(|_| Error::DecryptError)?);
        // It checks the length, and finds the type behind the plaintext.
        record.into_tls13_unpadded_message()
    }
}

/// The nonce of record number `seq`, for one use.
fn nonce(iv: &Iv, seq: u64) -> impl Fn() -> aead::Nonce + use<> {
    let nonce = Nonce::new(iv, seq).0;
    move || aead::Nonce::assume_unique_for_key(nonce)
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

    /// The outcome of a record, by ours or by rustls'.
    fn opened(keys: &mut Box<dyn MessageDecrypter>, record: &[u8], seq: u64) -> Result<(ContentType, Vec<u8>), Error> {
        let mut payload = record[HEADER..].to_vec();
        let record = InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut payload);
        keys.decrypt(record, seq).map(|message| (message.typ, message.payload.to_vec()))
    }

    #[test]
    fn records_are_opened_and_refused_as_by_rustls() {
        let suite = cipher_suite::TLS13_AES_256_GCM_SHA384;
        let known = algorithm(suite);
        let ours = Gcm::of(suite.suite(), known).unwrap();
        let keys = |algorithm: &dyn Tls13AeadAlgorithm| algorithm.decrypter([3; 32].into(), Iv::new([4; 12]));
        let (mut ours, mut theirs) = (keys(&ours), keys(known));
        let sealed = |typ: ContentType, length: usize| {
            let plaintext = vec![5; length];
            let message =
                OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_3, payload: plaintext.as_slice().into() };
            known.encrypter([3; 32].into(), Iv::new([4; 12])).encrypt(message, 7).unwrap().encode()
        };
        let mut records = vec![vec![0; HEADER], vec![0; HEADER + 15], vec![0; HEADER + 16]];
        for typ in [ContentType::ApplicationData, ContentType::Alert, ContentType::ChangeCipherSpec, 0.into()] {
            records.extend([0, 1, 16384, 16385, 16386].map(|length| sealed(typ, length)));
        }
        let mut forged = sealed(ContentType::ApplicationData, 100);
        forged[HEADER + 50] ^= 1;
        records.push(forged);
        let mut accepted = 0;
        for record in records {
            for seq in [7, 8] {
                let outcome = opened(&mut ours, &record, seq);
                assert_eq!(outcome, opened(&mut theirs, &record, seq), "{} bytes, number {seq}", record.len());
                accepted += usize::from(outcome.is_ok());
            }
        }
        // Data and alerts of three lengths; and where the type is a zero, which is padding, the last byte in front of it.
        assert_eq!(accepted, 3 + 3 + 2);
    }

    #[test]
    fn no_number_is_used_twice() {
        let suite = cipher_suite::TLS13_AES_256_GCM_SHA384;
        let ours = Gcm::of(suite.suite(), algorithm(suite)).unwrap();
        let mut keys = ours.encrypter([3; 32].into(), Iv::new([4; 12]));
        let mut encrypt = |seq| {
            let payload = b"data".as_slice().into();
            let message =
                OutboundPlainMessage { typ: ContentType::ApplicationData, version: ProtocolVersion::TLSv1_3, payload };
            keys.encrypt(message, seq).map(|_| ())
        };
        assert_eq!([5, 5, 4, 6, u64::MAX].map(|seq| encrypt(seq).is_ok()), [true, false, false, true, false]);
    }

    #[test]
    fn other_algorithms_keep_their_keys() {
        let suite = cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
        assert!(Gcm::of(suite.suite(), algorithm(suite)).is_none());
    }
}
