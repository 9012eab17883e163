//! What has been counted of an engine and of a server: what is over is in their tallies, and what goes on is asked of the
//! streams. That takes a look at each of them; nothing is counted for each chunk.

use super::slot::{Outlet, Slot, Source};
use super::{Engine, PipeTotals};
use crate::error::Error;
use crate::limits::refusals::Refusal;
use crate::reactor::Id;
use crate::statistics::{HandshakeEnd, Histogram, Origins, ServerTally, Tally, Traffic};
use crate::stream::{Stream, StreamEvent};

/// What an engine counts.
#[derive(Default)]
pub struct Statistics {
    /// Connections and handshakes, of servers and all others.
    pub tally: Tally,
    /// Connections that no server has accepted.
    pub origins: Origins,
    /// How long each turn took, in microseconds.
    pub turn_times: Histogram,
    /// How many events each turn had.
    pub turn_events: Histogram,
}

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Current {
    /// Sockets that listen.
    pub listeners: u64,
    /// Connections that are open.
    pub open: u64,
    /// Attempts to connect.
    pub connecting: u64,
    /// Handshakes that are under way.
    pub handshaking: u64,
    /// Handshakes that wait to be begun.
    pub waiting: u64,
    /// Streams that are piped to another one.
    pub piping: u64,
    /// Streams whose data is dropped.
    pub discarding: u64,
    /// The bytes of all streams that are there.
    pub traffic: Traffic,
    /// Bytes that wait to be sent.
    pub queued: u64,
    /// The memory that they wait in.
    pub queues: u64,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// The table of sources.
    pub table: usize,
    /// What is kept for queues.
    pub spare: usize,
    /// What is received into.
    pub receiving: usize,
    /// What pipes share.
    pub pipes: usize,
    /// What TLS sessions share.
    pub records: usize,
}

impl Engine {
    /// What has been counted.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// What goes on, of the connections of one server, or of all.
    pub fn current(&self, server: Option<&ServerTally>) -> Current {
        let mut current = Current::default();
        for slot in self.slots.iter().filter(|slot| server.is_none_or(|tally| slot.is_of(tally))) {
            current.add(slot);
        }
        current
    }

    /// The bytes that all pipes have moved.
    pub fn moved(&self) -> PipeTotals {
        self.pipes.totals()
    }

    /// The memory of the engine itself.
    pub fn memory_use(&self) -> MemoryUse {
        let shared = &self.shared;
        MemoryUse {
            table: self.slots.size(),
            spare: shared.spare.size(),
            receiving: shared.incoming.size() + shared.bulk.size(),
            pipes: self.pipes.size(),
            records: shared.ciphertext.capacity(),
        }
    }

    /// Listener `id` counts for `server` from now on, and so does what it accepts.
    pub fn count_for(&mut self, id: Id, server: ServerTally) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.server = Some(server);
        }
    }

    /// Stream `id`, which a server has accepted, is refused by JavaScript, and released next.
    pub fn note_dropped(&mut self, id: Id, reason: String) {
        if let Some(slot) = self.slots.get_mut(id) {
            note(&mut self.statistics, slot.server.as_ref(), |tally| {
                tally.refused += 1;
                tally.dropped.add(reason.clone().into());
            });
        }
    }

    // Where something comes, ends or goes.

    /// Stream `id` was accepted by listener `listener`.
    pub(super) fn note_accepted(&mut self, listener: Id, id: Id) {
        let server = self.slots.get_mut(listener).and_then(|slot| slot.server.clone());
        note(&mut self.statistics, server.as_ref(), |tally| tally.accepted += 1);
        if let Some(slot) = self.slots.get_mut(id) {
            slot.server = server;
        }
    }

    /// An attempt to connect has begun, or has failed at once.
    pub(super) fn note_attempt<T, E>(
        &mut self,
        attempt: std::result::Result<T, E>,
        error: impl Fn(&E) -> &Error,
    ) -> std::result::Result<T, E> {
        attempt.inspect_err(|failure| self.statistics.origins.failed.add(error(failure).errno))
    }

    /// Stream `id` was made of a descriptor, which `server` has accepted in another process, if there is one.
    pub(super) fn note_adopted(&mut self, id: Id, server: Option<ServerTally>) {
        if server.is_none() {
            self.statistics.origins.adopted += 1;
            return;
        }
        note(&mut self.statistics, server.as_ref(), |tally| tally.accepted += 1);
        if let Some(slot) = self.slots.get_mut(id) {
            slot.server = server;
        }
    }

    /// Listener `id` has refused a connection, or stream `id` is ended by a limit.
    pub(super) fn note_refused(&mut self, id: Id, refusal: Refusal) {
        let server = self.slots.get_mut(id).and_then(|slot| slot.server.as_ref());
        note(&mut self.statistics, server, |tally| tally.dropped.add(refusal.name().into()));
    }
}

