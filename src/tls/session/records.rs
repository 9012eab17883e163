//! The socket that a session's records are written to.

use std::io::{self, IoSlice, Write};
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use crate::socket::Kind;
use crate::socket::io as socket;

/// A socket as [`Write`]. If the kernel accepts nothing, that is 0, not an error.
pub struct Records<'a> {
    pub fd: &'a OwnedFd,
    pub kind: Kind,
    /// Whether the socket is ended next.
    pub last: bool,
    pub failure: Option<Errno>,
}

impl Records<'_> {
    fn outcome(&mut self, outcome: Result<usize, Errno>) -> io::Result<usize> {
        outcome.map_err(|errno| {
            self.failure = Some(errno);
            errno.into()
        })
    }
}

impl Write for Records<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = socket::send(self.fd, self.kind, bytes, self.last);
        self.outcome(outcome)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let outcome = match slices {
            [one] => socket::send(self.fd, self.kind, one, self.last),
            many => socket::write(self.fd, self.kind, many),
        };
        self.outcome(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
