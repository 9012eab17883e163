//! Which keys of AES-GCM are expanded? Those that their thread has used last.
//!
//! AWS-LC computes with 608 bytes, which it makes of a key of 16 or 32 in an eighth of a microsecond. A connection that
//! is idle has no need of them, in either direction. So it has its keys alone, and each thread keeps what it has made of the keys of any
//! connection, [`PLACES`] at the most.
//!
//! Invariants: what has been made of a key does not outlive it on the thread that drops it; a thread that keys leave for another
//! calls [`forget`].

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::aead::{Algorithm, LessSafeKey, UnboundKey};
use aws_lc_rs::error::Unspecified;
use rustls::crypto::cipher::AeadKey;

/// How many keys a thread keeps expanded. Each key has one place, so that two may contend for one while others are free.
const PLACES: usize = 1024;

thread_local!(static EXPANDED: RefCell<Vec<Option<Expanded>>> = const { RefCell::new(Vec::new()) });

/// What has been made of the key `id`.
struct Expanded {
    id: u64,
    key: LessSafeKey,
}

/// A key, which is expanded when it is used.
pub struct Key {
    /// No other key of the process has the same.
    id: u64,
    algorithm: &'static Algorithm,
    bytes: AeadKey,
}

impl Key {
    /// A key for `algorithm`.
    pub fn new(algorithm: &'static Algorithm, bytes: AeadKey) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self { id: IDS.fetch_add(1, Ordering::Relaxed), algorithm, bytes }
    }

    /// What it is for.
    pub fn algorithm(&self) -> &'static Algorithm {
        self.algorithm
    }

    /// Has `compute` use it, which must not use another.
    pub fn with<T>(&self, compute: impl FnOnce(&LessSafeKey) -> Result<T, Unspecified>) -> Result<T, Unspecified> {
        EXPANDED.with_borrow_mut(|expanded| {
            let place = self.place();
            if let Some(Some(known)) = expanded.get(place)
                && known.id == self.id
            {
                return compute(&known.key);
            }
            compute(&self.expand(expanded, place)?.key)
        })
    }

    #[cold]
    fn expand<'a>(&self, expanded: &'a mut Vec<Option<Expanded>>, place: usize) -> Result<&'a Expanded, Unspecified> {
        if expanded.len() <= place {
            expanded.resize_with(place + 1, || None);
        }
        let key = LessSafeKey::new(UnboundKey::new(self.algorithm, self.bytes.as_ref())?);
        Ok(expanded[place].insert(Expanded { id: self.id, key }))
    }

    fn place(&self) -> usize {
        (self.id % PLACES as u64) as usize
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // A thread that is ending has dropped them already.
        let _ = EXPANDED.try_with(|expanded| {
            if let Some(slot) = expanded.borrow_mut().get_mut(self.place()) {
                slot.take_if(|known| known.id == self.id);
            }
        });
    }
}

/// Nothing that has been made of keys is left on this thread.
pub fn forget() {
    EXPANDED.take();
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce};

    use super::*;

    fn key(byte: u8) -> Key {
        Key::new(&AES_256_GCM, [byte; 32].into())
    }

    fn tag_by(key: &Key) -> Vec<u8> {
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        key.with(|key| key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut [])).unwrap().as_ref().to_vec()
    }

    fn count() -> usize {
        EXPANDED.with_borrow(|expanded| expanded.iter().flatten().count())
    }

    #[test]
    fn a_key_is_expanded_when_it_is_used_and_until_it_is_dropped() {
        let (one, other) = (key(1), key(2));
        assert_eq!(count(), 0);
        let tags = (tag_by(&one), tag_by(&other));
        assert!(tags.0 != tags.1 && tags == (tag_by(&one), tag_by(&other)));
        assert_eq!(count(), 2);
        drop(one);
        assert_eq!(count(), 1);
        assert_eq!(tag_by(&other), tags.1);
    }

    #[test]
    fn two_keys_with_one_place_are_not_mixed_up() {
        let one = key(1);
        let other = Key { id: one.id + PLACES as u64, algorithm: &AES_256_GCM, bytes: [2; 32].into() };
        let tags = (tag_by(&one), tag_by(&other));
        assert_eq!(count(), 1);
        assert_eq!((tag_by(&one), tag_by(&other)), tags);
        // It has lost its place to the other, which keeps it.
        drop(one);
        assert_eq!(count(), 1);
    }

    #[test]
    fn there_is_no_more_than_one_for_each_place() {
        let keys: Vec<_> = (0..2 * PLACES).map(|_| key(3)).collect();
        keys.iter().for_each(|key| drop(tag_by(key)));
        assert!(count() <= PLACES);
        drop(keys);
        assert_eq!(count(), 0);
    }

    #[test]
    fn a_thread_forgets_and_the_key_goes_on_with_another() {
        let key = key(4);
        let tag = tag_by(&key);
        forget();
        assert_eq!(count(), 0);
        assert_eq!(std::thread::spawn(move || tag_by(&key)).join().unwrap(), tag);
    }
}
