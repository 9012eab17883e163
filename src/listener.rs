//! A listening socket: accepts what waits, a bounded number per turn, and bears running out of descriptors.
//!
//! Out of descriptors, what waits is left waiting in the kernel: the listener stalls instead of spinning, says so
//! once, and goes on when JavaScript tells it to try again.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use crate::error::{Error, Result, Syscall};
use crate::reactor::{Id, Reactor, Readiness};
use crate::socket::file::SocketFile;
use crate::socket::options::{self, KeepAlive};
use crate::socket::{Kind, address};

/// Connections accepted in one turn. Each costs JavaScript some 10 µs.
const ACCEPTS_PER_TURN: u32 = 64;

/// What serving a listener has brought to light.
pub enum News {
    /// A connection, and its peer where it has an address.
    Connection(OwnedFd, Kind, Option<SocketAddr>),
    /// Accepting has failed for want of something; the listener stalls until it is told to try again.
    Stalled(Error),
    /// After a stall, nobody waits any more.
    Recovered,
}

/// See the module.
pub struct Listener {
    id: Id,
    /// `None` once closed.
    socket: Option<Socket>,
    /// The local address of all that is accepted, where that is the same: not for `0.0.0.0` and `::`.
    local_of_all: Option<SocketAddr>,
    /// The socket file, to be removed with the listener.
    file: Option<SocketFile>,
    /// Another process may hold the same socket.
    shared: bool,
    /// Connections may be waiting.
    ready: bool,
    /// JavaScript has asked for a pause.
    paused: bool,
    stalled: bool,
    /// There has been a stall, and connections may still be waiting since then.
    behind: bool,
    /// In the reactor's queue.
    pub(crate) queued: bool,
    /// Keeps the environment's loop alive.
    pub(crate) referenced: bool,
    /// Is among the sources that the engine counts as keeping the loop alive.
    pub(crate) counted: bool,
    /// The connections it has taken in turn number `turn`.
    accepts: u32,
    turn: u32,
}

enum Socket {
    Tcp(mio::net::TcpListener, Kind),
    Unix(mio::net::UnixListener),
}

impl Listener {
    /// A listener over a socket of our own, with its socket file.
    pub fn new(id: Id, fd: OwnedFd, kind: Kind, file: Option<SocketFile>) -> Self {
        let local = if kind.is_tcp() { address::local(&fd) } else { None };
        Self {
            id,
            socket: Some(Socket::new(fd, kind)),
            local_of_all: local.filter(|local| !local.ip().is_unspecified()),
            file,
            shared: false,
            ready: false,
            paused: false,
            stalled: false,
            behind: false,
            queued: false,
            referenced: true,
            counted: false,
            accepts: 0,
            turn: 0,
        }
    }

    /// A listener over a socket that somebody else may share, and whose file, if any, is theirs.
    pub fn adopted(id: Id, fd: OwnedFd, kind: Kind) -> Self {
        Self { shared: true, ..Self::new(id, fd, kind, None) }
    }

    /// Has the reactor watch the socket.
    pub fn register(&self, reactor: &Reactor) -> std::io::Result<()> {
        match &self.socket {
            Some(socket) => reactor.register(socket, self.id, false),
            None => Ok(()),
        }
    }

    /// The kernel has news. Says whether there is anything to do now.
    pub fn news(&mut self, news: Readiness) -> bool {
        self.ready |= news.readable;
        self.is_due()
    }

    /// Whether serving the listener would do anything.
    pub fn is_due(&self) -> bool {
        self.socket.is_some() && self.ready && !self.paused && !self.stalled
    }

    /// Whether it has had its share of turn number `turn`.
    pub fn has_had_its_share(&mut self, turn: u32) -> bool {
        if self.turn != turn {
            self.turn = turn;
            self.accepts = 0;
        }
        self.accepts >= ACCEPTS_PER_TURN
    }

