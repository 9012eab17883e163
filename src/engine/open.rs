//! How sources come into an engine: connecting, listening, binding, adopting.
//!
//! What has been inserted is watched and owned. Until then, everything that was opened is closed on failure, and what is
//! adopted stays the caller's. A bound socket keeps its id, whatever it becomes.

use std::net::SocketAddr;
use std::os::fd::{OwnedFd, RawFd};

use super::Engine;
use super::slot::Source;
use crate::bound::Bound;
use crate::error::{Result, Syscall};
use crate::listener::Listener;
use crate::reactor::Id;
use crate::socket::open::{self, Beginning, Bind, ConnectFailure};
use crate::socket::settings::Setting;
use crate::socket::{Descriptor, Kind, adopt};
use crate::statistics::ServerTally;
use crate::stream::Stream;

impl Engine {
    // Streams.

    /// Starts to connect to `peer`.
    pub fn connect_tcp(
        &mut self,
        peer: SocketAddr,
        local: Option<SocketAddr>,
        beginning: Beginning<'_>,
    ) -> std::result::Result<Id, ConnectFailure> {
        let attempt = open::connect_tcp(peer, local, beginning);
        let (fd, kind, sent) = self.note_attempt(attempt, |(error, _)| error)?;
        let open = |id, fd| {
            Stream::connecting(id, fd, kind, Some(peer)).lingering(!beginning.settings.is_empty()).having_sent(sent)
        };
        self.insert_stream(fd.into(), open).map_err(|error| (Syscall::Connect.failed(&error), None))
    }

    /// Starts to connect to the UNIX socket at `path`.
    pub fn connect_unix(&mut self, path: &[u8], settings: &[Setting]) -> Result<Id> {
        let (fd, kind) = self.note_attempt(open::connect_unix(path, settings), |error| error)?;
        self.insert_stream(fd.into(), |id, fd| Stream::connecting(id, fd, kind, None).lingering(!settings.is_empty()))
            .map_err(|error| Syscall::Connect.failed(&error))
    }

    /// Adopts a connected descriptor. If that fails, it stays open and the caller's.
    pub fn adopt_stream(&mut self, fd: RawFd) -> Result<Id> {
        let (fd, kind) = adopt::stream(fd)?;
        let id = self.insert_adopted(fd, kind)?;
        self.note_adopted(id, None);
        Ok(id)
    }

    /// Makes a stream of a copy of a connected descriptor, which stays the caller's. With `server`, that has accepted it.
    pub fn copy_stream(&mut self, fd: RawFd, server: Option<ServerTally>) -> Result<Id> {
        let (fd, kind) = adopt::copy_of_stream(fd)?;
        let id = self.insert_adopted(fd, kind)?;
        self.note_adopted(id, server);
        Ok(id)
    }

    fn insert_adopted(&mut self, fd: Descriptor, kind: Kind) -> Result<Id> {
        self.insert_stream(fd, |id, fd| Stream::adopted(id, fd, kind)).map_err(|error| Syscall::Open.failed(&error))
    }

    /// Watches and inserts the stream that `open` makes.
    pub(super) fn insert_stream(
        &mut self,
        fd: Descriptor,
        open: impl FnOnce(Id, Descriptor) -> Stream,
    ) -> std::io::Result<Id> {
        let id = self.slots.vacant_id()?;
        let mut stream = open(id, fd);
        stream.register(&self.reactor)?;
        stream.own();
        self.slots.insert(Source::Stream(stream)).update_liveness(&mut self.reactor);
        Ok(id)
    }

    // Listeners.

    /// Listens on a TCP address.
    pub fn listen_tcp(&mut self, bind: &Bind, backlog: i32, settings: Vec<Setting>) -> Result<Id> {
        let (fd, kind) = open::listen_tcp(bind, backlog, &settings)?;
        self.insert_listener(|id| Listener::new(id, fd.into(), kind, None).with(settings))
    }

