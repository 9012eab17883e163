//! Where is the plaintext of a record? Where the record was received: it is decrypted there, and stays there.
//!
//! rustls would copy it to memory of its own. Here, it gets the first byte alone, and passes that on as it would pass on all
//! of them: once it has accepted the record. Its own keys decrypt, and it checks all that it checks otherwise.
//!
//! Only what runs inside [`decrypting_in_place`] is concerned, on its own thread.

use std::cell::Cell;
use std::ops::Range;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error};

thread_local! {
    /// Whether plaintext is left in place.
    static IN_PLACE: Cell<bool> = const { Cell::new(false) };
    /// The plaintext that has been left last.
    static PLAINTEXT: Cell<Option<Plaintext>> = const { Cell::new(None) };
}

/// Where plaintext is.
#[derive(Clone, Copy, Debug)]
pub struct Plaintext {
    address: usize,
    length: usize,
}

impl Plaintext {
    /// Which part of `records` it is: of the memory that its record was received in.
    pub fn range_in(self, records: &[u8]) -> Range<usize> {
        let start = self.address - records.as_ptr().addr();
        start..start + self.length
    }
}

/// Runs `process`, which processes the records of one connection up to the first with application data, and leaves that in
/// place. Returns where it is, too: it counts once rustls has passed on the byte instead of it. Panics if rustls has gone on to
/// another record with application data, which would be lost.
pub fn decrypting_in_place<T>(process: impl FnOnce() -> T) -> (T, Option<Plaintext>) {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            IN_PLACE.set(false);
        }
    }
    PLAINTEXT.set(None);
    IN_PLACE.set(true);
    let reset = Reset;
    let outcome = process();
    drop(reset);
    (outcome, PLAINTEXT.take())
}

/// Keys that decrypt as those of rustls do, and leave plaintext in place.
struct Decrypter(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(&mut self, record: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        let mut message = self.0.decrypt(record, seq)?;
        if message.typ == ContentType::ApplicationData && IN_PLACE.get() && !message.payload.is_empty() {
            let (address, length) = (message.payload.as_ptr().addr(), message.payload.len());
            let last = PLAINTEXT.replace(Some(Plaintext { address, length }));
            assert!(last.is_none(), "rustls has passed over plaintext");
            message.payload = &message.payload[..1];
        }
        Ok(message)
    }
}

/// The algorithm of a suite of TLS 1.3, with such keys.
pub struct Tls13(pub &'static dyn Tls13AeadAlgorithm);

impl Tls13AeadAlgorithm for Tls13 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter(self.0.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// The algorithm of a suite of TLS 1.2, with such keys.
pub struct Tls12(pub &'static dyn Tls12AeadAlgorithm);

impl Tls12AeadAlgorithm for Tls12 {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter(self.0.decrypter(key, iv)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that do nothing.
    struct Clear(ContentType);

    impl MessageDecrypter for Clear {
        fn decrypt<'a>(
            &mut self,
            mut record: InboundOpaqueMessage<'a>,
            _seq: u64,
        ) -> Result<InboundPlainMessage<'a>, Error> {
            record.typ = self.0;
            Ok(record.into_plain_message())
        }
    }

    fn decrypt(content: ContentType, record: &mut [u8]) -> usize {
        let version = rustls::ProtocolVersion::TLSv1_3;
        let record = InboundOpaqueMessage::new(ContentType::ApplicationData, version, record);
        Decrypter(Box::new(Clear(content))).decrypt(record, 0).unwrap().payload.len()
    }

    #[test]
    fn leaves_application_data_and_tells_where_it_is() {
        let mut records = [7; 100];
        let (passed_on, plaintext) =
            decrypting_in_place(|| decrypt(ContentType::ApplicationData, &mut records[40..60]));
        assert_eq!(passed_on, 1);
        assert_eq!(plaintext.unwrap().range_in(&records), 40..60);
    }

    #[test]
    fn leaves_neither_other_messages_nor_empty_ones_nor_any_outside() {
        let mut record = [7; 20];
        let (passed_on, plaintext) = decrypting_in_place(|| decrypt(ContentType::Handshake, &mut record));
        assert!(passed_on == 20 && plaintext.is_none());
        let (passed_on, plaintext) = decrypting_in_place(|| decrypt(ContentType::ApplicationData, &mut []));
        assert!(passed_on == 0 && plaintext.is_none());
        assert_eq!(decrypt(ContentType::ApplicationData, &mut record), 20);
    }

    #[test]
    #[should_panic = "passed over"]
    fn no_plaintext_is_passed_over() {
        decrypting_in_place(|| {
            decrypt(ContentType::ApplicationData, &mut [7; 20]);
            decrypt(ContentType::ApplicationData, &mut [8; 20])
        });
    }

    #[test]
    fn a_panic_inside_ends_it() {
        let panic = std::panic::catch_unwind(|| decrypting_in_place(|| panic!("in a test")));
        assert!(panic.is_err());
        assert_eq!(decrypt(ContentType::ApplicationData, &mut [7; 20]), 20);
    }
}
