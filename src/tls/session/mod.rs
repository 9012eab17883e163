//! How do an application's bytes become records, and records bytes? The connection that a handshake leaves, in the loop.
//!
//! A [`Session`] is owned by its stream and used on the JavaScript thread. It never waits, and has no buffer while it is
//! idle: records pass through memory that all sessions of an engine share, in either direction.
//!
//! Invariants: records are sent in order; decrypted bytes are delivered before more are read; after a failure or the end
//! of the peer's side, nothing more is received.
//!
//! | file | |
//! |---|---|
//! | [`certificate_text`] | the peer's certificate, formatted for `getPeerCertificate()` |

mod certificate_text;
#[cfg(test)]
mod tests;

use std::io::IoSlice;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;

pub use self::certificate_text::CertificateText;
use super::connection::{Connection, MAX_RECORD, Opened, RECORD_PLAINTEXT, Target};
use super::error::{ConnectionError, TlsError};
use super::sealed::Sealed;
use crate::socket::Kind;
use crate::socket::io::{self as socket, Read};
use crate::tls::resumption::ClientSessions;

/// The plaintext that is encrypted before its records are sent: enough for a full `writev`, and the most that
/// [`Session::write_some`] leaves as records while the peer does not read.
const MAX_SEAL: usize = 64 << 10;

/// With as much room as this, records are received where their plaintext is to be.
const MIN_IN_PLACE: usize = 2 * MAX_RECORD;

/// How much plaintext the records that we send may be limited to; the end is the limit of TLS.
const FRAGMENT_SIZES: RangeInclusive<usize> = 512..=RECORD_PLAINTEXT;

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// As for a plain socket, in decrypted bytes.
    pub read: Read,
    /// Whether there is nothing more until the socket is readable again.
    pub drained: bool,
}

/// How many bytes of records have passed the socket since that was last asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Received.
    pub received: u64,
    /// Taken by the kernel.
    pub sent: u64,
}

/// The last flight of the handshake, which is sent with the first data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flight {
    /// It is all that waits to be sent.
    Held,
    /// The same, and data has come: it goes out with the answer, if there is one.
    Due,
    /// It has been sent, or more waits with it.
    Gone,
}

/// See the module.
pub struct Session {
    connection: Connection,
    /// Returned once everything that was decrypted before it has been delivered.
    failure: Option<ConnectionError>,
    /// The socket has ended without a close_notify.
    truncated: bool,
    flight: Flight,
    /// The sessions that a server gives, where JavaScript holds them.
    sessions: Option<Arc<ClientSessions>>,
    /// The most plaintext in a record.
    max_fragment: usize,
    passed: Passed,
}

impl Session {
    /// A session over what a handshake leaves: its connection, and bytes that were received and not passed to it. `sessions`
    /// gets what its server gives.
    pub fn new(mut connection: Connection, unread: &[u8], sessions: Option<Arc<ClientSessions>>) -> Self {
        let flight = if connection.outgoing().is_empty() { Flight::Gone } else { Flight::Held };
        // The peer may have sent its close_notify right after the handshake.
        connection.feed(unread);
        let outcome = connection.process();
        let mut session = Self {
            connection,
            failure: None,
            truncated: false,
            flight,
            sessions,
            max_fragment: *FRAGMENT_SIZES.end(),
            passed: Passed::default(),
        };
        session.note(outcome);
        session
    }

    /// The connection, for what was negotiated with the peer.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the last flight of the handshake is all that waits to be sent, and no data has come since.
    pub fn holds_flight(&self) -> bool {
        self.flight == Flight::Held
    }

    /// Whether the socket has ended without a close_notify: received data may be incomplete.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The sessions that a server gives, where JavaScript holds them.
    pub fn sessions(&self) -> Option<&ClientSessions> {
        self.sessions.as_deref()
    }

    /// Whether the server has given a session that was not reported yet. What has come after it is delivered afterwards.
    pub fn has_sessions(&self) -> bool {
        self.sessions().is_some_and(ClientSessions::has_unreported)
    }

