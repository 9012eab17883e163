//! The table of an engine's sources. A slot holds a source and what the engine keeps of it: where it stands in the
//! engine's queues, what it has used of the turn, and what it is linked to.
//!
//! Owned by the engine. Invariants: a slot is in the reactor's queue at most once and has
//! at most one pending event; an id is used again only after it was released and, within a turn, after its end.

use std::rc::Rc;

use slab::Slab;

use crate::arrival::Arrival;
use crate::bound::Bound;
use crate::listener::Listener;
use crate::reactor::{Id, Reactor, Readiness};
use crate::statistics::{ServerTally, Traffic};
use crate::stream::{Stream, StreamEvent};

/// How often a stream is served in one turn; each time it receives once at the most. More starve the others. Fewer cost
/// turns, and segments: each read opens the peer's window again, so that on one machine four uploads cost a third more
/// with 4 than with 16. Node has 32.
const READS_PER_TURN: u8 = 16;

/// How often a listener is served in one turn; each time it accepts once at the most. A connection costs JavaScript
/// some 10 µs.
const ACCEPTS_PER_TURN: u8 = 64;

/// What is served.
pub enum Source {
    /// A connection.
    Stream(Stream),
    /// A listening socket.
    Listener(Listener),
    /// An accepted connection that will be a stream.
    Arrival(Arrival),
    /// A socket that will become one of the two.
    Bound(Bound),
    /// Released in this turn; the slot is freed at its end.
    Released,
}

/// Where what a stream receives goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outlet {
    /// To JavaScript.
    #[default]
    JavaScript,
    /// To another stream.
    Stream(Id),
    /// Nowhere: nothing in JavaScript would see it.
    Nowhere,
}

/// See the module.
pub struct Slot {
    /// What is served.
    pub source: Source,
    /// In the reactor's queue, or deferred.
    queued: bool,
    /// On the list of streams to flush.
    pub dirty: bool,
    /// An event of it is pending.
    pending: bool,
    /// Watching it may keep the environment's loop alive: JavaScript has not called `unref()`.
    referenced: bool,
    /// The reactor counts it among the sources that keep the loop alive.
    keeps_loop_alive: bool,
    /// How often it has been served in turn number `turn`.
    quota_used: u8,
    turn: u32,
    /// Bytes of the pending event. They stay here if it is never delivered.
    undelivered: u32,
    /// Where what it receives goes.
    pub outlet: Outlet,
    /// The stream that feeds it.
    pub fed_by: Option<Id>,
    /// The tally of its server: a listener's own, or that of the listener that has accepted the stream.
    pub server: Option<ServerTally>,
}

// Each idle connection has one of these, and little else.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Slot>() <= 240);

impl Slot {
    fn new(source: Source) -> Self {
        Self {
            source,
            queued: false,
            dirty: false,
            pending: false,
            referenced: true,
            keeps_loop_alive: false,
            quota_used: 0,
            turn: 0,
            undelivered: 0,
            outlet: Outlet::JavaScript,
            fed_by: None,
            server: None,
        }
    }

