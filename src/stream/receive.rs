//! Bytes in: one read, of a socket or of a session over it.

use std::time::Instant;

use rustix::io::Errno;

use super::{ReadOutcome, Shared, Stream, StreamEvent};
use crate::error::Syscall;
use crate::reactor::receive_buffer::MAX_READ;
use crate::socket::Kind;
use crate::socket::io::{self, Read};
use crate::socket::window;
use crate::tls::connection::MAX_RECORD;
use crate::tls::error::ConnectionError;
use crate::tls::session::Received;

/// After a read of this many bytes, the next one is expected to be large, too. Memory that it fills is not copied.
pub const MIN_BULK: usize = 16 << 10;

/// After so many bytes, a stream with a large read is a long transfer, whose peer may send [`WINDOW`] at once. A shorter
/// one has room enough, and so no peer has a claim on the kernel's memory that it has not sent as much for. Whether reads
/// are large is looked at when the total passes this, and whenever it has doubled.
const WIDEN_BEHIND: u64 = 1 << 20;

/// What such a peer may have on its way. Linux allows half of the maximum in `tcp_rmem` at the most: 3 MiB by default.
const WINDOW: u32 = 4 << 20;

/// So many bytes of records are received at once, beside what is left of the last one: those of four full ones, which
/// stay in the processor's caches until they are opened.
const MAX_CIPHERTEXT: usize = 64 << 10;

impl Stream {
    /// Receives once, for JavaScript.
    pub fn receive(&mut self, shared: &mut Shared, now: Instant) -> Option<StreamEvent> {
        let Shared { ciphertext, incoming, bulk, .. } = shared;
        let takes_bulk = self.bulky && bulk.has_room() && !self.wants_descriptors();
        let memory = if takes_bulk { &mut *bulk } else { &mut *incoming };
        let most = if self.takes_large { usize::MAX } else { MAX_READ };
        let length = match self.receive_into(ciphertext, memory.space(most), now) {
            ReadOutcome::Bytes(count) => count,
            ReadOutcome::Event(event) => return Some(event),
            ReadOutcome::Nothing => return None,
        };
        self.bulky = length >= MIN_BULK;
        Some(if takes_bulk {
            StreamEvent::Bulk { length }
        } else {
            StreamEvent::Data { offset: incoming.take(length), length }
        })
    }

    /// Receives once into `space`. Records of a secure stream may pass through `ciphertext`.
    pub fn receive_into(&mut self, ciphertext: &mut Vec<u8>, space: &mut [u8], now: Instant) -> ReadOutcome {
        if self.wants_descriptors() {
            return self.receive_with_descriptors(space, now);
        }
        let Some(fd) = &self.fd else { return ReadOutcome::Nothing };
        let received = match self.security.session_mut() {
            None => in_the_clear(io::read(fd, self.kind, space), space.len()),
            Some(secure) => {
                ciphertext.resize(MAX_CIPHERTEXT + MAX_RECORD, 0);
                secure.session.read(fd, self.kind, ciphertext, space)
            }
        };
        #[cfg(feature = "fault-injection")]
        if let Ok(Received { read: Read::Bytes(count), .. }) = received {
            fault::trip(&space[..count]);
        }
        self.conclude_read(received, now)
    }

    /// Drops what comes next: as much as `memory` would hold, which may be overwritten.
    pub fn drop_next(&mut self, ciphertext: &mut Vec<u8>, memory: &mut [u8], now: Instant) -> ReadOutcome {
        let Some(fd) = self.fd.as_ref().filter(|_| self.security.session().is_none()) else {
            return self.receive_into(ciphertext, memory, now);
        };
        let received = in_the_clear(io::discard(fd, self.kind, memory), memory.len());
        self.conclude_read(received, now)
    }

