//! A listening socket: accepts what waits, a bounded number per turn, and survives running out of descriptors.
//!
//! When accepting fails, what waits is left in the kernel: the listener stalls instead of spinning, reports it once, and
//! goes on when JavaScript has it try again.
//!
//! A listener that is to be closed without losing a connection is drained first: no new one gets in, and all that the
//! kernel has completed are accepted.
//!
//! Owned by a slot of the engine, used on the thread of its environment.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use crate::error::{Error, Result, Syscall};
use crate::limits::Gate;
use crate::limits::line::Line;
use crate::proxy::policy::Policy;
use crate::reactor::{Id, Reactor, Readiness};
use crate::socket::file::SocketFile;
use crate::socket::options::{self, KeepAlive};
use crate::socket::settings::Setting;
use crate::socket::{Descriptor, Kind, address, io};

/// After this many failures in a row that are worth another attempt, the next one stalls the listener all the same.
const MAX_FAILURES: u32 = 64;

/// A listener that is drained accepts so many connections at the most before it lets nothing new in.
const MAX_DRAINED: u32 = 256;

/// A queue holds no more connections than this, unless the administrator has changed that (Linux: `net.core.somaxconn`).
const MAX_QUEUE: u32 = 4096;

/// What a listener reports: the outcome of serving it once.
pub enum ListenerEvent {
    /// A connection, and its peer where it has an address.
    Connection(OwnedFd, Kind, Option<SocketAddr>),
    /// Accepting has failed; the listener stalls until [`Listener::retry`].
    Stalled(Error),
    /// After a stall, no connection waits any more.
    Recovered,
    /// What was asked for by [`Listener::drain`] is done.
    Drained,
}

/// See the module.
pub struct Listener {
    id: Id,
    /// `None` once closed.
    fd: Option<Descriptor>,
    /// Another process accepts for it: it has no descriptor, and is open all the same.
    remote: bool,
    kind: Kind,
    /// The local address of all that is accepted, where that is the same: not for `0.0.0.0` and `::`.
    local_of_all: Option<SocketAddr>,
    /// The socket file, to be removed with the listener.
    file: Option<SocketFile>,
    /// Another owner may hold the same socket, in this process or another.
    shared: bool,
    /// Connections may be waiting.
    ready: bool,
    /// JavaScript has asked for a pause.
    paused: bool,
    stalled: bool,
    /// There has been a stall, and connections may still be waiting since then.
    behind: bool,
    /// Failures in a row.
    failures: u32,
    /// How far it is with [`Listener::drain`].
    draining: Draining,
    /// Where connections begin with a PROXY header.
    proxy: Option<Box<ProxySettings>>,
    /// The options that JavaScript has set of the socket, and so of what it accepts.
    settings: Box<[Setting]>,
    /// `SO_LINGER` is set, which what it accepts inherits.
    lingers: bool,
    /// What its connections may do, and what was refused, from when there is something to keep of that.
    gate: Option<Rc<RefCell<Gate>>>,
}

/// How a listener comes to its end without losing a connection. New ones are let in as long as there are others that
/// wait, because a peer that is not let in has to try again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Draining {
    /// It goes on.
    No,
    /// What waits is accepted; so many were.
    Open(u32),
    /// Nothing new gets in, and the rest is accepted.
    Shut,
    /// Another owner may hold the socket, so that it can't be shut. What waits is accepted, since there may be no other
    /// owner left; so many were. What comes later is after that in the queue, and that owner's.
    Shared(u32),
    /// It accepts nothing any more.
    Done,
}

/// What a listener has for connections that wait for their PROXY header.
struct ProxySettings {
    policy: Policy,
    /// Those that wait.
    waiting: Line,
    /// All else has been accepted: [`ListenerEvent::Drained`] is reported when none of them waits any more.
    drains: bool,
}

impl Listener {
    /// A listener over a socket of our own, with its socket file.
    pub fn new(id: Id, fd: Descriptor, kind: Kind, file: Option<SocketFile>) -> Self {
        let local = if kind.is_tcp() { address::local(&fd) } else { None };
        Self {
            lingers: options::lingers(&fd),
            local_of_all: local.filter(|local| !local.ip().is_unspecified()),
            file,
            fd: Some(fd),
            ..Self::without_socket(id, kind)
        }
    }

    /// What stands in for a listener whose connections another process accepts.
    pub fn remote(id: Id) -> Self {
        Self { remote: true, ..Self::without_socket(id, Kind::Unix) }
    }

