//! Bytes out: small writes into the queue, large ones after it at once, and the end of the sending side.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::task::Poll;
use std::time::Instant;

use rustix::io::Errno;

use super::Stream;
use super::queue::Spare;
use crate::error::{Result, Syscall};
use crate::reactor::Reactor;
use crate::socket::{Kind, io};
use crate::tls::sealed::Sealed;

/// Up to this many bytes, a write is copied and gathered with its neighbours; above, the copy costs more than the
/// call that it saves.
pub const MAX_GATHER: usize = 4 << 10;

/// A queue that would grow longer than this is sent without waiting for the end of the event. No more than the
/// smallest default high-water mark of Node's streams.
pub const MAX_QUEUE: u32 = 16 << 10;

/// `writev` takes no more slices than this.
const MAX_VECTORS: usize = 1024;

/// What sending has come to, in as many calls as it took.
#[derive(Default)]
pub(super) struct Sent {
    /// So many bytes have gone out, whatever came then.
    pub written: usize,
    /// What the last call has failed with.
    pub failure: Option<Errno>,
}

impl From<std::result::Result<usize, Errno>> for Sent {
    fn from(outcome: std::result::Result<usize, Errno>) -> Self {
        Self { written: outcome.unwrap_or(0), failure: outcome.err() }
    }
}

impl Stream {
    // Writes of JavaScript.

    /// Takes a small write into the queue: `fill` appends the bytes. Takes nothing while the kernel takes nothing, and
    /// then an event follows when there is room. Returns how many bytes were taken.
    pub fn gather<E>(
        &mut self,
        spare: &mut Spare,
        fill: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
    ) -> std::result::Result<usize, E> {
        if self.holds_writes() {
            self.state.await_room(true);
            return Ok(0);
        }
        let bytes = self.queue.append(spare, fill)?;
        self.note_written(bytes);
        Ok(bytes)
    }

    /// Sends `slices` at once, after what is queued. What the kernel does not take, the caller keeps, and an event
    /// follows when there is room. Returns how many bytes were taken. Over TLS, records of them may still wait
    /// ([`Stream::waiting_bytes`]); then the event follows when these have been sent. After a failure of the kernel,
    /// nothing is sent any more, and no event reports it.
    pub fn send(&mut self, reactor: &Reactor, spare: &mut Spare, slices: &[&[u8]], now: Instant) -> Result<usize> {
        let outcome = self.try_to_send(reactor, spare, slices, now);
        if outcome.is_err() && self.state.failure().is_none() {
            self.state.fail();
        }
        if outcome.is_ok() {
            self.await_room_if_waiting();
        }
        outcome
    }

    /// If what was taken waits for the kernel, an event follows when it has been sent.
    pub fn await_room_if_waiting(&mut self) {
        if self.waiting_bytes() > 0 {
            self.state.await_room(true);
        }
    }

    /// As [`Self::send`], but what follows from a failure is up to the caller.
    fn try_to_send(&mut self, reactor: &Reactor, spare: &mut Spare, slices: &[&[u8]], now: Instant) -> Result<usize> {
        if let Some(error) = self.state.failure() {
            return Err(error);
        }
        let Some(fd) = &self.fd else { return Err(Syscall::Write.errno(libc::EBADF)) };
        if self.has_failed() || self.hides_failure() {
            return Err(Syscall::Write.errno(libc::EPIPE));
        }
        if self.holds_writes() {
            self.state.await_room(true);
            return Ok(0);
        }
        let passes_descriptors = self.sends_descriptors();
        let queued = self.queue.len();
        let total = queued + slices.iter().map(|slice| slice.len()).sum::<usize>();
        let Sent { written, failure } = match (self.security.session_mut(), queued, slices) {
            (Some(secure), ..) => {
                secure.session.write_some(fd, self.kind, &mut spare.sealed, self.queue.unsent(), slices).into()
            }
            (None, ..) if passes_descriptors => self.send_with_descriptors(slices),
            (None, 0, [one]) => io::send(fd, self.kind, one, false).into(),
            _ => write_all(fd, self.kind, self.queue.unsent(), slices),
        };
        self.note_sent(written, now);
        if queued > 0 {
            self.queue.consume(written.min(queued), spare);
        }
        let accepted = written.saturating_sub(queued);
        self.note_written(accepted);
        if written > 0 {
            self.restore_delay();
        }
        if let Some(errno) = failure {
            return Err(Syscall::Write.errno(errno.raw_os_error()));
        }
        if written < total {
            self.state.await_room(true);
        }
        if written < total || self.has_records() {
            self.block(reactor);
        }
        Ok(accepted)
    }

