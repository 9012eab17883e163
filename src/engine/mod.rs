//! The engine of one environment: all its streams and listeners, and the turns in which they are served.
//!
//! It belongs to the binding, lives on the JavaScript thread and never waits. The binding runs a turn as
//! [`Engine::begin_turn`], then [`Engine::step`] until there is nothing left, passing each [`Event`] to JavaScript and
//! calling [`Engine::flush`] when [`Engine::take_flush_due`] and at the end, then [`Engine::end_turn`]. JavaScript may call
//! any other method in between.
//!
//! | file | |
//! |---|---|
//! | [`turn`] | the loop: begin, step, flush, end |
//! | [`slot`] | the table of sources, and what the engine keeps of each |
//! | [`event`] | what a step returns |
//! | [`open`] | how sources come in |
//! | [`arrive`] | connections that are refused, or wait for their PROXY header |
//! | [`guard`] | limits of connections that are streams |
//! | [`detached`] | how a stream leaves for another engine |
//! | [`send`] | writes, gathered and at once |
//! | [`statistics`] | what has been counted |
//! | [`pipe`] | what goes from one stream to another without JavaScript |
//!
//! Invariants: each source is queued at most once and has at most one pending event. Events of a stream are delivered in
//! order, and none after it was closed. An id is used again only after JavaScript has released it and the turn is over,
//! so that no event reaches another stream than its own.

mod arrive;
mod detached;
mod event;
mod guard;
mod open;
mod pipe;
mod send;
mod slot;
mod statistics;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{HashMap, VecDeque};
use std::task::Poll;
use std::time::Instant;

use self::arrive::Proxied;
pub use self::detached::{Ticket, discard};
pub use self::event::Event;
use self::guard::Guard;
pub use self::pipe::PipeTotals;
use self::pipe::Pipes;
use self::send::Unsent;
use self::slot::{Slots, Source};
pub use self::statistics::{Current, MemoryUse, Statistics};
use self::turn::Turn;
use crate::bound::Bound;
use crate::error::Result;
use crate::limits::clock::Clock;
use crate::listener::Listener;
use crate::reactor::{Id, Mailbox, Reactor, ReceiveBuffer};
use crate::socket::file::SocketFile;
use crate::socket::options::KeepAlive;
use crate::stream::{Activity, Handshakes, Shared, Stream, StreamEvent};
use crate::tls::handshake::HandshakeRequest;

/// Streams that are received from together, and flushed together. What the processor has at hand for one serves the next,
/// and each write to TCP wakes the peer, so that a few at once cost much less than one by one; but a peer that receives
/// nothing until the turn is over idles meanwhile.
const BATCH: usize = 24;

/// See the module.
pub struct Engine {
    reactor: Reactor,
    slots: Slots,
    turn: Turn,
    /// Events that were found and not delivered yet. Those of streams that have been closed since are void.
    pending: VecDeque<Event>,
    unsent: Unsent,
    /// What the streams share.
    pub shared: Shared,
    pipes: Pipes,
    /// The socket files of streams that have been bound to one before they were connected: hardly any.
    files: HashMap<Id, SocketFile>,
    /// The PROXY headers of streams that have come with one, and the addresses of the connection itself.
    proxied: HashMap<Id, Proxied>,
    /// Streams that their server's limits apply to.
    guards: HashMap<Id, Guard>,
    /// When which source is to be looked at.
    clock: Clock,
    /// Every write is sent at once: there will be no end of the event.
    is_direct: bool,
    /// The source that was served last.
    served: Id,
    statistics: Statistics,
}

impl Engine {
    /// An engine with nothing in it, which receives into `incoming`.
    pub fn new(incoming: ReceiveBuffer) -> std::io::Result<Self> {
        let reactor = Reactor::new()?;
        let now = Instant::now();
        let shared = Shared::new(Handshakes::new(Mailbox::new(reactor.waker())), incoming);
        Ok(Self {
            reactor,
            slots: Slots::default(),
            turn: Turn { number: 0, now, sent: now, events: 0, is_running: false },
            pending: VecDeque::new(),
            unsent: Unsent::default(),
            shared,
            pipes: Pipes::default(),
            files: HashMap::new(),
            proxied: HashMap::new(),
            guards: HashMap::new(),
            clock: Clock::new(Instant::now()),
            is_direct: false,
            served: 0,
            statistics: Statistics::default(),
        })
    }

