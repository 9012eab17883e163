//! Moving bytes and connections: one call, never waiting. "Would block" is an outcome, not an error.
//!
//! Each call on a connected socket says that it is not to wait (macOS heeds that where it receives). That the socket is
//! non-blocking does not do: this belongs to the open socket, and not to the descriptor, so that any process that has it,
//! too, can change it. libuv does for the standard streams of a child.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};

use super::{Kind, fault};

/// Accepts a connection: non-blocking, and closed on `exec`. Over TCP, also returns the address of its peer.
pub fn accept(fd: impl AsFd, kind: Kind) -> std::io::Result<(OwnedFd, Option<SocketAddr>)> {
    fault::at("accept")?;
    let (stream, peer) = accept_from(&fd)?;
    Ok((stream, peer.filter(|_| kind.is_tcp())))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn accept_from(fd: impl AsFd) -> std::io::Result<(OwnedFd, Option<SocketAddr>)> {
    use rustix::net::SocketFlags;
    let (stream, peer) = rustix::net::acceptfrom_with(&fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    Ok((stream, peer.and_then(|peer| peer.try_into().ok())))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn accept_from(fd: impl AsFd) -> std::io::Result<(OwnedFd, Option<SocketAddr>)> {
    let (stream, peer) = socket2::SockRef::from(&fd).accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream.into(), peer.as_socket()))
}

/// Whether a connection waits to be accepted, or has: only a call that finds one does not wait where another process has
/// made the socket blocking.
pub fn has_connection(fd: impl AsFd) -> bool {
    is_ready(fd, PollFlags::IN)
}

/// Whether the kernel has something to say of `events`, or of a failure, right now.
pub(super) fn is_ready(fd: impl AsFd, events: PollFlags) -> bool {
    let mut fds = [PollFd::new(&fd, events)];
    rustix::event::poll(&mut fds, Some(&Timespec::default())) != Ok(0)
}

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
pub fn read(fd: impl AsFd, kind: Kind, buffer: &mut [u8]) -> Result<Read, Errno> {
    debug_assert!(!buffer.is_empty());
    outcome(|| match kind {
        Kind::Pipe => rustix::io::read(&fd, &mut *buffer),
        _ => rustix::net::recv(&fd, &mut *buffer, RecvFlags::DONTWAIT).map(|(count, _)| count),
    })
}

/// As [`read`], but drops what is there, as much as `memory` would hold. The kernel does not copy the bytes of a TCP
/// socket for that, where it can; else they are in `memory` afterwards.
pub fn discard(fd: impl AsFd, kind: Kind, memory: &mut [u8]) -> Result<Read, Errno> {
    if !kind.is_tcp() {
        return read(fd, kind, memory);
    }
    debug_assert!(!memory.is_empty());
    outcome(|| rustix::net::recv(&fd, &mut *memory, WITHOUT_COPY).map(|(count, _)| count))
}

/// Has the kernel drop what a TCP socket has received.
#[cfg(any(target_os = "linux", target_os = "android"))]
const WITHOUT_COPY: RecvFlags = RecvFlags::TRUNC.union(RecvFlags::DONTWAIT);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const WITHOUT_COPY: RecvFlags = RecvFlags::DONTWAIT;

/// Whether a socket has something to read, be it its end; what that is stays there.
pub fn has_unread(fd: impl AsFd) -> bool {
    let mut byte = [0];
    rustix::net::recv(&fd, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT).is_ok()
}

/// Why there is nothing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBytes {
    /// Nothing has come yet.
    Empty,
    /// The peer has ended its side, or the connection has failed.
    End,
}

/// What a socket has received, as far as there is room in `buffer`. It stays there. A call that never waits is not
/// interrupted.
pub fn peek(fd: impl AsFd, buffer: &mut [u8]) -> Result<&[u8], NoBytes> {
    debug_assert!(!buffer.is_empty());
    planned("recv").map_err(|_| NoBytes::End)?;
    match rustix::net::recv(&fd, &mut *buffer, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, 0)) => Err(NoBytes::End),
        Ok((count, _)) => Ok(&buffer[..count]),
        Err(Errno::AGAIN) => Err(NoBytes::Empty),
        Err(_) => Err(NoBytes::End),
    }
}

fn outcome(mut receive: impl FnMut() -> Result<usize, Errno>) -> Result<Read, Errno> {
    loop {
        return match planned("recv").and_then(|()| receive()) {
            Ok(0) => Ok(Read::End),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => Ok(Read::Empty),
            Err(errno) => Err(errno),
        };
    }
}

/// See [`fault`].
pub(super) fn planned(call: &'static str) -> Result<(), Errno> {
    fault::at(call).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
}