    pub(super) fn conclude_read(&mut self, received: Result<Received, ConnectionError>, now: Instant) -> ReadOutcome {
        match &received {
            _ if self.security.session().is_some() => self.note_records(now),
            Ok(Received { read: Read::Bytes(count), .. }) => self.traffic.pass(*count as u64, 0, now),
            _ => {}
        }
        match received {
            Ok(Received { read: Read::Bytes(count), drained }) => {
                self.state.received(drained);
                self.bytes_received += count as u64;
                self.exchange.received();
                self.widen(count);
                ReadOutcome::Bytes(count)
            }
            Ok(Received { read: Read::End, .. }) => {
                self.state.end();
                let is_truncated = self.security.session().is_some_and(|secure| secure.session.is_truncated());
                ReadOutcome::Event(StreamEvent::End { is_truncated })
            }
            Ok(Received { read: Read::Empty, drained: true }) => {
                self.state.found_nothing();
                ReadOutcome::Nothing
            }
            // Records came that hold nothing for the application.
            Ok(Received { read: Read::Empty, drained: false }) => ReadOutcome::Nothing,
            Err(ConnectionError::Socket(errno)) => {
                ReadOutcome::Event(self.fail(Syscall::Read.errno(errno.raw_os_error())))
            }
            Err(ConnectionError::Tls(failure)) => {
                self.security.fail();
                ReadOutcome::Event(StreamEvent::TlsFailed(failure))
            }
        }
    }

    /// A read has taken `count` bytes: lets the peer have more on its way, if it sends that much.
    fn widen(&self, count: usize) {
        if !self.kind.is_tcp() || !shows_long_transfer(count, self.bytes_received) {
            return;
        }
        if let Some(fd) = &self.fd {
            window::widen(fd, WINDOW);
        }
    }

    /// Whether something has arrived that was not received yet, be it the end. Not known of a secure stream, whose peer
    /// may also send what is not for the application.
    pub fn has_unread(&self) -> bool {
        let fd = self.fd.as_ref().filter(|_| self.kind != Kind::Pipe && self.security.session().is_none());
        fd.is_some_and(io::has_unread)
    }

    /// JavaScript wants data, or none for now; with `at_once`, however much comes in one read.
    pub fn want(&mut self, wanted: bool, at_once: bool) {
        self.state.want(wanted);
        self.takes_large = at_once;
    }

    /// The end that was found has not been delivered, and is to be found once more.
    pub fn find_end_again(&mut self) {
        self.state.find_end_again();
    }
}

/// Whether a read of `count` bytes, with which there are `total`, shows that a transfer is long: see [`WIDEN_BEHIND`].
fn shows_long_transfer(count: usize, total: u64) -> bool {
    let has_doubled = (total - count as u64).checked_ilog2() != total.checked_ilog2();
    count >= MIN_BULK && total >= WIDEN_BEHIND && has_doubled
}

/// What a read that has asked for `asked` bytes of a socket in the clear says of it.
fn in_the_clear(read: Result<Read, Errno>, asked: usize) -> Result<Received, ConnectionError> {
    let drained = !matches!(read, Ok(Read::Bytes(count)) if count == asked);
    of_socket(read, drained)
}

/// What a read of a socket in the clear, which it may have `drained`, says of it.
pub(super) fn of_socket(read: Result<Read, Errno>, drained: bool) -> Result<Received, ConnectionError> {
    read.map(|read| Received { read, drained }).map_err(ConnectionError::Socket)
}

/// A fault that tests set off, to see that a panic stays with the stream that it belongs to.
#[cfg(feature = "fault-injection")]
mod fault {
    const TRIGGER: &[u8] = b"rust-net: panic, please";

    /// Panics if `bytes` are the trigger.
    pub fn trip(bytes: &[u8]) {
        assert!(bytes != TRIGGER, "set off by a test");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_long_by_its_large_reads_and_looked_at_whenever_the_total_has_doubled() {
        for (count, total, is_long) in [
            (MIN_BULK, WIDEN_BEHIND - 1, false),
            (MIN_BULK, WIDEN_BEHIND, true),
            (MIN_BULK - 1, WIDEN_BEHIND, false),
            (MIN_BULK, WIDEN_BEHIND + MIN_BULK as u64, false),
            (MIN_BULK, 2 * WIDEN_BEHIND - 1, false),
            (MIN_BULK, 2 * WIDEN_BEHIND + 1, true),
            (2 << 20, 2 << 20, true),
        ] {
            assert_eq!(shows_long_transfer(count, total), is_long, "{count} of {total}");
        }
    }
}
