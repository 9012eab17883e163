//! The socket of a handshake: reads return first what was received before the handshake began, then what the descriptor
//! receives. No call blocks.
//!
//! Owned by the handshake's task. The descriptor is shared with the stream, which meanwhile uses it for addresses and
//! options but neither reads nor writes. tokio watches the same descriptor in a poll of its own.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;

use crate::socket::io::{Read as Found, read, write};
use crate::socket::{Descriptor, Kind};

/// How many of the peer's first bytes are kept, to recognize a protocol other than TLS.
const FIRST_BYTES: usize = 16;

/// How many received bytes are discarded before a failed connection is closed. Closing a socket with unread bytes resets
/// the connection, and a reset may overtake the alert with the reason.
const MAX_DISCARD: usize = 64 << 10;

/// See the module.
pub struct Transport {
    fd: AsyncFd<Arc<Descriptor>>,
    kind: Kind,
    received: Vec<u8>,
    /// How many bytes of `received` have been read.
    taken: usize,
    first: Vec<u8>,
    /// What has been read, while it is recorded.
    captured: Option<Vec<u8>>,
}

impl Transport {
    /// A transport over `fd`, a non-blocking socket, after what was already `received` from it.
    ///
    /// Must be called on the runtime.
    pub fn new(fd: Arc<Descriptor>, kind: Kind, received: Vec<u8>) -> io::Result<Self> {
        // SAFETY: the `AsyncFd` owns an `Arc` of the descriptor, so that the descriptor stays open, and its number the same,
        // until the `AsyncFd` has been dropped and has deregistered it.
        let fd = unsafe { AsyncFd::register(fd) }?;
        Ok(Self { fd, kind, received, taken: 0, first: Vec::new(), captured: None })
    }

    /// The first bytes that the peer has sent, at most [`FIRST_BYTES`].
    pub fn first_bytes(&self) -> &[u8] {
        &self.first
    }

    /// Keeps a copy of what is read from now on.
    pub fn start_capture(&mut self) {
        self.captured = Some(Vec::new());
    }

    /// Stops that, and returns what was read meanwhile.
    pub fn take_captured(&mut self) -> Vec<u8> {
        self.captured.take().unwrap_or_default()
    }

    /// Returns what was received before the handshake and has not been read.
    pub fn take_rest(&mut self) -> Vec<u8> {
        self.received.split_off(self.taken)
    }

    /// The transport as [`io::Read`] and [`io::Write`]. What can't be done yet fails with `WouldBlock`, and wakes the task
    /// of `cx` when it can.
    pub fn polled<'a, 'b>(&'a mut self, cx: &'a mut Context<'b>) -> Polled<'a, 'b> {
        Polled { transport: self, cx }
    }

    /// Waits until the peer has closed its side, without reading.
    pub fn poll_peer_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // An error ends the connection, too; a read returns it.
            let Ok(mut guard) = ready!(self.fd.poll_read_ready(cx)) else { return Poll::Ready(()) };
            if guard.ready().is_read_closed() {
                return Poll::Ready(());
            }
            guard.clear_ready();
        }
    }

    /// Sends as much of `alert` as the socket accepts: a peer that does not read is not waited for. Nor is the report that
    /// there is room, which may be still to come if nothing had to be received.
    pub fn write_at_once(&self, alert: &[u8]) {
        let _ = write(self.fd.get_ref(), self.kind, &[IoSlice::new(alert)]);
    }

    /// Sends `alert` at once, and closes our side.
    pub fn end_with(&mut self, alert: &[u8]) {
        self.write_at_once(alert);
        self.shut_down();
    }

    /// Closes our side of a failed connection so that the peer can read the alert.
    pub fn shut_down(&mut self) {
        // Fails only if the connection is already gone.
        let _ = rustix::net::shutdown(self.fd.get_ref(), rustix::net::Shutdown::Write);
        let mut space = [0; 4096];
        let mut left = MAX_DISCARD;
        while left > 0 {
            match read(self.fd.get_ref(), self.kind, &mut space) {
                Ok(Found::Bytes(count)) => left = left.saturating_sub(count),
                _ => return,
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = if self.taken < self.received.len() {
            let rest = &self.received[self.taken..];
            let count = rest.len().min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            self.taken += count;
            count
        } else {
            ready!(self.poll_receive(cx, space))?
        };
        let missing = FIRST_BYTES - self.first.len();
        self.first.extend_from_slice(&space[..missing.min(count)]);
        if let Some(record) = &mut self.captured {
            record.extend_from_slice(&space[..count]);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match read(guard.get_inner(), self.kind, space) {
                Ok(Found::Bytes(count)) => {
                    // There was no more, and the kernel reports what comes next. An end that has been reported stays so.
                    if count < space.len() {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Ok(Found::End) => return Poll::Ready(Ok(0)),
                Ok(Found::Empty) => guard.clear_ready(),
                Err(errno) => return Poll::Ready(Err(errno.into())),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut guard = ready!(self.fd.poll_write_ready(cx))?;
            match write(guard.get_inner(), self.kind, slices) {
                Ok(0) => guard.clear_ready(),
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(errno) => return Poll::Ready(Err(errno.into())),
            }
        }
    }
}

/// A transport and the context of the task that uses it. See [`Transport::polled`].
pub struct Polled<'a, 'b> {
    transport: &'a mut Transport,
    cx: &'a mut Context<'b>,
}

fn or_would_block<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        or_would_block(self.transport.poll_read(self.cx, space))
    }
}

impl Write for Polled<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    /// Sends a flight of several records with one system call.
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        or_would_block(self.transport.poll_write(self.cx, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
