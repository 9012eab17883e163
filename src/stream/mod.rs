//! A stream's transport: the descriptor, its [`state`], its write [`queue`], and the driver that moves the bytes.
//!
//! Owned by the engine, used on the thread of its environment. The invariants: what was accepted goes out in order and
//! before the end of the sending side; after an end or an error nothing more is received; a descriptor is closed once.

mod event;
pub(crate) mod queue;
mod security;
pub(crate) mod state;

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use rustix::io::Errno;
use socket2::SockRef;

pub use self::event::{ReadOutcome, Served, StreamEvent};
use self::queue::Queue;
pub use self::queue::Spare;
pub use self::security::{Delivery, Handshakes, Secure, Security};
pub use self::state::Due;
use self::state::State;
use crate::error::{Error, Result, Syscall};
use crate::reactor::{Id, Reactor, Readiness, ReceiveBuffer};
use crate::socket::io::{self, Read};
use crate::socket::options::{self, KeepAlive};
use crate::socket::{Descriptor, Kind, address, fault as planned};
use crate::tls::error::Failure;
use crate::tls::handshake::{Letter, Request};
use crate::tls::session::Received;

/// Up to this many bytes, a write is copied and gathered with its neighbours; above, the copy costs more than the
/// call that it saves.
pub const GATHER_MOST: usize = 4 << 10;

/// A queue that would grow longer than this is sent without waiting for the end of the event. No more than the
/// smallest default high-water mark of Node's streams.
pub const QUEUE_MOST: u32 = 16 << 10;

/// After a read of this many bytes, the next one is expected to be large, too. Memory that it fills is not copied.
pub const BULK_LEAST: usize = 16 << 10;

/// What an engine's streams share while they are served.
pub struct Shared {
    /// Memory for queues.
    pub spare: Spare,
    /// Memory that is received into.
    pub incoming: ReceiveBuffer,
    /// Memory for large reads, which JavaScript takes when it is full: so these are not copied. None until the first.
    pub bulk: ReceiveBuffer,
    /// Handshakes under way.
    pub handshakes: Handshakes,
    /// Memory for records on their way to a session, once there is one.
    pub cipher: Vec<u8>,
}

/// So many bytes of records are received at once: those of four full ones.
const CIPHER_MOST: usize = 64 << 10;

impl Shared {
    /// Shared by the streams of an engine, whose handshakes post to its mailbox.
    pub fn new(handshakes: Handshakes, incoming: ReceiveBuffer) -> Self {
        Self { spare: Spare::default(), incoming, bulk: ReceiveBuffer::empty(), handshakes, cipher: Vec::new() }
    }
}

/// The addresses of both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Our end.
    pub local: Option<SocketAddr>,
    /// The peer's.
    pub peer: Option<SocketAddr>,
}

/// See the module.
pub struct Stream {
    id: Id,
    /// `None` once closed. The rest stays readable until JavaScript lets go of the stream. Shared with the handshake
    /// while there is one.
    fd: Option<Arc<Descriptor>>,
    kind: Kind,
    /// Another process may hold the same socket, so that closing our descriptor does not end the kernel's watching.
    shared: bool,
    state: State,
    queue: Queue,
    security: Security,
    watches_writable: bool,
    /// The last read was large, and the next one may be.
    bulky: bool,
    /// Nagle's algorithm is off for the handshake, and back on behind the first data.
    delays_again: bool,
    queue_most: u32,
    /// Found while flushing, told when served.
    failure: Option<Error>,
    addresses: Addresses,
    /// The last traffic; kept only where a timeout asks for it.
    last_traffic: Option<Instant>,
    bytes_received: u64,
    bytes_written: u64,
}

impl Stream {
    /// A stream that is open, and the addresses that are known already.
    pub fn open(id: Id, fd: Descriptor, kind: Kind, addresses: Addresses) -> Self {
        Self { addresses, ..Self::new(id, fd, kind, None, State::open()) }
    }