    /// Accepts one connection.
    pub fn serve(&mut self) -> Option<News> {
        while self.is_due() {
            let Some(socket) = &self.socket else { break };
            match socket.accept() {
                Ok((fd, kind, peer)) => {
                    self.accepts += 1;
                    return Some(News::Connection(fd, kind, peer));
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => {
                        self.ready = false;
                        if std::mem::take(&mut self.behind) {
                            return Some(News::Recovered);
                        }
                    }
                    // The peer has gone away while it waited, or the call was interrupted: the next one may do.
                    Some(libc::ECONNABORTED | libc::EINTR | libc::EPROTO | libc::EPERM) => {}
                    _ => {
                        self.stalled = true;
                        self.behind = true;
                        return Some(News::Stalled(Syscall::Accept.failed(&error)));
                    }
                },
            }
        }
        None
    }

    /// Tries again after having stalled.
    pub fn retry(&mut self) {
        self.stalled = false;
    }

    /// Accepts nothing for now, or goes on.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Closes the socket and removes its file.
    pub fn close(&mut self, reactor: &Reactor) {
        let Some(socket) = self.socket.take() else { return };
        if self.shared {
            reactor.deregister(&socket);
        }
        drop(socket);
        if let Some(file) = self.file.take() {
            file.remove();
        }
    }

    /// The number of the descriptor while it is open.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.socket.as_ref().map(|socket| socket.as_fd().as_raw_fd())
    }

    /// The address that it listens on, `None` for a UNIX socket.
    pub fn local(&self) -> Option<SocketAddr> {
        address::local(self.socket.as_ref()?)
    }

    /// The local address that all accepted streams have, if it is the same one.
    pub fn local_of_all(&self) -> Option<SocketAddr> {
        self.local_of_all
    }

    /// Sets options on the socket that what it accepts inherits, which saves setting them on each. `false` where they
    /// are not inherited, or where the socket is not ours alone.
    pub fn set_inherited(&self, no_delay: bool, keep_alive: Option<KeepAlive>) -> bool {
        let Some(Socket::Tcp(socket, _)) = &self.socket else { return false };
        cfg!(target_os = "linux")
            && !self.shared
            && options::set_no_delay(socket, no_delay).is_ok()
            && options::set_keep_alive(socket, keep_alive).is_ok()
    }

    /// What it accepts.
    pub fn kind(&self) -> Kind {
        match &self.socket {
            Some(Socket::Tcp(_, kind)) => *kind,
            _ => Kind::Unix,
        }
    }

    /// The path that it listens on, `None` for TCP.
    pub fn path(&self) -> Option<Vec<u8>> {
        let socket2 = socket2::SockRef::from(self.socket.as_ref()?).local_addr().ok()?;
        if let Some(path) = socket2.as_pathname() {
            return Some(path.as_os_str().as_bytes().to_vec());
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(name) = socket2.as_abstract_namespace() {
            return Some([b"\0", name].concat());
        }
        None
    }

    /// Sets who may connect: adds read permission for all with `readable`, write permission with `writable`.
    pub fn open_to_all(&self, readable: bool, writable: bool) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let Some(file) = &self.file else { return Ok(()) };
        let change = || {
            let mut permissions = file.path().metadata()?.permissions();
            let bits = if readable { 0o444 } else { 0 } | if writable { 0o222 } else { 0 };
            permissions.set_mode(permissions.mode() | bits);
            std::fs::set_permissions(file.path(), permissions)
        };
        change().map_err(|error| Syscall::Listen.failed(&error))
    }
}

impl Socket {
    fn new(fd: OwnedFd, kind: Kind) -> Self {
        match kind {
            Kind::Tcp4 | Kind::Tcp6 => Self::Tcp(mio::net::TcpListener::from_std(fd.into()), kind),
            Kind::Unix | Kind::Pipe => Self::Unix(mio::net::UnixListener::from_std(fd.into())),
        }
    }

    fn accept(&self) -> std::io::Result<(OwnedFd, Kind, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener, kind) => {
                let (stream, peer) = listener.accept()?;
                Ok((std::net::TcpStream::from(stream).into(), *kind, Some(peer)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((std::os::unix::net::UnixStream::from(stream).into(), Kind::Unix, None))
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener, _) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}
