//! The way from other threads to an engine: they post, the engine's loop is woken, the next turn collects.
//!
//! # Threads
//!
//! [`Mailbox::post`] may be called from any thread and never waits for the JavaScript thread, which alone collects. A
//! mailbox outlives its engine: what is posted by then is dropped with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mio::Waker;

/// See the module.
pub struct Mailbox<T> {
    letters: Mutex<Vec<T>>,
    /// There may be letters: a turn that finds none does not take the lock.
    full: AtomicBool,
    waker: Arc<Waker>,
}

impl<T> Mailbox<T> {
    /// An empty mailbox, whose posts are announced by `waker`.
    pub fn new(waker: Arc<Waker>) -> Arc<Self> {
        Arc::new(Self { letters: Mutex::new(Vec::new()), full: AtomicBool::new(false), waker })
    }

    /// Leaves a letter and wakes the loop.
    pub fn post(&self, letter: T) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        if !self.full.swap(true, Ordering::AcqRel) {
            // Only a counter that is full already can refuse, and then the loop is awake.
            let _ = self.waker.wake();
        }
    }

    /// Takes all letters, oldest first.
    pub fn collect(&self) -> Vec<T> {
        if !self.full.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::Reactor;

    #[test]
    fn a_post_from_another_thread_wakes_the_loop_and_is_collected_once() {
        let mut reactor = Reactor::new().unwrap();
        let mailbox = Mailbox::new(reactor.waker());
        let sender = Arc::clone(&mailbox);
        std::thread::spawn(move || (1..=3).for_each(|letter| sender.post(letter))).join().unwrap();
        let mut fds = [rustix::event::PollFd::from_borrowed_fd(reactor.fd(), rustix::event::PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut fds, None).unwrap(), 1);
        reactor.begin_turn(|_, _| true);
        assert_eq!(mailbox.collect(), [1, 2, 3]);
        assert_eq!(mailbox.collect(), []);
        reactor.end_turn();
    }
}