    /// The reactor, whose descriptor is readable whenever a turn should be run.
    pub fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    /// Whether any source keeps the loop alive.
    pub fn is_referenced(&self) -> bool {
        self.reactor.is_loop_kept_alive()
    }

    /// How many sources there are, including those that were released in this turn.
    pub fn sources(&self) -> usize {
        self.slots.len()
    }

    // Sources.

    /// The stream `id`, if that is one.
    pub fn stream(&mut self, id: Id) -> Option<&mut Stream> {
        self.slots.stream(id)
    }

    /// The listener `id`, if that is one.
    pub fn listener(&mut self, id: Id) -> Option<&mut Listener> {
        match &mut self.slots.get_mut(id)?.source {
            Source::Listener(listener) => Some(listener),
            _ => None,
        }
    }

    /// The bound socket `id`, if that is one.
    pub fn bound(&mut self, id: Id) -> Option<&mut Bound> {
        match &mut self.slots.get_mut(id)?.source {
            Source::Bound(bound) => Some(bound),
            _ => None,
        }
    }

    /// Whether source `id` may keep the loop alive: `ref()` and `unref()`.
    pub fn reference(&mut self, id: Id, referenced: bool) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.reference(referenced);
            slot.update_liveness(&mut self.reactor);
        }
    }

    /// Closes a source. Its id, and what it knows, stay until [`Self::release`].
    pub fn close(&mut self, id: Id, reset: bool) {
        let now = self.now();
        // Before the socket: see `SocketFile`.
        if !self.files.is_empty() {
            self.files.remove(&id).inspect(SocketFile::remove);
        }
        if !self.guards.is_empty() {
            self.unguard(id);
        }
        let mut is_listener = false;
        let Some(slot) = self.slots.get_mut(id) else { return };
        match &mut slot.source {
            Source::Stream(stream) => {
                self.statistics.note_closing(slot.server.as_ref(), stream);
                stream.flush_before_close(&self.reactor, &mut self.shared.spare, now);
                stream.close(&self.reactor, reset);
            }
            Source::Listener(listener) => {
                is_listener = true;
                listener.close(&self.reactor);
            }
            Source::Bound(bound) => bound.close(),
            Source::Arrival(_) | Source::Released => {}
        }
        slot.update_liveness(&mut self.reactor);
        self.unlink(id);
        if is_listener {
            self.clock.cancel(id);
            self.release_arrivals(id);
        }
    }

    /// Closes source `id` and releases the id.
    pub fn release(&mut self, id: Id) {
        self.close(id, false);
        if !self.proxied.is_empty() {
            self.proxied.remove(&id);
        }
        if let Some(slot) = self.slots.get_mut(id) {
            self.statistics.note_gone(slot);
        }
        self.slots.release(id, self.turn.is_running);
        self.drop_pending(id);
    }

    /// Drops the events of source `id`, which has been released, and the connections among them: outside of a turn, the
    /// next source gets the id before they would be delivered.
    fn drop_pending(&mut self, id: Id) {
        if !self.pending.iter().any(|event| event.is_for(id)) {
            return;
        }
        let (dropped, kept) = std::mem::take(&mut self.pending).into_iter().partition(|event| event.is_for(id));
        self.pending = kept;
        let dropped: VecDeque<Event> = dropped;
        for event in dropped {
            if let Event::Connection { stream, .. } = event {
                self.release(stream);
            }
        }
    }

    /// Closes everything, for the end of the environment. Returns the ids that are released by it.
    pub fn close_all(&mut self) -> Vec<Id> {
        self.flush();
        let ids = self.slots.ids();
        for id in &ids {
            self.release(*id);
        }
        ids
    }

    /// The state of source `id` may have changed: it is queued if something is due.
    fn reschedule(&mut self, id: Id) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.reschedule(id, &mut self.reactor);
        }
    }

    /// Source `id` is queued, so that what is pending is delivered.
    fn enqueue(&mut self, id: Id) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.enqueue(id, &mut self.reactor);
        }
    }

    // Streams.

    /// Bytes that stream `id` has received and that were delivered.
    pub fn bytes_read(&mut self, id: Id) -> u64 {
        self.slots.get_mut(id).map_or(0, |slot| slot.bytes_read())
    }

    /// Bytes that stream `id` has taken for sending.
    pub fn bytes_written(&mut self, id: Id) -> u64 {
        self.stream(id).map_or(0, |stream| stream.bytes_written())
    }

    /// Whether stream `id` has something to do, as far as the engine knows.
    pub fn activity(&mut self, id: Id) -> Activity {
        let Some(slot) = self.slots.get_mut(id).filter(|slot| !slot.is_pending()) else { return Activity::Busy };
        slot.stream().map_or(Activity::Busy, |stream| stream.activity())
    }

    /// JavaScript wants data of stream `id`, or none; with `at_once`, however much comes in one read.
    pub fn want(&mut self, id: Id, wanted: bool, at_once: bool) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if let Some(stream) = slot.stream() {
            stream.want(wanted, at_once);
            slot.reschedule(id, &mut self.reactor);
        }
    }

    /// Whether something of stream `id` has arrived that JavaScript has not seen yet.
    pub fn has_unread(&mut self, id: Id) -> bool {
        self.slots
            .get_mut(id)
            .is_some_and(|slot| slot.is_pending() || slot.stream().is_some_and(|stream| stream.has_unread()))
    }

    /// Takes back the pending event of stream `id`, if that is data: returns where its bytes are in the receive buffer,
    /// as offset and length. A pending end is found again.
    pub fn take_back(&mut self, id: Id) -> Option<(usize, usize)> {
        let slot = self.slots.get_mut(id).filter(|slot| slot.is_pending())?;
        let place = self.pending.iter().position(|event| matches!(event, Event::Stream(of, _) if *of == id))?;
        let taken = match self.pending[place] {
            Event::Stream(_, StreamEvent::Data { offset, length }) => Some((offset, length)),
            Event::Stream(_, StreamEvent::End { .. }) => None,
            _ => return None,
        };
        self.pending.remove(place);
        slot.deliver();
        if let (None, Some(stream)) = (taken, slot.stream()) {
            stream.find_end_again();
        }
        taken
    }

    /// Ends the sending side, after all that was written. If that is pending, an event follows. `closing`: the stream is
    /// closed next, which may do it.
    pub fn shut_down(&mut self, id: Id, closing: bool) -> Poll<Result<()>> {
        let now = self.now();
        let Some(slot) = self.slots.get_mut(id) else { return Poll::Ready(Ok(())) };
        let Some(stream) = slot.stream() else { return Poll::Ready(Ok(())) };
        let outcome = stream.shut_down(&self.reactor, &mut self.shared.spare, now, closing);
        slot.reschedule(id, &mut self.reactor);
        outcome
    }

    /// Changes stream `id` over to TLS after what was written. Returns `false` if it can't.
    pub fn secure(&mut self, id: Id, request: HandshakeRequest) -> bool {
        let is_accepted = self.stream(id).is_some_and(|stream| stream.secure(request));
        if is_accepted {
            if !self.guards.is_empty() {
                self.admit_handshake(id);
            }
            self.reschedule(id);
        }
        is_accepted
    }

    // Listeners.

    /// Pauses listener `id`, or has it go on.
    pub fn pause_listener(&mut self, id: Id, paused: bool) {
        if let Some(listener) = self.listener(id) {
            listener.pause(paused);
            self.reschedule(id);
        }
    }

    /// Lets nothing new into listener `id`, and accepts all that waits; an event follows.
    pub fn drain_listener(&mut self, id: Id) {
        match self.listener(id).map(|listener| listener.is_remote()) {
            Some(false) => {
                if let Some(listener) = self.listener(id) {
                    listener.drain();
                }
                self.reschedule(id);
            }
            // What waits with another process is that one's.
            Some(true) if !self.awaits_arrivals(id) => {
                self.pending.push_back(Event::Drained(id));
                self.enqueue(id);
            }
            _ => {}
        }
    }

    /// No other owner holds the socket of listener `id` any more.
    pub fn own_listener(&mut self, id: Id) {
        if let Some(listener) = self.listener(id) {
            listener.own_alone();
        }
    }

    /// Has a stalled listener try again.
    pub fn retry_listener(&mut self, id: Id) {
        if let Some(listener) = self.listener(id) {
            listener.retry();
            self.reschedule(id);
        }
    }

    /// Sets options that what listener `id` accepts inherits. Returns `false` where nothing is inherited.
    pub fn set_inherited(&mut self, id: Id, no_delay: bool, keep_alive: Option<KeepAlive>) -> bool {
        self.listener(id).is_some_and(|listener| listener.set_inherited(no_delay, keep_alive))
    }
}
