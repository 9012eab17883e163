//! Moving bytes: one call, never waiting. "Would block" is an outcome, not an error.

use std::io::IoSlice;
use std::mem::MaybeUninit;

use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::Kind;

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// This many bytes (more than none).
    Bytes(usize),
    /// The peer has ended its side.
    End,
    /// Nothing yet.
    Empty,
}

/// Reads what is there into `buffer`, which must not be empty. Sockets are read by `recv`, which costs less than `read`.
pub fn read(fd: impl AsFd, kind: Kind, buffer: &mut [MaybeUninit<u8>]) -> Result<Read, Errno> {
    debug_assert!(!buffer.is_empty());
    outcome(|| match kind {
        Kind::Pipe => rustix::io::read(&fd, &mut *buffer).map(|(filled, _)| filled.len()),
        _ => rustix::net::recv(&fd, &mut *buffer, RecvFlags::empty()).map(|((filled, _), _)| filled.len()),
    })
}

/// Like [`read`], of a socket into memory that has been written before.
pub fn read_over(fd: impl AsFd, buffer: &mut [u8]) -> Result<Read, Errno> {
    debug_assert!(!buffer.is_empty());
    outcome(|| rustix::net::recv(&fd, &mut *buffer, RecvFlags::empty()).map(|(count, _)| count))
}

fn outcome(mut receive: impl FnMut() -> Result<usize, Errno>) -> Result<Read, Errno> {
    loop {
        return match receive() {
            Ok(0) => Ok(Read::End),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(Read::Empty),
            Err(errno) => Err(errno),
        };
    }
}

/// Writes as much of `bytes` as the kernel takes now: 0 if it takes nothing. `last` bytes of a TCP socket, whose FIN
/// must follow at once, go out in one segment with it.
pub fn send(fd: impl AsFd, kind: Kind, bytes: &[u8], last: bool) -> Result<usize, Errno> {
    match kind {
        Kind::Pipe => write(fd, kind, &[IoSlice::new(bytes)]),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Kind::Tcp4 | Kind::Tcp6 if last => send_with(fd, bytes, SendFlags::MORE),
        _ => send_with(fd, bytes, SendFlags::empty()),
    }
}

fn send_with(fd: impl AsFd, bytes: &[u8], flags: SendFlags) -> Result<usize, Errno> {
    // Node ignores SIGPIPE, but who embeds it may not.
    #[cfg(not(target_vendor = "apple"))]
    let flags = flags | SendFlags::NOSIGNAL;
    loop {
        return match rustix::net::send(&fd, bytes, flags) {
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
}

/// Writes as much of `slices`, in order, as the kernel takes now: 0 if it takes nothing.
pub fn write(fd: impl AsFd, kind: Kind, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    if let ([one], true) = (slices, kind != Kind::Pipe) {
        return send(fd, kind, one, false);
    }
    loop {
        return match rustix::io::writev(&fd, slices) {
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn tells_empty_from_end() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut buffer = [MaybeUninit::uninit(); 8];
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::Empty));
        write(&theirs, Kind::Unix, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]).unwrap();
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::Bytes(3)));
        drop(theirs);
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::End));
    }

    #[test]
    fn a_full_kernel_takes_nothing() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let block = [0u8; 65536];
        while write(&ours, Kind::Unix, &[IoSlice::new(&block)]).unwrap() > 0 {}
        assert_eq!(write(&ours, Kind::Unix, &[IoSlice::new(&block)]), Ok(0));
    }
}
