//! How do an application's bytes become records, and records bytes? The connection that a handshake leaves, in the loop.
//!
//! A [`Session`] is owned by its stream and used on the JavaScript thread. It never waits, and has no buffer while it is
//! idle: received bytes pass through memory that all sessions of an engine share.
//!
//! Invariants: records are sent in order; decrypted bytes are delivered before more are read; after a failure or the end
//! of the peer's side, nothing more is received.
//!
//! | file | |
//! |---|---|
//! | [`records`] | the socket that records are written to |
//! | [`certificate_text`] | the peer's certificate, formatted for `getPeerCertificate()` |

mod certificate_text;
mod records;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, IoSlice, Write};
use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustls::Connection;

pub use self::certificate_text::CertificateText;
use self::records::Records;
use super::error::{ConnectionError, TlsError};
use crate::socket::Kind;
use crate::socket::io::{self as socket, Read};
use crate::tls::resumption::ClientSessions;

/// The plaintext that is encrypted before its records are sent: enough for a full `writev`, and the most that a stream
/// holds in memory while its peer does not read.
const SEAL_MOST: usize = 64 << 10;

/// The most that a record takes: its header, the plaintext, and what encryption may add to it.
pub const RECORD_MOST: usize = 5 + 16384 + 256;

/// How much plaintext the records that we send may be limited to; the end is the limit of TLS.
const FRAGMENT_SIZES: RangeInclusive<usize> = 512..=16384;

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
    /// Records that were received and not processed yet.
    unread: Vec<u8>,
    /// Returned once everything that was decrypted before it has been delivered.
    failure: Option<ConnectionError>,
    /// The peer's close_notify has been received.
    ended: bool,
    /// The socket has ended without one.
    truncated: bool,
    flight: Flight,
    /// The sessions that a server gives, where JavaScript holds them.
    sessions: Option<Arc<ClientSessions>>,
    /// The most plaintext in a record.
    fragment_most: usize,
    passed: Passed,
}