impl Statistics {
    /// Serving a stream that `server` has accepted, if one has, has found `event`: maybe the outcome of an attempt to
    /// connect, or the `end` of a handshake.
    pub(super) fn note_served(&mut self, server: Option<&ServerTally>, event: &StreamEvent, end: Option<HandshakeEnd>) {
        match event {
            StreamEvent::Connected(Ok(())) => self.origins.connected += 1,
            StreamEvent::Connected(Err(error)) => self.origins.failed.add(error.errno),
            _ => {}
        }
        if let Some(end) = end {
            note(self, server, |tally| tally.handshakes.add(&end));
        }
    }

    /// `stream`, which `server` has accepted, if one has, is about to be closed.
    pub(super) fn note_closing(&mut self, server: Option<&ServerTally>, stream: &mut Stream) {
        if let Some(end) = stream.end_by_closing() {
            note(self, server, |tally| tally.handshakes.add(&end));
        }
    }

    /// What is in `slot` is about to leave it.
    pub(super) fn note_gone(&mut self, slot: &Slot) {
        let traffic = slot.traffic();
        note(self, slot.server.as_ref(), |tally| tally.gone.add(traffic));
    }

    /// The stream in `slot` is about to leave for another engine.
    pub(super) fn note_detached(&mut self, slot: &Slot) {
        self.note_gone(slot);
        note(self, slot.server.as_ref(), |tally| tally.detached += 1);
    }

    /// A stream has come from another engine, with what it has moved there.
    pub(super) fn note_attached(&mut self, traffic: Traffic) {
        self.origins.attached += 1;
        self.origins.brought.add(traffic);
    }
}

/// Changes the tally of the engine, and that of the server, in the same way.
fn note(statistics: &mut Statistics, server: Option<&ServerTally>, change: impl Fn(&mut Tally)) {
    change(&mut statistics.tally);
    if let Some(server) = server {
        change(&mut server.borrow_mut());
    }
}

impl Current {
    fn add(&mut self, slot: &Slot) {
        let stream = match &slot.source {
            Source::Stream(stream) => stream,
            Source::Listener(listener) => {
                self.listeners += u64::from(listener.is_open());
                return;
            }
            Source::Arrival(_) | Source::Bound(_) | Source::Released => return,
        };
        self.traffic.add(slot.traffic());
        if !stream.is_open() {
            return;
        }
        self.open += u64::from(!stream.is_unconnected());
        self.connecting += u64::from(stream.is_connecting());
        self.handshaking += u64::from(stream.is_handshaking());
        self.waiting += u64::from(stream.is_securing() && !stream.is_handshaking());
        self.piping += u64::from(matches!(slot.outlet, Outlet::Stream(_)));
        self.discarding += u64::from(slot.outlet == Outlet::Nowhere);
        self.queued += stream.queued_bytes() as u64;
        self.queues += stream.queue_memory() as u64;
    }
}
