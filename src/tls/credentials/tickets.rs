//! Session tickets: their keys, and how long a ticket is valid.
//!
//! A key has 48 bytes, as in Node: a name of 16, and 32 for AES-256-GCM. It comes from outside (`ticketKeys`,
//! `setTicketKeys()`, a cluster) or is generated.
//!
//! - A generated key is replaced after the lifetime of a ticket, one from outside after [`GIVEN_KEYS_LIFE`], by a generated
//!   one, unless another is set before: sessions are then no longer shared, but a key that leaks later can't decrypt
//!   everything that was ever recorded.
//! - No key encrypts more than [`MAX_SEALS`] tickets.
//! - The previous key still decrypts.
//! - The time of issue is encrypted in the ticket, which is rejected after its lifetime whatever its key; the context of
//!   the session (`sessionIdContext`) is authenticated with it.
//!
//! Owned by the server's configuration, shared by all its connections, and called on any thread. The lock is held to look
//! up a key or to replace one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use rustls::pki_types::UnixTime;
use rustls::server::ProducesTickets;

use crate::tls::provider::{aead, random};

/// The length of a ticket key, as in Node's `getTicketKeys()`.
pub const TICKET_KEYS_LENGTH: usize = 48;

/// How long a key from outside encrypts tickets, in seconds: a week, the longest lifetime that RFC 8446 permits.
const GIVEN_KEYS_LIFE: u64 = 7 * 24 * 60 * 60;

/// The tickets that one key encrypts. With random nonces, AES-GCM permits 2^32 (NIST SP 800-38D).
const MAX_SEALS: u64 = 1 << 32;

const NAME_LENGTH: usize = 16;
const ISSUED_LENGTH: usize = 8;

/// Encrypts and decrypts the tickets of one server.
pub struct Tickets {
    lifetime: u32,
    context: Vec<u8>,
    keys: RwLock<Keys>,
    /// The tickets that the current key has encrypted.
    seals: AtomicU64,
}

struct Keys {
    current: Key,
    previous: Option<Key>,
    /// When the current key is replaced, in seconds of UNIX time.
    expires: u64,
}

struct Key {
    bytes: [u8; TICKET_KEYS_LENGTH],
    aead: aead::LessSafeKey,
}

impl Tickets {
    /// Tickets for the sessions of `context`, valid for `lifetime` seconds, under `keys`, or generated keys without any.
    /// `None` if the system has no random numbers.
    pub fn new(lifetime: u32, keys: Option<[u8; TICKET_KEYS_LENGTH]>, context: &[u8]) -> Option<Self> {
        let now = UnixTime::now();
        let (current, expires) = match keys {
            Some(keys) => (Key::new(keys)?, expiry(now, GIVEN_KEYS_LIFE)),
            None => (Key::random()?, expiry(now, lifetime.into())),
        };
        let keys = RwLock::new(Keys { current, previous: None, expires });
        Some(Self { lifetime, context: context.to_vec(), keys, seals: AtomicU64::new(0) })
    }