    /// Listens on a UNIX path. With `take_over`, a leftover socket file is replaced.
    pub fn listen_unix(&mut self, path: &[u8], backlog: i32, take_over: bool, settings: Vec<Setting>) -> Result<Id> {
        let (fd, file) = open::listen_unix(path, backlog, take_over, &settings)?;
        self.insert_listener(|id| Listener::new(id, fd.into(), Kind::Unix, file).with(settings))
    }

    /// Adopts a listening descriptor; with `backlog`, one that does not listen begins to. If that fails, it stays open
    /// and the caller's.
    pub fn adopt_listener(&mut self, fd: RawFd, backlog: Option<i32>) -> Result<Id> {
        let (fd, kind) = adopt::listener(fd, backlog)?;
        self.insert_listener(|id| Listener::adopted(id, fd, kind))
    }

    /// Listens on a copy of a bound descriptor, which stays the caller's.
    pub fn copy_listener(&mut self, fd: RawFd, backlog: i32) -> Result<Id> {
        let (fd, kind) = adopt::copy_of_listener(fd, backlog)?;
        self.insert_listener(|id| Listener::adopted(id, fd, kind))
    }

    fn insert_listener(&mut self, open: impl FnOnce(Id) -> Listener) -> Result<Id> {
        let id = self.slots.vacant_id().map_err(|error| Syscall::Listen.failed(&error))?;
        let mut listener = open(id);
        if let Err(error) = listener.register(&self.reactor) {
            listener.close(&self.reactor);
            return Err(Syscall::Listen.failed(&error));
        }
        listener.own();
        self.slots.insert(Source::Listener(listener)).update_liveness(&mut self.reactor);
        Ok(id)
    }

    // Lending.

    /// A copy of the descriptor of source `id`, for another owner, after all that was written.
    pub fn lend(&mut self, id: Id) -> Result<OwnedFd> {
        let now = self.now();
        let gone = Syscall::Open.errno(libc::EBADF);
        let slot = self.slots.get_mut(id).ok_or(gone)?;
        let lent = match &mut slot.source {
            Source::Stream(stream) => {
                stream.flush(&self.reactor, &mut self.shared.spare, now);
                stream.lend()
            }
            Source::Listener(listener) => listener.lend(),
            Source::Bound(bound) => bound.lend(),
            Source::Arrival(_) | Source::Released => None,
        };
        self.reschedule(id);
        lent.ok_or(gone)?.map_err(|error| Syscall::Open.failed(&error))
    }

    /// From now on another process may hold the socket of source `id`, a listener or what will be one. Its descriptor.
    pub fn share(&mut self, id: Id) -> Option<RawFd> {
        match &mut self.slots.get_mut(id)?.source {
            Source::Listener(listener) => {
                listener.share();
                listener.raw_fd()
            }
            Source::Bound(bound) => {
                bound.share();
                bound.raw_fd()
            }
            Source::Stream(_) | Source::Arrival(_) | Source::Released => None,
        }
    }

    /// Stops watching the descriptor of stream `id`, whose other owner has the connection from now on.
    pub fn unwatch(&mut self, id: Id) {
        let now = self.now();
        if let Some(stream) = self.slots.stream(id) {
            stream.leave_to_copy(&self.reactor);
            // What passes from now on is seen by what it adds.
            if stream.last_traffic().is_some() {
                stream.sample_counters(now);
            }
        }
        self.guard_lent(id);
    }

    // Bound sockets.

    /// Binds a TCP socket.
    pub fn bind_tcp(&mut self, bind: &Bind, settings: Vec<Setting>) -> Result<Id> {
        let (fd, kind) = open::bind_tcp(bind, &settings)?;
        self.insert_bound(Bound::new(fd.into(), kind, None, settings))
    }

    /// Binds a UNIX socket.
    pub fn bind_unix(&mut self, path: &[u8], settings: Vec<Setting>) -> Result<Id> {
        let fd = open::bind_unix(path, &settings)?;
        self.insert_bound(Bound::new(fd.into(), Kind::Unix, Some(path), settings))
    }

