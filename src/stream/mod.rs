//! One stream of the engine: its descriptor, what is due for it, and the driver that moves its bytes.
//!
//! Owned by a slot of the engine, used on the thread of its environment. It makes system calls and never waits.
//!
//! | file | |
//! |---|---|
//! | [`state`], [`tls_state`], [`queue`] | pure: what is due; how far TLS has got; bytes that wait to be sent |
//! | [`activity`], [`traffic`] | pure: whose turn it is; when bytes have passed, and how many |
//! | [`serve`] | does what is due |
//! | [`receive`], [`send`] | bytes in, bytes out |
//! | [`security`] | the handshake, and what is known of the peer |
//! | [`descriptors`] | descriptors that pass with the bytes |
//! | [`options`] | socket options |
//! | [`event`], [`shared`] | what a stream reports; what streams share |
//!
//! Invariants: what was accepted for sending goes out in order, and before the end of the sending side. After an end or a
//! failure nothing more is received. A descriptor is closed once.

mod activity;
mod descriptors;
mod event;
mod options;
pub(crate) mod queue;
mod receive;
mod security;
mod send;
mod serve;
mod shared;
pub(crate) mod state;
pub(crate) mod tls_state;
mod traffic;

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Instant;

pub use self::activity::Activity;
use self::activity::Exchange;
use self::descriptors::Descriptors;
pub use self::event::{Agreed, ReadOutcome, ServeOutcome, StreamEvent};
use self::queue::Queue;
pub use self::receive::MIN_BULK;
pub use self::security::{Delivery, Handshakes, Secure, Security};
pub use self::send::{MAX_GATHER, MAX_QUEUE};
pub use self::shared::Shared;
use self::state::{Due, State};
use self::traffic::Traffic;
use crate::limits::pace::Sample;
use crate::reactor::{Id, Reactor, Readiness};
use crate::socket::counters::{self, Counters};
use crate::socket::{Descriptor, Kind, address, io};
use crate::tls::provider::forget_expanded_keys;
use crate::tls::session::Passed;

