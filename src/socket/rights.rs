//! Descriptors that pass through a UNIX socket with bytes (`SCM_RIGHTS`): one call, never waiting.
//!
//! What a peer sends to a socket that is read by `recv` ([`super::io`]), the kernel closes at once.

use std::collections::VecDeque;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
};

use super::Descriptor;
use super::io::{Read, SENDING, is_to_be_repeated, planned};

/// The kernel passes no more descriptors with one message.
const MOST: usize = 253;

/// Room for them, and for what else may come where a program has asked for it by an option.
const SPACE: usize = rustix::cmsg_space!(ScmRights(MOST + 128));

/// Sends `bytes`, of which there is one at least, and a copy of `descriptor` with the first. Returns how many bytes the
/// kernel has taken; if none, it has not taken the descriptor, either.
pub fn send(fd: impl AsFd, bytes: &[u8], descriptor: &Descriptor) -> Result<usize, Errno> {
    debug_assert!(!bytes.is_empty());
    let passed = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    loop {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&passed)) {
            return Err(Errno::NOBUFS);
        }
        let mut send = || rustix::net::sendmsg(&fd, &[IoSlice::new(bytes)], &mut control, SENDING);
        return match planned("sendmsg").and_then(|()| send()) {
            Err(errno) if is_to_be_repeated(errno) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
}

/// Reads into `buffer`, which must not be empty, and adds the descriptors that have come with the bytes to `received`.
/// `EMFILE` if the process can't have all of them: then it has none.
pub fn receive(fd: impl AsFd, buffer: &mut [u8], received: &mut VecDeque<Descriptor>) -> Result<Read, Errno> {
    debug_assert!(!buffer.is_empty());
    let mut space = [MaybeUninit::uninit(); SPACE];
    loop {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut receive = || rustix::net::recvmsg(&fd, &mut [IoSliceMut::new(buffer)], &mut control, RECEIVING);
        let message = match planned("recvmsg").and_then(|()| receive()) {
            Ok(message) => message,
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => return Ok(Read::Empty),
            Err(errno) => return Err(errno),
        };
        // All that is left in `control` is closed with it.
        if message.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Errno::MFILE);
        }
        for passed in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = passed {
                received.extend(descriptors.map(own));
            }
        }
        return Ok(if message.bytes == 0 { Read::End } else { Read::Bytes(message.bytes) });
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const RECEIVING: RecvFlags = RecvFlags::CMSG_CLOEXEC.union(RecvFlags::DONTWAIT);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const RECEIVING: RecvFlags = RecvFlags::DONTWAIT;

fn own(descriptor: OwnedFd) -> Descriptor {
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // It has just been opened, and can be changed.
    let _ = rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC);
    descriptor.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Kind;
    use crate::socket::io;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn copy(of: &UnixStream) -> Descriptor {
        OwnedFd::from(of.try_clone().unwrap()).into()
    }

    #[test]
    fn a_descriptor_comes_with_its_byte() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (passed, mut other) = UnixStream::pair().unwrap();
        assert_eq!(send(&ours, b"ab", &copy(&passed)), Ok(2));
        drop(passed);
        let (mut buffer, mut received) = ([0; 8], VecDeque::new());
        assert_eq!(receive(&theirs, &mut buffer, &mut received), Ok(Read::Bytes(2)));
        let came = received.pop_front().unwrap();
        assert!(received.is_empty());
        let flags = rustix::io::fcntl_getfd(&came).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        UnixStream::from(came.try_clone().unwrap()).write_all(b"through it").unwrap();
        drop(came);
        let mut text = String::new();
        other.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through it");
    }

    #[test]
    fn what_is_read_without_it_is_closed() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (passed, mut other) = UnixStream::pair().unwrap();
        send(&ours, b"x", &copy(&passed)).unwrap();
        drop(passed);
        let mut buffer = [0; 8];
        assert_eq!(io::read(&theirs, Kind::Unix, &mut buffer), Ok(Read::Bytes(1)));
        // The last descriptor of that end is gone.
        assert_eq!(other.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_full_kernel_takes_neither_byte_nor_descriptor() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(cfg!(target_vendor = "apple")).unwrap();
        let block = [0u8; 65536];
        while io::send(&ours, Kind::Unix, &block, false).unwrap() > 0 {}
        let passed = copy(&theirs);
        assert_eq!(send(&ours, b"x", &passed), Ok(0));
        assert!(passed.as_raw_fd() > 0);
        let (mut buffer, mut received) = (vec![0; 65536], VecDeque::new());
        while receive(&theirs, &mut buffer, &mut received).unwrap() != Read::Empty {}
        assert!(received.is_empty());
    }
}
