//! Adopting descriptors that were opened elsewhere: inherited from a parent, passed by a service manager, piped.
//!
//! What is returned is claimed and not yet owned: it is closed only after [`Descriptor::own`]. A copy is owned at once,
//! as it is ours alone, and the original stays the caller's.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use rustix::fs::{FileType, OFlags};
use socket2::{Domain, SockRef, Type};

use super::{Descriptor, Kind, fault, open};
use crate::error::{Result, Syscall};

/// Claims a connected socket or a pipe, and makes it non-blocking.
///
/// `EEXIST` if it has an owner, `ENOTSOCK` if it is a file or a device, `EBADF` if it is not open, `EPROTOTYPE` if it is
/// a socket of another type than stream.
pub fn stream(fd: RawFd) -> Result<(Descriptor, Kind)> {
    claim(fd, Syscall::Open, stream_kind)
}

/// Claims a listening socket, and makes it non-blocking. With `backlog`, one that does not listen begins to.
///
/// `EEXIST` if it has an owner, `ENOTSOCK` if it is no socket, `EBADF` if it is not open, `EINVAL` if it does not listen.
pub fn listener(fd: RawFd, backlog: Option<i32>) -> Result<(Descriptor, Kind)> {
    let (fd, kind) = claim(fd, Syscall::Listen, socket_kind)?;
    match backlog {
        Some(backlog) => open::listen(&fd, backlog)?,
        None => expect_listening(&fd, kind)?,
    }
    Ok((fd, kind))
}

/// `EINVAL` if the socket does not listen.
#[cfg(not(target_vendor = "apple"))]
fn expect_listening(fd: &OwnedFd, _kind: Kind) -> Result<()> {
    match rustix::net::sockopt::socket_acceptconn(fd) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Syscall::Listen.errno(libc::EINVAL)),
        Err(errno) => Err(Syscall::Listen.errno(errno.raw_os_error())),
    }
}

/// As elsewhere, as far as it can be known: macOS does not answer `SO_ACCEPTCONN`. A socket that is connected, or bound to
/// nothing, does not listen. Any other may, and to call `listen` again changes its backlog only.
#[cfg(target_vendor = "apple")]
fn expect_listening(fd: &OwnedFd, kind: Kind) -> Result<()> {
    let socket = SockRef::from(fd);
    let is_bound = match socket.local_addr() {
        Ok(address) if kind == Kind::Unix => address.as_pathname().is_some(),
        Ok(address) => address.as_socket().is_some_and(|address| address.port() != 0),
        Err(_) => false,
    };
    if !is_bound || socket.peer_addr().is_ok() {
        return Err(Syscall::Listen.errno(libc::EINVAL));
    }
    open::listen(fd, libc::SOMAXCONN)
}

/// A copy of a connected socket or a pipe, non-blocking. Fails as [`stream`] does.
pub fn copy_of_stream(fd: RawFd) -> Result<(Descriptor, Kind)> {
    copy(fd, Syscall::Open, stream_kind)
}

/// A copy of a bound socket, non-blocking, that listens from now on if it did not. Fails as [`listener`] does.
pub fn copy_of_listener(fd: RawFd, backlog: i32) -> Result<(Descriptor, Kind)> {
    let (fd, kind) = copy(fd, Syscall::Listen, socket_kind)?;
    open::listen(&fd, backlog)?;
    Ok((fd, kind))
}

/// A copy of a bound socket that is owned in this process, whose owner keeps it open meanwhile. It listens from now on.
pub fn copy_of_owned_listener(fd: RawFd, backlog: i32) -> Result<(Descriptor, Kind)> {
    let failed = |errno| Syscall::Listen.errno(errno);
    let copy = Descriptor::copy_of_owned(fd).map_err(failed)?;
    let kind = socket_kind(&copy).map_err(failed)?;
    open::listen(&copy, backlog)?;
    Ok((copy, kind))
}

/// Whether [`stream`] would succeed, and whether the descriptor can be read from and written to. It stays the caller's.
pub fn access_of(fd: RawFd) -> Result<(bool, bool)> {
    let failed = |errno| Syscall::Open.errno(errno);
    let fd = Descriptor::claim(fd).map_err(failed)?;
    let kind = stream_kind(&fd).map_err(failed)?;
    Ok(access(&fd, kind))
}

/// Whether `fd` can be read from, and written to: a pipe has one direction.
pub fn access(fd: &OwnedFd, kind: Kind) -> (bool, bool) {
    match (kind, rustix::fs::fcntl_getfl(fd)) {
        (Kind::Pipe, Ok(flags)) => match flags & OFlags::RWMODE {
            OFlags::RDONLY => (true, false),
            OFlags::WRONLY => (false, true),
            _ => (true, true),
        },
        _ => (true, true),
    }
}

fn claim(
    fd: RawFd,
    syscall: Syscall,
    classify: fn(&OwnedFd) -> std::result::Result<Kind, i32>,
) -> Result<(Descriptor, Kind)> {
    let failed = |errno| syscall.errno(errno);
    let mut fd = Descriptor::claim(fd).map_err(failed)?;
    let kind = classify(&fd).map_err(failed)?;
    fault::at("ioctl").map_err(|error| failed(errno_of(&error)))?;
    fd.unblock().map_err(failed)?;
    Ok((fd, kind))
}

