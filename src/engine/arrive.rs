//! Connections between being accepted and being streams: those that a limit keeps out, and those whose listener expects a
//! PROXY header. JavaScript sees nothing of them.

use std::os::fd::RawFd;
use std::time::Instant;

use super::slot::Source;
use super::{Engine, Event};
use crate::arrival::{Arrival, Outcome, addresses_by};
use crate::error::{Result, Syscall};
use crate::limits::refusals::Refusal;
use crate::listener::Listener;
use crate::proxy::Header;
use crate::proxy::policy::Policy;
use crate::reactor::Id;
use crate::socket::{Descriptor, Kind, address, adopt, options};
use crate::stream::{Addresses, Stream};

/// What a stream has come with.
pub struct Proxied {
    /// Its header.
    pub header: Header,
    /// The ends of the connection itself: the proxy's address, and the one that it has connected to.
    pub addresses: Addresses,
}

impl Engine {
    /// Has the connections of listener `id` begin with a PROXY header.
    pub fn set_proxy(&mut self, id: Id, policy: Policy) {
        if let Some(listener) = self.listener(id) {
            listener.set_proxy(policy);
        }
    }

    /// What stands in for a listener whose connections come by [`Self::receive_connection`]. It keeps no loop alive.
    pub fn listen_remotely(&mut self) -> Result<Id> {
        let id = self.slots.vacant_id().map_err(|error| Syscall::Listen.failed(&error))?;
        self.slots.insert(Source::Listener(Listener::remote(id))).reference(false);
        Ok(id)
    }

    /// Listener `listener` gets a copy of the connection `fd`, which stays the caller's.
    pub fn receive_connection(&mut self, listener: Id, fd: RawFd) -> Result<()> {
        let (mut fd, kind) = adopt::copy_of_stream(fd)?;
        fd.own();
        let addresses = Addresses { local: None, peer: address::peer(&fd) };
        let event = self.arrive(listener, fd, kind, addresses);
        self.pending.extend(event);
        self.enqueue(listener);
        Ok(())
    }

    /// What stream `id` has come with, if it has come with a header.
    pub fn proxied(&self, id: Id) -> Option<&Proxied> {
        self.proxied.get(&id)
    }

    /// Listener `listener` has a new connection.
    pub(super) fn arrive(&mut self, listener: Id, fd: Descriptor, kind: Kind, addresses: Addresses) -> Option<Event> {
        let source = self.listener(listener)?;
        if source.proxy().is_some() {
            return self.await_header(listener, fd, kind, addresses);
        }
        let ip = addresses.peer.map(|peer| peer.ip());
        if let Some(refusal) = source.gate().and_then(|gate| gate.borrow().objection(ip)) {
            let event = self.refuse(listener, refusal, || with_local(addresses, &fd, kind));
            // One that is gone already needs no reset.
            let _ = options::reset_on_close(&fd);
            return event;
        }
        let lingers = source.lingers();
        match self.insert_stream(fd, |id, fd| Stream::open(id, fd, kind, addresses).lingering(lingers)) {
            Ok(stream) => {
                self.note_accepted(listener, stream);
                self.guard(listener, stream);
                Some(Event::Connection { listener, stream, addresses })
            }
            Err(error) => Some(self.stall(listener, &error)),
        }
    }

    fn await_header(&mut self, listener: Id, fd: Descriptor, kind: Kind, addresses: Addresses) -> Option<Event> {
        let source = self.listener(listener)?;
        let policy = source.proxy()?;
        let (timeout, most) = (policy.timeout, policy.max_waiting);
        let is_unwelcome = policy.is_required && !policy.trusts(kind, addresses.peer);
        let displaced = source.waiting().filter(|waiting| waiting.len() >= most).and_then(|waiting| waiting.first());
        let mut arrival = Arrival::new(fd, kind, addresses, listener);
        if is_unwelcome {
            return self.turn_away(arrival, Refusal::Untrusted);
        }
        let registered = self.slots.vacant_id().and_then(|id| arrival.register(id, &self.reactor).map(|()| id));
        let id = match registered {
            Ok(id) => id,
            Err(error) => return Some(self.stall(listener, &error)),
        };
        arrival.place = self.listener(listener)?.waiting_mut()?.join(id);
        self.slots.insert(Source::Arrival(arrival));
        self.schedule(id, self.now() + timeout);
        // Proxies send their header at once: what has waited longest is the least likely to be one.
        let (_, oldest) = displaced?;
        let arrival = self.take_arrival(oldest)?;
        self.slots.free(oldest, self.turn.is_running);
        self.turn_away(arrival, Refusal::Displaced)
    }

    /// Looks at what has come of arrival `id`.
    pub(super) fn serve_arrival(&mut self, id: Id) {
        let Some(Source::Arrival(arrival)) = self.slots.get_mut(id).map(|slot| &mut slot.source) else { return };
        let listener = arrival.listener;
        self.judge_arrival(id, listener);
        if self.listener(listener).is_some_and(|listener| listener.set_drains(false)) && !self.awaits_arrivals(listener)
        {
            self.pending.push_back(Event::Drained(listener));
        }
    }

    /// Whether the end of draining listener `id` has to wait for arrivals.
    pub(super) fn awaits_arrivals(&mut self, id: Id) -> bool {
        let Some(listener) = self.listener(id) else { return false };
        let awaits = listener.waiting().is_some_and(|waiting| !waiting.is_empty());
        if awaits {
            listener.set_drains(true);
        }
        awaits
    }

