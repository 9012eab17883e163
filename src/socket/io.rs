//! Moving bytes: one call, never waiting. "Would block" is an outcome, not an error.

use std::io::IoSlice;
use std::mem::MaybeUninit;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

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

/// Reads what is there into `buffer`, which must not be empty.
pub fn read(fd: impl AsFd, buffer: &mut [MaybeUninit<u8>]) -> Result<Read, Errno> {
    debug_assert!(!buffer.is_empty());
    loop {
        return match rustix::io::read(&fd, &mut *buffer) {
            Ok(([], _)) => Ok(Read::End),
            Ok((filled, _)) => Ok(Read::Bytes(filled.len())),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(Read::Empty),
            Err(errno) => Err(errno),
        };
    }
}

/// Writes as much of `bytes` as the kernel takes now: 0 if it takes nothing.
pub fn send(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    write(fd, &[IoSlice::new(bytes)])
}

/// Like [`send`], for the last bytes of a TCP socket: the kernel keeps them until the FIN, which must follow at once.
pub fn send_before_end(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    loop {
        use rustix::net::SendFlags;
        return match rustix::net::send(fd, bytes, SendFlags::MORE | SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    send(fd, bytes)
}

/// Writes as much of `slices`, in order, as the kernel takes now: 0 if it takes nothing.
pub fn write(fd: impl AsFd, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    loop {
        let outcome = match slices {
            [one] => rustix::io::write(&fd, one),
            many => rustix::io::writev(&fd, many),
        };
        return match outcome {
            Ok(written) => Ok(written),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(0),
            Err(errno) => Err(errno),
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
        assert_eq!(read(&ours, &mut buffer), Ok(Read::Empty));
        write(&theirs, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]).unwrap();
        assert_eq!(read(&ours, &mut buffer), Ok(Read::Bytes(3)));
        drop(theirs);
        assert_eq!(read(&ours, &mut buffer), Ok(Read::End));
    }

    #[test]
    fn a_full_kernel_takes_nothing() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let block = [0u8; 65536];
        while write(&ours, &[IoSlice::new(&block)]).unwrap() > 0 {}
        assert_eq!(write(&ours, &[IoSlice::new(&block)]), Ok(0));
    }
}
