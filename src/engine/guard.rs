//! Limits of connections that are streams: how many there are from an address, when their handshakes begin, and whether
//! they are idle, slow or old. A stream that a limit applies to has a [`Guard`], from when it is accepted until it is closed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Engine, Event};
use crate::limits::addresses::Origin;
use crate::limits::handshakes::Admission;
use crate::limits::line::Place;
use crate::limits::pace::Pace;
use crate::limits::refusals::Refusal;
use crate::limits::{Gate, Limits};
use crate::reactor::Id;

/// What is kept of a stream for its limits.
pub struct Guard {
    gate: Rc<RefCell<Gate>>,
    /// Where it is counted.
    origin: Option<Origin>,
    since: Instant,
    /// JavaScript restarted the idle time at the first; the last real traffic was at the second, and limits count from it.
    restarted: Option<(Instant, Instant)>,
    handshake: HandshakeAdmission,
    /// Where its bytes are measured.
    pace: Option<Box<Pace>>,
}

/// How far the handshake of a stream has got, as far as it is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandshakeAdmission {
    None,
    Waiting(Place),
    UnderWay,
}

impl Engine {
    /// Sets what the connections of listener `id` may do, those of `streams` among them, which it has accepted before.
    pub fn set_limits(&mut self, id: Id, limits: Limits, streams: &[Id]) {
        let Some(listener) = self.listener(id) else { return };
        let gate = listener.open_gate().clone();
        gate.borrow_mut().limits = limits;
        for stream in streams {
            self.guard(id, *stream);
        }
        let guarded: Vec<Id> =
            self.guards.iter().filter(|(_, guard)| Rc::ptr_eq(&guard.gate, &gate)).map(|(id, _)| *id).collect();
        for stream in guarded {
            self.measure(stream);
        }
        self.begin_handshakes(&gate);
        self.ask_for_timer(id);
        self.enqueue(id);
    }

    /// Stream `id`, which `listener` has accepted, is held to its limits, if there are any.
    pub(super) fn guard(&mut self, listener: Id, id: Id) {
        let Some(gate) = self.listener(listener).and_then(|listener| listener.gate().cloned()) else { return };
        if !gate.borrow().limits.has_any() || self.guards.contains_key(&id) {
            return;
        }
        let since = self.now();
        let Some(stream) = self.stream(id).filter(|stream| stream.is_open()) else { return };
        let origin = stream.peer().map(|peer| Origin::from(peer.ip()));
        if stream.last_traffic().is_none() {
            stream.track_traffic(since);
        }
        if let Some(origin) = origin {
            gate.borrow_mut().addresses.add(origin);
        }
        self.guards.insert(
            id,
            Guard { gate, origin, since, restarted: None, handshake: HandshakeAdmission::None, pace: None },
        );
        self.measure(id);
    }

    /// Stream `id` is closed, or leaves: no limit applies to it any more.
    pub(super) fn unguard(&mut self, id: Id) {
        let Some(guard) = self.guards.remove(&id) else { return };
        self.clock.cancel(id);
        if let Some(origin) = guard.origin {
            guard.gate.borrow_mut().addresses.remove(origin);
        }
        self.give_up_admission(&guard.gate, guard.handshake);
    }

    /// The bytes of stream `id` do not pass here any more. What has passed before is measured no longer.
    pub(super) fn guard_lent(&mut self, id: Id) {
        if let Some(guard) = self.guards.get_mut(&id) {
            guard.pace = None;
            self.measure(id);
        }
    }

    /// JavaScript restarts the idle time of stream `id`. What limits count goes on.
    pub fn restart_idle_time(&mut self, id: Id) {
        let now = self.now();
        let Some(stream) = self.slots.stream(id) else { return };
        stream.sample_counters(now);
        if let Some(guard) = self.guards.get_mut(&id) {
            let before = stream.last_traffic().unwrap_or(guard.since);
            guard.restarted = Some((now, guard.last_traffic(before)));
        }
        stream.track_traffic(now);
    }