    /// A stream that is being connected to `peer`. Where that is no particular address (`0.0.0.0`, `::`), the kernel
    /// chooses one, and is asked for it.
    pub fn connecting(id: Id, fd: Descriptor, kind: Kind, peer: Option<SocketAddr>) -> Self {
        let peer = peer.filter(|peer| !peer.ip().to_canonical().is_unspecified());
        Self { watches_writable: true, ..Self::new(id, fd, kind, peer, State::connecting()) }
    }

    /// A stream over a descriptor that somebody else may share.
    pub fn adopted(id: Id, fd: Descriptor, kind: Kind) -> Self {
        let peer = address::peer(&fd);
        Self { shared: true, ..Self::new(id, fd, kind, peer, State::open()) }
    }

    fn new(id: Id, fd: Descriptor, kind: Kind, peer: Option<SocketAddr>, state: State) -> Self {
        Self {
            id,
            fd: Some(Arc::new(fd)),
            kind,
            shared: false,
            state,
            queue: Queue::default(),
            security: Security::None,
            watches_writable: false,
            bulky: false,
            delays_again: false,
            queue_most: QUEUE_MOST,
            failure: None,
            addresses: Addresses { local: None, peer },
            last_traffic: None,
            bytes_received: 0,
            bytes_written: 0,
        }
    }

    /// Has the reactor watch the descriptor.
    pub fn register(&self, reactor: &Reactor) -> std::io::Result<()> {
        match &self.fd {
            Some(fd) => reactor.register(fd, self.id, self.watches_writable),
            None => Ok(()),
        }
    }

    /// An adopted descriptor is this stream's from now on: everything that could fail has succeeded.
    pub fn own(&mut self) {
        // No handshake has a share of it yet.
        if let Some(fd) = self.fd.as_mut().and_then(Arc::get_mut) {
            fd.own();
        }
    }

    /// The kernel has news.
    pub fn on_readiness(&mut self, readiness: Readiness) {
        self.state.news(readiness);
    }

    /// Whether serving the stream would do anything.
    pub fn is_due(&self) -> bool {
        self.fd.is_some()
            && (self.failure.is_some() || self.security.has_news() || self.state.due(self.is_queued()) != Due::Nothing)
    }

    /// Whether the stream keeps the environment's loop alive now, if watching it may do so (`referenced`).
    pub fn keeps_alive(&self, referenced: bool) -> bool {
        self.fd.is_some()
            && (self.failure.is_some()
                || (referenced && self.security.has_news())
                || self.state.keeps_alive(referenced, self.is_queued()))
    }

    /// Whether bytes wait to be sent.
    fn is_queued(&self) -> bool {
        !self.queue.is_empty() || self.security.wants_write()
    }

    /// Does what is due, up to the next event or until it is to receive.
    pub fn serve(&mut self, reactor: &Reactor, shared: &mut Shared, now: Instant) -> Served {
        loop {
            if self.fd.is_none() {
                return Served::Nothing;
            }
            if let Some(error) = self.failure.take() {
                return Served::Event(self.fail(error));
            }
            if let Some(news) = self.security.take_news() {
                return Served::Event(self.handshake_news(news, reactor, now));
            }
            match self.state.due(self.is_queued()) {
                Due::Connect => {
                    if let Some(outcome) = self.fd.as_deref().and_then(|fd| connect_outcome(fd)) {
                        self.state.connected();
                        return Served::Event(StreamEvent::Connected(outcome));
                    }
                    self.state.still_connecting();
                }
                Due::Send => self.flush(reactor, &mut shared.spare, now),
                Due::TellRoom => {
                    self.state.await_room(false);
                    return Served::Event(StreamEvent::Room);
                }
                Due::Shutdown => {
                    if let Poll::Ready(outcome) = self.shut_down_now(reactor) {
                        return Served::Event(StreamEvent::Finished(outcome));
                    }
                }
                Due::Secure => self.begin_handshake(reactor, &mut shared.handshakes),
                Due::Receive => return Served::Receive,
                Due::Nothing => return Served::Nothing,
            }
        }
    }