    fn without_socket(id: Id, kind: Kind) -> Self {
        Self {
            id,
            fd: None,
            remote: false,
            kind,
            local_of_all: None,
            file: None,
            shared: false,
            ready: false,
            paused: false,
            stalled: false,
            behind: false,
            failures: 0,
            draining: Draining::No,
            proxy: None,
            settings: Box::default(),
            lingers: false,
            gate: None,
        }
    }

    /// The socket has been opened with these options.
    pub fn with(self, settings: Vec<Setting>) -> Self {
        Self { settings: settings.into(), ..self }
    }

    /// Whether `SO_LINGER` is set on what it accepts.
    pub fn lingers(&self) -> bool {
        self.lingers
    }

    /// Sets on an accepted socket what it has not inherited: over UNIX sockets, all.
    fn pass_on_settings(&self, accepted: &OwnedFd) {
        if self.kind == Kind::Unix {
            // The listening socket has taken them; only a connection that is gone refuses.
            self.settings.iter().for_each(|setting| drop(setting.apply(accepted)));
        }
    }

    /// A listener over a socket that another process may share, and whose file, if any, is not ours.
    pub fn adopted(id: Id, fd: Descriptor, kind: Kind) -> Self {
        Self { shared: true, ..Self::new(id, fd, kind, None) }
    }

    /// Has the reactor watch the socket.
    pub fn register(&self, reactor: &Reactor) -> std::io::Result<()> {
        match &self.fd {
            Some(fd) => reactor.register(fd, self.id, false),
            None => Ok(()),
        }
    }

    /// Owns an adopted socket from now on: everything that could fail has succeeded.
    pub fn own(&mut self) {
        if let Some(fd) = &mut self.fd {
            fd.own();
        }
    }

    /// A copy of the descriptor, `None` once it is closed.
    pub fn lend(&mut self) -> Option<std::io::Result<OwnedFd>> {
        self.shared = true;
        self.fd.as_ref().map(|fd| fd.try_clone())
    }

    /// The kernel reports readiness.
    pub fn on_readiness(&mut self, readiness: Readiness) {
        self.ready |= readiness.readable;
    }

    /// Whether serving the listener would do anything.
    pub fn is_due(&self) -> bool {
        self.fd.is_some() && self.ready && !self.paused && !self.stalled && self.draining != Draining::Done
    }

    /// Accepts one connection.
    pub fn serve(&mut self) -> Option<ListenerEvent> {
        while self.is_due() {
            if self.draining == Draining::Shared(MAX_QUEUE) && self.is_drained() {
                return Some(ListenerEvent::Drained);
            }
            let Some(fd) = &self.fd else { break };
            let accepted = if self.shared && !io::has_connection(fd) {
                Err(std::io::Error::from_raw_os_error(libc::EAGAIN))
            } else {
                io::accept(fd, self.kind)
            };
            match accepted {
                Ok((fd, peer)) => {
                    self.failures = 0;
                    self.note_drained();
                    self.pass_on_settings(&fd);
                    return Some(ListenerEvent::Connection(fd, self.kind, peer));
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => {
                        self.failures = 0;
                        if let Draining::Open(_) = self.draining {
                            self.shut();
                            continue;
                        }
                        self.ready = false;
                        if self.is_drained() {
                            return Some(ListenerEvent::Drained);
                        }
                        if std::mem::take(&mut self.behind) {
                            return Some(ListenerEvent::Recovered);
                        }
                    }
                    // The peer has gone away while it waited, or the call was interrupted: the next one may succeed.
                    Some(libc::ECONNABORTED | libc::EINTR | libc::EPROTO) if self.failures < MAX_FAILURES => {
                        self.failures += 1;
                    }
                    // Without a descriptor for it, there will be none before a stream is closed.
                    _ if self.is_drained() => return Some(ListenerEvent::Drained),
                    _ => {
                        self.stall();
                        return Some(ListenerEvent::Stalled(Syscall::Accept.failed(&error)));
                    }
                },
            }
        }
        None
    }

    /// Accepts nothing until [`Self::retry`].
    pub fn stall(&mut self) {
        self.stalled = true;
        self.behind = true;
    }

    /// Tries again after having stalled.
    pub fn retry(&mut self) {
        self.stalled = false;
        self.failures = 0;
    }

    /// Accepts nothing for now, or goes on.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Accepts all that waits, a bounded number per turn, and lets nothing new in; then [`ListenerEvent::Drained`] follows.
    /// What another owner may hold stays open to new connections, which are that owner's.
    pub fn drain(&mut self) {
        self.draining = if self.shared { Draining::Shared(0) } else { Draining::Open(0) };
        self.ready = true;
        self.paused = false;
        self.retry();
    }

