//! Opening sockets of our own: connecting ones and listening ones.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::Kind;
use crate::error::{Result, Syscall};

/// How a TCP socket is bound, other than by connecting it.
#[derive(Clone, Copy, Debug)]
pub struct Bind {
    /// Where.
    pub address: SocketAddr,
    /// For `::`: leave IPv4 to others.
    pub ipv6_only: bool,
    /// Let several sockets bind the same port, the kernel spreads the connections.
    pub reuse_port: bool,
}

/// Starts to connect to `peer`, from `local` if given. The socket becomes writable when the outcome is known.
pub fn connect_tcp(peer: SocketAddr, local: Option<SocketAddr>) -> Result<(OwnedFd, Kind)> {
    let connect = |error: io::Error| Syscall::Connect.failed(&error);
    let (domain, kind) = tcp_domain(&peer);
    let socket = stream_socket(domain).map_err(connect)?;
    if let Some(local) = local {
        socket
            .set_reuse_address(true)
            .and_then(|()| socket.bind(&local.into()))
            .map_err(|error| Syscall::Bind.failed(&error))?;
    }
    start_connecting(&socket, &peer.into()).map_err(connect)?;
    Ok((socket.into(), kind))
}

/// Connects to the UNIX socket at `path` (a leading NUL names Linux's abstract namespace).
pub fn connect_unix(path: &[u8]) -> Result<(OwnedFd, Kind)> {
    let address = unix_address(path, Syscall::Connect)?;
    let connect = |error: io::Error| Syscall::Connect.failed(&error);
    let socket = stream_socket(Domain::UNIX).map_err(connect)?;
    start_connecting(&socket, &address).map_err(connect)?;
    Ok((socket.into(), Kind::Unix))
}

/// A TCP socket that is bound, and can listen or connect.
pub fn bind_tcp(bind: &Bind) -> Result<(OwnedFd, Kind)> {
    let (socket, kind) = bound_tcp(bind).map_err(|error| Syscall::Bind.failed(&error))?;
    Ok((socket.into(), kind))
}

/// A UNIX socket that is bound to `path`, and can listen or connect.
pub fn bind_unix(path: &[u8]) -> Result<OwnedFd> {
    Ok(bound_unix(path, Syscall::Bind)?.into())
}

/// Has a bound socket listen.
pub fn listen(fd: &OwnedFd, backlog: i32) -> Result<()> {
    SockRef::from(fd).listen(backlog).map_err(|error| Syscall::Listen.failed(&error))
}

/// Has a bound socket start to connect to `peer`.
pub fn connect_bound_tcp(fd: &OwnedFd, peer: SocketAddr) -> Result<()> {
    start_connecting(&SockRef::from(fd), &peer.into()).map_err(|error| Syscall::Connect.failed(&error))
}

/// Connects a bound socket to the UNIX socket at `path`.
pub fn connect_bound_unix(fd: &OwnedFd, path: &[u8]) -> Result<()> {
    let address = unix_address(path, Syscall::Connect)?;
    start_connecting(&SockRef::from(fd), &address).map_err(|error| Syscall::Connect.failed(&error))
}

/// A TCP socket that listens.
pub fn listen_tcp(bind: &Bind, backlog: i32) -> Result<(OwnedFd, Kind)> {
    let open = || {
        let (socket, kind) = bound_tcp(bind)?;
        socket.listen(backlog)?;
        Ok((socket.into(), kind))
    };
    open().map_err(|error: io::Error| Syscall::Listen.failed(&error))
}

/// A UNIX socket that listens on `path`.
pub fn listen_unix(path: &[u8], backlog: i32) -> Result<OwnedFd> {
    let socket = bound_unix(path, Syscall::Listen)?;
    socket.listen(backlog).map_err(|error| Syscall::Listen.failed(&error))?;
    Ok(socket.into())
}

fn bound_tcp(bind: &Bind) -> io::Result<(Socket, Kind)> {
    let (domain, kind) = tcp_domain(&bind.address);
    let socket = stream_socket(domain)?;
    socket.set_reuse_address(true)?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(bind.ipv6_only)?;
    }
    if bind.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&bind.address.into())?;
    Ok((socket, kind))
}

fn bound_unix(path: &[u8], syscall: Syscall) -> Result<Socket> {
    let address = unix_address(path, syscall)?;
    let open = || {
        let socket = stream_socket(Domain::UNIX)?;
        socket.bind(&address)?;
        Ok(socket)
    };
    open().map_err(|error: io::Error| match error.raw_os_error() {
        // What libuv, and so Node, says of a folder that is not there.
        Some(libc::ENOENT) => syscall.errno(libc::EACCES),
        _ => syscall.failed(&error),
    })
}

/// Removes the socket file at `path` if it is a leftover: a socket on which nobody answers. Says whether it did.
pub fn remove_leftover(path: &[u8]) -> bool {
    let file = Path::new(OsStr::from_bytes(path));
    let Some(found) = socket_file(file) else { return false };
    let is_dead = connect_unix(path).is_err_and(|error| error.errno == libc::ECONNREFUSED);
    // Whoever else has found it dead may have put a living one in its place meanwhile.
    is_dead && socket_file(file) == Some(found) && std::fs::remove_file(file).is_ok()
}

/// The identity of the socket file at `path`, if that is what is there.
fn socket_file(path: &Path) -> Option<(u64, u64)> {
    let status = path.symlink_metadata().ok()?;
    status.file_type().is_socket().then(|| (status.dev(), status.ino()))
}

fn tcp_domain(address: &SocketAddr) -> (Domain, Kind) {
    match address {
        SocketAddr::V4(_) => (Domain::IPV4, Kind::Tcp4),
        SocketAddr::V6(_) => (Domain::IPV6, Kind::Tcp6),
    }
}

fn stream_socket(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn start_connecting(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    match socket.connect(address) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        outcome => outcome,
    }
}

/// `ENAMETOOLONG` for a path that does not fit: truncating it, as some do, would name another file.
fn unix_address(path: &[u8], syscall: Syscall) -> Result<SockAddr> {
    SockAddr::unix(OsStr::from_bytes(path)).map_err(|_| syscall.errno(libc::ENAMETOOLONG))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!("rust-net-{}-{name}", std::process::id()));
        path.into_os_string().into_encoded_bytes()
    }

    #[test]
    fn tells_a_leftover_from_a_living_server() {
        let path = scratch("leftover");
        let file = Path::new(OsStr::from_bytes(&path));
        assert!(!remove_leftover(&path));
        let listener = listen_unix(&path, 1).unwrap();
        assert!(!remove_leftover(&path));
        drop(listener);
        assert_eq!(listen_unix(&path, 1).unwrap_err().errno, libc::EADDRINUSE);
        assert!(remove_leftover(&path));
        assert!(!file.exists());
        std::fs::write(file, "not a socket").unwrap();
        assert!(!remove_leftover(&path));
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn names_a_path_that_is_too_long() {
        let error = listen_unix(&[b'x'; 200], 1).unwrap_err();
        assert_eq!((error.errno, error.syscall), (libc::ENAMETOOLONG, Syscall::Listen));
        assert_eq!(connect_unix(&[b'x'; 200]).unwrap_err().errno, libc::ENAMETOOLONG);
    }

    #[test]
    fn says_which_step_of_connecting_failed() {
        let peer = "127.0.0.1:1".parse().unwrap();
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        assert_eq!(connect_tcp(peer, Some(elsewhere)).unwrap_err().syscall, Syscall::Bind);
    }
}
