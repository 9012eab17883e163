//! Descriptors that pass with the bytes of a UNIX stream, in the clear: each goes with its first byte, and comes with the
//! read that has that byte, never later. A stream that none pass through has nothing of this, and is read by `recv`,
//! which has the kernel close what a peer sends unasked.

use std::collections::VecDeque;
use std::time::Instant;

use rustix::io::Errno;

use super::send::Sent;
use super::{ReadOutcome, Stream};
use crate::socket::io::{self, Read};
use crate::socket::{Descriptor, Kind, rights};

/// As much is received at once where descriptors may come, by way of memory that is initialized.
const MAX_READ: usize = 64 << 10;

/// See the module.
#[derive(Default)]
pub struct Descriptors {
    /// JavaScript takes those that come.
    wanted: bool,
    /// Those that have come and that JavaScript has not taken.
    received: VecDeque<Descriptor>,
    /// Some of them have not been reported.
    are_news: bool,
    /// Those to send, each with the number of unsent bytes before the one that it goes with.
    outgoing: VecDeque<(usize, Descriptor)>,
}

impl Descriptors {
    /// Sends as much of `bytes`, all that was not sent yet or the beginning of it, as one call can.
    fn send(&mut self, fd: &Descriptor, bytes: &[u8]) -> Result<usize, Errno> {
        // One byte takes one descriptor.
        let next = self.outgoing.get(1).map_or(bytes.len(), |(before, _)| bytes.len().min((*before).max(1)));
        let taken = match self.outgoing.front() {
            None => io::send(fd, Kind::Unix, bytes, false)?,
            Some((0, descriptor)) => {
                let taken = rights::send(fd, &bytes[..next], descriptor)?;
                if taken > 0 {
                    self.outgoing.pop_front();
                }
                taken
            }
            Some((before, _)) => io::send(fd, Kind::Unix, &bytes[..bytes.len().min(*before)], false)?,
        };
        for (before, _) in &mut self.outgoing {
            *before = before.saturating_sub(taken);
        }
        Ok(taken)
    }
}

impl Stream {
    /// Receives descriptors from now on.
    pub fn want_descriptors(&mut self) {
        if self.kind == Kind::Unix {
            self.descriptors.get_or_insert_default().wanted = true;
        }
    }

    /// JavaScript, which takes descriptors, is another one from now on, and has to ask for them itself.
    pub(super) fn leave_descriptors(&mut self) {
        if let Some(descriptors) = &mut self.descriptors {
            descriptors.wanted = false;
            descriptors.are_news = !descriptors.received.is_empty();
        }
    }

    /// Sends `descriptor` with the byte that is written next. Returns `false` if such a stream can't. One that has failed
    /// drops it: nothing is sent any more, and why is said of the write.
    pub fn attach_descriptor(&mut self, descriptor: Descriptor) -> bool {
        if self.state.failure().is_some() || self.state.has_failed() {
            return true;
        }
        let is_able = self.kind == Kind::Unix && self.is_settled() && self.security.session().is_none();
        if is_able {
            let before = self.queue.len();
            self.descriptors.get_or_insert_default().outgoing.push_back((before, descriptor));
        }
        is_able
    }

    /// The next descriptor that has come.
    pub fn take_descriptor(&mut self) -> Option<Descriptor> {
        self.descriptors.as_mut()?.received.pop_front()
    }

    /// Whether descriptors have come that were not reported. They count as reported then.
    pub fn take_news_of_descriptors(&mut self) -> bool {
        self.descriptors.as_mut().is_some_and(|descriptors| std::mem::take(&mut descriptors.are_news))
    }

    /// Whether descriptors may come.
    pub(super) fn wants_descriptors(&self) -> bool {
        self.descriptors.as_ref().is_some_and(|descriptors| descriptors.wanted) && self.security.session().is_none()
    }

    /// Whether descriptors wait to be sent.
    pub(super) fn sends_descriptors(&self) -> bool {
        self.descriptors.as_ref().is_some_and(|descriptors| !descriptors.outgoing.is_empty())
    }

    /// Receives into `space`.
    pub(super) fn receive_with_descriptors(&mut self, space: &mut [u8], now: Instant) -> ReadOutcome {
        let (Some(fd), Some(descriptors)) = (&self.fd, &mut self.descriptors) else { return ReadOutcome::Nothing };
        let most = space.len().min(MAX_READ);
        let before = descriptors.received.len();
        let read = rights::receive(fd, &mut space[..most], &mut descriptors.received);
        descriptors.are_news |= descriptors.received.len() > before;
        // A read ends after the bytes that descriptors have come with, whatever there is after these.
        let drained = matches!(read, Ok(Read::Empty | Read::End));
        self.conclude_read(super::receive::of_socket(read, drained), now)
    }

    /// Sends what is queued and `slices`, each descriptor with its byte, as far as the kernel takes it.
    pub(super) fn send_with_descriptors(&mut self, slices: &[&[u8]]) -> Sent {
        let (Some(fd), Some(descriptors)) = (&self.fd, &mut self.descriptors) else { return Sent::default() };
        let mut written = 0;
        for mut part in std::iter::once(self.queue.unsent()).chain(slices.iter().copied()) {
            while !part.is_empty() {
                match descriptors.send(fd, part) {
                    Ok(0) => return Sent { written, failure: None },
                    Ok(taken) => {
                        written += taken;
                        part = &part[taken..];
                    }
                    Err(errno) => return Sent { written, failure: Some(errno) },
                }
            }
        }
        Sent { written, failure: None }
    }
}
