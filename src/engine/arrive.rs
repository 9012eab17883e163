//! Connections between being accepted and being streams: those whose listener expects a PROXY header.
//!
//! JavaScript sees nothing of one until its header is whole, but for a timer: it is asked for one when an arrival waits
//! and none is running, and says when it has fired ([`Engine::time_out_arrivals`]).

use std::os::fd::RawFd;
use std::time::Duration;

use super::slot::Source;
use super::{Engine, Event};
use crate::arrival::{Arrival, Outcome, Refusal, addresses_by};
use crate::error::{Result, Syscall};
use crate::listener::Listener;
use crate::proxy::Header;
use crate::proxy::policy::Policy;
use crate::reactor::Id;
use crate::socket::{Descriptor, Kind, address, adopt};
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
    pub fn listen_remotely(&mut self, policy: Policy) -> Result<Id> {
        let id = self.slots.vacant_id().map_err(|error| Syscall::Listen.failed(&error))?;
        self.slots.insert(Source::Listener(Listener::remote(id, policy))).reference(false);
        Ok(id)
    }

    /// Listener `listener`, which expects headers, gets a copy of the connection `fd`, which stays the caller's.
    pub fn receive_connection(&mut self, listener: Id, fd: RawFd) -> Result<()> {
        let (mut fd, kind) = adopt::copy_of_stream(fd)?;
        fd.own();
        let addresses = Addresses { local: None, peer: address::peer(&fd) };
        let event = self.arrive(listener, fd, kind, addresses);
        self.pending.extend(event);
        if let Some(slot) = self.slots.get_mut(listener) {
            slot.enqueue(listener, &mut self.reactor);
        }
        Ok(())
    }

    /// What stream `id` has come with, if it has come with a header.
    pub fn proxied(&self, id: Id) -> Option<&Proxied> {
        self.proxied.get(&id)
    }

    /// Listener `listener`, which expects headers, has accepted a connection.
    pub(super) fn arrive(&mut self, listener: Id, fd: Descriptor, kind: Kind, addresses: Addresses) -> Option<Event> {
        let policy = self.listener(listener)?.proxy()?;
        let is_unwelcome = policy.is_required && !policy.trusts(kind, addresses.peer);
        let arrival = Arrival::new(fd, kind, addresses, listener, self.now());
        if is_unwelcome {
            return Some(self.refuse_arrival(arrival, Refusal::Untrusted));
        }
        let registered = self.slots.vacant_id().and_then(|id| arrival.register(id, &self.reactor));
        if let Err(error) = registered {
            return Some(self.stall(listener, &error));
        }
        self.slots.insert(Source::Arrival(arrival));
        let is_timed = self.listener(listener)?.set_timed(true);
        (!is_timed).then_some(Event::Awaiting(listener))
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
        let awaits = self.slots.arrivals(id).next().is_some();
        if awaits && let Some(listener) = self.listener(id) {
            listener.set_drains(true);
        }
        awaits
    }

    fn judge_arrival(&mut self, id: Id, listener: Id) {
        let Some(Source::Listener(accepting)) = self.slots.get_mut(listener).map(|slot| &slot.source) else { return };
        let Some(policy) = accepting.proxy().cloned() else { return };
        let lingers = accepting.lingers();
        let Some(slot) = self.slots.get_mut(id) else { return };
        let Source::Arrival(arrival) = &mut slot.source else { return };
        let header = match arrival.serve(&policy, self.shared.incoming.space(usize::MAX)) {
            Outcome::Waiting => return,
            Outcome::Gone => return self.slots.release(id, true),
            Outcome::Refused(refusal) => {
                if let Source::Arrival(arrival) = std::mem::replace(&mut slot.source, Source::Released) {
                    let event = self.refuse_arrival(arrival, refusal);
                    self.pending.push_back(event);
                }
                return self.slots.free_later(id);
            }
            Outcome::Accepted(header) => header,
        };
        let Source::Arrival(arrival) = std::mem::replace(&mut slot.source, Source::Released) else { return };
        let own = arrival.addresses();
        let addresses = addresses_by(header.as_ref(), own);
        let (fd, kind, readiness) = arrival.into_parts();
        let mut stream = Stream::open(id, fd, kind, addresses).lingering(lingers);
        stream.on_readiness(readiness);
        slot.source = Source::Stream(stream);
        slot.settle(id, &mut self.reactor);
        if let Some(header) = header {
            self.proxied.insert(id, Proxied { header, addresses: own });
        }
        self.note_accepted(listener, id);
        self.pending.push_back(Event::Connection { listener, stream: id, addresses });
    }

    /// The timer of listener `id` has fired: arrivals that have had their time are served once more, and refused if that
    /// has brought nothing. Returns when the next one is due; `None` if there is none.
    pub fn time_out_arrivals(&mut self, id: Id) -> Option<Duration> {
        let now = self.now();
        let timeout = self.listener(id)?.proxy()?.timeout;
        let mut next: Option<Duration> = None;
        for (arrival_id, slot) in self.slots.arrivals(id) {
            let Source::Arrival(arrival) = &mut slot.source else { continue };
            let left = arrival.time_left(timeout, now);
            if left.is_zero() {
                slot.settle(arrival_id, &mut self.reactor);
            } else {
                next = Some(next.map_or(left, |next| next.min(left)));
            }
        }
        self.listener(id)?.set_timed(next.is_some());
        next
    }

    /// Listener `id` is closed, and what it has accepted goes with it.
    pub(super) fn release_arrivals(&mut self, id: Id) {
        let ids: Vec<Id> = self.slots.arrivals(id).map(|(id, _)| id).collect();
        for id in ids {
            self.slots.release(id, self.turn.is_running);
        }
    }

    /// Resets `arrival`.
    fn refuse_arrival(&mut self, arrival: Arrival, refusal: Refusal) -> Event {
        let (listener, addresses) = (arrival.listener, arrival.addresses());
        arrival.reset();
        self.note_refused(listener, refusal);
        Event::Refused { listener, refusal, addresses }
    }
}