    /// Whether `more` bytes would make the queue so long that it should be sent now.
    pub fn is_queue_full(&self, more: usize) -> bool {
        self.queue.len() + more > self.max_queue as usize
    }

    /// Holds the queue to the stream's high-water mark, where that is lower than [`MAX_QUEUE`].
    pub fn limit_queue(&mut self, mark: u32) {
        self.max_queue = mark.min(MAX_QUEUE);
    }

    // Bytes of another stream.

    /// Sends `bytes` of another stream. What the kernel does not take is queued, however much that is. A failure is
    /// reported when the stream is served.
    pub fn pass_on(&mut self, reactor: &Reactor, spare: &mut Spare, bytes: &[u8], now: Instant) {
        let awaited = self.state.awaits_room();
        match self.try_to_send(reactor, spare, &[bytes], now) {
            Ok(taken) if taken < bytes.len() => {
                self.keep(spare, &bytes[taken..]);
                // JavaScript waits for no room: none is missing.
                self.state.await_room(awaited);
            }
            Ok(_) => {}
            Err(error) => self.state.fail_later(error),
        }
    }

    /// Queues `bytes` of another stream, whatever the kernel takes.
    pub fn keep(&mut self, spare: &mut Spare, bytes: &[u8]) {
        let Ok(kept) = self.queue.append(spare, |queue| {
            queue.extend_from_slice(bytes);
            Ok::<(), std::convert::Infallible>(())
        });
        self.note_written(kept);
    }

    /// Queues what precedes all bytes of the application, and is none of them.
    pub fn queue_header(&mut self, spare: &mut Spare, header: &[u8]) {
        self.keep(spare, header);
        self.bytes_written = 0;
    }

    // The queue.

    /// Whether bytes wait to be sent.
    pub(super) fn is_queued(&self) -> bool {
        !self.queue.is_empty() || self.has_records()
    }

    /// Sends what is queued, as far as the kernel takes it. A failure is reported when the stream is served.
    pub fn flush(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant) {
        self.send_queue(reactor, spare, now, false);
    }

    /// As [`Self::flush`], before the stream is closed. A handshake whose end is still to be sent has not been accepted:
    /// the peer does not get it.
    pub fn flush_before_close(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant) {
        if !self.queue.is_empty() || !self.holds_flight() {
            self.flush(reactor, spare, now);
        }
    }

    /// As [`Self::flush`]; with `last`, the end of the sending side follows.
    fn send_queue(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant, last: bool) {
        let Some(fd) = &self.fd else { return };
        // A secure stream says that it ends.
        let has_last_word = last && self.security.is_secure();
        if !(self.is_queued() || has_last_word) || self.state.is_blocked() || self.state.failure().is_some() {
            return;
        }
        // What was written to a session that has failed never goes out in the clear.
        if self.has_failed() {
            return;
        }
        if self.hides_failure() {
            self.state.fail_later(Syscall::Write.errno(libc::EPIPE));
            return;
        }
        let passes_descriptors = self.sends_descriptors();
        let Sent { written, failure } = match self.security.session_mut() {
            None if passes_descriptors => self.send_with_descriptors(&[]),
            None => io::send(fd, self.kind, self.queue.unsent(), last).into(),
            Some(secure) => {
                secure.session.write_all(fd, self.kind, &mut spare.sealed, self.queue.unsent(), last).into()
            }
        };
        self.note_sent(written, now);
        if written > 0 {
            self.restore_delay();
        }
        if let Some(errno) = failure {
            self.state.fail_later(Syscall::Write.errno(errno.raw_os_error()));
        }
        self.queue.consume(written, spare);
        if failure.is_none() && self.is_queued() {
            self.block(reactor);
        }
    }