    /// How long nothing has passed on stream `id`, as far as the time of its traffic is noted.
    pub fn idle(&mut self, id: Id) -> Duration {
        let now = self.now();
        let Some(stream) = self.slots.stream(id) else { return Duration::ZERO };
        stream.sample_counters(now);
        stream.last_traffic().map_or(Duration::ZERO, |last| now.saturating_duration_since(last))
    }

    // Time.

    /// The timer has fired: looks at what is due. Returns when the next timer is to fire, if there is something left.
    pub fn run_clock(&mut self) -> Option<Duration> {
        let now = self.now();
        while let Some(id) = self.clock.pop(now) {
            if self.listener(id).is_some() {
                self.report_rest(id, now);
            } else if self.guards.contains_key(&id) {
                self.look_at(id, now);
            } else {
                self.expire_arrival(id);
            }
        }
        // From here on only: what has been scheduled meanwhile needs no timer of its own.
        self.clock.stop_timer();
        self.clock.start_timer(now)
    }

    /// Has source `id` looked at at `time`.
    pub(super) fn schedule(&mut self, id: Id, time: Instant) {
        self.clock.schedule(id, time);
        self.ask_for_timer(id);
    }

    fn ask_for_timer(&mut self, id: Id) {
        if let Some(time) = self.clock.start_timer(self.now()) {
            self.pending.push_back(Event::Timer(id, time));
            self.enqueue(id);
        }
    }

    /// Begins to measure stream `id`, if that is to be measured, and has it looked at when it is due.
    fn measure(&mut self, id: Id) {
        let now = self.now();
        let (Some(guard), Some(stream)) = (self.guards.get_mut(&id), self.slots.stream(id)) else { return };
        let is_measured = guard.gate.borrow().limits.min_rate > 0;
        if !is_measured {
            guard.pace = None;
            stream.measure(false, now);
        } else if guard.pace.is_none() {
            stream.measure(true, now);
            guard.pace = Some(Box::new(Pace::new(stream.sample(now))));
        }
        self.look_later(id, now);
    }

    /// Stream `id` is due: ends it if it is idle, slow or old.
    fn look_at(&mut self, id: Id, now: Instant) {
        let (Some(guard), Some(stream)) = (self.guards.get_mut(&id), self.slots.stream(id)) else { return };
        let limits = guard.gate.borrow().limits.clone();
        stream.sample_counters(now);
        let is_seen = stream.has_observable_traffic();
        let last = guard.last_traffic(stream.last_traffic().unwrap_or(guard.since));
        let is_over = |since: Instant, span: Option<Duration>| span.is_some_and(|span| since + span <= now);
        let mut refusal = None;
        if let Some(pace) = guard.pace.as_mut().filter(|pace| is_seen && pace.due_at(limits.rate_span) <= now) {
            let is_slow = pace.is_slow(limits.min_rate, limits.rate_span, stream.sample(now));
            refusal = is_slow.then_some(Refusal::Slow);
            stream.offer_again();
        }
        if is_seen && guard.counts_idle_time() && is_over(last, limits.idle) {
            refusal = Some(Refusal::Idle);
        }
        if is_over(guard.since, limits.lifetime) {
            refusal = Some(Refusal::Old);
        }
        let gate = Rc::clone(&guard.gate);
        match refusal {
            Some(refusal) => self.end_by_limit(id, refusal),
            None => self.look_later(id, now),
        }
        self.reschedule(id);
        self.begin_handshakes(&gate);
    }

    /// Has stream `id` looked at when it may be idle, slow or old.
    fn look_later(&mut self, id: Id, now: Instant) {
        let (Some(guard), Some(stream)) = (self.guards.get(&id), self.slots.stream(id)) else { return };
        let gate = guard.gate.borrow();
        let limits = &gate.limits;
        let last = guard.last_traffic(stream.last_traffic().unwrap_or(guard.since));
        let is_seen = stream.has_observable_traffic();
        let idle_since = if guard.counts_idle_time() { last } else { now };
        let times = [
            limits.idle.filter(|_| is_seen).map(|span| idle_since + span),
            limits.lifetime.map(|span| guard.since + span),
            guard.pace.as_ref().filter(|_| is_seen).map(|pace| pace.due_at(limits.rate_span)),
            gate.handshakes.next_at(limits, now).filter(|(first, _)| *first == id).map(|(_, time)| time),
        ];
        let next = times.into_iter().flatten().min();
        drop(gate);
        match next {
            Some(time) => self.schedule(id, time),
            None => self.clock.cancel(id),
        }
    }

