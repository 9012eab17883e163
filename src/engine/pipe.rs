//! Pipes between two streams of an engine: what one receives, the other sends, and JavaScript sees nothing of it. Nor of
//! what the engine drops, where nothing in JavaScript would read it.
//!
//! They run in the loop, through one buffer that all pipes of an engine share, for it holds nothing between two calls:
//! what a target does not take waits in its queue, one buffer's worth at the most, and its source is not read meanwhile.
//! On threads of their own they would cost each byte two more context switches and each pipe a move of both sockets and
//! sessions there and back; see `docs/performance.md` for what that is worth.

use std::time::Instant;

use super::slot::{Outlet, Slot};
use super::{Engine, Event};
use crate::reactor::Id;
use crate::stream::{MAX_GATHER, ReadOutcome, Stream};

/// How much is received at once, at first and whenever a target has not taken all.
const MIN_RECEIVE: usize = 64 << 10;

/// How much is received at once while the targets take all. Each read wakes the peer of the source, and each write that
/// of the target.
const MAX_RECEIVE: usize = 256 << 10;

/// What all pipes move in one turn, about half a millisecond's worth: then the loop is JavaScript's again.
const MAX_MOVE: usize = 1 << 20;

/// What the pipes of an engine share.
pub struct Pipes {
    buffer: Vec<u8>,
    /// How much is received next.
    receive: usize,
    /// Bytes moved in this turn.
    moved: usize,
    /// Bytes that have been passed on, and those that were dropped.
    totals: PipeTotals,
}

/// Bytes that pipes have moved.
#[derive(Clone, Copy, Debug, Default)]
pub struct PipeTotals {
    /// To another stream.
    pub passed_on: u64,
    /// Nowhere.
    pub dropped: u64,
}

impl Default for Pipes {
    fn default() -> Self {
        Self { buffer: Vec::new(), receive: MIN_RECEIVE, moved: 0, totals: PipeTotals::default() }
    }
}

impl Pipes {
    /// A new turn has begun.
    pub fn begin_turn(&mut self) {
        self.moved = 0;
    }

    /// Bytes that have been passed on, and those that were dropped.
    pub fn totals(&self) -> PipeTotals {
        self.totals
    }

    /// The memory of the buffer in bytes.
    pub fn size(&self) -> usize {
        self.buffer.capacity()
    }

    fn have_used_quota(&self) -> bool {
        self.moved >= MAX_MOVE
    }

    /// `count` bytes have been received, and the target has taken all of them or not.
    fn adapt(&mut self, count: usize, took_all: bool) {
        if !took_all {
            self.receive = MIN_RECEIVE;
        } else if count == self.receive {
            self.receive = (2 * self.receive).min(MAX_RECEIVE);
        }
    }

    /// The buffer, with what has been there.
    fn memory(&mut self) -> &mut [u8] {
        if self.buffer.len() < self.receive {
            self.buffer.resize(self.receive, 0);
        }
        &mut self.buffer[..self.receive]
    }
}

impl Engine {
    /// Links two streams, which may be the same: from now on, what `source` receives goes to `target`. Returns `false` if
    /// one of them is not ready for that, or linked already.
    pub fn pipe(&mut self, source: Id, target: Id) -> bool {
        let is_ready = self.slots.get_mut(source).is_some_and(can_be_redirected);
        let Some(slot) = self.slots.get_mut(target).filter(|_| is_ready) else { return false };
        if slot.fed_by.is_some() || !slot.stream().is_some_and(|stream| stream.is_settled()) {
            return false;
        }
        slot.fed_by = Some(source);
        if let Some(slot) = self.slots.get_mut(source) {
            slot.outlet = Outlet::Stream(target);
        }
        self.want(source, true, false);
        true
    }

    /// Drops what stream `id` receives from now on. Returns `false` if it is not ready for that, or linked to another.
    pub fn discard(&mut self, id: Id) -> bool {
        let Some(slot) = self.slots.get_mut(id) else { return false };
        if !can_be_redirected(slot) {
            return false;
        }
        slot.outlet = Outlet::Nowhere;
        self.want(id, true, false);
        true
    }