    /// The kernel takes no more: watches for room.
    fn block(&mut self, reactor: &Reactor) {
        self.state.block();
        if self.watches_writable {
            return;
        }
        if let Some(fd) = &self.fd {
            match reactor.watch_writable(fd, self.id) {
                Ok(()) => self.watches_writable = true,
                Err(error) => self.state.fail_later(Syscall::Write.failed(&error)),
            }
        }
    }

    /// Whether writes can't be accepted now: the kernel has no room, or they would go out in the clear.
    fn holds_writes(&self) -> bool {
        self.state.is_blocked() || self.state.is_connecting() || self.security.would_send_in_the_clear()
    }

    // The end.

    /// Ends the sending side: now, or after what is queued, and then an event says that it is done. With `closing`, the
    /// descriptor is closed next: where no other process shares it, that sends the FIN without a call of its own.
    pub fn shut_down(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant, closing: bool) -> Poll<Result<()>> {
        // Over TCP, the last bytes and the FIN go out in one segment.
        self.send_queue(reactor, spare, now, true);
        if self.state.failure().is_some() || self.is_queued() {
            self.state.request_shutdown();
            return Poll::Pending;
        }
        // Over TLS, the close_notify has gone with the last bytes.
        if closing && !self.shared && !self.may_linger {
            self.state.shut_down();
            return Poll::Ready(Ok(()));
        }
        let outcome = self.shut_down_now(reactor);
        if outcome.is_pending() {
            self.state.request_shutdown();
        }
        outcome
    }

    /// Ends the sending side; a secure one says so first. Pending if the kernel has no room for that now.
    pub(super) fn shut_down_now(&mut self, reactor: &Reactor) -> Poll<Result<()>> {
        let Some(fd) = &self.fd else { return Poll::Ready(Ok(())) };
        if self.has_failed() {
            return Poll::Ready(Err(Syscall::Shutdown.errno(libc::EPIPE)));
        }
        if let Some(secure) = self.security.session_mut() {
            match secure.session.write_all(fd, self.kind, &mut Sealed::default(), &[], true) {
                Ok(_) if secure.session.wants_write() => {
                    self.block(reactor);
                    return Poll::Pending;
                }
                Ok(_) => {}
                Err(errno) => {
                    self.state.shut_down();
                    return Poll::Ready(Err(Syscall::Write.errno(errno.raw_os_error())));
                }
            }
        }
        self.state.shut_down();
        if self.kind == Kind::Pipe {
            // A pipe has no sending side to end but the whole: closing it is the end.
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(match io::shut_down(fd) {
            // The peer is gone: receiving says how.
            Ok(()) | Err(Errno::NOTCONN) => Ok(()),
            Err(errno) => Err(Syscall::Shutdown.errno(errno.raw_os_error())),
        })
    }

    /// Whether TLS has failed and JavaScript is not reading: the failure is reported by a read, after the data in front of it.
    fn hides_failure(&self) -> bool {
        !self.state.wants_data() && self.security.session().is_some_and(|secure| secure.session.has_failure())
    }

    /// Whether a failure of the transport or of TLS has been reported.
    fn has_failed(&self) -> bool {
        self.state.has_failed() || self.security.has_failed()
    }
}

/// Writes `queue` and `slices` in as many calls as it takes, until the kernel takes less than it is offered.
fn write_all(fd: &OwnedFd, kind: Kind, queue: &[u8], slices: &[&[u8]]) -> Sent {
    let all = std::iter::once(queue).chain(slices.iter().copied());
    let parts: Vec<IoSlice<'_>> = all.filter(|part| !part.is_empty()).map(IoSlice::new).collect();
    let mut written = 0;
    for window in parts.chunks(MAX_VECTORS) {
        let offered: usize = window.iter().map(|part| part.len()).sum();
        match io::write(fd, kind, window) {
            Ok(taken) => {
                written += taken;
                if taken < offered {
                    break;
                }
            }
            Err(errno) => return Sent { written, failure: Some(errno) },
        }
    }
    Sent { written, failure: None }
}
