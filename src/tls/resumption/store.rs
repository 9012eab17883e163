//! The sessions that clients have got, by their tokens: one store for the process, since a session may be offered by any
//! of its environments.
//!
//! Used on the JavaScript threads and on those that handshakes run on. A lock is held to look a token up or to add one.
//!
//! - The store keeps [`MAX_SESSIONS`] sessions; the one that was used least recently goes first.
//! - A session is forgotten after [`MAX_LIFE`]. Within that, rustls minds the lifetime that the server has set.
//! - A ticket of TLS 1.3 is offered once, as RFC 8446 recommends and rustls requires, whereas OpenSSL offers it as often as
//!   it is asked to. So the tickets of a connection, and of those that resumed it, form a [`Family`]: a token whose own ticket
//!   is used up stands for another ticket of its family.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};

use crate::tls::credentials::Party;
use crate::tls::provider::random;

/// How many sessions are kept. One holds the certificates of its server, a few kilobytes.
const MAX_SESSIONS: usize = 1024;

/// How long a session is kept: the longest lifetime that RFC 8446 permits.
const MAX_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many unused tickets a family keeps, as many as rustls keeps of a server.
const MAX_TICKETS: usize = 8;

/// The name of a session. It can't be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 32]);

/// A session that can be offered.
#[derive(Clone, Debug)]
pub enum Session {
    /// Of TLS 1.2: offered as often as wanted.
    Tls12(Box<Tls12ClientSessionValue>, Arc<Party>),
    /// Of TLS 1.3.
    Tls13(Arc<Family>),
}

/// The unused tickets of a connection under TLS 1.3, and of those that resumed it.
pub struct Family {
    tickets: Mutex<VecDeque<(Token, Tls13ClientSessionValue)>>,
    party: Arc<Party>,
}

/// See the module.
struct Store {
    sessions: HashMap<Token, Entry>,
    /// The tokens by their last use.
    by_use: BTreeMap<u64, Token>,
    uses: u64,
}

struct Entry {
    session: Session,
    last_use: u64,
    added: Instant,
}

static STORE: LazyLock<Mutex<Store>> = LazyLock::new(|| Mutex::new(Store::new()));

impl Token {
    /// A new token. `None` if the system has no random numbers.
    pub fn new() -> Option<Self> {
        let mut bytes = [0; 32];
        random(&mut bytes).then_some(Self(bytes))
    }

    /// The token in `bytes`. `None` if that can't be one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, for JavaScript.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Its bytes are a secret.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Session {
    /// The only party that can resume it. rustls compares the party's parts, so that they stay alive with the session.
    pub fn party(&self) -> &Arc<Party> {
        match self {
            Self::Tls12(_, party) => party,
            Self::Tls13(family) => &family.party,
        }
    }
}

impl Family {
    /// A family without tickets.
    pub fn new(party: Arc<Party>) -> Arc<Self> {
        Arc::new(Self { tickets: Mutex::default(), party })
    }

    /// Adds a ticket, named by `token`. The oldest goes if there are too many.
    pub fn add(&self, token: Token, ticket: Tls13ClientSessionValue) {
        let mut tickets = lock(&self.tickets);
        if tickets.len() >= MAX_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back((token, ticket));
    }

    /// Takes the ticket that `token` names, or else the newest.
    pub fn take(&self, token: Token) -> Option<Tls13ClientSessionValue> {
        let mut tickets = lock(&self.tickets);
        let own = tickets.iter().position(|(name, _)| *name == token);
        let taken = match own {
            Some(index) => tickets.remove(index),
            None => tickets.pop_back(),
        };
        taken.map(|(_, ticket)| ticket)
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Family")
    }
}

/// Keeps `session` under `token`.
pub fn put(token: Token, session: Session) {
    lock(&STORE).put(token, session, Instant::now());
}

/// The session that `token` names, if it is still kept.
pub fn get(token: Token) -> Option<Session> {
    lock(&STORE).get(token, Instant::now())
}

impl Store {
    fn new() -> Self {
        Self { sessions: HashMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }

    fn put(&mut self, token: Token, session: Session, now: Instant) {
        self.remove(token);
        self.uses += 1;
        self.by_use.insert(self.uses, token);
        self.sessions.insert(token, Entry { session, last_use: self.uses, added: now });
        if self.sessions.len() > MAX_SESSIONS
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.sessions.remove(&oldest);
        }
    }

    fn get(&mut self, token: Token, now: Instant) -> Option<Session> {
        let entry = self.sessions.get_mut(&token)?;
        if now.saturating_duration_since(entry.added) > MAX_LIFE {
            self.remove(token);
            return None;
        }
        self.uses += 1;
        self.by_use.remove(&std::mem::replace(&mut entry.last_use, self.uses));
        self.by_use.insert(self.uses, token);
        Some(entry.session.clone())
    }

    fn remove(&mut self, token: Token) {
        if let Some(entry) = self.sessions.remove(&token) {
            self.by_use.remove(&entry.last_use);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::credentials::{Credentials, Options};

    fn family() -> Session {
        let credentials = Credentials::new(&Options { ca: Some(vec![]), ..Options::default() }).unwrap();
        Session::Tls13(Family::new(Arc::clone(&credentials.party)))
    }

    #[test]
    fn the_session_that_was_used_least_recently_goes_first() {
        let (mut store, now) = (Store::new(), Instant::now());
        let session = family();
        let tokens: Vec<_> = (0..=MAX_SESSIONS).map(|_| Token::new().unwrap()).collect();
        for token in &tokens[..MAX_SESSIONS] {
            store.put(*token, session.clone(), now);
        }
        assert!(store.get(tokens[0], now).is_some());
        store.put(tokens[MAX_SESSIONS], session, now);
        assert!(store.get(tokens[1], now).is_none());
        assert!(store.get(tokens[0], now).is_some() && store.get(tokens[MAX_SESSIONS], now).is_some());
        assert_eq!((store.sessions.len(), store.by_use.len()), (MAX_SESSIONS, MAX_SESSIONS));
    }

    #[test]
    fn a_session_is_forgotten_after_its_life() {
        let (mut store, now) = (Store::new(), Instant::now());
        let token = Token::new().unwrap();
        store.put(token, family(), now);
        assert!(store.get(token, now + MAX_LIFE).is_some());
        assert!(store.get(token, now + MAX_LIFE + Duration::from_secs(1)).is_none());
        assert_eq!((store.sessions.len(), store.by_use.len()), (0, 0));
    }

    #[test]
    fn only_bytes_of_the_right_length_are_a_token() {
        let token = Token::new().unwrap();
        assert_eq!(Token::from_bytes(token.as_bytes()), Some(token));
        assert_eq!(Token::from_bytes(&[0; 31]), None);
        assert_eq!(Token::from_bytes(&[]), None);
        assert!(get(Token::from_bytes(&[0; 32]).unwrap()).is_none());
    }
}