    /// Receives once, for JavaScript. `None` if there was nothing.
    pub fn receive(&mut self, shared: &mut Shared, now: Instant) -> Option<StreamEvent> {
        let Shared { cipher, incoming, bulk, .. } = shared;
        let takes_bulk = self.bulky && bulk.has_room();
        let memory = if takes_bulk { &mut *bulk } else { &mut *incoming };
        let count = match self.receive_into(cipher, memory.space(), now) {
            ReadOutcome::Bytes(count) => count,
            ReadOutcome::Event(event) => return Some(event),
            ReadOutcome::Nothing => return None,
        };
        self.bulky = count >= BULK_LEAST;
        Some(if takes_bulk {
            StreamEvent::Bulk { length: count }
        } else {
            StreamEvent::Data { offset: incoming.take(count), length: count }
        })
    }

    /// Receives once into `space`.
    pub fn receive_into(&mut self, cipher: &mut Vec<u8>, space: &mut [MaybeUninit<u8>], now: Instant) -> ReadOutcome {
        let Some(fd) = &self.fd else { return ReadOutcome::Nothing };
        let received = match self.security.session() {
            None => {
                let asked = space.len();
                io::read(fd, self.kind, space)
                    .map(|read| Received { read, drained: !matches!(read, Read::Bytes(count) if count == asked) })
                    .map_err(Failure::Socket)
            }
            Some(session) => {
                cipher.resize(CIPHER_MOST, 0);
                session.read(fd, self.kind, cipher, space)
            }
        };
        match received {
            Ok(Received { read: Read::Bytes(count), drained }) => {
                #[cfg(feature = "fault-injection")]
                fault::trip(&space[..count]);
                self.state.received(drained);
                self.note_traffic(now);
                self.bytes_received += count as u64;
                ReadOutcome::Bytes(count)
            }
            Ok(Received { read: Read::End, .. }) => {
                self.state.ended();
                let is_truncated = self.security.session().is_some_and(|session| session.is_truncated());
                ReadOutcome::Event(StreamEvent::End { is_truncated })
            }
            Ok(Received { read: Read::Empty, drained: true }) => {
                self.state.found_nothing();
                ReadOutcome::Nothing
            }
            // Records came that hold nothing for the application.
            Ok(Received { read: Read::Empty, drained: false }) => ReadOutcome::Nothing,
            Err(Failure::Socket(errno)) => ReadOutcome::Event(self.fail(error(Syscall::Read, errno))),
            Err(Failure::Tls(failure)) => {
                self.state.fail();
                self.security.fail();
                ReadOutcome::Event(StreamEvent::TlsFailed(failure))
            }
        }
    }

    /// Whether the stream is receiving in bulk.
    pub fn is_bulky(&self) -> bool {
        self.bulky
    }

    /// The end that was found has not been told, and is to be found once more.
    pub fn find_end_again(&mut self) {
        self.state.find_end_again();
    }

    // Pipes.

    /// Whether serving the stream would receive next.
    pub fn receives_next(&self) -> bool {
        self.fd.is_some()
            && self.failure.is_none()
            && !self.security.has_news()
            && self.state.due(self.is_queued()) == Due::Receive
    }

    /// Whether it is open in both directions, as far as it is up to us, and not in the middle of a change.
    pub fn is_settled(&self) -> bool {
        self.fd.is_some() && self.failure.is_none() && self.state.is_settled()
    }

    /// Whether changing over to TLS is under way.
    pub fn is_securing(&self) -> bool {
        self.state.is_securing()
    }

    /// Whether it takes bytes that are passed on to it. Where JavaScript waits for room, the rest of its write comes
    /// first.
    pub fn takes_more(&self) -> bool {
        self.is_settled() && !self.state.is_blocked() && !self.state.awaits_room()
    }

