//! Taking over descriptors that somebody else opened: inherited from a parent, passed by a service manager, piped.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::FileType;
use socket2::{Domain, SockRef, Type};

use super::Kind;
use crate::error::{Result, Syscall};

/// Takes over a connected socket or a pipe, and makes it non-blocking.
///
/// `ENOTSOCK` for a file or a device, `EBADF` for no open descriptor, `EPROTOTYPE` for a socket that is no stream.
pub fn stream(fd: RawFd) -> Result<(OwnedFd, Kind)> {
    take_over(fd, Syscall::Open, stream_kind)
}

/// Takes over a listening socket, and makes it non-blocking.
///
/// `ENOTSOCK` for what is no socket, `EBADF` for no open descriptor, `EINVAL` for a socket that does not listen.
pub fn listener(fd: RawFd) -> Result<(OwnedFd, Kind)> {
    take_over(fd, Syscall::Listen, |fd| {
        let kind = socket_kind(fd)?;
        if SockRef::from(fd).is_listener().map_err(|error| errno_of(&error))? { Ok(kind) } else { Err(libc::EINVAL) }
    })
}

/// Owns `fd` only once `classify` has accepted it, so that a wrong number never closes somebody else's descriptor.
fn take_over(
    fd: RawFd,
    syscall: Syscall,
    classify: fn(&OwnedFd) -> std::result::Result<Kind, i32>,
) -> Result<(OwnedFd, Kind)> {
    if fd < 0 {
        return Err(syscall.errno(libc::EBADF));
    }
    // SAFETY: the number may be stale, which the first call on it answers with EBADF. The caller hands over what it
    // names; until it has been checked, dropping is prevented below.
    let fd = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(fd) });
    let kind = classify(&fd).map_err(|errno| syscall.errno(errno))?;
    rustix::io::ioctl_fionbio(&*fd, true).map_err(|errno| syscall.errno(errno.raw_os_error()))?;
    Ok((std::mem::ManuallyDrop::into_inner(fd), kind))
}

fn stream_kind(fd: &OwnedFd) -> std::result::Result<Kind, i32> {
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
    use std::net::TcpListener;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    #[test]
    fn knows_what_it_gets() {
        let (one, _two) = UnixStream::pair().unwrap();
        assert_eq!(stream(one.into_raw_fd()).unwrap().1, Kind::Unix);
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(stream(reader.into_raw_fd()).unwrap().1, Kind::Pipe);
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listener(listening.into_raw_fd()).unwrap().1, Kind::Tcp4);
    }

    #[test]
    fn refuses_the_rest_and_leaves_it_open() {
        let file = std::fs::File::open("Cargo.toml").unwrap();
        assert_eq!(stream(file.as_raw_fd()).unwrap_err().errno, libc::ENOTSOCK);
        assert_eq!(listener(file.as_raw_fd()).unwrap_err().errno, libc::ENOTSOCK);
        assert!(file.metadata().is_ok());
        let (one, _two) = UnixDatagram::pair().unwrap();
        assert_eq!(stream(one.as_raw_fd()).unwrap_err().errno, libc::EPROTOTYPE);
        let (one, _two) = UnixStream::pair().unwrap();
        assert_eq!(listener(one.as_raw_fd()).unwrap_err().errno, libc::EINVAL);
        assert_eq!(stream(-1).unwrap_err().errno, libc::EBADF);
        assert_eq!(listener(1_000_000).unwrap_err().errno, libc::EBADF);
    }
}
