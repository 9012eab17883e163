//! Connections and handshakes, counted when they come and when they are over. No number ever falls.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::Histogram;

/// Bytes of the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received and delivered.
    pub read: u64,
    /// Taken for sending.
    pub written: u64,
}

impl Traffic {
    /// Adds `other`.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.written += other.written;
    }

    /// Without `other`, which is part of it.
    pub fn without(self, other: Self) -> Self {
        Self { read: self.read - other.read, written: self.written - other.written }
    }
}

/// Counts by a key. There are few keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts<K>(Vec<(K, u64)>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq> Counts<K> {
    /// One more of `key`.
    pub fn add(&mut self, key: K) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => *count += 1,
            None => self.0.push((key, 1)),
        }
    }

    /// The keys that have occurred, in the order in which they first did, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.0.iter().map(|(key, count)| (key, *count))
    }
}

/// Why a handshake has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Node's code.
    Name(Cow<'static, str>),
    /// The number of an error of the system.
    Errno(i32),
}

/// How a handshake has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeEnd {
    /// It has succeeded.
    Completed {
        /// How long it took.
        time: Duration,
        /// Whether it has resumed a session.
        is_resumed: bool,
    },
    /// It was left to another implementation of TLS.
    Declined,
    /// It has failed.
    Failed(Code),
    /// Its stream was closed.
    Cancelled,
}

/// Handshakes that are over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeTally {
    /// Those that have resumed a session.
    pub resumed: u64,
    /// Those that were left to another implementation.
    pub declined: u64,
    /// Those that have failed, by their code.
    pub failed: Counts<Code>,
    /// Those whose stream was closed.
    pub cancelled: u64,
    /// How long those took that have succeeded, in microseconds.
    pub time: Histogram,
}

impl HandshakeTally {
    /// One has ended.
    pub fn add(&mut self, end: &HandshakeEnd) {
        match end {
            HandshakeEnd::Completed { time, is_resumed } => {
                self.resumed += u64::from(*is_resumed);
                self.time.record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            }
            HandshakeEnd::Declined => self.declined += 1,
            HandshakeEnd::Failed(code) => self.failed.add(code.clone()),
            HandshakeEnd::Cancelled => self.cancelled += 1,
        }
    }
}

/// What servers and engines have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections that were accepted, those included that JavaScript has refused.
    pub accepted: u64,
    /// Those of them that JavaScript has refused.
    pub refused: u64,
    /// Connections that have left for another engine.
    pub detached: u64,
    /// Connections that were refused, by the reason, whether JavaScript had seen them or not.
    pub dropped: Counts<Cow<'static, str>>,
    /// The bytes of the streams that are gone.
    pub gone: Traffic,
    /// Handshakes.
    pub handshakes: HandshakeTally,
}

/// The tally of a server: JavaScript has it as long as the server, its streams as long as they are open.
pub type ServerTally = Rc<RefCell<Tally>>;

/// What an engine counts of connections that no server has accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Those that were connected.
    pub connected: u64,
    /// Attempts to connect that have failed, by the error number.
    pub failed: Counts<i32>,
    /// Those that were made of a descriptor.
    pub adopted: u64,
    /// Those that have come from another engine.
    pub attached: u64,
    /// The bytes that these had moved there.
    pub brought: Traffic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_of_a_handshake_is_counted_as_one_thing() {
        let mut tally = HandshakeTally::default();
        let time = Duration::from_millis(2);
        let reset = Code::Errno(libc::ECONNRESET);
        let refused = Code::Name("ERR_SSL_NO_SHARED_CIPHER".into());
        for end in [
            HandshakeEnd::Completed { time, is_resumed: false },
            HandshakeEnd::Completed { time, is_resumed: true },
            HandshakeEnd::Declined,
            HandshakeEnd::Failed(refused.clone()),
            HandshakeEnd::Failed(reset.clone()),
            HandshakeEnd::Failed(refused.clone()),
            HandshakeEnd::Cancelled,
        ] {
            tally.add(&end);
        }
        assert_eq!((tally.resumed, tally.declined, tally.cancelled), (1, 1, 1));
        assert_eq!(tally.failed.iter().collect::<Vec<_>>(), [(&refused, 2), (&reset, 1)]);
        assert_eq!((tally.time.counts().iter().sum::<u64>(), tally.time.sum()), (2, 4000));
    }
}