/// The addresses of both ends, where they are known and have one.
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
    /// `None` once closed. The rest stays readable until JavaScript releases the stream. Shared with the handshake while
    /// there is one.
    fd: Option<Arc<Descriptor>>,
    kind: Kind,
    /// Another owner may hold the same socket, so that closing our descriptor does not end the kernel's watching.
    shared: bool,
    /// Another owner has the connection: what happens on it does not pass here.
    is_lent: bool,
    /// `SO_LINGER` may be set, so that closing sends no FIN.
    may_linger: bool,
    state: State,
    queue: Queue,
    security: Security,
    watches_writable: bool,
    /// The last read was large, and the next one may be.
    bulky: bool,
    /// One read may take more than [`MAX_READ`](crate::reactor::receive_buffer::MAX_READ): what Duplex has no room for does
    /// not wait there.
    takes_large: bool,
    /// Nagle's algorithm is off for the handshake, and back on after the first data.
    nagle_suspended: bool,
    /// The attempt to connect has failed.
    never_connected: bool,
    max_queue: u32,
    addresses: Addresses,
    /// What a timeout or a limit asks for.
    traffic: Traffic,
    bytes_received: u64,
    bytes_written: u64,
    exchange: Exchange,
    /// Once descriptors are to pass.
    descriptors: Option<Box<Descriptors>>,
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

    /// `SO_LINGER` may be set on its socket.
    pub fn lingering(self, may_linger: bool) -> Self {
        Self { may_linger, ..self }
    }

    /// So many bytes have been sent by way of connecting.
    pub fn having_sent(self, count: usize) -> Self {
        Self { bytes_written: count as u64, ..self }
    }

    /// A stream over a descriptor that another process may share.
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
            is_lent: false,
            may_linger: false,
            state,
            queue: Queue::default(),
            security: Security::default(),
            watches_writable: false,
            bulky: false,
            takes_large: false,
            nagle_suspended: false,
            never_connected: false,
            max_queue: MAX_QUEUE,
            addresses: Addresses { local: None, peer },
            traffic: Traffic::default(),
            bytes_received: 0,
            bytes_written: 0,
            exchange: Exchange::default(),
            descriptors: None,
        }
    }

    /// Has the reactor watch the descriptor.
    pub fn register(&self, reactor: &Reactor) -> std::io::Result<()> {
        match &self.fd {
            Some(fd) => reactor.register(fd, self.id, self.watches_writable),
            None => Ok(()),
        }
    }

    /// Owns an adopted descriptor from now on: everything that could fail has succeeded.
    pub fn own(&mut self) {
        // No handshake has a share of it yet.
        if let Some(fd) = self.fd.as_mut().and_then(Arc::get_mut) {
            fd.own();
        }
    }

    /// A copy of the descriptor, `None` once it is closed.
    pub fn lend(&mut self) -> Option<std::io::Result<OwnedFd>> {
        self.shared = true;
        self.fd.as_ref().map(|fd| fd.try_clone())
    }

    /// What happens on the connection is for the owner of a copy of the descriptor from now on.
    pub fn leave_to_copy(&mut self, reactor: &Reactor) {
        self.unwatch(reactor);
        self.is_lent = true;
    }

    fn unwatch(&self, reactor: &Reactor) {
        if let Some(fd) = &self.fd {
            reactor.deregister(fd);
        }
    }

    /// Whether it can go on in another engine: it is connected, no handshake is under way, and nothing has failed.
    pub fn is_movable(&self) -> bool {
        self.fd.is_some() && self.state.is_connected() && !self.security.is_changing() && !self.security.has_failed()
    }

    /// Leaves its engine, whose `reactor` watches it no longer.
    pub fn leave(&mut self, reactor: &Reactor) {
        self.unwatch(reactor);
        self.state.want(false);
        self.state.await_room(false);
        self.traffic = Traffic::Ignored;
        self.leave_descriptors();
        if self.security.is_secure() {
            forget_expanded_keys();
        }
    }

    /// Enters another engine as `id`, whose `reactor` watches it from now on.
    pub fn enter(&mut self, id: Id, reactor: &Reactor) -> std::io::Result<()> {
        self.id = id;
        self.watches_writable = false;
        self.register(reactor)?;
        self.state.watch_again();
        Ok(())
    }

    /// Closes the descriptor; with `reset`, the peer sees a reset instead of an end. What else the stream knows
    /// stays readable.
    pub fn close(&mut self, reactor: &Reactor, reset: bool) {
        self.addresses = self.addresses();
        let Some(fd) = self.fd.take() else { return };
        self.descriptors = None;
        if reset {
            // A socket that is gone already needs no reset.
            let _ = crate::socket::options::reset_on_close(&fd);
        }
        if self.shared {
            reactor.deregister(&fd);
        }
        self.cancel_handshake(&fd, reset);
    }

    // What is due.

    /// The kernel reports readiness.
    pub fn on_readiness(&mut self, readiness: Readiness) {
        self.state.on_readiness(readiness);
    }

    /// Whether serving the stream would do anything.
    pub fn is_due(&self) -> bool {
        self.due() != Due::Nothing
    }

    /// Whether serving the stream would receive next.
    pub fn receives_next(&self) -> bool {
        self.due() == Due::Receive
    }

    /// Whether all bytes have been received, and the end or an error is next.
    pub fn ends_next(&self) -> bool {
        self.state.ends_next()
    }

    fn due(&self) -> Due {
        if self.fd.is_none() {
            return Due::Nothing;
        }
        let due = if self.queue.is_empty() && self.holds_flight() {
            self.state.due_before_flight(&self.security)
        } else {
            self.state.due(&self.security, self.is_queued())
        };
        match due {
            // Without the peer's next message, which can't come any more, there is no use in waiting.
            Due::BeginHandshake if self.security.is_held() && self.state.has_hung_up() => Due::ReportDisconnect,
            Due::BeginHandshake if self.security.is_held() => Due::Nothing,
            // Of what happens on an open connection, it comes first: it was received before what else there is.
            Due::Send | Due::ReportRoom | Due::Shutdown | Due::Receive | Due::Nothing if self.has_sessions() => {
                Due::ReportSession
            }
            due => due,
        }
    }

    /// Whether the stream keeps the environment's loop alive now, if watching it may do so (`referenced`).
    pub fn keeps_alive(&self, referenced: bool) -> bool {
        self.fd.is_some() && self.state.keeps_alive(&self.security, referenced, self.is_queued())
    }

    // What its server allows.

    /// A limit of its server ends it; with `reset`, the peer sees a reset. Returns `false` if it has come to another end.
    pub fn limit(&mut self, reset: bool) -> bool {
        let is_limited = self.fd.is_some() && self.state.limit();
        if let Some(fd) = self.fd.as_ref().filter(|_| is_limited && reset) {
            // A socket that is gone already needs no reset.
            let _ = crate::socket::options::reset_on_close(fd);
        }
        is_limited
    }

    /// Its server measures how its bytes come and go from now on, or no longer.
    pub fn measure(&mut self, is_measured: bool, now: Instant) {
        if self.is_lent {
            self.sample_counters(now);
        } else {
            self.traffic.measure(is_measured, now);
        }
    }

    /// Sees what has come and gone by now where its bytes do not pass here.
    pub fn sample_counters(&mut self, now: Instant) {
        if self.is_lent {
            self.traffic.look(self.kernel_counters(), now);
        }
    }

    /// Whether the kernel counts its bytes, wherever they pass.
    pub fn has_kernel_counters(&self) -> bool {
        self.kernel_counters().is_some()
    }

    fn kernel_counters(&self) -> Option<Counters> {
        let fd = self.fd.as_deref().filter(|_| self.kind.is_tcp());
        fd.and_then(counters::read)
    }

    /// Whether there is anything to see of its bytes.
    pub fn has_observable_traffic(&self) -> bool {
        !matches!(self.traffic, Traffic::Unseen)
    }

    /// How its bytes have come and gone by now, as its server measures them.
    pub fn sample(&mut self, now: Instant) -> Sample {
        if let Traffic::Lent(lent) = &self.traffic {
            return lent.sample(now);
        }
        let mut passage = self.traffic.passage();
        if self.security.is_changing() {
            passage.answer();
        }
        Sample { at: now, passage, has_paused: self.state.take_pause(), is_blocked: self.state.is_blocked() }
    }

    /// Offers the kernel what waits once more, though it has not said that there is room.
    pub fn offer_again(&mut self) {
        if self.state.is_blocked() {
            self.state.on_readiness(Readiness { readable: false, writable: true, hangup: false });
        }
    }

    // Where it stands.

    /// Whether the descriptor is open.
    pub fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    /// Whether connecting is not over yet.
    pub fn is_connecting(&self) -> bool {
        self.state.is_connecting()
    }

    /// Whether there is no connection: not yet, or because the attempt has failed.
    pub fn is_unconnected(&self) -> bool {
        self.is_connecting() || self.never_connected
    }

    /// Whether it is open in both directions, as far as it is up to us, and not in the middle of a change.
    pub fn is_settled(&self) -> bool {
        self.fd.is_some() && self.state.is_writable() && !self.security.is_changing() && !self.security.has_failed()
    }

    /// Whether it takes bytes that are passed on to it. Where JavaScript waits for room, the rest of its write comes
    /// first.
    pub fn takes_more(&self) -> bool {
        self.is_settled() && !self.state.is_blocked() && !self.state.awaits_room()
    }

    /// Whether it is receiving in bulk.
    pub fn is_bulky(&self) -> bool {
        self.bulky
    }

    // What is known of it.

    /// The number of the descriptor while it is open.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.fd.as_ref().map(|fd| fd.as_raw_fd())
    }

    /// The kind of its descriptor.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The addresses of both ends.
    pub fn addresses(&self) -> Addresses {
        let fd = self.fd.as_ref().filter(|_| self.kind.is_tcp());
        Addresses { local: self.addresses.local.or_else(|| fd.and_then(address::local)), peer: self.peer() }
    }

    /// The address of the peer.
    pub fn peer(&self) -> Option<SocketAddr> {
        let fd = self.fd.as_ref().filter(|_| self.kind.is_tcp());
        self.addresses.peer.or_else(|| fd.and_then(address::peer))
    }

    /// Whether it has something to do.
    pub fn activity(&self) -> Activity {
        let is_unread = |fd: &Arc<Descriptor>| self.kind != Kind::Pipe && io::has_unread(fd);
        if !self.is_settled() || self.is_queued() || self.fd.as_ref().is_some_and(is_unread) {
            return Activity::Busy;
        }
        if self.is_lent {
            return self.kernel_counters().map_or(Activity::Busy, activity::of_counted);
        }
        self.exchange.activity()
    }

    /// `count` bytes were taken for sending.
    fn note_written(&mut self, count: usize) {
        self.bytes_written += count as u64;
        self.exchange.wrote(count);
        if count > 0 {
            self.traffic.answer();
        }
    }

    /// Bytes received, for JavaScript or for another stream.
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// Bytes taken for sending.
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// Bytes taken that the kernel has no room for, as they are or as records. What is only gathered for the end of the
    /// event does not count.
    pub fn waiting_bytes(&self) -> usize {
        if self.state.is_blocked() { self.queue.len() + self.record_bytes() } else { 0 }
    }

    /// Bytes taken that wait to be sent.
    pub fn queued_bytes(&self) -> usize {
        self.queue.len() + if self.state.is_blocked() { self.record_bytes() } else { 0 }
    }

    /// The memory that they wait in, in bytes.
    pub fn queue_memory(&self) -> usize {
        self.queue.capacity()
    }

    /// Notes the time of traffic from now on; `since` counts as the first.
    pub fn track_traffic(&mut self, since: Instant) {
        self.traffic.track(since);
    }

    /// The last traffic since it has been tracked.
    pub fn last_traffic(&self) -> Option<Instant> {
        self.traffic.last()
    }

    /// A write of `written` bytes has been done, of which the session of a secure stream may hold some back.
    fn note_sent(&mut self, written: usize, now: Instant) {
        if self.security.session().is_some() {
            self.note_records(now);
        } else {
            self.traffic.pass(0, written as u64, now);
        }
    }

    /// Records may have passed the socket.
    fn note_records(&mut self, now: Instant) {
        if let Some(secure) = self.security.session_mut() {
            let Passed { received, sent } = secure.session.take_passed();
            self.traffic.pass(received, sent, now);
        }
    }
}