    fn judge_arrival(&mut self, id: Id, listener: Id) {
        let Some(Source::Listener(accepting)) = self.slots.get_mut(listener).map(|slot| &slot.source) else { return };
        let Some(policy) = accepting.proxy().cloned() else { return };
        let lingers = accepting.lingers();
        let gate = accepting.gate().cloned();
        let Some(Source::Arrival(arrival)) = self.slots.get_mut(id).map(|slot| &mut slot.source) else { return };
        let outcome = match arrival.serve(&policy, self.shared.incoming.space(usize::MAX)) {
            Outcome::Waiting => return,
            outcome => outcome,
        };
        let Some(arrival) = self.take_arrival(id) else { return };
        let header = match outcome {
            Outcome::Accepted(header) => header,
            Outcome::Refused(refusal) => {
                let own = arrival.addresses();
                return self.end_arrival(id, arrival, refusal, own);
            }
            Outcome::Gone | Outcome::Waiting => return self.slots.free(id, true),
        };
        let own = arrival.addresses();
        let addresses = addresses_by(header.as_ref(), own);
        let ip = addresses.peer.map(|peer| peer.ip());
        if let Some(refusal) = gate.and_then(|gate| gate.borrow().objection(ip)) {
            return self.end_arrival(id, arrival, refusal, addresses);
        }
        let (fd, kind, readiness) = arrival.into_parts();
        let mut stream = Stream::open(id, fd, kind, addresses).lingering(lingers);
        stream.on_readiness(readiness);
        if let Some(slot) = self.slots.get_mut(id) {
            slot.source = Source::Stream(stream);
            slot.reschedule(id, &mut self.reactor);
        }
        if let Some(header) = header {
            self.proxied.insert(id, Proxied { header, addresses: own });
        }
        self.note_accepted(listener, id);
        self.guard(listener, id);
        self.pending.push_back(Event::Connection { listener, stream: id, addresses });
    }

    /// Arrival `id`, which has been taken out of its slot, is refused. `addresses`: those of its header, if that counts.
    fn end_arrival(&mut self, id: Id, arrival: Arrival, refusal: Refusal, addresses: Addresses) {
        let event = self.refuse(arrival.listener, refusal, || addresses);
        arrival.reset();
        self.pending.extend(event);
        self.slots.free(id, true);
    }

    /// Takes arrival `id` out of its slot, which is still to be freed or filled. It waits no longer.
    fn take_arrival(&mut self, id: Id) -> Option<Arrival> {
        let slot = self.slots.get_mut(id)?;
        let Source::Arrival(_) = slot.source else { return None };
        let Source::Arrival(arrival) = std::mem::replace(&mut slot.source, Source::Released) else { return None };
        self.clock.cancel(id);
        if let Some(waiting) = self.listener(arrival.listener).and_then(Listener::waiting_mut) {
            waiting.leave(arrival.place);
        }
        Some(arrival)
    }

    /// Arrival `id` has had its time.
    pub(super) fn expire_arrival(&mut self, id: Id) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if let Source::Arrival(arrival) = &mut slot.source {
            arrival.expire();
            slot.reschedule(id, &mut self.reactor);
        }
    }

    /// Listener `id` is closed, and what it has accepted goes with it.
    pub(super) fn release_arrivals(&mut self, id: Id) {
        let Some(waiting) = self.listener(id).and_then(|listener| listener.waiting()) else { return };
        let ids: Vec<Id> = waiting.ids().collect();
        for id in ids {
            self.take_arrival(id);
            self.slots.free(id, self.turn.is_running);
        }
    }

    /// Resets `arrival`.
    fn turn_away(&mut self, arrival: Arrival, refusal: Refusal) -> Option<Event> {
        let event = self.refuse(arrival.listener, refusal, || arrival.addresses());
        arrival.reset();
        event
    }

    /// Listener `id` refuses a connection. Returns the event to report, if one is due now.
    pub(super) fn refuse(&mut self, id: Id, refusal: Refusal, addresses: impl FnOnce() -> Addresses) -> Option<Event> {
        self.note_refused(id, refusal);
        let now = self.now();
        let gate = self.listener(id)?.open_gate().clone();
        let count = gate.borrow_mut().reports.note(refusal, now);
        if count.is_none() {
            self.report_rest_later(id, now);
        }
        Some(Event::Refused { listener: id, refusal, count: count?, addresses: addresses() })
    }

    /// Reports what listener `id` has refused without a report so far, as far as that is due.
    pub(super) fn report_rest(&mut self, id: Id, now: Instant) {
        let Some(gate) = self.listener(id).and_then(|listener| listener.gate().cloned()) else { return };
        while let Ok(Some((refusal, count))) = gate.borrow_mut().reports.report_rest(now) {
            self.pending.push_back(Event::Refused { listener: id, refusal, count, addresses: Addresses::default() });
        }
        self.report_rest_later(id, now);
        self.enqueue(id);
    }

    fn report_rest_later(&mut self, id: Id, now: Instant) {
        let Some(gate) = self.listener(id).and_then(|listener| listener.gate().cloned()) else { return };
        if let Some(time) = gate.borrow().reports.report_at(now) {
            self.schedule(id, time);
        }
    }
}

/// The ends of a connection `fd`, also the one that is the same for no others.
fn with_local(addresses: Addresses, fd: &Descriptor, kind: Kind) -> Addresses {
    let local = || address::local(fd).filter(|_| kind.is_tcp());
    Addresses { local: addresses.local.or_else(local), ..addresses }
}
