//! Opens sockets that connect, listen, or are bound for one of the two.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::io::Errno;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::file::SocketFile;
use super::settings::{self, Setting};
use super::{Kind, address, fault, leftover};
use crate::error::{Error, Result, Syscall};

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

/// Why connecting has failed at once, and the address that the socket had by then, which Node's error names.
pub type ConnectFailure = (Error, Option<SocketAddr>);

/// What a socket that connects begins with.
#[derive(Clone, Copy, Default)]
pub struct Beginning<'a> {
    /// Its options.
    pub settings: &'a [Setting],
    /// What will be sent first. With the option `fastOpen`, and to a peer that is known, it goes with the SYN.
    pub first: &'a [u8],
}

/// Starts to connect to `peer`, from `local` if given. The socket becomes writable when the outcome is known. Also returns
/// how many bytes have gone with the SYN.
pub fn connect_tcp(
    peer: SocketAddr,
    local: Option<SocketAddr>,
    beginning: Beginning<'_>,
) -> std::result::Result<(OwnedFd, Kind, usize), ConnectFailure> {
    let (domain, kind) = tcp_domain(&peer);
    let socket = stream_socket(domain).map_err(|error| (Syscall::Connect.failed(&error), None))?;
    let unbound = |error: io::Error| (Syscall::Bind.failed(&error), None);
    if let Some(local) = local {
        prepare_for_local(&socket, domain, local).map_err(unbound)?;
    }
    // What the program has set counts.
    settings::apply(&socket, beginning.settings).map_err(|error| (error, None))?;
    if let Some(local) = local {
        bind(&socket, &local.into()).map_err(unbound)?;
    }
    let sent = begin(&socket, kind, &peer, beginning)
        .map_err(|error| (Syscall::Connect.failed(&error), address::local(&socket)))?;
    Ok((socket.into(), kind, sent))
}

/// Starts to connect to `peer`; returns how many bytes have gone with the SYN.
fn begin(socket: &Socket, kind: Kind, peer: &SocketAddr, beginning: Beginning<'_>) -> io::Result<usize> {
    let is_under_way = start_connecting(socket, &(*peer).into())?;
    if is_under_way || !settings::opens_fast(beginning.settings) {
        return Ok(0);
    }
    // The kernel waits for the first bytes, and sends the SYN with them, or alone if there are none.
    match super::io::send(socket, kind, beginning.first, false) {
        Err(Errno::INPROGRESS) => Ok(0),
        outcome => Ok(outcome?),
    }
}