impl Session {
    /// A session over what a handshake leaves: its connection, and bytes that it has received but not processed. `sessions`
    /// gets what its server gives.
    pub fn new(mut connection: Connection, unread: Vec<u8>, sessions: Option<Arc<ClientSessions>>) -> Self {
        connection.set_buffer_limit(None);
        let flight = if connection.wants_write() { Flight::Held } else { Flight::Gone };
        let mut session = Self {
            connection,
            unread,
            failure: None,
            ended: false,
            truncated: false,
            flight,
            sessions,
            fragment_most: *FRAGMENT_SIZES.end(),
            passed: Passed::default(),
        };
        // The peer may have sent its close_notify right after the handshake.
        session.process();
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

    /// Whether the server has given a session that was not reported yet. What has come behind it is read afterwards.
    pub fn has_sessions(&self) -> bool {
        self.sessions().is_some_and(ClientSessions::has_unreported)
    }

    /// Whether records wait to be sent.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// What has passed the socket since this was called last, whatever there is in it for the application.
    pub fn take_passed(&mut self) -> Passed {
        std::mem::take(&mut self.passed)
    }

    /// Receives into `space`, through `cipher`, memory that is free again afterwards: as long as the socket has records,
    /// until `space` is full. The rest of the last record is delivered by the next read.
    pub fn read(
        &mut self,
        fd: &OwnedFd,
        kind: Kind,
        cipher: &mut [u8],
        space: &mut [MaybeUninit<u8>],
    ) -> Result<Received, ConnectionError> {
        let mut filled = self.take_plaintext(space);
        let mut drained = false;
        let mut is_last = false;
        while filled < space.len() && !self.has_sessions() {
            if self.ended || self.failure.is_some() {
                if filled > 0 {
                    break;
                }
                return self.conclude(fd, kind);
            }
            if !self.unread.is_empty() {
                let unread = std::mem::take(&mut self.unread);
                filled += self.open(&unread, &mut space[filled..]);
                continue;
            }
            if is_last {
                break;
            }
            let asked = cipher.len().min(space.len() - filled + RECORD_MOST);
            match socket::read_over(fd, &mut cipher[..asked]) {
                Ok(Read::Bytes(count)) => {
                    self.passed.received += count as u64;
                    let opened = self.open(&cipher[..count], &mut space[filled..]);
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

    /// Writes `first` and `slices` in order, until the kernel accepts no more records. Returns how much plaintext was
    /// accepted: its last records may still wait to be sent.
    pub fn write(&mut self, fd: &OwnedFd, kind: Kind, first: &[u8], slices: &[&[u8]]) -> Result<usize, Errno> {
        let mut left = std::iter::once(first).chain(slices.iter().copied());
        let mut rest: &[u8] = &[];
        let mut batch = Vec::new();
        let mut taken = 0;
        let mut has_room = self.take_flight() || self.flush(fd, kind)?;
        while has_room {
            let mut size = 0;
            batch.clear();
            while size < SEAL_MOST {
                if rest.is_empty() {
                    match left.next() {
                        Some(slice) => rest = slice,
                        None => break,
                    }
                }
                let (now, later) = rest.split_at(rest.len().min(SEAL_MOST - size));
                batch.push(IoSlice::new(now));
                size += now.len();
                rest = later;
            }
            if size == 0 {
                break;
            }
            taken += self.seal(&batch)?;
            has_room = self.flush(fd, kind)?;
        }
        Ok(taken)
    }

    /// Writes all of `bytes`; records may still wait to be sent. With `last`, a close_notify follows, after which the caller
    /// must end the socket. A close_notify or a last flight alone that can't be sent is no error: the peer misses no data,
    /// and receiving returns how the connection ended.
    pub fn send(&mut self, fd: &OwnedFd, kind: Kind, bytes: &[u8], last: bool) -> Result<usize, Errno> {
        let is_without_data = bytes.is_empty() && (self.flight != Flight::Gone || (last && !self.wants_write()));
        let taken = if bytes.is_empty() { 0 } else { self.seal(&[IoSlice::new(bytes)])? };
        if last {
            self.connection.send_close_notify();
        }
        match self.flush_with(fd, kind, last) {
            Err(_) if is_without_data => self.drop_records(),
            outcome => {
                outcome?;
            }
        }
        Ok(taken)
    }

    /// From now on more than the last flight may wait to be sent. Returns whether it was all.
    fn take_flight(&mut self) -> bool {
        std::mem::replace(&mut self.flight, Flight::Gone) != Flight::Gone
    }

    /// Discards the records that wait to be sent.
    fn drop_records(&mut self) {
        while self.connection.wants_write() && self.connection.write_tls(&mut io::sink()).is_ok_and(|count| count > 0) {
        }
    }

    /// Puts no more than `size` bytes of plaintext into a record from now on. Returns `false` if that is not possible.
    pub fn set_max_send_fragment(&mut self, size: usize) -> bool {
        let is_possible = FRAGMENT_SIZES.contains(&size);
        if is_possible {
            self.fragment_most = size;
        }
        is_possible
    }

    /// Encrypts `batch`. The buffer for records has no limit, so that it accepts everything.
    fn seal(&mut self, batch: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut writer = self.connection.writer();
        let sealed = if self.fragment_most == *FRAGMENT_SIZES.end() {
            writer.write_vectored(batch)
        } else {
            // Each write makes records of its own.
            let bytes = batch.iter().map(|slice| &**slice).collect::<Vec<&[u8]>>().concat();
            bytes.chunks(self.fragment_most).try_for_each(|part| writer.write_all(part)).map(|()| bytes.len())
        };
        // Only a failed connection returns an error.
        sealed.map_err(|_| Errno::PIPE)
    }

    /// Sends the records that wait. Returns whether all have been sent.
    pub fn flush(&mut self, fd: &OwnedFd, kind: Kind) -> Result<bool, Errno> {
        self.flush_with(fd, kind, false)
    }

    fn flush_with(&mut self, fd: &OwnedFd, kind: Kind, last: bool) -> Result<bool, Errno> {
        self.take_flight();
        let mut records = Records { fd, kind, last, failure: None };
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut records) {
                Ok(0) => return Ok(false),
                Ok(count) => self.passed.sent += count as u64,
                Err(_) => return Err(records.failure.unwrap_or(Errno::IO)),
            }
        }
        Ok(true)
    }

    /// Whether a read would return something without a system call.
    fn has_more(&mut self) -> bool {
        !self.unread.is_empty()
            || self.failure.is_some()
            || self.ended
            || self.has_sessions()
            || self.connection.reader().fill_buf().is_ok_and(|chunk| !chunk.is_empty())
    }

    /// Processes `records`, and writes their plaintext to `space`. Returns its length.
    fn open(&mut self, mut records: &[u8], space: &mut [MaybeUninit<u8>]) -> usize {
        let mut filled = 0;
        while !records.is_empty() {
            if self.connection.read_tls(&mut records).is_err() {
                // The connection holds as much plaintext as it may if `space` is full. Otherwise its buffer is full of an
                // incomplete message of the protocol itself.
                if filled < space.len() {
                    self.failure = Some(TlsError::endless_message().into());
                    records = &[];
                }
                break;
            }
            self.process();
            if self.has_sessions() {
                break;
            }
            filled += self.take_plaintext(&mut space[filled..]);
            if self.ended || self.failure.is_some() {
                // Whatever follows an end or a failure is ignored.
                records = &[];
            }
        }
        self.unread = records.to_vec();
        filled
    }

    fn process(&mut self) {
        match self.connection.process_new_packets() {
            Ok(state) => self.ended |= state.peer_has_closed(),
            Err(error) => self.failure = Some(TlsError::from(&error).into()),
        }
    }

    /// Moves as many decrypted bytes into `space` as fit. Returns how many.
    fn take_plaintext(&mut self, space: &mut [MaybeUninit<u8>]) -> usize {
        let mut filled = 0;
        let mut reader = self.connection.reader();
        while filled < space.len() {
            // An error means that there is no plaintext.
            let Ok(chunk) = reader.fill_buf() else { break };
            let count = chunk.len().min(space.len() - filled);
            if count == 0 {
                break;
            }
            for (target, byte) in space[filled..filled + count].iter_mut().zip(chunk) {
                target.write(*byte);
            }
            reader.consume(count);
            filled += count;
        }
        filled
    }
}