    /// What `source` receives goes to JavaScript again, which wants it: the end of a pipe, or of dropping it.
    pub fn unpipe(&mut self, source: Id) {
        match self.slots.get_mut(source).map(|slot| std::mem::take(&mut slot.outlet)) {
            None | Some(Outlet::JavaScript) => return,
            Some(Outlet::Nowhere) => {}
            Some(Outlet::Stream(target)) => {
                if let Some(slot) = self.slots.get_mut(target) {
                    slot.fed_by = None;
                }
            }
        }
        self.want(source, true, false);
    }

    /// Ends the pipes from and to stream `id`, which has been closed. JavaScript asks again for what its source receives.
    pub(super) fn unlink(&mut self, id: Id) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let (outlet, source) = (std::mem::take(&mut slot.outlet), slot.fed_by.take());
        if let Outlet::Stream(target) = outlet
            && let Some(slot) = self.slots.get_mut(target)
        {
            slot.fed_by = None;
        }
        let Some(source) = source else { return };
        if let Some(slot) = self.slots.get_mut(source) {
            slot.outlet = Outlet::JavaScript;
        }
        self.want(source, false, false);
    }

    /// Moves what `source` receives next to `target`.
    pub(super) fn relay(&mut self, source: Id, target: Id) {
        if !self.stream(target).is_some_and(|stream| stream.takes_more()) {
            // The target resumes it. Meanwhile it may have something to send itself.
            return self.want(source, false, false);
        }
        let Some(count) = self.receive_for_pipe(source, Stream::receive_into) else { return };
        if count > 0 {
            self.pipes.totals.passed_on += count as u64;
            self.pass_on(target, count);
        }
        self.reschedule(source);
    }

    /// Drops what stream `id` receives next. It counts as moved: that of TLS is opened all the same.
    pub(super) fn drop_next(&mut self, id: Id) {
        let Some(count) = self.receive_for_pipe(id, Stream::drop_next) else { return };
        self.pipes.totals.dropped += count as u64;
        self.reschedule(id);
    }

    /// Has stream `id` receive into the buffer by `receive`. Returns how many bytes there are: none if there is an event
    /// instead, which is passed on. `None` if it has to wait for another turn.
    fn receive_for_pipe(
        &mut self,
        id: Id,
        receive: impl FnOnce(&mut Stream, &mut Vec<u8>, &mut [u8], Instant) -> ReadOutcome,
    ) -> Option<usize> {
        let slot = self.slots.get_mut(id)?;
        if self.pipes.have_used_quota() {
            slot.defer(id, &mut self.reactor);
            return None;
        }
        let stream = slot.stream()?;
        match receive(stream, &mut self.shared.ciphertext, self.pipes.memory(), self.turn.now) {
            ReadOutcome::Bytes(count) => {
                self.pipes.moved += count;
                return Some(count);
            }
            ReadOutcome::Event(event) => {
                slot.pend(&event);
                self.pending.push_back(Event::Stream(id, event));
            }
            ReadOutcome::Nothing => {}
        }
        Some(0)
    }

    /// Sends the first `count` bytes of the pipes' buffer to `target`. Small ones are gathered, as those of a write.
    fn pass_on(&mut self, target: Id, count: usize) {
        let Some(slot) = self.slots.get_mut(target) else { return };
        let Some(stream) = slot.stream() else { return };
        let bytes = &self.pipes.buffer[..count];
        let spare = &mut self.shared.spare;
        if count <= MAX_GATHER && !self.is_direct && !stream.is_queue_full(count) {
            stream.keep(spare, bytes);
            self.unsent.add(target, slot);
            slot.update_liveness(&mut self.reactor);
        } else {
            stream.pass_on(&self.reactor, spare, bytes, self.turn.now);
            self.pipes.adapt(count, stream.takes_more());
            slot.reschedule(target, &mut self.reactor);
        }
        if self.take_flush_due() {
            self.flush();
        }
    }

    /// Has the stream that feeds `target` go on, if `target` can take more.
    pub(super) fn resume_feeder(&mut self, target: Id) {
        if let Some(feeder) = self.slots.get_mut(target).and_then(|slot| slot.ready_feeder()) {
            self.want(feeder, true, false);
        }
    }
}

/// Whether what it receives can go elsewhere than to JavaScript from now on.
fn can_be_redirected(slot: &mut Slot) -> bool {
    slot.outlet == Outlet::JavaScript
        && !slot.is_pending()
        && slot.stream().is_some_and(|stream| stream.is_open() && !stream.is_securing())
}