/// What precedes binding a socket of `domain` that is to connect from `local`.
fn prepare_for_local(socket: &Socket, domain: Domain, local: SocketAddr) -> io::Result<()> {
    // What libuv, and so Node, reports for an address of the other family. The kernel's answer depends on the family.
    if tcp_domain(&local).0 != domain {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    fault::at("setsockopt")?;
    socket.set_reuse_address(true)
}

/// Connects to the UNIX socket at `path` (a leading NUL names Linux's abstract namespace).
pub fn connect_unix(path: &[u8], settings: &[Setting]) -> Result<(OwnedFd, Kind)> {
    let address = unix_address(path, Syscall::Connect)?;
    let connect = |error: io::Error| Syscall::Connect.failed(&error);
    let socket = stream_socket(Domain::UNIX).map_err(connect)?;
    settings::apply(&socket, settings)?;
    start_connecting(&socket, &address).map_err(connect)?;
    Ok((socket.into(), Kind::Unix))
}

/// A TCP socket that is bound, and can listen or connect.
pub fn bind_tcp(bind: &Bind, settings: &[Setting]) -> Result<(OwnedFd, Kind)> {
    let (socket, kind) = bound_tcp(bind, settings, Syscall::Bind)?;
    Ok((socket.into(), kind))
}

/// A UNIX socket that is bound to `path`, and can listen or connect.
pub fn bind_unix(path: &[u8], settings: &[Setting]) -> Result<OwnedFd> {
    Ok(bound_unix(path, settings, Syscall::Bind)?.into())
}

/// Makes a bound socket listen.
pub fn listen(fd: &OwnedFd, backlog: i32) -> Result<()> {
    start_listening(&SockRef::from(fd), backlog).map_err(|error| Syscall::Listen.failed(&error))
}

/// Starts to connect a bound socket to `peer`; returns how many bytes have gone with the SYN.
pub fn connect_bound_tcp(fd: &OwnedFd, kind: Kind, peer: SocketAddr, beginning: Beginning<'_>) -> Result<usize> {
    settings::apply(fd, beginning.settings)?;
    begin(&SockRef::from(fd), kind, &peer, beginning).map_err(|error| Syscall::Connect.failed(&error))
}

/// Starts to connect a bound socket, which gets these settings, to the UNIX socket at `path`.
pub fn connect_bound_unix(fd: &OwnedFd, path: &[u8], settings: &[Setting]) -> Result<()> {
    let address = unix_address(path, Syscall::Connect)?;
    settings::apply(fd, settings)?;
    let outcome = start_connecting(&SockRef::from(fd), &address);
    outcome.map(drop).map_err(|error| Syscall::Connect.failed(&error))
}

/// A TCP socket that listens.
pub fn listen_tcp(bind: &Bind, backlog: i32, settings: &[Setting]) -> Result<(OwnedFd, Kind)> {
    let (socket, kind) = bound_tcp(bind, settings, Syscall::Listen)?;
    start_listening(&socket, backlog).map_err(|error| Syscall::Listen.failed(&error))?;
    Ok((socket.into(), kind))
}

/// A UNIX socket that listens on `path`, and its file. With `take_over`, a leftover socket file is replaced.
pub fn listen_unix(
    path: &[u8],
    backlog: i32,
    take_over: bool,
    settings: &[Setting],
) -> Result<(OwnedFd, Option<SocketFile>)> {
    let bind = || bound_unix(path, settings, Syscall::Listen);
    let socket = match bind() {
        Err(error) if take_over && error.errno == libc::EADDRINUSE => {
            leftover::replace(path, || bind().ok()).ok_or(error)?
        }
        outcome => outcome?,
    };
    let file = SocketFile::at(path);
    if let Err(error) = start_listening(&socket, backlog) {
        file.inspect(SocketFile::remove);
        return Err(Syscall::Listen.failed(&error));
    }
    Ok((socket.into(), file))
}

fn bound_tcp(bind: &Bind, settings: &[Setting], syscall: Syscall) -> Result<(Socket, Kind)> {
    let (domain, kind) = tcp_domain(&bind.address);
    let failed = |error: io::Error| syscall.failed(&error);
    let socket = stream_socket(domain).map_err(failed)?;
    let prepare = || {
        fault::at("setsockopt")?;
        socket.set_reuse_address(true)?;
        if domain == Domain::IPV6 {
            socket.set_only_v6(bind.ipv6_only)?;
        }
        if bind.reuse_port { reuse_port(&socket) } else { Ok(()) }
    };
    prepare().map_err(failed)?;
    // What the program has set counts.
    settings::apply(&socket, settings)?;
    self::bind(&socket, &bind.address.into()).map_err(failed)?;
    Ok((socket, kind))
}

/// Shares the port with other sockets. `ENOTSUP`, as with libuv, where the system would not spread connections over them.
fn reuse_port(socket: &Socket) -> io::Result<()> {
    if cfg!(any(target_os = "linux", target_os = "android")) {
        socket.set_reuse_port(true)
    } else {
        Err(io::Error::from_raw_os_error(libc::ENOTSUP))
    }
}

fn bound_unix(path: &[u8], settings: &[Setting], syscall: Syscall) -> Result<Socket> {
    let address = unix_address(path, syscall)?;
    let socket = stream_socket(Domain::UNIX).map_err(|error| syscall.failed(&error))?;
    settings::apply(&socket, settings)?;
    bind(&socket, &address).map_err(|error| match error.raw_os_error() {
        // What libuv, and so Node, reports for a folder that does not exist.
        Some(libc::ENOENT) => syscall.errno(libc::EACCES),
        _ => syscall.failed(&error),
    })?;
    Ok(socket)
}

fn tcp_domain(address: &SocketAddr) -> (Domain, Kind) {
    match address {
        SocketAddr::V4(_) => (Domain::IPV4, Kind::Tcp4),
        SocketAddr::V6(_) => (Domain::IPV6, Kind::Tcp6),
    }
}

fn stream_socket(domain: Domain) -> io::Result<Socket> {
    fault::at("socket")?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    fault::at("ioctl")?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn bind(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    fault::at("bind")?;
    socket.bind(address)
}

fn start_listening(socket: &Socket, backlog: i32) -> io::Result<()> {
    fault::at("listen")?;
    socket.listen(backlog)
}

/// Returns whether connecting is under way; otherwise it is done, or has to wait for the first bytes.
fn start_connecting(socket: &Socket, address: &SockAddr) -> io::Result<bool> {
    match fault::at("connect").and_then(|()| socket.connect(address)) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(true),
        outcome => outcome.map(|()| false),
    }
}

/// `ENAMETOOLONG` for a path that does not fit: truncating it, as some do, would name another file.
fn unix_address(path: &[u8], syscall: Syscall) -> Result<SockAddr> {
    SockAddr::unix(OsStr::from_bytes(path)).map_err(|_| syscall.errno(libc::ENAMETOOLONG))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::numbered_options::NumberedOption;
    use std::path::Path;

    fn scratch(name: &str) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!("rust-net-{}-{name}", std::process::id()));
        path.into_os_string().into_encoded_bytes()
    }

    #[test]
    fn takes_over_a_leftover_only() {
        let path = scratch("leftover");
        let file = Path::new(OsStr::from_bytes(&path));
        let errno = |take_over| listen_unix(&path, 1, take_over, &[]).unwrap_err().errno;
        let (listener, _) = listen_unix(&path, 1, true, &[]).unwrap();
        assert_eq!(errno(true), libc::EADDRINUSE);
        drop(listener);
        assert_eq!(errno(false), libc::EADDRINUSE);
        let (listener, found) = listen_unix(&path, 1, true, &[]).unwrap();
        found.unwrap().remove();
        drop(listener);
        assert!(!file.exists());
        std::fs::write(file, "not a socket").unwrap();
        assert_eq!(errno(true), libc::EADDRINUSE);
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_is_bound_is_not_taken_over() {
        let path = scratch("bound");
        let bound = bind_unix(&path, &[]).unwrap();
        assert_eq!(listen_unix(&path, 1, true, &[]).unwrap_err().errno, libc::EADDRINUSE);
        listen(&bound, 1).unwrap();
        std::fs::remove_file(OsStr::from_bytes(&path)).unwrap();
    }

    #[test]
    fn what_is_set_by_number_counts() {
        let reuse_address = NumberedOption::new(libc::SOL_SOCKET, libc::SO_REUSEADDR);
        let only_v6 = NumberedOption::new(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY);
        let setting = |option, value: i32| Setting::Numbered(option, value.to_ne_bytes().to_vec());
        let bind = |address: &str| Bind { address: address.parse().unwrap(), ipv6_only: true, reuse_port: false };
        let (listener, _) = listen_tcp(&bind("127.0.0.1:0"), 1, &[setting(reuse_address, 0)]).unwrap();
        assert_eq!(reuse_address.number(&listener).unwrap(), 0);
        let peer = address::local(&listener).unwrap();
        let settings = [setting(reuse_address, 0)];
        let beginning = Beginning { settings: &settings, first: &[] };
        let (client, ..) = connect_tcp(peer, Some("127.0.0.1:0".parse().unwrap()), beginning).unwrap();
        assert_eq!(reuse_address.number(&client).unwrap(), 0);
        // Not all machines have IPv6.
        if let Ok((listener, _)) = listen_tcp(&bind("[::]:0"), 1, &[setting(only_v6, 0)]) {
            assert_eq!(only_v6.number(&listener).unwrap(), 0);
        }
    }

    #[test]
    fn names_a_path_that_is_too_long() {
        let error = listen_unix(&[b'x'; 200], 1, true, &[]).unwrap_err();
        assert_eq!((error.errno, error.syscall), (libc::ENAMETOOLONG, Syscall::Listen));
        assert_eq!(connect_unix(&[b'x'; 200], &[]).unwrap_err().errno, libc::ENAMETOOLONG);
    }

    #[test]
    fn says_which_step_of_connecting_failed() {
        let peer = "127.0.0.1:1".parse().unwrap();
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        let failed = |local| connect_tcp(peer, Some(local), Beginning::default()).unwrap_err().0;
        assert_eq!(failed(elsewhere).syscall, Syscall::Bind);
        assert_eq!(failed("[::1]:0".parse().unwrap()), Syscall::Bind.errno(libc::EINVAL));
    }
}