    /// Sends `bytes` of another stream. What the kernel does not take is queued, however much that is. A failure is told
    /// when the stream is served.
    pub fn pass_on(&mut self, reactor: &Reactor, spare: &mut Spare, bytes: &[u8], now: Instant) {
        let awaited = self.state.awaits_room();
        match self.send(reactor, spare, &[bytes], now) {
            Ok(taken) if taken < bytes.len() => {
                self.keep(spare, &bytes[taken..]);
                // JavaScript waits for no room: none is missing.
                self.state.await_room(awaited);
            }
            Ok(_) => {}
            Err(error) => self.failure = Some(error),
        }
    }

    /// Queues `bytes` of another stream, whatever the kernel takes.
    pub fn keep(&mut self, spare: &mut Spare, bytes: &[u8]) {
        let Ok(kept) = self.queue.append(spare, |queue| {
            queue.extend_from_slice(bytes);
            Ok::<(), std::convert::Infallible>(())
        });
        self.bytes_written += kept as u64;
    }

    // TLS.

    /// Has the stream change over to TLS once all that was accepted has been sent. `false` if it has done so before, or
    /// can't.
    pub fn secure(&mut self, request: Request) -> bool {
        if !matches!(self.security, Security::None) || self.kind == Kind::Pipe {
            return false;
        }
        self.security = Security::Requested(Box::new(request));
        self.state.request_secure();
        true
    }

    /// A message of the stream's handshake number `serial` has come.
    pub fn on_handshake_message(&mut self, serial: u64, message: Letter) {
        self.security.deliver(serial, message);
    }

    /// What the stream has to do with TLS.
    pub fn security(&mut self) -> &mut Security {
        &mut self.security
    }

    fn begin_handshake(&mut self, reactor: &Reactor, handshakes: &mut Handshakes) {
        let Some(fd) = &self.fd else { return };
        // The handshake watches it now.
        reactor.deregister(fd);
        // A flight that waits for the peer's acknowledgement of the one before costs the peer's delay, 40 ms and more.
        self.delays_again = self.kind.is_tcp() && options::no_delay(fd).is_ok_and(|no_delay| !no_delay);
        if self.delays_again {
            // Only a connection that has failed can refuse, and that has its own error.
            let _ = options::set_no_delay(fd, true);
        }
        self.state.begin_handshake();
        if let Err(error) = self.security.begin(self.id, fd, self.kind, handshakes) {
            self.failure = Some(error);
        }
    }

    /// The handshake has `news`; where it is over, the socket is the stream's again.
    fn handshake_news(&mut self, news: StreamEvent, reactor: &Reactor, now: Instant) -> StreamEvent {
        match news {
            StreamEvent::Secured => {
                self.state.end_handshake();
                self.note_traffic(now);
                self.watches_writable = false;
                match self.register(reactor) {
                    Ok(()) => news,
                    Err(error) => self.fail(Syscall::Secure.failed(&error)),
                }
            }
            StreamEvent::TlsFailed(_) | StreamEvent::Failed(_) => {
                self.state.fail();
                news
            }
            _ => news,
        }
    }

    /// Holds the queue to the stream's high-water mark, where that is lower than [`QUEUE_MOST`].
    pub fn limit_queue(&mut self, mark: u32) {
        self.queue_most = mark.min(QUEUE_MOST);
    }

    /// Takes a small write into the queue: `fill` appends the bytes. Takes nothing while the kernel takes nothing.
    pub fn gather<E>(
        &mut self,
        spare: &mut Spare,
        fill: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
    ) -> std::result::Result<usize, E> {
        if self.state.is_blocked() || self.state.is_securing() {
            self.state.await_room(true);
            return Ok(0);
        }
        let bytes = self.queue.append(spare, fill)?;
        self.bytes_written += bytes as u64;
        Ok(bytes)
    }

    /// Whether `more` bytes would make the queue so long that it should be sent now.
    pub fn is_queue_full(&self, more: usize) -> bool {
        self.queue.len() + more > self.queue_most as usize
    }