    /// The stream in it, if there is one.
    pub fn stream(&mut self) -> Option<&mut Stream> {
        match &mut self.source {
            Source::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    // Service.

    /// Whether it has used up its quota of turn number `turn`.
    pub fn has_used_quota(&self, turn: u32) -> bool {
        let most = if matches!(self.source, Source::Listener(_)) { ACCEPTS_PER_TURN } else { READS_PER_TURN };
        self.turn == turn && self.quota_used >= most
    }

    /// It is served now, in turn number `turn`, and no longer queued.
    pub fn take_quota(&mut self, turn: u32) {
        self.queued = false;
        if self.turn != turn {
            self.turn = turn;
            self.quota_used = 0;
        }
        self.quota_used += 1;
    }

    /// It is not served again in this turn.
    pub fn use_up_quota(&mut self) {
        self.quota_used = u8::MAX;
    }

    /// Defers it to the next turn.
    pub fn defer(&mut self, id: Id, reactor: &mut Reactor) {
        self.queued = true;
        reactor.defer(id);
    }

    /// Whether serving it would receive for JavaScript and do nothing else, of a size that leaves room for more.
    pub fn can_receive_ahead(&self, turn: u32) -> bool {
        let Source::Stream(stream) = &self.source else { return false };
        stream.receives_next()
            && !stream.is_bulky()
            && self.outlet == Outlet::JavaScript
            && !self.pending
            && !self.has_used_quota(turn)
    }

    /// The kernel reports readiness. Returns whether the slot is to be queued: something is due, and it was not queued
    /// yet.
    pub fn on_readiness(&mut self, readiness: Readiness) -> bool {
        match &mut self.source {
            Source::Stream(stream) => stream.on_readiness(readiness),
            Source::Listener(listener) => listener.on_readiness(readiness),
            Source::Arrival(arrival) => arrival.on_readiness(readiness),
            Source::Bound(_) | Source::Released => {}
        }
        self.is_due() && !std::mem::replace(&mut self.queued, true)
    }

    /// Its state may have changed: queues it if something is due, and counts whether it keeps the loop alive.
    pub fn reschedule(&mut self, id: Id, reactor: &mut Reactor) {
        self.update_liveness(reactor);
        if !self.queued && self.is_due() {
            self.queued = true;
            reactor.enqueue(id);
        }
    }

    /// Queues it, whether anything is due or not.
    pub fn enqueue(&mut self, id: Id, reactor: &mut Reactor) {
        if !std::mem::replace(&mut self.queued, true) {
            reactor.enqueue(id);
        }
    }

    /// Tells the reactor if the slot has begun or ceased to keep the loop alive. Queues nothing.
    pub fn update_liveness(&mut self, reactor: &mut Reactor) {
        let keeps_alive = self.keeps_alive();
        if std::mem::replace(&mut self.keeps_loop_alive, keeps_alive) != keeps_alive {
            reactor.keep_loop_alive(keeps_alive);
        }
    }

    /// Whether watching it may keep the loop alive.
    pub fn reference(&mut self, referenced: bool) {
        self.referenced = referenced;
    }

    fn is_due(&self) -> bool {
        match &self.source {
            Source::Stream(stream) => stream.is_due(),
            Source::Listener(listener) => listener.is_due(),
            Source::Arrival(arrival) => arrival.is_due(),
            Source::Bound(_) | Source::Released => false,
        }
    }

    fn keeps_alive(&self) -> bool {
        match &self.source {
            Source::Stream(stream) => stream.keeps_alive(self.referenced),
            Source::Listener(listener) => self.referenced && listener.is_open(),
            Source::Arrival(_) | Source::Bound(_) | Source::Released => false,
        }
    }

    // The pending event.

    /// `event` of its stream is pending.
    pub fn pend(&mut self, event: &StreamEvent) {
        self.pending = true;
        if let StreamEvent::Data { length, .. } | StreamEvent::Bulk { length } = event {
            self.undelivered = u32::try_from(*length).unwrap_or(u32::MAX);
        }
    }

    /// Whether an event of it is pending.
    pub fn is_pending(&self) -> bool {
        self.pending
    }

    /// Whether descriptors have come with what is pending, which is to be reported first. That is asked once.
    pub fn takes_news_of_descriptors(&mut self) -> bool {
        self.pending && self.stream().is_some_and(|stream| stream.is_open() && stream.take_news_of_descriptors())
    }

    /// Its event is delivered. Returns `false` if it must not be: the stream has been closed meanwhile.
    pub fn deliver(&mut self) -> bool {
        if !std::mem::take(&mut self.pending) || !self.stream().is_some_and(|stream| stream.is_open()) {
            return false;
        }
        self.undelivered = 0;
        true
    }

    /// Whether `server` has accepted it.
    pub fn is_of(&self, server: &ServerTally) -> bool {
        self.server.as_ref().is_some_and(|own| Rc::ptr_eq(own, server))
    }

    /// What its stream has moved.
    pub fn traffic(&self) -> Traffic {
        match &self.source {
            Source::Stream(stream) => Traffic { read: self.bytes_read(), written: stream.bytes_written() },
            _ => Traffic::default(),
        }
    }

    /// Bytes received and delivered.
    pub fn bytes_read(&self) -> u64 {
        match &self.source {
            Source::Stream(stream) => stream.bytes_received() - u64::from(self.undelivered),
            _ => 0,
        }
    }

    // Links.

    /// The stream that feeds it, if it can take more.
    pub fn ready_feeder(&self) -> Option<Id> {
        let Source::Stream(stream) = &self.source else { return None };
        self.fed_by.filter(|_| stream.takes_more())
    }
}

/// See the module.
#[derive(Default)]
pub struct Slots {
    slab: Slab<Slot>,
    released: Vec<Id>,
}

impl Slots {
    /// The slot of `id`, if that is in use.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut Slot> {
        self.slab.get_mut(id as usize)
    }

    /// The stream `id`, if that is one.
    pub fn stream(&mut self, id: Id) -> Option<&mut Stream> {
        self.get_mut(id)?.stream()
    }

    /// How many slots are in use, including those that were released in this turn.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// The slots in use.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slab.iter().map(|(_, slot)| slot)
    }

    /// The memory of the table in bytes.
    pub fn size(&self) -> usize {
        self.slab.capacity() * size_of::<Slot>()
    }

    /// The ids in use.
    pub fn ids(&self) -> Vec<Id> {
        self.slab.iter().filter_map(|(key, _)| Id::try_from(key).ok()).collect()
    }

    /// The id of the next slot.
    pub fn vacant_id(&self) -> std::io::Result<Id> {
        Id::try_from(self.slab.vacant_key()).map_err(|_| std::io::Error::from_raw_os_error(libc::EMFILE))
    }

    /// Puts `source` into the next slot, whose id was [`Self::vacant_id`].
    pub fn insert(&mut self, source: Source) -> &mut Slot {
        self.slab.vacant_entry().insert(Slot::new(source))
    }

    /// Frees the slot of a closed source: at once, or at the end of the turn that is being run.
    pub fn release(&mut self, id: Id, is_turning: bool) {
        let Some(slot) = self.get_mut(id) else { return };
        if matches!(slot.source, Source::Released) {
            return;
        }
        slot.source = Source::Released;
        slot.server = None;
        self.free(id, is_turning);
    }

    /// Frees the slot of `id`, whose source has been taken out: at once, or at the end of the turn that is being run.
    pub fn free(&mut self, id: Id, is_turning: bool) {
        if is_turning {
            self.released.push(id);
        } else {
            self.slab.remove(id as usize);
        }
    }

    /// Takes stream `id` out and frees its slot, as [`Self::release`].
    pub fn take_stream(&mut self, id: Id, reactor: &mut Reactor, is_turning: bool) -> Option<Stream> {
        let slot = self.get_mut(id)?;
        slot.stream()?;
        let Source::Stream(stream) = std::mem::replace(&mut slot.source, Source::Released) else { return None };
        slot.update_liveness(reactor);
        slot.server = None;
        self.free(id, is_turning);
        Some(stream)
    }

    /// Frees the slots that were released in the turn that has ended.
    pub fn free_released(&mut self) {
        for id in self.released.drain(..) {
            self.slab.remove(id as usize);
        }
    }
}
