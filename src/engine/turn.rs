//! A turn of the engine, from top to bottom: begin, then step by step one event each, then end.
//!
//! A step delivers what is pending before it serves the next source. Serving leaves at most one event of each stream
//! pending, and of several streams at once only where these receive small messages, one after the other.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::slot::{Outlet, Slot, Source};
use super::{BATCH, Engine, Event};
use crate::error::Syscall;
use crate::listener::ListenerEvent;
use crate::reactor::{Id, Reactor};
use crate::stream::{Addresses, Delivery, ServeOutcome, StreamEvent};

/// As long as listeners take no more time than this, what they write is sent together.
pub const GATHER_TIME: Duration = Duration::from_millis(1);

/// The turn that is being run, or was run last.
pub struct Turn {
    /// Its number.
    pub number: u32,
    /// When it began.
    pub now: Instant,
    /// When what was gathered was last sent because of [`GATHER_TIME`]; at first, when the turn began.
    pub sent: Instant,
    /// How many events it has had.
    pub events: u32,
    /// Whether it is being run.
    pub is_running: bool,
}

impl Engine {
    /// Begins a turn: takes what the kernel and handshakes report, and queues the sources that something is due for.
    pub fn begin_turn(&mut self) {
        let number = self.turn.number.wrapping_add(1);
        let now = Instant::now();
        self.turn = Turn { number, now, sent: now, events: 0, is_running: true };
        self.pipes.begin_turn();
        let slots = &mut self.slots;
        self.reactor.begin_turn(|id, readiness| slots.get_mut(id).is_some_and(|slot| slot.on_readiness(readiness)));
        self.take_messages();
    }

    /// Takes what handshakes have posted. This has to follow each poll, which uses up the wake for what was posted before.
    fn take_messages(&mut self) {
        for Delivery { id, serial, message } in self.shared.handshakes.messages() {
            if let Some(stream) = self.stream(id) {
                stream.on_handshake_message(serial, message);
                self.reschedule(id);
            }
        }
    }