    /// A limit ends stream `id`.
    fn end_by_limit(&mut self, id: Id, refusal: Refusal) {
        let Some(guard) = self.guards.get(&id) else { return };
        let listener = guard.gate.borrow().listener;
        // A connection that had its time ends as others do; one that takes more than its share is not worth waiting for.
        let resets = !matches!(refusal, Refusal::Idle | Refusal::Old);
        let Some(stream) = self.slots.stream(id) else { return };
        if !stream.limit(resets) {
            return;
        }
        let addresses = stream.addresses();
        self.reschedule(id);
        let Some(listener) = listener else { return self.note_refused(id, refusal) };
        let event = self.refuse(listener, refusal, || addresses);
        self.pending.extend(event);
        self.enqueue(listener);
    }

    // Handshakes.

    /// A handshake of stream `id` has been asked for: it begins, waits or does not take place.
    pub(super) fn admit_handshake(&mut self, id: Id) {
        let now = self.now();
        let Some(guard) = self.guards.get_mut(&id) else { return };
        let mut gate = guard.gate.borrow_mut();
        let Gate { limits, handshakes, .. } = &mut *gate;
        if !limits.limits_handshakes() {
            return;
        }
        let admission = handshakes.admit(id, limits, now);
        drop(gate);
        match admission {
            Admission::Begins => guard.handshake = HandshakeAdmission::UnderWay,
            Admission::Waits(place) => {
                guard.handshake = HandshakeAdmission::Waiting(place);
                if let Some(stream) = self.slots.stream(id) {
                    stream.hold_handshake(true);
                }
                self.look_later(id, now);
            }
            Admission::Refused(refusal) => self.end_by_limit(id, refusal),
        }
    }

    /// The handshake of stream `id` is over.
    pub(super) fn conclude_handshake(&mut self, id: Id) {
        let Some(guard) = self.guards.get_mut(&id) else { return };
        let admission = std::mem::replace(&mut guard.handshake, HandshakeAdmission::None);
        let gate = Rc::clone(&guard.gate);
        self.give_up_admission(&gate, admission);
    }

    fn give_up_admission(&mut self, gate: &Rc<RefCell<Gate>>, admission: HandshakeAdmission) {
        match admission {
            HandshakeAdmission::None => return,
            HandshakeAdmission::Waiting(place) => gate.borrow_mut().handshakes.leave(place),
            HandshakeAdmission::UnderWay => gate.borrow_mut().handshakes.end(),
        }
        self.begin_handshakes(gate);
    }

    /// Begins those that wait, as far as they may.
    fn begin_handshakes(&mut self, gate: &Rc<RefCell<Gate>>) {
        let now = self.now();
        loop {
            let mut open = gate.borrow_mut();
            let Gate { limits, handshakes, .. } = &mut *open;
            let Some(id) = handshakes.next(limits, now) else { break };
            drop(open);
            if let (Some(guard), Some(stream)) = (self.guards.get_mut(&id), self.slots.stream(id)) {
                guard.handshake = HandshakeAdmission::UnderWay;
                stream.hold_handshake(false);
                // The time that it had to wait here is not its own.
                guard.restarted = None;
                stream.track_traffic(now);
            }
            self.reschedule(id);
            self.look_later(id, now);
        }
        let gate = gate.borrow();
        let next = gate.handshakes.next_at(&gate.limits, now);
        drop(gate);
        if let Some((id, _)) = next {
            self.look_later(id, now);
        }
    }
}

impl Guard {
    /// The last traffic of the stream, for which it says `noted`.
    fn last_traffic(&self, noted: Instant) -> Instant {
        match self.restarted {
            Some((restarted, before)) if restarted == noted => before,
            _ => noted,
        }
    }

    /// Whether nothing happens because of the peer, and not because a handshake has to wait here.
    fn counts_idle_time(&self) -> bool {
        !matches!(self.handshake, HandshakeAdmission::Waiting(_))
    }
}
