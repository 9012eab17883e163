//! A finished handshake's connection, in the loop: bytes of the application on one side, records on the other.
//!
//! Owned by its stream, used on the thread of its environment. It never waits, and owns no buffer while it is idle: what
//! is received passes through memory that all sessions of an engine share.
//!
//! Invariants: records go out in order; what was decrypted is handed out before more is read; after a failure or the
//! peer's end, nothing more is received.

mod certificate_text;
mod records;

use std::io::{self, BufRead, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustls::Connection;

pub use self::certificate_text::PeerCertificate;
use self::records::Records;
use super::error::{ConnectionError, TlsError};
use crate::socket::Kind;
use crate::socket::io::{self as socket, Read};

/// So much plaintext is turned into records before they are sent: enough for a full `writev`, and all that a stream
/// whose peer does not read holds in memory.
const SEAL_MOST: usize = 64 << 10;

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// As of a plain socket, in bytes of the application.
    pub read: Read,
    /// Whether there is nothing more until the kernel has news.
    pub drained: bool,
}

/// See the module.
pub struct Session {
    connection: Connection,
    /// Records that were received and could not be processed yet.
    unread: Vec<u8>,
    /// Told once what was decrypted before it has been handed out.
    failure: Option<ConnectionError>,
    /// The peer's close_notify has come.
    ended: bool,
    /// The socket has ended without one.
    truncated: bool,
    /// The last flight of the handshake waits for the first data, to go out with it.
    holds_flight: bool,
}

impl Session {
    /// A session over what a handshake has left: its connection, and what was received but not read by it.
    pub fn new(mut connection: Connection, unread: Vec<u8>) -> Self {
        connection.set_buffer_limit(None);
        let holds_flight = connection.wants_write();
        let mut session = Self { connection, unread, failure: None, ended: false, truncated: false, holds_flight };
        // The peer may have ended already, behind the handshake.
        session.process();
        session
    }

    /// What was agreed with the peer.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the peer's end has come without its close_notify: what was received may not be all that was sent.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Whether records wait to be sent.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Receives into `space`, through `cipher`: memory that anybody may use again afterwards.
    pub fn read(
        &mut self,
        fd: &OwnedFd,
        kind: Kind,
        cipher: &mut [u8],
        space: &mut [MaybeUninit<u8>],
    ) -> Result<Received, ConnectionError> {
        let mut filled = self.take_plaintext(space);
        let mut drained = false;
        let mut has_received = false;
        while filled == 0 {
            if let Some(failure) = self.failure.take() {
                // The peer is told why, if it listens.
                let _ = self.flush(fd, kind);
                return Err(failure);
            }
            if self.ended {
                return Ok(Received { read: Read::End, drained: false });
            }
            if !self.unread.is_empty() {
                let unread = std::mem::take(&mut self.unread);
                filled = self.open(&unread, space);
                continue;
            }
            if has_received {
                // Records without any plaintext, however many, are not read all at once: others have their turn first.
                // Nor is the socket drained: behind a part of a record there may be an end.
                drained = false;
                break;
            }
            has_received = true;
            // No more ciphertext than there is space for what is in it.
            let asked = cipher.len().min(space.len());
            match socket::read_over(fd, &mut cipher[..asked]) {
                Ok(Read::Bytes(count)) => {
                    drained = count < asked;
                    filled = self.open(&cipher[..count], space);
                }
                Ok(Read::End) => {
                    self.truncated = true;
                    return Ok(Received { read: Read::End, drained: false });
                }
                Ok(Read::Empty) => {
                    drained = true;
                    break;
                }
                Err(errno) => return Err(ConnectionError::Socket(errno)),
            }
        }
        // What the protocol itself has to say, such as a new key, does not wait for the application. If the socket
        // fails, the next read or write says so.
        let _ = self.flush(fd, kind);
        let read = if filled == 0 { Read::Empty } else { Read::Bytes(filled) };
        Ok(Received { read, drained: drained && !self.has_more() })
    }

