//! The sessions of TLS 1.2 that a server keeps in JavaScript: `'newSession'` and `'resumeSession'` of node:tls.
//!
//! One per connection, used on the thread of its handshake. rustls asks for a session in the middle of the handshake and
//! can't wait, so JavaScript is asked before, by the id in the ClientHello; what it answers is [`ServerSessions::known`].
//!
//! What JavaScript keeps has a header in front of what rustls has written: the time, and what the session belongs to. A
//! session beyond its lifetime, of another context or under another id is ignored, as in OpenSSL. The certificates of the
//! client are in it, and are judged again.

use std::sync::{Mutex, PoisonError};

use rustls::ProtocolVersion;
use rustls::pki_types::UnixTime;
use rustls::server::StoresServerSessions;

use crate::tls::provider::sha256;

const ISSUED_LENGTH: usize = 8;
const BINDING_LENGTH: usize = 32;

/// See the module.
#[derive(Debug)]
pub struct ServerSessions {
    scope: SessionScope,
    /// The data that JavaScript has for the client's session.
    known: Option<Vec<u8>>,
    /// Whether a new session is kept.
    keeps: bool,
    new: Mutex<Option<NewSession>>,
}

/// What a session is limited to.
#[derive(Clone, Debug)]
pub struct SessionScope {
    /// How long it can be resumed, in seconds.
    pub lifetime: u32,
    /// Separates sessions of different servers (`sessionIdContext`).
    pub context: Vec<u8>,
}

/// A session for JavaScript to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// What the client will ask for.
    pub id: Vec<u8>,
    /// What to answer then. It has secrets.
    pub data: Vec<u8>,
}

impl ServerSessions {
    /// For a connection of a server with `scope`.
    pub fn new(scope: SessionScope, known: Option<Vec<u8>>, keeps: bool) -> Self {
        Self { scope, known, keeps, new: Mutex::default() }
    }

    /// The new session, once.
    pub fn take_new(&self) -> Option<NewSession> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn seal(&self, id: &[u8], value: &[u8], now: UnixTime) -> Vec<u8> {
        let issued = now.as_secs().to_be_bytes();
        [&issued, self.binding(id).as_slice(), value].concat()
    }

    fn open(&self, id: &[u8], data: &[u8], now: UnixTime) -> Option<Vec<u8>> {
        let (issued, rest) = data.split_at_checked(ISSUED_LENGTH)?;
        let (binding, value) = rest.split_at_checked(BINDING_LENGTH)?;
        let age = now.as_secs().checked_sub(u64::from_be_bytes(issued.try_into().ok()?))?;
        let is_valid = age <= u64::from(self.scope.lifetime) && binding == self.binding(id);
        is_valid.then(|| value.to_vec())
    }

    /// What a session belongs to.
    fn binding(&self, id: &[u8]) -> [u8; BINDING_LENGTH] {
        sha256([id, self.scope.context.as_slice()])
    }
}

impl StoresServerSessions for ServerSessions {
    fn put(&self, id: Vec<u8>, value: Vec<u8>) -> bool {
        if !self.keeps || version(&value) != Some(ProtocolVersion::TLSv1_2) {
            return false;
        }
        let data = self.seal(&id, &value, UnixTime::now());
        *self.new.lock().unwrap_or_else(PoisonError::into_inner) = Some(NewSession { id, data });
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.open(id, self.known.as_deref()?, UnixTime::now())
    }

    /// Only sessions of TLS 1.3 are taken.
    fn take(&self, _key: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn can_cache(&self) -> bool {
        self.keeps
    }
}

/// The version in a session that rustls has written: after the name of the server, if there is one.
fn version(value: &[u8]) -> Option<ProtocolVersion> {
    let rest = match value {
        [0, rest @ ..] => rest,
        [1, length, rest @ ..] => rest.get(usize::from(*length)..)?,
        _ => return None,
    };
    let &[high, low, ..] = rest else { return None };
    Some(ProtocolVersion::from(u16::from_be_bytes([high, low])))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ID: &[u8] = b"id";
    const TLS12: &[u8] = &[0, 3, 3, 9];
    const TLS12_OF_A_NAME: &[u8] = &[1, 2, b'a', b'b', 3, 3, 9];
    const TLS13: &[u8] = &[0, 3, 4, 9];

    fn sessions(context: &str, known: Option<Vec<u8>>) -> ServerSessions {
        ServerSessions::new(SessionScope { lifetime: 300, context: context.into() }, known, true)
    }

    fn after(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(1_000_000 + seconds))
    }

    #[test]
    fn what_was_put_is_found_by_another_connection() {
        for value in [TLS12, TLS12_OF_A_NAME] {
            let first = sessions("", None);
            assert!(first.put(ID.to_vec(), value.to_vec()));
            let NewSession { id, data } = first.take_new().unwrap();
            assert_eq!((id.as_slice(), first.take_new()), (ID, None));
            assert_eq!(sessions("", Some(data.clone())).get(ID).as_deref(), Some(value));
            assert_eq!(sessions("", Some(data.clone())).get(b"another"), None);
            assert_eq!(sessions("other", Some(data)).get(ID), None);
        }
    }

    #[test]
    fn a_session_expires() {
        let sessions = sessions("", None);
        let data = sessions.seal(ID, TLS12, after(0));
        assert!(sessions.open(ID, &data, after(300)).is_some());
        assert_eq!(sessions.open(ID, &data, after(301)), None);
        let of_the_future = sessions.seal(ID, TLS12, after(1));
        assert_eq!(sessions.open(ID, &of_the_future, after(0)), None);
    }

    #[test]
    fn only_sessions_of_tls_1_2_are_kept_and_only_where_they_are_wanted() {
        assert!(!sessions("", None).put(ID.to_vec(), TLS13.to_vec()));
        assert!(!sessions("", None).put(ID.to_vec(), vec![1, 9, 3, 3]));
        let silent = ServerSessions::new(SessionScope { lifetime: 300, context: vec![] }, None, false);
        assert!(!silent.put(ID.to_vec(), TLS12.to_vec()) && !silent.can_cache());
    }

    #[test]
    fn garbage_is_no_session() {
        for data in [vec![], vec![0; 39], vec![0xff; 100]] {
            assert_eq!(sessions("", Some(data)).get(ID), None);
        }
    }
}