fn copy(
    fd: RawFd,
    syscall: Syscall,
    classify: fn(&OwnedFd) -> std::result::Result<Kind, i32>,
) -> Result<(Descriptor, Kind)> {
    let failed = |errno| syscall.errno(errno);
    let original = Descriptor::claim(fd).map_err(failed)?;
    let kind = classify(&original).map_err(failed)?;
    let mut copy: Descriptor = original.try_clone().map_err(|error| failed(errno_of(&error)))?.into();
    copy.unblock().map_err(failed)?;
    Ok((copy, kind))
}

fn stream_kind(fd: &OwnedFd) -> std::result::Result<Kind, i32> {
    fault::at("fstat").map_err(|error| errno_of(&error))?;
    let status = rustix::fs::fstat(fd).map_err(|errno| errno.raw_os_error())?;
    match FileType::from_raw_mode(status.st_mode as _) {
        FileType::Fifo => Ok(Kind::Pipe),
        FileType::Socket => socket_kind(fd),
        _ => Err(libc::ENOTSOCK),
    }
}

fn socket_kind(fd: &OwnedFd) -> std::result::Result<Kind, i32> {
    debug_assert!(fd.as_raw_fd() >= 0);
    let socket = SockRef::from(fd);
    if socket.r#type().map_err(|error| errno_of(&error))? != Type::STREAM {
        return Err(libc::EPROTOTYPE);
    }
    match socket.local_addr().map_err(|error| errno_of(&error))?.domain() {
        Domain::IPV4 => Ok(Kind::Tcp4),
        Domain::IPV6 => Ok(Kind::Tcp6),
        Domain::UNIX => Ok(Kind::Unix),
        _ => Err(libc::EAFNOSUPPORT),
    }
}

fn errno_of(error: &std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    #[test]
    fn knows_what_it_gets() {
        let (one, _two) = UnixStream::pair().unwrap();
        assert_eq!(stream(one.as_raw_fd()).unwrap().1, Kind::Unix);
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(stream(reader.as_raw_fd()).unwrap().1, Kind::Pipe);
        assert_eq!(access_of(reader.as_raw_fd()).unwrap(), (true, false));
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listener(listening.as_raw_fd(), None).unwrap().1, Kind::Tcp4);
    }

    #[test]
    fn a_copy_leaves_the_original_open() {
        let (one, mut two) = UnixStream::pair().unwrap();
        let (copy, kind) = copy_of_stream(one.as_raw_fd()).unwrap();
        assert_eq!(kind, Kind::Unix);
        assert_ne!(copy.as_raw_fd(), one.as_raw_fd());
        drop(copy);
        (&one).write_all(b"x").unwrap();
        two.read_exact(&mut [0]).unwrap();
        assert_eq!(copy_of_stream(-1).unwrap_err().errno, libc::EBADF);
    }

    #[test]
    fn a_copy_of_a_bound_socket_listens() {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let bound = socket.local_addr().unwrap().as_socket().unwrap();
        assert!(std::net::TcpStream::connect(bound).is_err());
        if cfg!(not(target_vendor = "apple")) {
            assert_eq!(listener(socket.as_raw_fd(), None).unwrap_err().errno, libc::EINVAL);
        }
        let (_copy, kind) = copy_of_listener(socket.as_raw_fd(), 8).unwrap();
        assert_eq!(kind, Kind::Tcp4);
        std::net::TcpStream::connect(bound).unwrap();
    }

    #[test]
    fn a_bound_socket_listens_if_it_is_told_to() {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        drop(listener(socket.as_raw_fd(), Some(8)).unwrap());
        std::net::TcpStream::connect(socket.local_addr().unwrap().as_socket().unwrap()).unwrap();
    }

    #[test]
    fn refuses_the_rest_and_leaves_it_open() {
        let file = std::fs::File::open("Cargo.toml").unwrap();
        assert_eq!(stream(file.as_raw_fd()).unwrap_err().errno, libc::ENOTSOCK);
        assert_eq!(listener(file.as_raw_fd(), None).unwrap_err().errno, libc::ENOTSOCK);
        assert!(file.metadata().is_ok());
        let (one, _two) = UnixDatagram::pair().unwrap();
        assert_eq!(stream(one.as_raw_fd()).unwrap_err().errno, libc::EPROTOTYPE);
        let (one, _two) = UnixStream::pair().unwrap();
        assert_eq!(listener(one.as_raw_fd(), None).unwrap_err().errno, libc::EINVAL);
        let (owned, _) = stream(one.as_raw_fd()).unwrap();
        assert_eq!(stream(one.as_raw_fd()).unwrap_err().errno, libc::EEXIST);
        assert_eq!(access_of(one.as_raw_fd()).unwrap_err().errno, libc::EEXIST);
        drop(owned);
        assert_eq!(stream(-1).unwrap_err().errno, libc::EBADF);
        assert_eq!(listener(1_000_000, None).unwrap_err().errno, libc::EBADF);
    }
}