    /// The current keys, as `getTicketKeys()` returns them.
    pub fn ticket_keys(&self) -> [u8; TICKET_KEYS_LENGTH] {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).current.bytes
    }

    /// Encrypts with `keys` from now on. Tickets under the previous keys are still decrypted. Returns `false` if the keys
    /// can't be used.
    pub fn set_ticket_keys(&self, keys: [u8; TICKET_KEYS_LENGTH]) -> bool {
        let Some(next) = Key::new(keys) else { return false };
        let mut state = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        state.expires = expiry(UnixTime::now(), GIVEN_KEYS_LIFE);
        if state.current.bytes != keys {
            state.replace(next);
            self.seals.store(0, Ordering::Relaxed);
        }
        true
    }

    /// Replaces the current key by a generated one once it has expired or has encrypted enough tickets.
    fn rotate(&self, now: UnixTime) {
        let due = |keys: &Keys| now.as_secs() >= keys.expires || self.seals.load(Ordering::Relaxed) >= MAX_SEALS;
        if !due(&self.keys.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let Some(next) = Key::random() else { return };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if due(&keys) {
            keys.replace(next);
            keys.expires = expiry(now, self.lifetime.into());
            self.seals.store(0, Ordering::Relaxed);
        }
    }

    fn seal(&self, plain: &[u8], now: UnixTime) -> Option<Vec<u8>> {
        self.rotate(now);
        let mut nonce = [0; aead::NONCE_LEN];
        if !random(&mut nonce) {
            return None;
        }
        let mut sealed = Vec::with_capacity(ISSUED_LENGTH + plain.len() + aead::MAX_TAG_LEN);
        sealed.extend(now.as_secs().to_be_bytes());
        sealed.extend(plain);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let name = keys.current.name();
        self.seals.fetch_add(1, Ordering::Relaxed);
        let unique = aead::Nonce::assume_unique_for_key(nonce);
        keys.current.aead.seal_in_place_append_tag(unique, self.bound_to(name), &mut sealed).ok()?;
        Some([name, &nonce[..], &sealed].concat())
    }

    /// The associated data of a ticket: the name of its key, and the context of its session.
    fn bound_to(&self, name: &[u8]) -> aead::Aad<Vec<u8>> {
        aead::Aad::from([name, &self.context].concat())
    }

    fn open(&self, ticket: &[u8], now: UnixTime) -> Option<Vec<u8>> {
        self.rotate(now);
        let (name, rest) = ticket.split_at_checked(NAME_LENGTH)?;
        let (nonce, sealed) = rest.split_at_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = [Some(&keys.current), keys.previous.as_ref()].into_iter().flatten().find(|key| key.name() == name)?;
        let plain = key.aead.open_in_place(nonce, self.bound_to(name), &mut sealed).ok()?;
        let (issued, plain) = plain.split_at_checked(ISSUED_LENGTH)?;
        let issued = u64::from_be_bytes(issued.try_into().ok()?);
        // The clock of another process may be ahead of ours.
        let age = now.as_secs().saturating_sub(issued);
        (age < u64::from(self.lifetime)).then(|| plain.to_vec())
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.lifetime > 0
    }

    fn lifetime(&self) -> u32 {
        self.lifetime
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.seal(plain, UnixTime::now())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.open(cipher, UnixTime::now())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl Keys {
    fn replace(&mut self, next: Key) {
        self.previous = Some(std::mem::replace(&mut self.current, next));
    }
}

impl Key {
    fn new(bytes: [u8; TICKET_KEYS_LENGTH]) -> Option<Self> {
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &bytes[NAME_LENGTH..]).ok()?;
        Some(Self { bytes, aead: aead::LessSafeKey::new(key) })
    }

    fn random() -> Option<Self> {
        let mut bytes = [0; TICKET_KEYS_LENGTH];
        random(&mut bytes).then(|| Self::new(bytes)).flatten()
    }

    fn name(&self) -> &[u8] {
        &self.bytes[..NAME_LENGTH]
    }
}

fn expiry(now: UnixTime, life: u64) -> u64 {
    now.as_secs().saturating_add(life)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIFETIME: u32 = 300;

    fn later(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs() + seconds))
    }

    #[test]
    fn a_ticket_opens_to_what_was_sealed_and_says_nothing() {
        let tickets = Tickets::new(LIFETIME, None, b"").unwrap();
        let ticket = tickets.encrypt(b"the session").unwrap();
        assert_eq!(tickets.decrypt(&ticket).unwrap(), b"the session");
        assert!(!ticket.windows(7).any(|part| part == b"session"));
        assert_ne!(tickets.encrypt(b"the session").unwrap(), ticket);
    }

    #[test]
    fn a_changed_or_foreign_ticket_does_not_open() {
        let tickets = Tickets::new(LIFETIME, None, b"").unwrap();
        let ticket = tickets.encrypt(b"x").unwrap();
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None, "byte {at}");
            assert_eq!(tickets.decrypt(&ticket[..at]), None, "{at} bytes");
        }
        assert_eq!(Tickets::new(LIFETIME, None, b"").unwrap().decrypt(&ticket), None);
    }

    #[test]
    fn processes_with_the_same_keys_open_each_others_tickets() {
        let one = Tickets::new(LIFETIME, None, b"").unwrap();
        let other = Tickets::new(LIFETIME, Some(one.ticket_keys()), b"").unwrap();
        assert_eq!(other.decrypt(&one.encrypt(b"x").unwrap()).unwrap(), b"x");
        assert_eq!(one.decrypt(&other.encrypt(b"y").unwrap()).unwrap(), b"y");
    }

    #[test]
    fn new_keys_leave_the_former_ones_for_opening_only() {
        let tickets = Tickets::new(LIFETIME, Some([1; 48]), b"").unwrap();
        let first = tickets.encrypt(b"first").unwrap();
        assert!(tickets.set_ticket_keys([2; 48]));
        assert!(tickets.set_ticket_keys([2; 48]));
        assert_eq!(tickets.ticket_keys(), [2; 48]);
        assert_eq!(tickets.decrypt(&first).unwrap(), b"first");
        assert_eq!(tickets.encrypt(b"second").unwrap()[..NAME_LENGTH], [2; 16]);
        tickets.set_ticket_keys([3; 48]);
        assert_eq!(tickets.decrypt(&first), None);
    }

    #[test]
    fn own_keys_rotate_and_set_ones_stay() {
        let own = Tickets::new(LIFETIME, None, b"").unwrap();
        let before = own.ticket_keys();
        let ticket = own.seal(b"x", later(250)).unwrap();
        assert_eq!(own.ticket_keys(), before);
        assert_eq!(own.open(&ticket, later(310)).unwrap(), b"x");
        assert_ne!(own.ticket_keys(), before);

        let set = Tickets::new(LIFETIME, Some([1; 48]), b"").unwrap();
        set.seal(b"x", later(GIVEN_KEYS_LIFE - 10)).unwrap();
        assert_eq!(set.ticket_keys(), [1; 48]);
    }

    #[test]
    fn keys_that_were_given_seal_for_a_week_and_still_open_what_they_have_sealed() {
        let given = Tickets::new(LIFETIME, Some([1; 48]), b"").unwrap();
        let ticket = given.seal(b"x", later(GIVEN_KEYS_LIFE - 10)).unwrap();
        let next = given.seal(b"y", later(GIVEN_KEYS_LIFE + 10)).unwrap();
        assert_ne!(given.ticket_keys(), [1; 48]);
        assert_ne!(next[..NAME_LENGTH], [1; 16]);
        assert_eq!(given.open(&ticket, later(GIVEN_KEYS_LIFE + 20)).unwrap(), b"x");
        given.set_ticket_keys([2; 48]);
        assert_eq!(given.seal(b"z", later(GIVEN_KEYS_LIFE - 10)).unwrap()[..NAME_LENGTH], [2; 16]);
    }

    #[test]
    fn a_key_that_has_sealed_enough_is_replaced() {
        for keys in [None, Some([1; 48])] {
            let tickets = Tickets::new(LIFETIME, keys, b"").unwrap();
            let before = tickets.ticket_keys();
            tickets.seals.store(MAX_SEALS - 1, Ordering::Relaxed);
            let last = tickets.encrypt(b"x").unwrap();
            assert_eq!(last[..NAME_LENGTH], before[..NAME_LENGTH]);
            assert_ne!(tickets.encrypt(b"x").unwrap()[..NAME_LENGTH], before[..NAME_LENGTH]);
            assert_eq!(tickets.decrypt(&last).unwrap(), b"x");
        }
    }

    #[test]
    fn a_ticket_of_another_context_does_not_open() {
        let [one, same, other] = [b"a", b"a", b"b"].map(|name| Tickets::new(LIFETIME, Some([1; 48]), name).unwrap());
        let ticket = one.encrypt(b"x").unwrap();
        assert_eq!(same.decrypt(&ticket).unwrap(), b"x");
        assert_eq!(other.decrypt(&ticket), None);
    }

    #[test]
    fn a_ticket_past_its_lifetime_does_not_open() {
        let tickets = Tickets::new(LIFETIME, Some([1; 48]), b"").unwrap();
        let ticket = tickets.seal(b"x", later(0)).unwrap();
        assert!(tickets.open(&ticket, later(298)).is_some());
        assert_eq!(tickets.open(&ticket, later(301)), None);
    }

    #[test]
    fn without_a_lifetime_there_are_no_tickets() {
        assert!(!Tickets::new(0, None, b"").unwrap().enabled());
        assert!(Tickets::new(1, None, b"").unwrap().enabled());
    }
}