    /// Serves sources until there is an event to deliver. `None`: the turn has nothing left.
    pub fn step(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next_pending() {
                self.turn.events += 1;
                return Some(event);
            }
            // All that was received has been delivered.
            self.shared.incoming.clear();
            let id = self.next_ready()?;
            self.serve(id);
            if let Some(Event::Stream(_, StreamEvent::Data { .. })) = self.pending.back() {
                self.reactor.note_message(id);
                self.receive_ahead();
            }
        }
    }

    /// Sends what was gathered.
    pub fn flush(&mut self) {
        if self.unsent.len() == 0 {
            return;
        }
        let now = self.now();
        let mut ids = self.unsent.take();
        for id in ids.drain(..) {
            let Some(slot) = self.slots.get_mut(id) else { continue };
            slot.dirty = false;
            if let Source::Stream(stream) = &mut slot.source {
                stream.flush(&self.reactor, &mut self.shared.spare, now);
            }
            slot.reschedule(id, &mut self.reactor);
        }
        self.unsent.give_back(ids);
    }

    /// Ends a turn. What was deferred, or not reached, has asked for another.
    pub fn end_turn(&mut self) {
        self.turn.is_running = false;
        let time = self.turn.now.elapsed();
        self.statistics.turn_times.record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        self.statistics.turn_events.record(self.turn.events.into());
        self.slots.free_released();
        self.reactor.end_turn();
    }

    /// Whether a turn is being run.
    pub fn is_turning(&self) -> bool {
        self.turn.is_running
    }

    /// Whether what has been gathered is to be sent between two events of a turn: it is enough, or listeners take so long
    /// that what one of them has written would have to wait for the others.
    pub fn take_flush_due(&mut self) -> bool {
        let gathered = self.unsent.len();
        if gathered >= BATCH || (self.unsent.flushes_early() && self.pending.is_empty()) {
            return true;
        }
        if gathered == 0 || !self.turn.is_running {
            return false;
        }
        let now = Instant::now();
        let is_late = now.duration_since(self.turn.sent) >= GATHER_TIME;
        if is_late {
            self.turn.sent = now;
        }
        is_late
    }

    /// The source that was served last: the one to blame if serving has panicked.
    pub fn served(&self) -> Id {
        self.served
    }

    /// The time: that of the turn, if one is being run.
    pub fn now(&self) -> Instant {
        if self.turn.is_running { self.turn.now } else { Instant::now() }
    }

    // What a step is made of.

    /// The next source to serve.
    fn next_ready(&mut self) -> Option<Id> {
        if let Some(id) = self.reactor.next_ready() {
            return Some(id);
        }
        let slots = &mut self.slots;
        if self.reactor.poll_late(|id, readiness| slots.get_mut(id).is_some_and(|slot| slot.on_readiness(readiness))) {
            self.take_messages();
        }
        self.reactor.next_ready()
    }

    /// The next event to deliver, without those of streams that have been closed meanwhile. While descriptors are
    /// reported, the data that they have come with stay pending: JavaScript may take them back, or do without.
    fn next_pending(&mut self) -> Option<Event> {
        loop {
            if let Some(Event::Stream(id, StreamEvent::Data { .. })) = self.pending.front() {
                let id = *id;
                if self.slots.get_mut(id).is_some_and(Slot::takes_news_of_descriptors) {
                    return Some(Event::Stream(id, StreamEvent::Descriptors));
                }
            }
            let event = self.pending.pop_front()?;
            let is_void = match event {
                Event::Stream(id, _) => !self.slots.get_mut(id).is_some_and(|slot| slot.deliver()),
                _ => false,
            };
            if !is_void {
                return Some(event);
            }
        }
    }

    /// Does what is due for source `id`, up to its next event.
    fn serve(&mut self, id: Id) {
        self.served = id;
        let Some(slot) = self.slots.get_mut(id) else { return };
        if slot.has_used_quota(self.turn.number) {
            return slot.defer(id, &mut self.reactor);
        }
        slot.take_quota(self.turn.number);
        match slot.source {
            Source::Stream(_) => self.serve_stream(id),
            Source::Listener(_) => self.serve_listener(id),
            Source::Arrival(_) => self.serve_arrival(id),
            Source::Bound(_) | Source::Released => {}
        }
    }

    fn serve_stream(&mut self, id: Id) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let Source::Stream(stream) = &mut slot.source else { return };
        let event = match stream.serve(&self.reactor, &mut self.shared, self.turn.now) {
            ServeOutcome::Event(event) => {
                let end = self.shared.handshakes.take_end();
                self.statistics.note_served(slot.server.as_ref(), &event, end);
                Some(event)
            }
            ServeOutcome::Receive => match slot.outlet {
                Outlet::JavaScript => stream.receive(&mut self.shared, self.turn.now),
                Outlet::Stream(target) => {
                    self.relay(id, target);
                    return self.resume_feeder(id);
                }
                Outlet::Nowhere => {
                    self.drop_next(id);
                    return self.resume_feeder(id);
                }
            },
            ServeOutcome::Nothing => None,
        };
        let ends_handshake = event.as_ref().is_some_and(StreamEvent::ends_handshake);
        conclude(slot, id, event, &mut self.reactor, &mut self.pending);
        if let Some(feeder) = slot.ready_feeder() {
            self.want(feeder, true, false);
        }
        if ends_handshake && !self.guards.is_empty() {
            self.conclude_handshake(id);
        }
    }

    fn serve_listener(&mut self, id: Id) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let Source::Listener(listener) = &mut slot.source else { return };
        let event = listener.serve();
        let local = listener.local_of_all();
        slot.reschedule(id, &mut self.reactor);
        if let Some(event) = event {
            let event = self.listener_event(id, local, event);
            self.pending.extend(event);
        }
    }

    /// Receives from the streams that are next, as long as there is nothing else to do for them. Several receives in a
    /// row, then several calls into JavaScript in a row, take less time than the two in alternation.
    fn receive_ahead(&mut self) {
        while self.pending.len() < BATCH && self.shared.incoming.has_room() {
            let Some(id) = self.reactor.peek_ready() else { return };
            let Some(slot) = self.slots.get_mut(id).filter(|slot| slot.can_receive_ahead(self.turn.number)) else {
                return;
            };
            self.served = id;
            self.reactor.next_ready();
            slot.take_quota(self.turn.number);
            let event = slot.stream().and_then(|stream| stream.receive(&mut self.shared, self.turn.now));
            conclude(slot, id, event, &mut self.reactor, &mut self.pending);
        }
    }

    /// Registers the connection that listener `id` has accepted, whose local address may be known.
    fn listener_event(&mut self, id: Id, local: Option<SocketAddr>, event: ListenerEvent) -> Option<Event> {
        Some(match event {
            ListenerEvent::Connection(fd, kind, peer) => {
                return self.arrive(id, fd.into(), kind, Addresses { local, peer });
            }
            ListenerEvent::Stalled(error) => Event::Stalled(id, error),
            ListenerEvent::Recovered => Event::Recovered(id),
            ListenerEvent::Drained if self.awaits_arrivals(id) => return None,
            ListenerEvent::Drained => Event::Drained(id),
        })
    }

    /// A connection of listener `id` could not be watched. What kept it from that would keep the next one, too.
    pub(super) fn stall(&mut self, id: Id, error: &std::io::Error) -> Event {
        if let Some(listener) = self.listener(id) {
            listener.stall();
        }
        Event::Stalled(id, Syscall::Accept.failed(error))
    }
}

/// Stream `id` has been served: its event is pending, and it is queued again if something is due.
///
/// The end comes in a later turn than the last bytes. Node's own sockets report it in a later round of the loop, and
/// programs count on it that immediates run in between. So does the last flight of a handshake: JavaScript opens the
/// stream in an immediate, and the flight goes out with what is written by then.
fn conclude(slot: &mut Slot, id: Id, event: Option<StreamEvent>, reactor: &mut Reactor, pending: &mut VecDeque<Event>) {
    let becomes_secure = matches!(event, Some(StreamEvent::Secured(_)));
    if slot.stream().is_some_and(|stream| stream.ends_next() || (becomes_secure && stream.holds_flight())) {
        slot.use_up_quota();
    }
    slot.reschedule(id, reactor);
    if let Some(event) = event {
        slot.pend(&event);
        pending.push_back(Event::Stream(id, event));
    }
}