/// Writes as much of `bytes` as the kernel takes now: 0 if it takes nothing. `last` bytes of a TCP socket, whose FIN
/// must follow at once, go out in one segment with it.
pub fn send(fd: impl AsFd, kind: Kind, bytes: &[u8], last: bool) -> Result<usize, Errno> {
    match kind {
        Kind::Pipe => write(fd, kind, &[IoSlice::new(bytes)]),
        Kind::Tcp4 | Kind::Tcp6 if last => send_with(fd, bytes, BEFORE_FIN),
        _ => send_with(fd, bytes, SendFlags::empty()),
    }
}

/// Has the kernel hold the last bytes back for the FIN, where it can.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BEFORE_FIN: SendFlags = SendFlags::MORE;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BEFORE_FIN: SendFlags = SendFlags::empty();

/// What each call says that sends. Node ignores SIGPIPE, but a program that embeds it may not.
#[cfg(not(target_vendor = "apple"))]
pub(super) const SENDING: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
pub(super) const SENDING: SendFlags = SendFlags::DONTWAIT;

fn send_with(fd: impl AsFd, bytes: &[u8], more: SendFlags) -> Result<usize, Errno> {
    let flags = SENDING | more;
    loop {
        return match planned("send").and_then(|()| rustix::net::send(&fd, bytes, flags)) {
            Err(errno) if is_to_be_repeated(errno) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
}

/// Whether a call that sends is to be made again at once. macOS answers `EPROTOTYPE` while a connection is being torn
/// down, and the call after it with the reason.
pub(super) fn is_to_be_repeated(errno: Errno) -> bool {
    errno == Errno::INTR || (cfg!(target_vendor = "apple") && errno == Errno::PROTOTYPE)
}

/// Writes as much of `slices`, in order, as the kernel takes now: 0 if it takes nothing.
pub fn write(fd: impl AsFd, kind: Kind, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    if let ([one], true) = (slices, kind != Kind::Pipe) {
        return send(fd, kind, one, false);
    }
    let write = || match kind {
        Kind::Pipe => rustix::io::writev(&fd, slices),
        _ => rustix::net::sendmsg(&fd, slices, &mut SendAncillaryBuffer::default(), SENDING),
    };
    loop {
        return match planned("writev").and_then(|()| write()) {
            Err(errno) if is_to_be_repeated(errno) => continue,
            Err(Errno::AGAIN) => Ok(0),
            outcome => outcome,
        };
    }
}

/// Ends the sending side of a socket.
pub fn shut_down(fd: impl AsFd) -> Result<(), Errno> {
    planned("shutdown")?;
    rustix::net::shutdown(fd, rustix::net::Shutdown::Write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn tells_empty_from_end() {
        // Another process may have made it blocking, which is what it is at first.
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut buffer = [0; 8];
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::Empty));
        assert_eq!(discard(&ours, Kind::Unix, &mut [0; 8]), Ok(Read::Empty));
        assert_eq!(peek(&ours, &mut buffer), Err(NoBytes::Empty));
        write(&theirs, Kind::Unix, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]).unwrap();
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::Bytes(3)));
        drop(theirs);
        assert_eq!(read(&ours, Kind::Unix, &mut buffer), Ok(Read::End));
    }

    #[test]
    fn a_listener_tells_whether_a_connection_waits() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!has_connection(&listener));
        let _theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(has_connection(&listener));
    }

    #[test]
    fn discards_what_is_there_and_no_more() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        write(&theirs, Kind::Tcp4, &[IoSlice::new(b"dropped, and kept")]).unwrap();
        let mut memory = [b'.'; 9];
        assert_eq!(discard(&ours, Kind::Tcp4, &mut memory), Ok(Read::Bytes(9)));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(&memory, b".........", "the kernel has copied it");
        let mut kept = [0; 64];
        assert_eq!(read(&ours, Kind::Tcp4, &mut kept), Ok(Read::Bytes(8)));
        assert_eq!(&kept[..8], b"and kept");
        assert_eq!(discard(&ours, Kind::Tcp4, &mut memory), Ok(Read::Empty));
        drop(theirs);
        assert_eq!(discard(&ours, Kind::Tcp4, &mut memory), Ok(Read::End));
    }

    #[test]
    fn a_full_kernel_takes_nothing() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(cfg!(target_vendor = "apple")).unwrap();
        let block = [0u8; 65536];
        let slices = [IoSlice::new(&block), IoSlice::new(&block)];
        while write(&ours, Kind::Unix, &slices).unwrap() > 0 {}
        while write(&ours, Kind::Unix, &slices[..1]).unwrap() > 0 {}
        assert_eq!(write(&ours, Kind::Unix, &slices), Ok(0));
    }
}
