//! The way from other threads to an engine: they post, the engine's loop is woken, the next turn collects.
//!
//! # Threads
//!
//! [`Mailbox::post`] may be called from any thread and never waits for the JavaScript thread, which alone collects. A
//! mailbox outlives its engine: what is posted by then is dropped with it.
//!
//! Invariant: after every message in the mailbox comes a wake. The flag `full` is what keeps that true although a post
//! that finds it set wakes no loop, and a turn that finds it clear takes no lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mio::Waker;

/// See the module.
pub struct Mailbox<T> {
    messages: Mutex<Vec<T>>,
    /// There may be messages.
    full: AtomicBool,
    waker: Arc<Waker>,
}

impl<T> Mailbox<T> {
    /// An empty mailbox, whose posts are announced by `waker`.
    pub fn new(waker: Arc<Waker>) -> Arc<Self> {
        Arc::new(Self { messages: Mutex::new(Vec::new()), full: AtomicBool::new(false), waker })
    }

    /// Leaves a message and wakes the loop.
    pub fn post(&self, message: T) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        // Release: the message is in the list for the turn that reads this `true`, directly or through the swaps of later
        // posts, which continue the release sequence. If the swap could move up before the lock is released, a turn could
        // clear the flag, find the list without the message, and nothing would announce it again.
        //
        // Nothing is read on the strength of the former value, so that no Acquire is needed. If it is `true`, the post
        // that has set it wakes the loop, and the turn of that wake, which has not cleared the flag yet, finds this message,
        // too. If it is `false`, the wake depends on it, and so comes after the swap.
        if !self.full.swap(true, Ordering::Release) {
            // Only a counter that is full already can refuse, and then the loop is awake.
            let _ = self.waker.wake();
        }
    }

    /// Takes all messages, oldest first.
    pub fn collect(&self) -> Vec<T> {
        // Acquire: the lock is taken after the flag has been cleared. The other way round, a message that is posted in
        // between would find the flag set, and stay here without a wake. Nothing is published by clearing it, so that no
        // Release is needed. A swap reads the latest value: what a wake has announced is not overlooked.
        if !self.full.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::Reactor;

    /// Waits for a wake, and returns what a turn collects.
    fn turn(reactor: &mut Reactor, mailbox: &Mailbox<u32>) -> Vec<u32> {
        let mut fds = [rustix::event::PollFd::from_borrowed_fd(reactor.fd(), rustix::event::PollFlags::IN)];
        let wait = rustix::event::Timespec { tv_sec: 30, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut fds, Some(&wait)), Ok(1), "no wake");
        reactor.begin_turn(|_, _| true);
        let messages = mailbox.collect();
        reactor.end_turn();
        messages
    }

    #[test]
    fn a_post_from_another_thread_wakes_the_loop_and_is_collected_once() {
        let mut reactor = Reactor::new().unwrap();
        let mailbox = Mailbox::new(reactor.waker());
        let sender = Arc::clone(&mailbox);
        std::thread::spawn(move || (1..=3).for_each(|message| sender.post(message))).join().unwrap();
        assert_eq!(turn(&mut reactor, &mailbox), [1, 2, 3]);
        assert_eq!(mailbox.collect(), []);
    }

    #[test]
    fn no_message_is_left_without_a_wake() {
        const SENDERS: u32 = 3;
        const MESSAGES: u32 = 20_000;
        let mut reactor = Reactor::new().unwrap();
        let mailbox = Mailbox::new(reactor.waker());
        let senders = (0..SENDERS).map(|sender| {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || (0..MESSAGES).for_each(|i| mailbox.post(sender * MESSAGES + i)))
        });
        let senders: Vec<_> = senders.collect();
        let mut collected = Vec::new();
        while collected.len() < (SENDERS * MESSAGES) as usize {
            collected.extend(turn(&mut reactor, &mailbox));
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        for sender in 0..SENDERS {
            let of_sender = collected.iter().filter(|message| *message / MESSAGES == sender);
            assert!(of_sender.copied().eq(sender * MESSAGES..(sender + 1) * MESSAGES), "in order, each once");
        }
    }
}