    /// Sends `slices` at once, behind what is queued. What the kernel does not take, the caller keeps, and is told
    /// when there is room.
    pub fn send(&mut self, reactor: &Reactor, spare: &mut Spare, slices: &[&[u8]], now: Instant) -> Result<usize> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let Some(fd) = &self.fd else { return Err(Syscall::Write.errno(libc::EBADF)) };
        if self.state.has_failed() {
            return Err(Syscall::Write.errno(libc::EPIPE));
        }
        if self.state.is_blocked() || self.state.is_securing() {
            self.state.await_room(true);
            return Ok(0);
        }
        let queued = self.queue.len();
        let total = queued + slices.iter().map(|slice| slice.len()).sum::<usize>();
        let written = match (self.security.session(), queued, slices) {
            (Some(session), ..) => session.write(fd, self.kind, self.queue.pending(), slices),
            (None, 0, [one]) => io::send(fd, self.kind, one, false),
            _ => write_all(fd, self.kind, self.queue.pending(), slices),
        }
        .map_err(|errno| error(Syscall::Write, errno))?;
        if written > 0 {
            self.note_traffic(now);
        }
        if queued > 0 {
            self.queue.consume(written.min(queued), spare);
        }
        let accepted = written.saturating_sub(queued);
        self.bytes_written += accepted as u64;
        if written > 0 {
            self.settle_delay();
        }
        if written < total {
            self.state.await_room(true);
        }
        if written < total || self.security.wants_write() {
            self.block(reactor);
        }
        Ok(accepted)
    }

    /// Sends what is queued, as far as the kernel takes it. A failure is told when the stream is served.
    pub fn flush(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant) {
        self.send_queue(reactor, spare, now, false);
    }

    fn send_queue(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant, last: bool) {
        let Some(fd) = &self.fd else { return };
        // A secure stream says that it ends.
        let has_last_word = last && matches!(self.security, Security::Secure(_));
        if !(self.is_queued() || has_last_word) || self.state.is_blocked() || self.failure.is_some() {
            return;
        }
        // What was written to a session that has failed never goes out in the clear.
        if self.state.has_failed() {
            return;
        }
        let sent = match self.security.session() {
            None => io::send(fd, self.kind, self.queue.pending(), last),
            Some(session) => session.send(fd, self.kind, self.queue.pending(), last),
        };
        match sent {
            Ok(written) => {
                if written > 0 {
                    self.note_traffic(now);
                    self.settle_delay();
                }
                self.queue.consume(written, spare);
                if self.is_queued() {
                    self.block(reactor);
                }
            }
            Err(errno) => self.failure = Some(error(Syscall::Write, errno)),
        }
    }

    /// Ends the sending side: now, or behind what is queued, and then an event says that it is done. With `closing`, the
    /// descriptor is closed next: where no other process shares it, that sends the FIN without a call of its own.
    pub fn shut_down(&mut self, reactor: &Reactor, spare: &mut Spare, now: Instant, closing: bool) -> Poll<Result<()>> {
        // Over TCP, the last bytes and the FIN go out in one segment.
        self.send_queue(reactor, spare, now, true);
        if self.failure.is_some() || self.is_queued() {
            self.state.request_shutdown();
            return Poll::Pending;
        }
        // Over TLS, the close_notify has gone with the last bytes.
        if closing && !self.shared {
            self.state.shut_down();
            return Poll::Ready(Ok(()));
        }
        let outcome = self.shut_down_now(reactor);
        if outcome.is_pending() {
            self.state.request_shutdown();
        }
        outcome
    }

    /// JavaScript wants data, or none.
    pub fn want(&mut self, wanted: bool) {
        self.state.want(wanted);
    }

    /// Closes the descriptor; with `reset`, the peer sees a reset instead of an end. What else the stream knows
    /// stays readable.
    pub fn close(&mut self, reactor: &Reactor, reset: bool) {
        self.addresses = self.addresses();
        let Some(fd) = self.fd.take() else { return };
        if reset {
            // A socket that is gone already needs no reset.
            let _ = options::reset_on_close(&fd);
        }
        if self.shared {
            reactor.deregister(&fd);
        }
        if matches!(self.security, Security::Shaking(_)) {
            // The handshake's share of the socket lives until its thread has seen that it is cancelled.
            if !reset {
                // A socket that is gone already has nothing to end.
                let _ = rustix::net::shutdown(&fd, rustix::net::Shutdown::Both);
            }
            self.security = Security::None;
        }
    }

    /// Whether the descriptor is open.
    pub fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    /// Whether connecting is not over yet.
    pub fn is_connecting(&self) -> bool {
        self.state.is_connecting()
    }

    /// The number of the descriptor while it is open.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.fd.as_ref().map(|fd| fd.as_raw_fd())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The addresses of both ends.
    pub fn addresses(&self) -> Addresses {
        let fd = self.fd.as_ref().filter(|_| self.kind.is_tcp());
        Addresses {
            local: self.addresses.local.or_else(|| fd.and_then(address::local)),
            peer: self.addresses.peer.or_else(|| fd.and_then(address::peer)),
        }
    }

    /// Bytes taken that the kernel has no room for. What is only gathered for the end of the event does not count.
    pub fn waiting_bytes(&self) -> usize {
        if self.state.is_blocked() { self.queue.len() } else { 0 }
    }

    /// See [`options::set_no_delay`]. Where there is no TCP, there is no delay. Around a handshake, what is set here
    /// counts from the first data on.
    pub fn set_no_delay(&mut self, no_delay: bool) {
        if self.delays_again || matches!(self.security, Security::Shaking(_) | Security::Over(_)) {
            self.delays_again = !no_delay && self.kind.is_tcp();
            return;
        }
        if let (true, Some(fd)) = (self.kind.is_tcp(), &self.fd) {
            // Only a connection that has failed can refuse, and that has its own error.
            let _ = options::set_no_delay(fd, no_delay);
        }
    }

    /// See [`options::set_keep_alive`]. Where there is no TCP, there are no probes.
    pub fn set_keep_alive(&self, keep_alive: Option<KeepAlive>) -> std::io::Result<()> {
        match (self.kind.is_tcp(), &self.fd) {
            (true, Some(fd)) => options::set_keep_alive(fd, keep_alive),
            _ => Ok(()),
        }
    }

    /// See [`options::set_type_of_service`]. Where there is no TCP, there is none to set.
    pub fn set_type_of_service(&self, value: u32) -> std::io::Result<()> {
        match (self.kind.is_tcp(), &self.fd) {
            (true, Some(fd)) => options::set_type_of_service(fd, self.kind, value),
            _ => Ok(()),
        }
    }

    /// See [`options::type_of_service`]. `None` where there is no TCP, or no descriptor any more.
    pub fn type_of_service(&self) -> Option<std::io::Result<u32>> {
        let fd = self.fd.as_ref().filter(|_| self.kind.is_tcp())?;
        Some(options::type_of_service(fd, self.kind))
    }

    /// Bytes received, for JavaScript or for another stream.
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// Bytes taken for sending.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// Notes the time of traffic from now on, or no longer.
    pub fn track_traffic(&mut self, since: Option<Instant>) {
        self.last_traffic = since;
    }

    /// The last traffic since it has been tracked.
    pub fn last_traffic(&self) -> Option<Instant> {
        self.last_traffic
    }

    /// The first data behind the handshake has been sent: Nagle's algorithm is as the application wants it.
    fn settle_delay(&mut self) {
        if self.delays_again && matches!(self.security, Security::Secure(_)) && !self.security.wants_write() {
            self.delays_again = false;
            self.set_no_delay(false);
        }
    }

    fn note_traffic(&mut self, now: Instant) {
        if self.last_traffic.is_some() {
            self.last_traffic = Some(now);
        }
    }

    fn block(&mut self, reactor: &Reactor) {
        self.state.block();
        if self.watches_writable {
            return;
        }
        if let Some(fd) = &self.fd {
            match reactor.watch_writable(fd, self.id) {
                Ok(()) => self.watches_writable = true,
                Err(error) => self.failure = Some(Syscall::Write.failed(&error)),
            }
        }
    }

    /// Ends the sending side; a secure one says so first. Pending if the kernel has no room for that now.
    fn shut_down_now(&mut self, reactor: &Reactor) -> Poll<Result<()>> {
        let Some(fd) = &self.fd else { return Poll::Ready(Ok(())) };
        if self.state.has_failed() {
            return Poll::Ready(Err(Syscall::Shutdown.errno(libc::EPIPE)));
        }
        if let Some(session) = self.security.session() {
            match session.send(fd, self.kind, &[], true) {
                Ok(_) if session.wants_write() => {
                    self.block(reactor);
                    return Poll::Pending;
                }
                Ok(_) => {}
                Err(errno) => {
                    self.state.shut_down();
                    return Poll::Ready(Err(error(Syscall::Write, errno)));
                }
            }
        }
        self.state.shut_down();
        if self.kind == Kind::Pipe {
            // A pipe has no sending side to end but the whole: closing it is the end.
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(match io::shut_down(fd) {
            // The peer is gone: receiving says how.
            Ok(()) | Err(Errno::NOTCONN) => Ok(()),
            Err(errno) => Err(error(Syscall::Shutdown, errno)),
        })
    }

    fn fail(&mut self, error: Error) -> StreamEvent {
        self.state.fail();
        StreamEvent::Failed(error)
    }
}