    /// Whether it has failed, and a read is to return that.
    pub fn has_failure(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether records wait to be sent.
    pub fn wants_write(&self) -> bool {
        self.waiting() > 0
    }

    /// Bytes of records that wait to be sent.
    pub fn waiting(&self) -> usize {
        self.connection.outgoing().len()
    }

    /// What has passed the socket since this was called last, whatever there is in it for the application.
    pub fn take_passed(&mut self) -> Passed {
        std::mem::take(&mut self.passed)
    }

    /// Receives into `space`: as long as the socket has records, until `space` is full. What is left of it in the end may be
    /// too small for records; these pass through `ciphertext`, memory that is free again afterwards. The rest of the last record
    /// is delivered by the next read.
    pub fn read(
        &mut self,
        fd: &OwnedFd,
        kind: Kind,
        ciphertext: &mut Vec<u8>,
        space: &mut [u8],
    ) -> Result<Received, ConnectionError> {
        let mut filled = self.connection.take_plaintext(space);
        let mut drained = false;
        let mut is_last = false;
        while filled < space.len() && !self.has_sessions() {
            if self.connection.has_ended() || self.failure.is_some() {
                if filled > 0 {
                    break;
                }
                return self.conclude(fd, kind);
            }
            if is_last {
                break;
            }
            // What waits for the rest of its record goes before what comes.
            let begun = self.connection.unprocessed();
            let free = &mut space[filled..];
            let (memory, target) = if free.len() >= begun + MIN_IN_PLACE {
                (free, Target::Records)
            } else {
                (memory_behind(begun, free.len(), ciphertext), Target::Space(free))
            };
            let asked = memory.len() - begun;
            match socket::read(fd, kind, &mut memory[begun..]) {
                Ok(Read::Bytes(count)) => {
                    self.passed.received += count as u64;
                    let opened = self.open(&mut memory[..begun + count], target);
                    filled += opened;
                    // However many records without plaintext there are, other streams are served in between. Then the
                    // socket is not drained either: an end may follow a part of a record.
                    drained = count < asked && filled > 0;
                    is_last = count < asked || opened == 0;
                }
                // What was received before comes first: the next read finds it again.
                Ok(Read::End) if filled > 0 => break,
                Ok(Read::End) => {
                    self.truncated = true;
                    return Ok(Received { read: Read::End, drained: false });
                }
                Ok(Read::Empty) => {
                    drained = true;
                    break;
                }
                Err(errno) => self.failure = Some(ConnectionError::Socket(errno)),
            }
        }
        // Messages of the protocol itself, such as a key update, do not wait for the application, unless the last flight
        // of the handshake does. If the socket fails, the next read or write returns the error.
        match self.flight {
            Flight::Gone => drop(self.flush(fd, kind)),
            Flight::Held if filled > 0 => self.flight = Flight::Due,
            Flight::Held | Flight::Due => {}
        }
        let read = if filled == 0 { Read::Empty } else { Read::Bytes(filled) };
        Ok(Received { read, drained: drained && !self.has_more() })
    }

    /// What a read returns when everything that came before the end or the failure has been delivered.
    fn conclude(&mut self, fd: &OwnedFd, kind: Kind) -> Result<Received, ConnectionError> {
        match self.failure.take() {
            Some(failure) => {
                // Sends the alert, if the socket accepts it.
                let _ = self.flush(fd, kind);
                Err(failure)
            }
            None => Ok(Received { read: Read::End, drained: false }),
        }
    }

    /// Opens the records in `memory`, after those that have been begun before. Returns how much of their plaintext is where
    /// it is to be.
    fn open(&mut self, memory: &mut [u8], target: Target<'_>) -> usize {
        let sessions = self.sessions.as_deref();
        let has_sessions = || sessions.is_some_and(ClientSessions::has_unreported);
        let Opened { filled, outcome, .. } = self.connection.open(memory, target, &has_sessions);
        self.note(outcome);
        filled
    }

    /// Notes how the peer has kept to the protocol.
    fn note(&mut self, outcome: Result<(), rustls::Error>) {
        match outcome {
            Err(error) => self.failure = Some(TlsError::from(&error).into()),
            Ok(()) if self.connection.exceeds_message_limit() => {
                self.failure = Some(TlsError::message_too_long().into())
            }
            Ok(()) => {}
        }
    }

    /// Writes `first` and `slices` in order, through `sealed`, memory that is free again afterwards, until the kernel accepts
    /// no more records. Returns how much plaintext was accepted: its last records may still wait to be sent. After a failure
    /// that is still to be returned, all of it is accepted, and nothing sent.
    pub fn write_some(
        &mut self,
        fd: &OwnedFd,
        kind: Kind,
        sealed: &mut Sealed,
        first: &[u8],
        slices: &[&[u8]],
    ) -> Result<usize, Errno> {
        if self.failure.is_some() {
            return Ok(first.len() + slices.iter().map(|slice| slice.len()).sum::<usize>());
        }
        let mut left = std::iter::once(first).chain(slices.iter().copied()).filter(|slice| !slice.is_empty());
        let mut rest: &[u8] = &[];
        let mut gathered = Vec::new();
        let mut taken = 0;
        let mut has_room = self.take_flight() || self.flush(fd, kind)?;
        while has_room {
            if rest.is_empty() {
                match left.next() {
                    Some(slice) => rest = slice,
                    None => break,
                }
            }
            let (now, later) = rest.split_at(rest.len().min(MAX_SEAL));
            rest = later;
            // Small slices share records.
            gathered.clear();
            while rest.is_empty() && now.len().max(gathered.len()) < MAX_SEAL {
                let Some(next) = left.next() else { break };
                if gathered.is_empty() {
                    gathered.extend_from_slice(now);
                }
                let (fits, later) = next.split_at(next.len().min(MAX_SEAL - gathered.len()));
                gathered.extend_from_slice(fits);
                rest = later;
            }
            let plaintext = if gathered.is_empty() { now } else { &gathered };
            self.seal(fd, kind, plaintext, sealed)?;
            taken += plaintext.len();
            has_room = self.transmit(fd, kind, sealed.records(), false)?;
        }
        Ok(taken)
    }

    /// Writes all of `bytes`, as [`Self::write_some`] does; records may still wait to be sent. With `last`, a close_notify
    /// follows, after which the caller must end the socket. A close_notify or a last flight alone that can't be sent is no
    /// error: the peer misses no data, and receiving returns how the connection ended.
    pub fn write_all(
        &mut self,
        fd: &OwnedFd,
        kind: Kind,
        sealed: &mut Sealed,
        bytes: &[u8],
        last: bool,
    ) -> Result<usize, Errno> {
        if bytes.is_empty() || self.failure.is_some() {
            let is_without_data = self.flight != Flight::Gone || (last && !self.wants_write());
            sealed.clear();
            if last {
                self.connection.seal_end(sealed);
            }
            match self.transmit(fd, kind, sealed.records(), last) {
                Err(_) if is_without_data => self.connection.discard_outgoing(),
                outcome => drop(outcome?),
            }
            return Ok(bytes.len());
        }
        let mut chunks = bytes.chunks(MAX_SEAL).peekable();
        let mut has_room = true;
        while let Some(chunk) = chunks.next() {
            let ends = last && chunks.peek().is_none();
            self.seal(fd, kind, chunk, sealed)?;
            if ends {
                self.connection.seal_end(sealed);
            }
            if has_room {
                has_room = self.transmit(fd, kind, sealed.records(), ends)?;
            } else {
                self.connection.delay(sealed.records());
            }
        }
        Ok(bytes.len())
    }

    /// From now on more than the last flight may wait to be sent. Returns whether it was all.
    fn take_flight(&mut self) -> bool {
        std::mem::replace(&mut self.flight, Flight::Gone) != Flight::Gone
    }

    /// Puts no more than `size` bytes of plaintext into a record from now on. Returns `false` if that is not possible.
    pub fn set_max_send_fragment(&mut self, size: usize) -> bool {
        let is_possible = FRAGMENT_SIZES.contains(&size);
        if is_possible {
            self.max_fragment = size;
        }
        is_possible
    }

    /// Seals `plaintext`, and nothing else, as long as the connection has not failed, and its keys last.
    fn seal(&mut self, fd: &OwnedFd, kind: Kind, plaintext: &[u8], sealed: &mut Sealed) -> Result<(), Errno> {
        sealed.clear();
        if !self.connection.spend(plaintext.len(), self.max_fragment) {
            self.connection.seal_end(sealed);
            let _ = self.transmit(fd, kind, sealed.records(), false);
            return Err(Errno::PIPE);
        }
        // rustls makes the largest records by itself.
        let is_limited = self.max_fragment < *FRAGMENT_SIZES.end();
        let mut parts = plaintext.chunks(if is_limited { self.max_fragment } else { MAX_SEAL });
        parts.try_for_each(|part| self.connection.seal(part, sealed)).map_err(|_| Errno::PIPE)
    }

    /// Sends the records that wait. Returns whether all have been sent.
    pub fn flush(&mut self, fd: &OwnedFd, kind: Kind) -> Result<bool, Errno> {
        self.transmit(fd, kind, &[], false)
    }

    /// Sends the records that wait, then `records`; what the kernel does not accept waits. With `last`, the socket is ended
    /// next. Returns whether nothing waits.
    fn transmit(&mut self, fd: &OwnedFd, kind: Kind, mut records: &[u8], last: bool) -> Result<bool, Errno> {
        self.take_flight();
        loop {
            let waiting = self.connection.outgoing();
            let sent = match (waiting, records) {
                ([], []) => return Ok(true),
                ([], one) | (one, []) => socket::send(fd, kind, one, last)?,
                (first, second) => socket::write(fd, kind, &[IoSlice::new(first), IoSlice::new(second)])?,
            };
            if sent == 0 {
                self.connection.delay(records);
                return Ok(false);
            }
            self.passed.sent += sent as u64;
            let of_waiting = sent.min(waiting.len());
            self.connection.sent(of_waiting);
            records = &records[sent - of_waiting..];
        }
    }

    /// Whether a read would return something without a system call.
    fn has_more(&self) -> bool {
        self.connection.has_plaintext() || self.failure.is_some() || self.connection.has_ended() || self.has_sessions()
    }
}

/// The part of `ciphertext`, which grows if need be, to receive records into after the `begun` bytes of one: enough of them to fill
/// `free` bytes with their plaintext, or one at least.
fn memory_behind(begun: usize, free: usize, ciphertext: &mut Vec<u8>) -> &mut [u8] {
    if ciphertext.len() < 2 * begun {
        ciphertext.resize(2 * begun, 0);
    }
    let wanted = (free + MAX_RECORD).max(begun + MAX_RECORD);
    let length = wanted.min(ciphertext.len());
    &mut ciphertext[..length]
}