    fn note_drained(&mut self) {
        match &mut self.draining {
            Draining::Open(MAX_DRAINED) => self.shut(),
            Draining::Open(count) | Draining::Shared(count) => *count += 1,
            Draining::No | Draining::Shut | Draining::Done => {}
        }
    }

    fn shut(&mut self) {
        self.draining = Draining::Shut;
        let Some(fd) = &self.fd else { return };
        self.file.take().inspect(SocketFile::remove);
        // Where it can't be done, a connection that comes between the last accept and the close is reset.
        let _ = options::refuse_new(fd, self.kind);
    }

    /// Whether draining is over with this.
    fn is_drained(&mut self) -> bool {
        let is_over = !matches!(self.draining, Draining::No | Draining::Done);
        if is_over {
            self.draining = Draining::Done;
        }
        is_over
    }

    /// From now on another process may hold the socket: the file is that one's, too, and stays.
    pub fn share(&mut self) {
        self.shared = true;
        self.file = None;
        if let Draining::Open(count) = self.draining {
            self.draining = Draining::Shared(count);
        }
    }

    /// Whether another process accepts its connections.
    pub fn is_remote(&self) -> bool {
        self.remote
    }

    /// No other owner holds the socket any more.
    pub fn own_alone(&mut self) {
        self.shared = false;
    }

    /// Removes the file and closes the socket.
    pub fn close(&mut self, reactor: &Reactor) {
        self.remote = false;
        if let Some(gate) = &self.gate {
            gate.borrow_mut().listener = None;
        }
        let Some(fd) = self.fd.take() else { return };
        self.file.take().inspect(SocketFile::remove);
        if self.shared {
            reactor.deregister(&fd);
        }
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.fd.is_some() || self.remote
    }

    /// The number of the descriptor while it is open.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.fd.as_ref().map(|fd| fd.as_raw_fd())
    }

    /// The address that it listens on, `None` for a UNIX socket.
    pub fn local(&self) -> Option<SocketAddr> {
        address::local(self.fd.as_ref().filter(|_| self.kind.is_tcp())?)
    }

    /// The local address that all accepted streams have, if it is the same one.
    pub fn local_of_all(&self) -> Option<SocketAddr> {
        self.local_of_all
    }

    /// Sets options on the socket that what it accepts inherits, which saves setting them on each. `false` where they
    /// are not inherited, or where the socket is not ours alone.
    pub fn set_inherited(&self, no_delay: bool, keep_alive: Option<KeepAlive>) -> bool {
        let Some(socket) = self.fd.as_ref().filter(|_| self.kind.is_tcp()) else { return false };
        cfg!(target_os = "linux")
            && !self.shared
            && options::set_no_delay(socket, no_delay).is_ok()
            && options::set_keep_alive(socket, keep_alive).is_ok()
    }

    /// Has connections begin with a PROXY header.
    pub fn set_proxy(&mut self, policy: Policy) {
        self.proxy = Some(Box::new(ProxySettings { policy, waiting: Line::default(), drains: false }));
    }

    /// By what its connections have a PROXY header; `None` if they have none.
    pub fn proxy(&self) -> Option<&Policy> {
        self.proxy.as_ref().map(|proxy| &proxy.policy)
    }

    /// All but the connections that wait for their header has been accepted, or what was to be reported of that has been
    /// (`false`). Returns whether it was still to be reported.
    pub fn set_drains(&mut self, drains: bool) -> bool {
        self.proxy.as_mut().is_some_and(|proxy| std::mem::replace(&mut proxy.drains, drains))
    }

    /// Those of its connections that wait for their header.
    pub fn waiting(&self) -> Option<&Line> {
        self.proxy.as_ref().map(|proxy| &proxy.waiting)
    }

    /// The same, to join or to leave.
    pub fn waiting_mut(&mut self) -> Option<&mut Line> {
        self.proxy.as_mut().map(|proxy| &mut proxy.waiting)
    }

    /// What its connections may do, and what was refused; `None` if there is nothing to keep of that.
    pub fn gate(&self) -> Option<&Rc<RefCell<Gate>>> {
        self.gate.as_ref()
    }

    /// The same, from now on.
    pub fn open_gate(&mut self) -> &Rc<RefCell<Gate>> {
        let id = self.id;
        self.gate.get_or_insert_with(|| Rc::new(RefCell::new(Gate::new(id))))
    }

    /// What it accepts.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The path that it listens on, `None` for TCP.
    pub fn path(&self) -> Option<Vec<u8>> {
        address::path(self.fd.as_ref()?)
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
