//! Writing to a stream of the engine: small writes are gathered until the end of the event, large ones are sent at once.

use super::Engine;
use super::slot::{Slot, Source};
use crate::error::{Error, Result, Syscall};
use crate::reactor::Id;
use crate::stream::MAX_GATHER;

/// The streams with bytes that were gathered and not sent yet.
#[derive(Default)]
pub struct Unsent {
    ids: Vec<Id>,
    /// One of them is not a TCP stream: waiting for more streams than those with a pending event gains nothing.
    early: bool,
}

impl Unsent {
    /// Stream `id`, which is in `slot`, has gathered bytes.
    pub fn add(&mut self, id: Id, slot: &mut Slot) {
        let Source::Stream(stream) = &slot.source else { return };
        self.early |= !stream.kind().is_tcp();
        if !std::mem::replace(&mut slot.dirty, true) {
            self.ids.push(id);
        }
    }

    /// Takes all of them. The vector comes back, empty, by [`Self::give_back`].
    pub fn take(&mut self) -> Vec<Id> {
        self.early = false;
        std::mem::take(&mut self.ids)
    }

    /// Reuses the memory of what was taken. Nothing can have been added meanwhile: flushing runs no JavaScript.
    pub fn give_back(&mut self, ids: Vec<Id>) {
        self.ids = ids;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether one of them should not wait for more.
    pub fn flushes_early(&self) -> bool {
        self.early
    }
}

impl Engine {
    /// Writes `slices`: small ones are gathered, large ones sent at once. Returns how many bytes were taken; an event
    /// follows when there is room for the rest.
    pub fn write(&mut self, id: Id, slices: &[&[u8]]) -> Result<usize> {
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if total <= MAX_GATHER && !self.is_direct {
            return self.gather(id, total, |queue| {
                slices.iter().for_each(|slice| queue.extend_from_slice(slice));
                Ok(())
            });
        }
        let now = self.now();
        let gone = Syscall::Write.errno(libc::EBADF);
        let slot = self.slots.get_mut(id).ok_or(gone)?;
        let stream = slot.stream().ok_or(gone)?;
        let taken = stream.send(&self.reactor, &mut self.shared.spare, slices, now);
        slot.update_liveness(&mut self.reactor);
        taken
    }

    /// Writes what `fill` appends to the queue, which is `most` bytes at the most. Returns how many were taken: all, or
    /// none, and then an event follows when there is room; also if they are sent at once, and some of them wait.
    pub fn gather<E: From<Error>>(
        &mut self,
        id: Id,
        most: usize,
        fill: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
    ) -> std::result::Result<usize, E> {
        let now = self.now();
        let gone = Syscall::Write.errno(libc::EBADF);
        let slot = self.slots.get_mut(id).ok_or(gone)?;
        let stream = slot.stream().ok_or(gone)?;
        if stream.is_queue_full(most) {
            stream.flush(&self.reactor, &mut self.shared.spare, now);
        }
        let taken = stream.gather(&mut self.shared.spare, fill)?;
        if self.is_direct || stream.is_queue_full(0) {
            stream.flush(&self.reactor, &mut self.shared.spare, now);
            stream.await_room_if_waiting();
            // A failure is found when the stream is served.
            slot.reschedule(id, &mut self.reactor);
        } else {
            if taken > 0 {
                self.unsent.add(id, slot);
            }
            slot.update_liveness(&mut self.reactor);
        }
        Ok(taken)
    }

    /// Sends `header`, which is not counted, before anything else that is written to stream `id`.
    pub fn send_header(&mut self, id: Id, header: &[u8]) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        let Some(stream) = slot.stream() else { return };
        stream.queue_header(&mut self.shared.spare, header);
        self.unsent.add(id, slot);
        slot.update_liveness(&mut self.reactor);
        if self.is_direct {
            self.flush();
        }
    }

    /// Whether something was gathered that no end of an event will send: the binding has to call [`Self::flush`].
    pub fn needs_flush(&self) -> bool {
        !self.turn.is_running && self.unsent.len() > 0
    }

    /// From now on there is no end of an event: sends what was gathered, and every write at once.
    pub fn write_directly(&mut self) {
        self.flush();
        self.is_direct = true;
    }
}
