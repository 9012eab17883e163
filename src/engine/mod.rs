//! The engine of one environment: all its streams and listeners, and the turns in which they are served.
//!
//! It lives on the JavaScript thread and never waits. The binding runs a turn as [`Engine::begin_turn`], then
//! [`Engine::step`] until there is nothing left, handing each [`Event`] to JavaScript and calling [`Engine::flush`]
//! when [`Engine::is_flush_due`] and at the end, then [`Engine::end_turn`]. JavaScript may call any other method in between.
//!
//! An id is used again only after JavaScript has released it and the turn is over, so that no event meets a stranger.

mod event;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use slab::Slab;

pub use self::event::Event;
use crate::bound::Bound;
use crate::error::{Error, Result, Syscall};
use crate::listener::{Listener, ListenerEvent};
use crate::pipe::Pipes;
use crate::reactor::{Id, Mailbox, Reactor, Readiness, ReceiveBuffer};
use crate::socket::file::SocketFile;
use crate::socket::open::{self, Bind, ConnectFailure};
use crate::socket::options::KeepAlive;
use crate::socket::{Descriptor, Kind, adopt};
use crate::stream::{Accepted, Addresses, Delivery, GATHER_MOST, Handshakes, Shared, Stream, StreamEvent};
use crate::tls::handshake::Request;

/// Streams that are received from together, and flushed together. What the processor has at hand for one serves the next,
/// and each write to TCP wakes the peer, so that a few at once cost much less than one by one; but a peer that hears
/// nothing until the turn is over idles meanwhile.
const BATCH: usize = 24;

enum Source {
    Stream(Stream),
    Listener(Listener),
    Bound(Bound),
    /// Released in this turn; the slot is freed at its end.
    Released,
}

/// See the module.
pub struct Engine {
    reactor: Reactor,
    sources: Slab<Source>,
    released: Vec<Id>,
    /// Streams with something to send at the end of the event.
    dirty: Vec<Id>,
    /// One of them is no TCP stream: waiting for more than those in hand gains nothing.
    urgent: bool,
    /// What has been received and is told next.
    in_hand: VecDeque<(Id, StreamEvent)>,
    /// What the streams share.
    pub shared: Shared,
    pipes: Pipes,
    /// The socket files of streams that have been bound to one before they were connected: hardly any.
    files: HashMap<Id, SocketFile>,
    turning: bool,
    turn: u32,
    now: Instant,
    /// Sources that keep the loop alive.
    referenced: usize,
    /// Write at once: there will be no end of the event.
    direct: bool,
    /// The source that was served last.
    served: Id,
}

impl Engine {
    /// An engine with nothing in it, which receives into `incoming`.
    pub fn new(incoming: ReceiveBuffer) -> std::io::Result<Self> {
        let reactor = Reactor::new()?;
        let shared = Shared::new(Handshakes::new(Mailbox::new(reactor.waker())), incoming);
        Ok(Self {
            reactor,
            sources: Slab::new(),
            released: Vec::new(),
            dirty: Vec::new(),
            urgent: false,
            in_hand: VecDeque::new(),
            shared,
            pipes: Pipes::default(),
            files: HashMap::new(),
            turning: false,
            turn: 0,
            now: Instant::now(),
            referenced: 0,
            direct: false,
            served: 0,
        })
    }

    /// The reactor, whose descriptor is readable whenever a turn should be run.
    pub fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    /// Whether anything keeps the loop alive.
    pub fn is_referenced(&self) -> bool {
        self.referenced > 0
    }

    /// How many sources there are, released ones of this turn included.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    // Turns.

    /// Begins a turn.
    pub fn begin_turn(&mut self) {
        self.turning = true;
        self.turn = self.turn.wrapping_add(1);
        self.now = Instant::now();
        self.pipes.begin_turn();
        let sources = &mut self.sources;
        self.reactor.begin_turn(|id, news| update(sources, id, news));
        for Delivery { id, serial, letter } in self.shared.handshakes.letters() {
            if let Some(stream) = self.stream(id) {
                stream.deliver(serial, letter);
                self.enqueue_if_due(id);
            }
        }
    }

    /// Whether a turn is being run.
    pub fn is_turning(&self) -> bool {
        self.turning
    }