    /// A bound socket over a copy of one that an engine of this process owns, and keeps open meanwhile. Both listen from
    /// now on, and connections wait.
    pub fn copy_bound(&mut self, fd: RawFd, backlog: i32) -> Result<Id> {
        let (fd, kind) = adopt::copy_of_owned_listener(fd, backlog)?;
        self.insert_bound(Bound::shared(fd, kind))
    }

    /// Adopts a descriptor, on which connections wait from now on. If that fails, it stays open and the caller's.
    pub fn adopt_bound(&mut self, fd: RawFd, backlog: i32) -> Result<Id> {
        let (fd, kind) = adopt::listener(fd, Some(backlog))?;
        let id = self.insert_bound(Bound::shared(fd, kind))?;
        if let Some(bound) = self.bound(id) {
            bound.own();
        }
        Ok(id)
    }

    fn insert_bound(&mut self, mut bound: Bound) -> Result<Id> {
        let id = self.slots.vacant_id().map_err(|error| {
            bound.close();
            Syscall::Bind.failed(&error)
        })?;
        self.slots.insert(Source::Bound(bound));
        Ok(id)
    }

    /// Makes a listener of the bound socket `id`. If that fails, it is still to be released.
    pub fn listen_bound(&mut self, id: Id, backlog: i32) -> Result<()> {
        let gone = Syscall::Listen.errno(libc::EBADF);
        let bound = self.bound(id).ok_or(gone)?;
        open::listen(bound.socket().ok_or(gone)?, backlog)?;
        let is_shared = bound.is_shared();
        let settings = std::mem::take(&mut bound.settings);
        let (fd, kind, file) = bound.take().ok_or(gone)?;
        let mut listener = Listener::new(id, fd, kind, file).with(settings);
        if is_shared {
            listener.share();
        }
        if let Err(error) = listener.register(&self.reactor) {
            listener.close(&self.reactor);
            return Err(Syscall::Listen.failed(&error));
        }
        self.replace_bound(id, Source::Listener(listener));
        Ok(())
    }

    /// Starts to connect the bound socket `id` to `peer`. If that fails at once, it is still to be released.
    pub fn connect_bound_tcp(&mut self, id: Id, peer: SocketAddr, beginning: Beginning<'_>) -> Result<()> {
        let connect = |fd: &Descriptor, kind| open::connect_bound_tcp(fd, kind, peer, beginning);
        self.connect_bound(id, Some(peer), beginning.settings, connect)
    }

    /// Starts to connect the bound socket `id` to the UNIX socket at `path`. If that fails at once, it is still to be
    /// released.
    pub fn connect_bound_unix(&mut self, id: Id, path: &[u8], settings: &[Setting]) -> Result<()> {
        let connect = |fd: &Descriptor, _| open::connect_bound_unix(fd, path, settings).map(|()| 0);
        self.connect_bound(id, None, settings, connect)
    }

    fn connect_bound(
        &mut self,
        id: Id,
        peer: Option<SocketAddr>,
        settings: &[Setting],
        connect: impl FnOnce(&Descriptor, Kind) -> Result<usize>,
    ) -> Result<()> {
        let gone = Syscall::Connect.errno(libc::EBADF);
        let bound = self.bound(id).ok_or(gone)?;
        let has_settings = !(settings.is_empty() && bound.settings.is_empty());
        let attempt = connect(bound.socket().ok_or(gone)?, bound.kind());
        let sent = self.note_attempt(attempt, |error| error)?;
        let (fd, kind, file) = self.bound(id).and_then(Bound::take).ok_or(gone)?;
        if let Some(file) = file {
            self.files.insert(id, file);
        }
        let stream = Stream::connecting(id, fd, kind, peer).lingering(has_settings).having_sent(sent);
        stream.register(&self.reactor).map_err(|error| Syscall::Connect.failed(&error))?;
        self.replace_bound(id, Source::Stream(stream));
        Ok(())
    }

    /// What was bound as `id` has become `source`.
    fn replace_bound(&mut self, id: Id, source: Source) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.source = source;
            slot.update_liveness(&mut self.reactor);
        }
    }
}