/// A fault that tests set off, to see that a panic stays with the stream that it belongs to.
#[cfg(feature = "fault-injection")]
mod fault {
    use std::mem::MaybeUninit;

    const TRIGGER: &[u8] = b"rust-net: panic, please";

    /// Panics if `bytes`, which are initialized, are the trigger.
    pub fn trip(bytes: &[MaybeUninit<u8>]) {
        let same = bytes.len() == TRIGGER.len()
            // SAFETY: the caller has just read them.
            && bytes.iter().zip(TRIGGER).all(|(byte, expected)| unsafe { byte.assume_init() } == *expected);
        assert!(!same, "set off by a test");
    }
}

/// `writev` takes no more slices than this.
const VECTORS_MOST: usize = 1024;

/// Writes `queue` and `slices` in as many calls as it takes, until the kernel takes less than it is offered.
fn write_all(fd: &OwnedFd, kind: Kind, queue: &[u8], slices: &[&[u8]]) -> std::result::Result<usize, Errno> {
    let all = std::iter::once(queue).chain(slices.iter().copied());
    let parts: Vec<IoSlice<'_>> = all.filter(|part| !part.is_empty()).map(IoSlice::new).collect();
    let mut written = 0;
    for window in parts.chunks(VECTORS_MOST) {
        let offered: usize = window.iter().map(|part| part.len()).sum();
        let taken = io::write(fd, kind, window)?;
        written += taken;
        if taken < offered {
            break;
        }
    }
    Ok(written)
}

/// The outcome of connecting, once there is one.
fn connect_outcome(fd: &OwnedFd) -> Option<Result<()>> {
    let socket = SockRef::from(fd);
    match planned::at("getsockopt").and_then(|()| socket.take_error()) {
        Ok(Some(error)) | Err(error) => return Some(Err(Syscall::Connect.failed(&error))),
        Ok(None) => {}
    }
    match planned::at("getpeername").and_then(|()| socket.peer_addr()) {
        Ok(_) => Some(Ok(())),
        // News from before: the attempt goes on.
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => None,
        Err(error) => Some(Err(Syscall::Connect.failed(&error))),
    }
}

fn error(syscall: Syscall, errno: Errno) -> Error {
    syscall.errno(errno.raw_os_error())
}