    /// Serves the sources until one of them has anything to tell. `None`: the turn has nothing left.
    pub fn step(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next_in_hand() {
                return Some(event);
            }
            self.shared.incoming.clear();
            let id = self.reactor.next_ready()?;
            self.served = id;
            let event = match self.sources.get(id as usize) {
                Some(Source::Stream(_)) => self.serve_stream(id),
                Some(Source::Listener(_)) => self.serve_listener(id),
                _ => None,
            };
            if event.is_some() {
                return event;
            }
        }
    }

    fn serve_stream(&mut self, id: Id) -> Option<Event> {
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return None };
        if stream.has_had_its_share(self.turn) {
            self.reactor.defer(id);
            return None;
        }
        stream.queued = false;
        if let (Some(target), true) = (stream.feeds, stream.receives_next()) {
            let news = self.relay(id, target);
            self.release_feeder(id);
            return news.map(|news| Event::Stream(id, news));
        }
        let news = self.serve(id);
        if let Some(news @ StreamEvent::Data { .. }) = news {
            self.take_in_hand(id, news);
            self.receive_ahead();
            return None;
        }
        let news = news?;
        self.delivers(id, &news);
        Some(Event::Stream(id, news))
    }

    /// Receives from the streams that are next, as long as there is nothing else to do for them. One receive after the
    /// other and then one call into JavaScript after the other takes less time than both by turns.
    fn receive_ahead(&mut self) {
        while self.in_hand.len() < BATCH && self.shared.incoming.has_room() {
            let Some(id) = self.reactor.peek_ready() else { return };
            let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return };
            let just_receives = stream.feeds.is_none() && stream.receives_next() && !stream.is_bulky();
            if !just_receives || stream.in_hand || stream.has_had_its_share(self.turn) {
                return;
            }
            self.reactor.next_ready();
            self.served = id;
            stream.queued = false;
            if let Some(news) = self.serve(id) {
                self.take_in_hand(id, news);
            }
        }
    }

    fn serve(&mut self, id: Id) -> Option<StreamEvent> {
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return None };
        let news = stream.serve(&self.reactor, &mut self.shared, self.now);
        if stream.is_due() {
            stream.queued = true;
            self.reactor.enqueue(id);
        }
        self.recount(id);
        self.release_feeder(id);
        news
    }

    fn serve_listener(&mut self, id: Id) -> Option<Event> {
        let Some(Source::Listener(listener)) = self.sources.get_mut(id as usize) else { return None };
        if listener.has_had_its_share(self.turn) {
            self.reactor.defer(id);
            return None;
        }
        listener.queued = false;
        let news = listener.serve();
        if listener.is_due() {
            listener.queued = true;
            self.reactor.enqueue(id);
        }
        Some(match news? {
            ListenerEvent::Connection(fd, kind, peer) => {
                let addresses = Addresses { local: listener.local_of_all(), peer };
                match self.insert(fd.into(), |id, fd| Stream::open(id, fd, kind, addresses)) {
                    Ok(stream) => Event::Connection { listener: id, stream, addresses },
                    Err(error) => {
                        // What kept this one from being watched would keep the next one, too.
                        let error = Syscall::Accept.failed(&error);
                        self.listener(id).map(|listener| listener.stall(error));
                        Event::Stalled(id, error)
                    }
                }
            }
            ListenerEvent::Stalled(error) => Event::Stalled(id, error),
            ListenerEvent::Recovered => Event::Recovered(id),
        })
    }

    // What is in hand: received and not told yet, of each stream one thing. Bytes count as read once they are delivered.

    fn take_in_hand(&mut self, id: Id, news: StreamEvent) {
        if let Some(stream) = self.stream(id) {
            stream.in_hand = true;
            self.in_hand.push_back((id, news));
        }
    }

    /// The next thing in hand. A stream that has been closed meanwhile hears nothing any more.
    fn next_in_hand(&mut self) -> Option<Event> {
        while let Some((id, news)) = self.in_hand.pop_front() {
            let Some(stream) = self.stream(id) else { continue };
            if std::mem::take(&mut stream.in_hand) && stream.is_open() {
                self.delivers(id, &news);
                return Some(Event::Stream(id, news));
            }
        }
        None
    }

    /// JavaScript gets `news` of stream `id` now: that is when its bytes count as read.
    fn delivers(&mut self, id: Id, news: &StreamEvent) {
        if let Some(stream) = self.stream(id) {
            stream.bytes_read += length(news);
        }
    }

    /// What JavaScript is to be told next of stream `id` is taken back: gives where the bytes of it are in the receive buffer.
    /// Its end will be found again.
    pub fn take_back(&mut self, id: Id) -> Option<(usize, usize)> {
        let (_, news) = self.in_hand.iter().find(|(of, _)| *of == id)?;
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return None };
        if !stream.in_hand {
            return None;
        }
        match *news {
            StreamEvent::Data { offset, length } => {
                stream.in_hand = false;
                stream.bytes_read += length as u64;
                Some((offset, length))
            }
            StreamEvent::End { .. } => {
                stream.in_hand = false;
                stream.find_end_again();
                None
            }
            _ => None,
        }
    }

    /// The source that was served last: the one to blame if that has panicked.
    pub fn served(&self) -> Id {
        self.served
    }

    /// Whether enough has been gathered to send it between two events of a turn.
    pub fn is_flush_due(&self) -> bool {
        (self.urgent && self.in_hand.is_empty()) || self.dirty.len() >= BATCH
    }

    /// Sends what was gathered.
    pub fn flush(&mut self) {
        if self.dirty.is_empty() {
            return;
        }
        self.urgent = false;
        let now = self.now();
        let mut dirty = std::mem::take(&mut self.dirty);
        for id in dirty.drain(..) {
            let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { continue };
            stream.dirty = false;
            stream.flush(&self.reactor, &mut self.shared.spare, now);
            self.enqueue_if_due(id);
        }
        // The vector goes back with its memory. Nothing can have been added: flushing calls nobody.
        self.dirty = dirty;
    }

    /// Ends a turn.
    pub fn end_turn(&mut self) {
        self.turning = false;
        for id in self.released.drain(..) {
            self.sources.remove(id as usize);
        }
        self.reactor.end_turn();
    }

    /// From now on there is no end of an event: sends what was gathered, and every write at once.
    pub fn write_directly(&mut self) {
        self.flush();
        self.direct = true;
    }

    // Opening.

    /// Starts to connect to `peer`.
    pub fn connect_tcp(
        &mut self,
        peer: SocketAddr,
        local: Option<SocketAddr>,
    ) -> std::result::Result<Id, ConnectFailure> {
        let (fd, kind) = open::connect_tcp(peer, local)?;
        self.insert(fd.into(), |id, fd| Stream::connecting(id, fd, kind, Some(peer)))
            .map_err(|error| (Syscall::Connect.failed(&error), None))
    }

    /// Connects to the UNIX socket at `path`. The outcome is told like any other.
    pub fn connect_unix(&mut self, path: &[u8]) -> Result<Id> {
        let (fd, kind) = open::connect_unix(path)?;
        self.insert(fd.into(), |id, fd| Stream::connecting(id, fd, kind, None))
            .map_err(|error| Syscall::Connect.failed(&error))
    }

    /// Adopts a connected descriptor. If that fails, it stays open and the caller's.
    pub fn adopt_stream(&mut self, fd: RawFd) -> Result<Id> {
        let (fd, kind) = adopt::stream(fd)?;
        self.insert(fd, |id, fd| Stream::adopted(id, fd, kind)).map_err(|error| Syscall::Open.failed(&error))
    }

    /// Listens on a TCP address.
    pub fn listen_tcp(&mut self, bind: &Bind, backlog: i32) -> Result<Id> {
        let (fd, kind) = open::listen_tcp(bind, backlog)?;
        self.insert_listener(|id| Listener::new(id, fd.into(), kind, None))
    }

    /// Listens on a UNIX path. With `take_over`, a leftover socket file is replaced.
    pub fn listen_unix(&mut self, path: &[u8], backlog: i32, take_over: bool) -> Result<Id> {
        let (fd, file) = open::listen_unix(path, backlog, take_over)?;
        self.insert_listener(|id| Listener::new(id, fd.into(), Kind::Unix, file))
    }

    /// Adopts a listening descriptor. If that fails, it stays open and the caller's.
    pub fn adopt_listener(&mut self, fd: RawFd) -> Result<Id> {
        let (fd, kind) = adopt::listener(fd)?;
        self.insert_listener(|id| Listener::adopted(id, fd, kind))
    }

    // Sockets that are bound: their ids stay the same whatever they become.

    /// Binds a TCP socket.
    pub fn bind_tcp(&mut self, bind: &Bind) -> Result<Id> {
        let (fd, kind) = open::bind_tcp(bind)?;
        self.insert_bound(Bound::new(fd.into(), kind, None))
    }

    /// Binds a UNIX socket.
    pub fn bind_unix(&mut self, path: &[u8]) -> Result<Id> {
        let fd = open::bind_unix(path)?;
        self.insert_bound(Bound::new(fd.into(), Kind::Unix, Some(path)))
    }

    /// The bound socket `id`, if that is one.
    pub fn bound(&mut self, id: Id) -> Option<&mut Bound> {
        match self.sources.get_mut(id as usize) {
            Some(Source::Bound(bound)) => Some(bound),
            _ => None,
        }
    }

    /// Has the bound socket `id` listen. If that fails, it is still to be released.
    pub fn listen_bound(&mut self, id: Id, backlog: i32) -> Result<()> {
        let gone = Syscall::Listen.errno(libc::EBADF);
        let bound = self.bound(id).ok_or(gone)?;
        open::listen(bound.socket().ok_or(gone)?, backlog)?;
        let (fd, kind, file) = bound.take().ok_or(gone)?;
        let mut listener = Listener::new(id, fd, kind, file);
        if let Err(error) = listener.register(&self.reactor) {
            listener.close(&self.reactor);
            return Err(Syscall::Listen.failed(&error));
        }
        self.become_source(id, Source::Listener(listener));
        Ok(())
    }

    /// Has the bound socket `id` connect to `peer`. If that fails at once, it is still to be released.
    pub fn connect_bound_tcp(&mut self, id: Id, peer: SocketAddr) -> Result<()> {
        self.connect_bound(id, Some(peer), |fd| open::connect_bound_tcp(fd, peer))
    }

    /// Has the bound socket `id` connect to the UNIX socket at `path`. If that fails at once, it is still to be released.
    pub fn connect_bound_unix(&mut self, id: Id, path: &[u8]) -> Result<()> {
        self.connect_bound(id, None, |fd| open::connect_bound_unix(fd, path))
    }

    fn connect_bound(
        &mut self,
        id: Id,
        peer: Option<SocketAddr>,
        connect: impl FnOnce(&Descriptor) -> Result<()>,
    ) -> Result<()> {
        let gone = Syscall::Connect.errno(libc::EBADF);
        let bound = self.bound(id).ok_or(gone)?;
        connect(bound.socket().ok_or(gone)?)?;
        let (fd, kind, file) = bound.take().ok_or(gone)?;
        if let Some(file) = file {
            self.files.insert(id, file);
        }
        let stream = Stream::connecting(id, fd, kind, peer);
        stream.register(&self.reactor).map_err(|error| Syscall::Connect.failed(&error))?;
        self.become_source(id, Source::Stream(stream));
        Ok(())
    }

    fn insert_bound(&mut self, mut bound: Bound) -> Result<Id> {
        let entry = self.sources.vacant_entry();
        let id = vacant_id(entry.key()).map_err(|error| {
            bound.close();
            Syscall::Bind.failed(&error)
        })?;
        entry.insert(Source::Bound(bound));
        Ok(id)
    }

    /// What has been bound as `id` is `source` now, which keeps the loop alive.
    fn become_source(&mut self, id: Id, source: Source) {
        if let Some(place) = self.sources.get_mut(id as usize) {
            *place = source;
        }
        self.recount(id);
    }

    // Streams.

    /// The stream `id`, if that is one.
    pub fn stream(&mut self, id: Id) -> Option<&mut Stream> {
        match self.sources.get_mut(id as usize) {
            Some(Source::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    /// Writes `slices`: small ones are gathered, large ones sent at once. Gives how many bytes were taken; for the
    /// rest the caller is told when there is room.
    pub fn write(&mut self, id: Id, slices: &[&[u8]]) -> Result<usize> {
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if total <= GATHER_MOST && !self.direct {
            let gathered = self.gather(id, total, |queue| {
                slices.iter().for_each(|slice| queue.extend_from_slice(slice));
                Ok::<(), Error>(())
            })?;
            return Ok(gathered);
        }
        let now = self.now();
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else {
            return Err(Syscall::Write.errno(libc::EBADF));
        };
        let taken = stream.send(&self.reactor, &mut self.shared.spare, slices, now);
        self.recount(id);
        taken
    }

    /// Writes what `fill` appends to the queue: `most` bytes at the most. Gives how many were taken: all, or none.
    pub fn gather<E: From<Error>>(
        &mut self,
        id: Id,
        most: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
    ) -> std::result::Result<usize, E> {
        let now = self.now();
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else {
            return Err(Syscall::Write.errno(libc::EBADF).into());
        };
        if stream.is_queue_full(most) {
            stream.flush(&self.reactor, &mut self.shared.spare, now);
        }
        let Accepted { bytes, gathered } = stream.gather(&mut self.shared.spare, fill)?;
        if self.direct || stream.is_queue_full(0) {
            stream.flush(&self.reactor, &mut self.shared.spare, now);
        } else if gathered {
            stream.dirty = true;
            self.urgent |= !stream.kind().is_tcp();
            self.dirty.push(id);
        }
        self.recount(id);
        Ok(bytes)
    }

    /// Whether something was gathered that no end of an event will send: the binding has to see to it.
    pub fn needs_flush(&self) -> bool {
        !self.turning && !self.dirty.is_empty()
    }

    /// JavaScript wants data of stream `id`, or none.
    pub fn want(&mut self, id: Id, wanted: bool) {
        if let Some(stream) = self.stream(id) {
            stream.want(wanted);
            self.enqueue_if_due(id);
        }
    }

    /// Ends the sending side, behind all that was written. `None`: it is told when it is done. `closing`: the stream is
    /// closed next, which may do it.
    pub fn shut_down(&mut self, id: Id, closing: bool) -> Option<Result<()>> {
        let now = self.now();
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return Some(Ok(())) };
        let outcome = stream.shut_down(&self.reactor, &mut self.shared.spare, now, closing);
        self.enqueue_if_due(id);
        outcome
    }

    /// Has stream `id` change over to TLS behind what was written. `false` if it can't.
    pub fn secure(&mut self, id: Id, request: Request) -> bool {
        let Some(Source::Stream(stream)) = self.sources.get_mut(id as usize) else { return false };
        if !stream.secure(request) {
            return false;
        }
        self.enqueue_if_due(id);
        true
    }

    // Pipes.

    /// Has what stream `source` receives go to `target` from now on, which may be the same. `false` if one of them is not
    /// ready for that, or fed already.
    pub fn pipe(&mut self, source: Id, target: Id) -> bool {
        if !self.stream(source).is_some_and(|stream| {
            stream.is_open() && !stream.is_securing() && stream.feeds.is_none() && !stream.in_hand
        }) {
            return false;
        }
        match self.stream(target) {
            Some(stream) if stream.is_settled() && stream.fed_by.is_none() => stream.fed_by = Some(source),
            _ => return false,
        }
        if let Some(stream) = self.stream(source) {
            stream.feeds = Some(target);
            stream.want(true);
        }
        self.enqueue_if_due(source);
        true
    }

    /// Has what stream `source` receives go to JavaScript again, which wants it.
    pub fn unpipe(&mut self, source: Id) {
        let Some(target) = self.stream(source).and_then(|stream| stream.feeds.take()) else { return };
        if let Some(stream) = self.stream(target) {
            stream.fed_by = None;
        }
        self.want(source, true);
    }

    /// Moves what `source` has received to `target`, once. Gives what there is to tell JavaScript.
    fn relay(&mut self, source: Id, target: Id) -> Option<StreamEvent> {
        if !self.stream(target).is_some_and(|stream| stream.takes_more()) {
            // The target asks for more when it can take it. Meanwhile the source may have something to send.
            self.stream(source)?.want(false);
            self.enqueue_if_due(source);
            return None;
        }
        if self.pipes.have_had_their_share() {
            self.stream(source)?.queued = true;
            self.reactor.defer(source);
            return None;
        }
        let Some(Source::Stream(stream)) = self.sources.get_mut(source as usize) else { return None };
        let outcome = self.pipes.receive(stream, &mut self.shared.cipher, self.now);
        if let Some(Ok(count)) = outcome {
            stream.bytes_read += count as u64;
            self.pass_on(target, count);
        }
        self.enqueue_if_due(source);
        outcome?.err()
    }

    /// Has `target` send the first `count` bytes that the pipes have received: small ones are gathered, as those of
    /// [`Self::write`].
    fn pass_on(&mut self, target: Id, count: usize) {
        let Some(Source::Stream(stream)) = self.sources.get_mut(target as usize) else { return };
        let bytes = self.pipes.bytes(count);
        if count <= GATHER_MOST && !self.direct && !stream.is_queue_full(count) {
            if stream.keep(&mut self.shared.spare, bytes) {
                self.urgent |= !stream.kind().is_tcp();
                self.dirty.push(target);
            }
        } else if let Err(error) = stream.pass_on(&self.reactor, &mut self.shared.spare, bytes, self.now) {
            stream.fail_later(error);
            self.enqueue_if_due(target);
        }
        self.recount(target);
        if self.is_flush_due() {
            self.flush();
        }
    }

    /// Has the stream that feeds `target` go on, if there is one and `target` can take more.
    fn release_feeder(&mut self, target: Id) {
        let Some(target) = self.stream(target) else { return };
        let (Some(source), true) = (target.fed_by, target.takes_more()) else { return };
        if let Some(stream) = self.stream(source) {
            stream.want(true);
            self.enqueue_if_due(source);
        }
    }

    /// Closes a stream or listener. Its id, and what it knows, stay until [`Self::release`].
    pub fn close(&mut self, id: Id, reset: bool) {
        let now = self.now();
        // Before the socket: see `SocketFile`.
        if !self.files.is_empty() {
            self.files.remove(&id).inspect(SocketFile::remove);
        }
        match self.sources.get_mut(id as usize) {
            Some(Source::Stream(stream)) => {
                stream.flush(&self.reactor, &mut self.shared.spare, now);
                stream.close(&self.reactor, reset);
            }
            Some(Source::Listener(listener)) => listener.close(&self.reactor),
            Some(Source::Bound(bound)) => bound.close(),
            _ => return,
        }
        self.recount(id);
        self.unlink(id);
    }

    /// A closed stream feeds nobody, and nobody feeds it.
    fn unlink(&mut self, id: Id) {
        let Some(stream) = self.stream(id) else { return };
        let (target, source) = (stream.feeds.take(), stream.fed_by.take());
        if let Some(stream) = target.and_then(|target| self.stream(target)) {
            stream.fed_by = None;
        }
        if let Some(stream) = source.and_then(|source| self.stream(source)) {
            stream.feeds = None;
            stream.want(false);
        }
        if let Some(source) = source {
            self.recount(source);
        }
    }

    /// Gives the id of a closed source back.
    pub fn release(&mut self, id: Id) {
        self.close(id, false);
        let Some(source) = self.sources.get_mut(id as usize) else { return };
        if matches!(source, Source::Released) {
            return;
        }
        *source = Source::Released;
        if self.turning {
            self.released.push(id);
        } else {
            self.sources.remove(id as usize);
        }
    }

    /// Closes everything, for the end of the environment. Gives the ids that are released by it.
    pub fn close_all(&mut self) -> Vec<Id> {
        self.flush();
        let ids: Vec<Id> = self.sources.iter().filter_map(|(id, _)| Id::try_from(id).ok()).collect();
        for id in &ids {
            self.release(*id);
        }
        ids
    }

    /// Whether source `id` may keep the loop alive: `ref()` and `unref()`.
    pub fn reference(&mut self, id: Id, referenced: bool) {
        match self.sources.get_mut(id as usize) {
            Some(Source::Stream(stream)) => stream.referenced = referenced,
            Some(Source::Listener(listener)) => listener.referenced = referenced,
            _ => return,
        }
        self.recount(id);
    }

    /// Brings the count of the sources that keep the loop alive up to date with the state of source `id`. To be called
    /// at the end of whatever may have changed that state.
    fn recount(&mut self, id: Id) {
        let (keeps_alive, counted) = match self.sources.get_mut(id as usize) {
            Some(Source::Stream(stream)) => (stream.keeps_alive(), &mut stream.counted),
            Some(Source::Listener(listener)) => {
                (listener.referenced && listener.raw_fd().is_some(), &mut listener.counted)
            }
            _ => return,
        };
        match (std::mem::replace(counted, keeps_alive), keeps_alive) {
            (false, true) => self.referenced += 1,
            (true, false) => self.referenced -= 1,
            _ => {}
        }
    }

    // Listeners.

    /// The listener `id`, if that is one.
    pub fn listener(&mut self, id: Id) -> Option<&mut Listener> {
        match self.sources.get_mut(id as usize) {
            Some(Source::Listener(listener)) => Some(listener),
            _ => None,
        }
    }

    /// Has listener `id` accept nothing, or go on.
    pub fn pause_listener(&mut self, id: Id, paused: bool) {
        if let Some(listener) = self.listener(id) {
            listener.pause(paused);
            self.enqueue_if_due(id);
        }
    }

    /// Sets options that what listener `id` accepts inherits. `false` where nothing is inherited.
    pub fn set_inherited(&mut self, id: Id, no_delay: bool, keep_alive: Option<KeepAlive>) -> bool {
        self.listener(id).is_some_and(|listener| listener.set_inherited(no_delay, keep_alive))
    }

    /// Has a stalled listener try again.
    pub fn retry_listener(&mut self, id: Id) {
        if let Some(listener) = self.listener(id) {
            listener.retry();
            self.enqueue_if_due(id);
        }
    }

    /// The time: that of the turn, if one is being run.
    pub fn now(&self) -> Instant {
        if self.turning { self.now } else { Instant::now() }
    }

    fn insert(&mut self, fd: Descriptor, stream: impl FnOnce(Id, Descriptor) -> Stream) -> std::io::Result<Id> {
        let entry = self.sources.vacant_entry();
        let id = vacant_id(entry.key())?;
        let mut stream = stream(id, fd);
        stream.register(&self.reactor)?;
        stream.own();
        entry.insert(Source::Stream(stream));
        self.recount(id);
        Ok(id)
    }

    fn insert_listener(&mut self, listener: impl FnOnce(Id) -> Listener) -> Result<Id> {
        let entry = self.sources.vacant_entry();
        let id = vacant_id(entry.key()).map_err(|error| Syscall::Listen.failed(&error))?;
        let mut listener = listener(id);
        if let Err(error) = listener.register(&self.reactor) {
            listener.close(&self.reactor);
            return Err(Syscall::Listen.failed(&error));
        }
        listener.own();
        entry.insert(Source::Listener(listener));
        self.recount(id);
        Ok(id)
    }

    /// Source `id` has been touched: has it served if there is anything to do for it.
    fn enqueue_if_due(&mut self, id: Id) {
        self.recount(id);
        let queue = match self.sources.get_mut(id as usize) {
            Some(Source::Stream(stream)) if !stream.queued && stream.is_due() => &mut stream.queued,
            Some(Source::Listener(listener)) if !listener.queued && listener.is_due() => &mut listener.queued,
            _ => return,
        };
        *queue = true;
        self.reactor.enqueue(id);
    }
}

/// Notes the kernel's news. Says whether the source is to be served and was not queued yet.
fn update(sources: &mut Slab<Source>, id: Id, news: Readiness) -> bool {
    let (due, queued) = match sources.get_mut(id as usize) {
        Some(Source::Stream(stream)) => (stream.news(news), &mut stream.queued),
        Some(Source::Listener(listener)) => (listener.news(news), &mut listener.queued),
        _ => return false,
    };
    due && !std::mem::replace(queued, true)
}

/// How many bytes `news` is about.
fn length(news: &StreamEvent) -> u64 {
    match news {
        StreamEvent::Data { length, .. } | StreamEvent::Bulk { length } => *length as u64,
        _ => 0,
    }
}

fn vacant_id(key: usize) -> std::io::Result<Id> {
    Id::try_from(key).map_err(|_| std::io::Error::from_raw_os_error(libc::EMFILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::receive_buffer::SIZE;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;

    const END: StreamEvent = StreamEvent::End { is_truncated: false };

    /// An engine with memory to read into, and what the events say of it.
    struct Rig {
        engine: Engine,
        memory: Vec<u8>,
    }

    impl Rig {
        fn new() -> Self {
            let mut memory = vec![0; SIZE as usize];
            // SAFETY: the memory stays as long as the engine, which alone writes to it.
            let incoming = unsafe { ReceiveBuffer::new(memory.as_mut_ptr(), memory.len()) };
            Self { engine: Engine::new(incoming).unwrap(), memory }
        }

        /// One end of a pair as a stream of the engine, and the other as the standard library's.
        fn pair(&mut self) -> (Id, UnixStream) {
            let (ours, theirs) = UnixStream::pair().unwrap();
            theirs.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
            let id = self.engine.adopt_stream(ours.into_raw_fd()).unwrap();
            (id, theirs)
        }

        /// Waits for news and runs a turn.
        fn turn(&mut self) -> Vec<Event> {
            let fd = self.engine.reactor().fd();
            let mut fds = [rustix::event::PollFd::from_borrowed_fd(fd, rustix::event::PollFlags::IN)];
            let wait = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
            assert_eq!(rustix::event::poll(&mut fds, Some(&wait)), Ok(1), "no news");
            let mut events = Vec::new();
            self.engine.begin_turn();
            while let Some(event) = self.engine.step() {
                events.push(event);
                self.engine.flush();
            }
            self.engine.flush();
            self.engine.end_turn();
            events
        }

        /// Who is told of data next, in a turn that has begun.
        fn next(&mut self) -> Id {
            match self.engine.step() {
                Some(Event::Stream(id, StreamEvent::Data { .. })) => id,
                _ => panic!("no data"),
            }
        }

        fn read(&mut self, event: &Event) -> Vec<u8> {
            let Event::Stream(_, StreamEvent::Data { offset, length }) = *event else { panic!("{event:?}") };
            self.memory[offset..offset + length].to_vec()
        }
    }

    #[test]
    fn gathers_until_the_flush_and_keeps_order_with_what_is_large() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        let large = vec![b'L'; GATHER_MOST + 1];
        assert_eq!(rig.engine.write(id, &[b"small "]), Ok(6));
        assert!(rig.engine.needs_flush());
        assert_eq!(rig.engine.write(id, &[&large]), Ok(large.len()));
        assert_eq!(rig.engine.write(id, &[b" end"]), Ok(4));
        rig.engine.flush();
        assert!(!rig.engine.needs_flush());
        rig.engine.release(id);
        let mut heard = Vec::new();
        peer.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, [b"small ".as_slice(), &large, b" end"].concat());
    }

    #[test]
    fn more_slices_than_one_call_takes_all_go_out() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        let slices = vec![b"0123".as_slice(); 3000];
        assert_eq!(rig.engine.write(id, &slices), Ok(12_000));
        rig.engine.release(id);
        let mut heard = Vec::new();
        peer.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, slices.concat());
    }

    #[test]
    fn a_queue_is_held_to_its_mark() {
        let mut rig = Rig::new();
        let (id, _peer) = rig.pair();
        rig.engine.stream(id).unwrap().limit_queue(100);
        while rig.engine.write(id, &[[b'x'; 60].as_slice()]) == Ok(60) {
            let stream = rig.engine.stream(id).unwrap();
            assert!(!stream.is_queue_full(0));
        }
        assert!(rig.engine.stream(id).unwrap().waiting_bytes() <= 100);
    }

    #[test]
    fn closing_sends_what_was_gathered() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        rig.engine.write(id, &[b"bye"]).unwrap();
        rig.engine.close(id, false);
        let mut heard = String::new();
        peer.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "bye");
    }

    #[test]
    fn a_full_kernel_takes_part_and_tells_of_room_once() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        let block = vec![7u8; 8 << 20];
        let taken = rig.engine.write(id, &[&block]).unwrap();
        assert!(taken > 0 && taken < block.len());
        assert_eq!(rig.engine.write(id, &[b"x"]), Ok(0), "nothing is gathered behind what is blocked");
        let mut heard = vec![0; taken];
        peer.read_exact(&mut heard).unwrap();
        assert_eq!(rig.turn(), [Event::Stream(id, StreamEvent::Room)]);
        assert_eq!(rig.engine.write(id, &[b"x"]), Ok(1));
    }

    #[test]
    fn the_end_of_the_sending_side_comes_behind_the_data() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        rig.engine.write(id, &[b"last words"]).unwrap();
        assert_eq!(rig.engine.shut_down(id, false), Some(Ok(())));
        let mut heard = String::new();
        peer.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "last words");
    }

    #[test]
    fn reads_only_what_is_wanted_and_then_the_end() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        peer.write_all(b"hello").unwrap();
        assert_eq!(rig.turn(), []);
        rig.engine.want(id, true);
        let events = rig.turn();
        assert_eq!(events.len(), 1);
        assert_eq!(rig.read(&events[0]), b"hello");
        drop(peer);
        assert_eq!(rig.turn(), [Event::Stream(id, END)]);
        rig.engine.release(id);
        assert_eq!(rig.engine.sources(), 0);
    }

    #[test]
    fn a_busy_stream_leaves_room_for_the_others() {
        let mut rig = Rig::new();
        let (busy, mut loud) = rig.pair();
        let (other, mut quiet) = rig.pair();
        rig.engine.want(busy, true);
        rig.engine.want(other, true);
        loud.set_nonblocking(true).unwrap();
        let block = vec![1u8; 64 << 10];
        while loud.write(&block).is_ok() {}
        quiet.write_all(b"me too").unwrap();
        let events = rig.turn();
        let of_busy = events.iter().filter(|event| matches!(event, Event::Stream(id, _) if *id == busy)).count();
        assert!(of_busy <= 16, "{of_busy} reads in one turn");
        assert!(events.iter().any(|event| matches!(event, Event::Stream(id, _) if *id == other)));
    }

    /// Three streams that all have something to read, in a turn that has begun: the first is told, the others are in hand.
    fn three_at_once(rig: &mut Rig) -> ([Id; 3], [UnixStream; 3]) {
        let [one, two, three] = [rig.pair(), rig.pair(), rig.pair()];
        let (ids, mut peers) = ([one.0, two.0, three.0], [one.1, two.1, three.1]);
        for (id, peer) in ids.iter().zip(&mut peers) {
            rig.engine.want(*id, true);
            write!(peer, "<{id}>").unwrap();
        }
        rig.engine.begin_turn();
        assert_eq!(rig.next(), ids[0]);
        (ids, peers)
    }

    #[test]
    fn what_is_in_hand_is_told_in_order_and_of_each_stream_once() {
        let mut rig = Rig::new();
        let (ids, mut peers) = three_at_once(&mut rig);
        // Comes while others are in hand: behind them.
        write!(peers[0], "more").unwrap();
        assert_eq!([rig.next(), rig.next()], [ids[1], ids[2]]);
        assert_eq!(rig.engine.step(), None);
        rig.engine.end_turn();
        let events = rig.turn();
        assert_eq!(rig.read(&events[0]), b"more");
    }

    #[test]
    fn a_stream_that_is_closed_while_it_is_in_hand_hears_nothing() {
        let mut rig = Rig::new();
        let (ids, _peers) = three_at_once(&mut rig);
        rig.engine.close(ids[1], false);
        rig.engine.release(ids[2]);
        assert_eq!(rig.engine.step(), None);
    }

    #[test]
    fn what_is_in_hand_counts_as_read_when_it_is_told() {
        let mut rig = Rig::new();
        let (ids, _peers) = three_at_once(&mut rig);
        let read = |rig: &mut Rig| ids.map(|id| rig.engine.stream(id).unwrap().bytes_read);
        assert_eq!(read(&mut rig), [3, 0, 0]);
        rig.engine.close(ids[2], false);
        assert_eq!(rig.next(), ids[1]);
        assert_eq!(rig.engine.step(), None);
        assert_eq!(read(&mut rig), [3, 3, 0]);
    }

    #[test]
    fn what_is_in_hand_can_be_taken_back() {
        let mut rig = Rig::new();
        let (ids, _peers) = three_at_once(&mut rig);
        let (offset, length) = rig.engine.take_back(ids[2]).unwrap();
        assert_eq!(&rig.memory[offset..offset + length], format!("<{}>", ids[2]).as_bytes());
        assert_eq!(rig.engine.take_back(ids[2]), None);
        assert_eq!(rig.next(), ids[1]);
        assert_eq!(rig.engine.step(), None);
    }

    #[test]
    fn an_end_that_is_taken_back_is_found_again() {
        let mut rig = Rig::new();
        let ((one, mut first), (other, second)) = (rig.pair(), rig.pair());
        rig.engine.want(one, true);
        rig.engine.want(other, true);
        first.write_all(b"x").unwrap();
        drop(second);
        rig.engine.begin_turn();
        assert_eq!(rig.next(), one);
        assert_eq!(rig.engine.take_back(other), None);
        rig.engine.want(other, true);
        assert_eq!(rig.engine.step(), Some(Event::Stream(other, END)));
    }

    #[test]
    fn a_stream_in_hand_is_piped_only_afterwards() {
        let mut rig = Rig::new();
        let (ids, _peers) = three_at_once(&mut rig);
        assert!(!rig.engine.pipe(ids[1], ids[0]));
        assert_eq!(rig.next(), ids[1]);
        assert!(rig.engine.pipe(ids[1], ids[0]));
    }

    #[test]
    fn an_id_is_not_used_again_within_the_turn() {
        let mut rig = Rig::new();
        let (id, _peer) = rig.pair();
        rig.engine.begin_turn();
        rig.engine.release(id);
        let (next, _other) = rig.pair();
        assert_ne!(next, id);
        rig.engine.end_turn();
        let (reused, _third) = rig.pair();
        assert_eq!(reused, id);
    }

    #[test]
    fn accepts_and_connects() {
        let mut rig = Rig::new();
        let address = "127.0.0.1:0".parse().unwrap();
        let bind = Bind { address, ipv6_only: false, reuse_port: false };
        let listener = rig.engine.listen_tcp(&bind, 8).unwrap();
        let address = rig.engine.listener(listener).unwrap().local().unwrap();
        let peer = TcpStream::connect(address).unwrap();
        let events = rig.turn();
        let [Event::Connection { listener: by, stream, addresses }] = events[..] else { panic!("{events:?}") };
        assert_eq!(by, listener);
        let expected = Addresses { local: Some(address), peer: Some(peer.local_addr().unwrap()) };
        assert_eq!((addresses, rig.engine.stream(stream).unwrap().addresses()), (expected, expected));

        let theirs = TcpListener::bind("127.0.0.1:0").unwrap();
        let outgoing = rig.engine.connect_tcp(theirs.local_addr().unwrap(), None).unwrap();
        assert_eq!(rig.turn(), [Event::Stream(outgoing, StreamEvent::Connected(Ok(())))]);
        let closed = theirs.local_addr().unwrap();
        drop(theirs);
        let refused = rig.engine.connect_tcp(closed, None).unwrap();
        let expected = Syscall::Connect.errno(libc::ECONNREFUSED);
        let events = rig.turn();
        assert!(events.contains(&Event::Stream(refused, StreamEvent::Connected(Err(expected)))), "{events:?}");
    }

    #[test]
    fn counts_who_keeps_the_loop_alive() {
        let mut rig = Rig::new();
        assert!(!rig.engine.is_referenced());
        let (id, _peer) = rig.pair();
        assert!(!rig.engine.is_referenced(), "what is neither read nor has anything to send keeps nothing alive");
        rig.engine.write(id, &[b"x"]).unwrap();
        assert!(rig.engine.is_referenced());
        rig.engine.flush();
        assert!(!rig.engine.is_referenced());
        rig.engine.want(id, true);
        assert!(rig.engine.is_referenced());
        rig.engine.reference(id, false);
        rig.engine.reference(id, false);
        assert!(!rig.engine.is_referenced());
        rig.engine.write(id, &[b"x"]).unwrap();
        assert!(rig.engine.is_referenced(), "what is written is sent first, whether unref() was called or not");
        rig.engine.flush();
        assert!(!rig.engine.is_referenced());
        rig.engine.reference(id, true);
        rig.engine.close(id, false);
        assert!(!rig.engine.is_referenced());
        rig.engine.reference(id, true);
        assert!(!rig.engine.is_referenced(), "a closed stream keeps nothing alive");
    }

    #[test]
    fn a_pipe_moves_bytes_and_tells_of_the_end_only() {
        let mut rig = Rig::new();
        let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
        assert!(rig.engine.pipe(source, target));
        assert!(!rig.engine.pipe(source, target));
        from.write_all(b"through").unwrap();
        assert!(rig.turn().is_empty());
        let mut heard = [0; 7];
        to.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"through");
        assert_eq!(rig.engine.stream(source).unwrap().bytes_read, 7);
        assert_eq!(rig.engine.stream(target).unwrap().bytes_written, 7);
        drop(from);
        assert_eq!(rig.turn(), [Event::Stream(source, END)]);
    }

    #[test]
    fn what_a_stream_feeds_never_comes_to_javascript_whatever_else_is_due() {
        let mut rig = Rig::new();
        let ((one, mut first), (other, mut second)) = (rig.pair(), rig.pair());
        assert!(rig.engine.pipe(one, other) && rig.engine.pipe(other, one));
        let large = vec![b'x'; 1 << 20];
        first.set_nonblocking(true).unwrap();
        second.set_nonblocking(true).unwrap();
        let (mut sent, mut heard) = (0, 0);
        while heard < large.len() {
            sent += first.write(&large[sent..]).unwrap_or(0);
            assert!(rig.turn().is_empty());
            let mut piece = vec![0; 1 << 16];
            if let Ok(count) = second.read(&mut piece) {
                let _ = second.write(&piece[..count.min(100)]);
                heard += count;
            }
        }
    }

    #[test]
    fn a_pipe_can_lead_back() {
        let mut rig = Rig::new();
        let (id, mut peer) = rig.pair();
        assert!(rig.engine.pipe(id, id));
        peer.write_all(b"echo").unwrap();
        assert!(rig.turn().is_empty());
        let mut heard = [0; 4];
        peer.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"echo");
    }

    #[test]
    fn a_full_target_holds_its_source_back_and_nothing_is_lost() {
        let mut rig = Rig::new();
        let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
        assert!(rig.engine.pipe(source, target));
        from.set_nonblocking(true).unwrap();
        let mut sent = 0;
        let piece: Vec<u8> = (0..=250).cycle().take(251 * 64).collect();
        while rig.engine.stream(target).unwrap().takes_more() {
            if let Ok(count) = from.write(&piece[sent % 251..]) {
                sent += count;
            }
            rig.turn();
        }
        assert!(rig.engine.stream(target).unwrap().waiting_bytes() <= 64 << 10);
        rig.engine.unpipe(source);
        drop(from);
        let mut heard = Vec::new();
        to.set_nonblocking(true).unwrap();
        let mut given_back = Vec::new();
        let mut is_over = false;
        while !is_over {
            let _ = to.read_to_end(&mut heard);
            for event in rig.turn() {
                match event {
                    Event::Stream(_, END) => is_over = true,
                    event => given_back.extend(rig.read(&event)),
                }
            }
        }
        rig.engine.release(target);
        to.set_nonblocking(false).unwrap();
        to.read_to_end(&mut heard).unwrap();
        heard.extend(given_back);
        assert_eq!(heard.len(), sent);
        assert!(heard.iter().zip((0..=250).cycle()).all(|(byte, expected)| *byte == expected));
    }

    #[test]
    fn a_write_that_was_cut_short_goes_on_before_what_is_piped() {
        let mut rig = Rig::new();
        let ((source, mut from), (target, mut to)) = (rig.pair(), rig.pair());
        assert!(rig.engine.pipe(source, target));
        let large = vec![1; 4 << 20];
        let taken = rig.engine.write(target, &[&large]).unwrap();
        assert!(taken < large.len());
        // In one turn the source has something to receive, and the target room.
        from.write_all(b"piped").unwrap();
        to.read_exact(&mut vec![0; taken]).unwrap();
        assert_eq!(rig.turn(), [Event::Stream(target, StreamEvent::Room)]);
        let mut next = [0; 5];
        to.read_exact(&mut next).unwrap();
        assert_eq!(&next, b"piped", "once JavaScript has been told of the room, which it has not used");
        assert_eq!(rig.engine.stream(target).unwrap().bytes_written, taken as u64 + 5);
    }

    #[test]
    fn a_closed_target_gives_its_source_back() {
        let mut rig = Rig::new();
        let ((source, mut from), (target, _to)) = (rig.pair(), rig.pair());
        assert!(rig.engine.pipe(source, target));
        rig.engine.release(target);
        from.write_all(b"for JavaScript").unwrap();
        rig.engine.want(source, true);
        let events = rig.turn();
        assert_eq!(rig.read(&events[0]), b"for JavaScript");
    }

    #[test]
    fn a_descriptor_has_one_owner_whatever_engine_it_belongs_to() {
        let (mut rig, mut other) = (Rig::new(), Rig::new());
        let (id, mut peer) = rig.pair();
        let number = rig.engine.stream(id).unwrap().raw_fd().unwrap();
        for engine in [&mut rig.engine, &mut other.engine] {
            assert_eq!(engine.adopt_stream(number), Err(Syscall::Open.errno(libc::EEXIST)));
            assert_eq!(engine.adopt_listener(number), Err(Syscall::Listen.errno(libc::EEXIST)));
        }
        assert_eq!(other.engine.sources(), 0);
        peer.write_all(b"still open").unwrap();
        rig.engine.want(id, true);
        let events = rig.turn();
        assert_eq!(rig.read(&events[0]), b"still open");
    }

    #[test]
    fn what_is_bound_listens_and_connects_under_the_same_id() {
        let mut rig = Rig::new();
        let bind = Bind { address: "127.0.0.1:0".parse().unwrap(), ipv6_only: false, reuse_port: false };
        let (server, client) = (rig.engine.bind_tcp(&bind).unwrap(), rig.engine.bind_tcp(&bind).unwrap());
        assert!(!rig.engine.is_referenced());
        let place = rig.engine.bound(server).unwrap().local().unwrap();
        let from = rig.engine.bound(client).unwrap().local().unwrap();
        rig.engine.listen_bound(server, 8).unwrap();
        assert!(rig.engine.is_referenced());
        rig.engine.connect_bound_tcp(client, place).unwrap();
        let mut events = Vec::new();
        while events.len() < 2 {
            events.extend(rig.turn());
        }
        assert!(events.contains(&Event::Stream(client, StreamEvent::Connected(Ok(())))));
        assert_eq!(rig.engine.stream(client).unwrap().addresses().local, Some(from));
        assert_eq!(rig.engine.listen_bound(server, 8).unwrap_err().errno, libc::EBADF);
    }

    #[test]
    fn the_file_of_what_is_bound_goes_with_whatever_it_has_become() {
        let mut rig = Rig::new();
        let path = |name| std::env::temp_dir().join(format!("rust-net-{}-{name}", std::process::id()));
        let paths = ["unused", "listening", "connecting"].map(path);
        let ids = paths.each_ref().map(|path| rig.engine.bind_unix(path.as_os_str().as_encoded_bytes()).unwrap());
        rig.engine.listen_bound(ids[1], 8).unwrap();
        rig.engine.connect_bound_unix(ids[2], paths[1].as_os_str().as_encoded_bytes()).unwrap();
        for (id, path) in ids.into_iter().zip(&paths) {
            assert!(path.exists());
            rig.engine.close(id, false);
            assert!(!path.exists());
            rig.engine.release(id);
        }
        assert_eq!(rig.engine.sources(), 0);
    }
}
