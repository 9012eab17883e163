//! The socket of a handshake as tokio sees it: first what was received before the handshake began, then the descriptor.
//!
//! Owned by the handshake's task. The descriptor is a duplicate: the stream keeps its own, so that addresses and options
//! stay at hand meanwhile.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use crate::socket::Kind;
use crate::socket::io::{Read, read_over, write};

/// So many of the peer's first bytes are kept: enough to tell what it speaks, if it does not speak TLS.
const FIRST_BYTES: usize = 16;

/// See the module.
pub struct Transport {
    fd: AsyncFd<OwnedFd>,
    kind: Kind,
    received: Vec<u8>,
    /// How many of `received` have been read.
    taken: usize,
    first: Vec<u8>,
}

impl Transport {
    /// A transport over `fd`, which is a non-blocking socket, that begins with what was `received` from it before.
    ///
    /// Must be called on the runtime.
    pub fn new(fd: OwnedFd, kind: Kind, received: Vec<u8>) -> io::Result<Self> {
        // SAFETY: the `AsyncFd` owns the descriptor, which stays the same until both are gone.
        let fd = unsafe { AsyncFd::register(fd) }?;
        Ok(Self { fd, kind, received, taken: 0, first: Vec::new() })
    }

    /// The first bytes that the peer has sent.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// What was received before and has not been read.
    pub fn into_rest(mut self) -> Vec<u8> {
        self.received.split_off(self.taken)
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match read_over(guard.get_inner(), buffer.initialize_unfilled()) {
                Ok(Read::Bytes(count)) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Read::End) => return Poll::Ready(Ok(())),
                Ok(Read::Empty) => guard.clear_ready(),
                Err(errno) => return Poll::Ready(Err(errno.into())),
            }
        }
    }
}

/// Resolves when the peer of `fd`, a duplicate of a transport's descriptor, has ended its side.
///
/// Must be called on the runtime.
pub async fn hang_up(fd: OwnedFd) -> io::Result<()> {
    // SAFETY: as in `Transport::new`.
    let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
    loop {
        let mut guard = fd.readable().await?;
        if guard.ready().is_read_closed() {
            return Ok(());
        }
        guard.clear_ready();
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        if this.taken < this.received.len() {
            let rest = &this.received[this.taken..];
            let count = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..count]);
            this.taken += count;
        } else {
            ready!(this.poll_receive(cx, buffer))?;
        }
        let missing = FIRST_BYTES - this.first.len();
        let filled = &buffer.filled()[before..];
        this.first.extend_from_slice(&filled[..missing.min(filled.len())]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
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

    /// A flight of several records goes out in one call.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The stream ends the connection, not its handshake.
        Poll::Ready(Ok(()))
    }
}