    /// Writes `first` and `slices` in order, until the kernel takes no more records. Gives how much plaintext was taken:
    /// records of it may wait to be sent.
    pub fn write(&mut self, fd: &OwnedFd, kind: Kind, first: &[u8], slices: &[&[u8]]) -> Result<usize, Errno> {
        let mut left = std::iter::once(first).chain(slices.iter().copied());
        let mut rest: &[u8] = &[];
        let mut batch = Vec::new();
        let mut taken = 0;
        let mut has_room = std::mem::take(&mut self.holds_flight) || self.flush(fd, kind)?;
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

    /// Writes `bytes`, all of them: records may wait to be sent. With `last`, a close_notify follows, and the socket's end
    /// must. That the peer can't take a close_notify alone is no failure: it misses nothing, and receiving says how it
    /// is gone.
    pub fn send(&mut self, fd: &OwnedFd, kind: Kind, bytes: &[u8], last: bool) -> Result<usize, Errno> {
        let is_goodbye_only = last && bytes.is_empty() && !self.wants_write();
        let taken = if bytes.is_empty() { 0 } else { self.seal(&[IoSlice::new(bytes)])? };
        if last {
            self.connection.send_close_notify();
        }
        match self.flush_with(fd, kind, last) {
            Err(_) if is_goodbye_only => self.drop_records(),
            outcome => {
                outcome?;
            }
        }
        Ok(taken)
    }

    /// Drops the records that wait to be sent.
    fn drop_records(&mut self) {
        while self.connection.wants_write() && self.connection.write_tls(&mut io::sink()).is_ok_and(|count| count > 0) {
        }
    }

    /// Makes records of `batch`. Their buffer has no limit, so that it takes all.
    fn seal(&mut self, batch: &[IoSlice<'_>]) -> Result<usize, Errno> {
        // Only a connection that has failed refuses.
        self.connection.writer().write_vectored(batch).map_err(|_| Errno::PIPE)
    }

    /// Sends the records that wait. `true` if none waits any more.
    pub fn flush(&mut self, fd: &OwnedFd, kind: Kind) -> Result<bool, Errno> {
        self.flush_with(fd, kind, false)
    }

    fn flush_with(&mut self, fd: &OwnedFd, kind: Kind, last: bool) -> Result<bool, Errno> {
        self.holds_flight = false;
        let mut records = Records { fd, kind, last, failure: None };
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut records) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(_) => return Err(records.failure.unwrap_or(Errno::IO)),
            }
        }
        Ok(true)
    }

    /// Whether a read would find something without the kernel.
    fn has_more(&mut self) -> bool {
        !self.unread.is_empty()
            || self.failure.is_some()
            || self.ended
            || self.connection.reader().fill_buf().is_ok_and(|chunk| !chunk.is_empty())
    }

    /// Processes `records`, and fills `space` with what they hold. Gives how many bytes that is.
    fn open(&mut self, mut records: &[u8], space: &mut [MaybeUninit<u8>]) -> usize {
        let mut filled = 0;
        while !records.is_empty() {
            if self.connection.read_tls(&mut records).is_err() {
                // It holds as much plaintext as it may, if `space` has become full. Otherwise it is a message of the
                // protocol itself that does not come to an end.
                if filled < space.len() {
                    self.failure = Some(TlsError::endless_message().into());
                    records = &[];
                }
                break;
            }
            self.process();
            filled += self.take_plaintext(&mut space[filled..]);
            if self.ended || self.failure.is_some() {
                // What follows an end does not count.
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

    /// Moves decrypted bytes into `space`, as many as fit. Gives how many that is.
    fn take_plaintext(&mut self, space: &mut [MaybeUninit<u8>]) -> usize {
        let mut filled = 0;
        let mut reader = self.connection.reader();
        while filled < space.len() {
            // An error only says that there is nothing.
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::tls::credentials::Credentials;
    use crate::tls::credentials::Options;
    use crate::tls::fixtures::{Certificate, handshake, params};

    /// Both ends of a finished handshake, ours as a session, and the sockets that they have.
    fn connected() -> (Session, OwnedFd, rustls::ServerConnection, UnixStream) {
        let identity = Certificate::self_signed(params("localhost")).identity();
        let server = Credentials::new(&Options { identities: vec![identity], ..Options::default() }).unwrap();
        let client = Credentials::new(&Options { ca: Some(vec![]), ..Options::default() }).unwrap();
        let outcome = handshake(&client, &server, "localhost");
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Session::new(outcome.client.into(), Vec::new()), ours.into(), outcome.server, theirs)
    }

    #[test]
    fn records_without_plaintext_are_read_by_shares() {
        const UPDATES: usize = 10;
        let (mut session, fd, mut server, mut peer) = connected();
        for _ in 0..UPDATES {
            server.refresh_traffic_keys().unwrap();
        }
        server.writer().write_all(b"behind them").unwrap();
        while server.wants_write() {
            server.write_tls(&mut peer).unwrap();
        }
        let (mut cipher, mut space) = ([0; 32], [MaybeUninit::uninit(); 64]);
        let mut empty = 0;
        loop {
            let Ok(Received { read, drained }) = session.read(&fd, Kind::Unix, &mut cipher, &mut space) else {
                panic!("a key update is no failure");
            };
            if let Read::Bytes(count) = read {
                assert_eq!(count, b"behind them".len());
                break;
            }
            assert_eq!((read, drained), (Read::Empty, false));
            empty += 1;
        }
        assert!(empty > UPDATES / 2);
    }
}
