//! Pipes between two streams of an engine: what one receives, the other sends, and JavaScript sees nothing of it.
//!
//! They run in the loop, through one buffer that all pipes of an engine share, for it holds nothing between two calls:
//! what a target does not take waits in its queue, one buffer's worth at the most, and its source is not read meanwhile.
//! On threads of their own they would cost each byte two more context switches and each pipe a move of both sockets and
//! sessions there and back; see `docs/performance.md` for what that is worth.

use std::mem::MaybeUninit;

use super::slot::Source;
use super::{Engine, Event};
use crate::reactor::Id;
use crate::stream::{GATHER_MOST, ReadOutcome};

/// How much is received at once.
const RECEIVE_MOST: usize = 64 << 10;

/// What all pipes move in one turn, about half a millisecond's worth: then the loop is JavaScript's again.
const MOVE_MOST: usize = 1 << 20;

/// What the pipes of an engine share.
#[derive(Default)]
pub struct Pipes {
    buffer: Vec<u8>,
    /// Bytes moved in this turn.
    moved: usize,
}

impl Pipes {
    /// A new turn has begun.
    pub fn begin_turn(&mut self) {
        self.moved = 0;
    }

    fn have_used_quota(&self) -> bool {
        self.moved >= MOVE_MOST
    }

    /// The buffer, to be written and not read.
    fn space(&mut self) -> &mut [MaybeUninit<u8>] {
        self.buffer.resize(RECEIVE_MOST, 0);
        // SAFETY: the layout is the same, and streams write initialized bytes only.
        unsafe { &mut *(std::ptr::from_mut(self.buffer.as_mut_slice()) as *mut [MaybeUninit<u8>]) }
    }
}

impl Engine {
    /// Links two streams, which may be the same: from now on, what `source` receives goes to `target`. Returns `false` if
    /// one of them is not ready for that, or linked already.
    pub fn pipe(&mut self, source: Id, target: Id) -> bool {
        let is_ready = self.slots.get_mut(source).is_some_and(|slot| {
            slot.feeds.is_none()
                && !slot.is_pending()
                && slot.stream().is_some_and(|stream| stream.is_open() && !stream.is_securing())
        });
        let Some(slot) = self.slots.get_mut(target).filter(|_| is_ready) else { return false };
        if slot.fed_by.is_some() || !slot.stream().is_some_and(|stream| stream.is_settled()) {
            return false;
        }
        slot.fed_by = Some(source);
        if let Some(slot) = self.slots.get_mut(source) {
            slot.feeds = Some(target);
        }
        self.want(source, true);
        true
    }

    /// Ends the pipe from `source`: what it receives goes to JavaScript again, which wants it.
    pub fn unpipe(&mut self, source: Id) {
        let Some(target) = self.slots.get_mut(source).and_then(|slot| slot.feeds.take()) else { return };
        if let Some(slot) = self.slots.get_mut(target) {
            slot.fed_by = None;
        }
        self.want(source, true);
    }

    /// Ends the pipes from and to stream `id`, which has been closed. JavaScript asks again for what its source receives.
    pub(super) fn unlink(&mut self, id: Id) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let (target, source) = (slot.feeds.take(), slot.fed_by.take());
        if let Some(slot) = target.and_then(|target| self.slots.get_mut(target)) {
            slot.fed_by = None;
        }
        let Some(source) = source else { return };
        if let Some(slot) = self.slots.get_mut(source) {
            slot.feeds = None;
        }
        self.want(source, false);
    }

    /// Moves what `source` receives next to `target`.
    pub(super) fn relay(&mut self, source: Id, target: Id) {
        if !self.stream(target).is_some_and(|stream| stream.takes_more()) {
            // The target resumes it. Meanwhile it may have something to send itself.
            return self.want(source, false);
        }
        let Some(slot) = self.slots.get_mut(source) else { return };
        if self.pipes.have_used_quota() {
            return slot.defer(source, &mut self.reactor);
        }
        let Source::Stream(stream) = &mut slot.source else { return };
        match stream.receive_into(&mut self.shared.cipher, self.pipes.space(), self.turn.now) {
            ReadOutcome::Bytes(count) => self.pass_on(target, count),
            ReadOutcome::Event(event) => {
                slot.pend(&event);
                self.pending.push_back(Event::Stream(source, event));
            }
            ReadOutcome::Nothing => {}
        }
        self.settle(source);
    }

    /// Sends the first `count` bytes of the pipes' buffer to `target`. Small ones are gathered, as those of a write.
    fn pass_on(&mut self, target: Id, count: usize) {
        self.pipes.moved += count;
        let Some(slot) = self.slots.get_mut(target) else { return };
        let Source::Stream(stream) = &mut slot.source else { return };
        let bytes = &self.pipes.buffer[..count];
        let spare = &mut self.shared.spare;
        if count <= GATHER_MOST && !self.is_direct && !stream.is_queue_full(count) {
            stream.keep(spare, bytes);
            self.unsent.add(target, slot);
            slot.count(&mut self.reactor);
        } else {
            stream.pass_on(&self.reactor, spare, bytes, self.turn.now);
            slot.settle(target, &mut self.reactor);
        }
        if self.is_flush_due() {
            self.flush();
        }
    }

    /// Has the stream that feeds `target` go on, if `target` can take more.
    pub(super) fn resume_feeder(&mut self, target: Id) {
        if let Some(feeder) = self.slots.get_mut(target).and_then(|slot| slot.ready_feeder()) {
            self.want(feeder, true);
        }
    }
}
